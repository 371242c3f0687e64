//! Pieces of the hub without the rest of it. The API is in `admin`, outgoing calls are in `egress`, who may deliver in `signature`, connectors in
//! `plugins`; here is the dispatcher. Whoever starts it holds journal and view, folds what is journalled, and says when all of it ends: so a test
//! can stop at any step of an effect's life. Has nothing of its own but the wiring.

mod admin;
mod egress;
mod plugins;
mod signature;
mod stepped;

pub use admin::{Declared, admin_routes, lone_admin};
pub use egress::{EgressOptions, LoneEgress, LoneEndpoint, LookingUp, Lookup, Url};
pub use plugins::{LoneConnection, LonePlugins};
pub use signature::{LoneDelivery, check_signature};
pub use stepped::Stepped;

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::sync::{Notify, watch};

use super::{bring_settings_up_to_date, dispatcher, load_plugins};
use crate::acting::Outside;
use crate::clock::Clock;
use crate::config::Config;
use crate::data::Data;
use crate::dispatcher::Dispatcher;
use crate::egress::Egress;
use crate::metrics::{ByOutcome, Metrics};
use crate::plugins::Plugins;

/// A configuration and its connectors, loaded once for any number of lives.
pub struct Connectors {
    config: Arc<Config>,
    plugins: Arc<Plugins>,
}

/// One life of a dispatcher.
pub struct LoneDispatcher {
    dispatcher: Arc<Dispatcher>,
    wake: Arc<Notify>,
    applied: watch::Sender<u64>,
    stop: watch::Sender<bool>,
}

impl Connectors {
    /// # Errors
    /// A connector is refused, or the plugins' folder cannot be read.
    pub async fn load(config: Arc<Config>) -> anyhow::Result<Self> {
        let (plugins, problems) = load_plugins(&config, &Arc::default()).await?;
        if let Some(problem) = problems.first() {
            bail!("{}: {}", problem.file.display(), problem.message);
        }
        Ok(Self { config, plugins })
    }

    /// Journals the settings if the view does not have them, as a hub does when it starts.
    ///
    /// # Errors
    /// The rules do not check, or the journal cannot write.
    pub async fn bring_settings_up_to_date(&self, data: &Data, clock: &Clock) -> anyhow::Result<()> {
        bring_settings_up_to_date(&self.config, &self.plugins, data, clock).await
    }

    /// A dispatcher over this journal and view, as it is when a hub has just started. No request takes longer than
    /// `request_time_max`.
    ///
    /// # Errors
    /// The view cannot be read, or the HTTP client cannot be set up.
    pub fn dispatcher(
        &self,
        data: &Data,
        clock: Clock,
        request_time_max: Duration,
    ) -> anyhow::Result<LoneDispatcher> {
        let outside = self.outside(data, clock, request_time_max)?;
        let (applied, told) = watch::channel(data.store.applied()?);
        let wake = Arc::new(Notify::new());
        let plugins = Arc::clone(&self.plugins);
        let dispatcher = dispatcher(&self.config, data, plugins, outside, Arc::clone(&wake), told);
        Ok(LoneDispatcher { dispatcher, wake, applied, stop: watch::Sender::new(false) })
    }

    /// What calls outside need.
    fn outside(&self, data: &Data, clock: Clock, request_time_max: Duration) -> anyhow::Result<Outside> {
        let defaults = EgressOptions::default();
        let connect_timeout = defaults.connect_timeout.min(request_time_max);
        Ok(Outside {
            egress: Egress::new(EgressOptions { connect_timeout, timeout: request_time_max, ..defaults })?,
            throttles: Arc::default(),
            store: Arc::clone(&data.store),
            clock,
            standings: Arc::default(),
            metrics: Arc::new(Metrics::default()),
            recorder: None,
        })
    }
}

impl LoneDispatcher {
    /// Carries out what is due for as long as this is polled; dropped, it leaves everything as a crash would.
    pub fn run(&self) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.dispatcher).run(self.stop.subscribe())
    }

    /// Says that the view has everything up to this record.
    pub fn folded(&self, seq: u64) {
        self.applied.send_replace(seq);
        self.wake.notify_one();
    }

    /// How many attempts at a connection's effects have been judged, whether or not their receipts got into the journal.
    #[must_use]
    pub fn judged(&self, connection: &str) -> u64 {
        const OUTCOMES: [&str; 5] = ["confirmed", "retry", "postponed", "parked", "unknown"];
        let count = |outcome| {
            let by = ByOutcome { connection: connection.to_owned(), outcome };
            self.dispatcher.metrics.effects.get_or_create(&by).get()
        };
        OUTCOMES.into_iter().map(count).sum()
    }
}
