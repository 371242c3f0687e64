//! Notices that a provider has gone quiet. Providers drop subscriptions that failed for a while and tell nobody, so
//! silence longer than a connection's usual gap, and every few hours anyway, has its connector look at the subscription,
//! subscribe again where that is possible, and read by polling what was missed meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub_model::Timestamp;
use hub_runtime::{ActingHost, Ended, Failure, Standing, Subscribed, Wanted};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::acting::Outside;
use crate::metrics::{ByConnection, Metrics};
use crate::plugins::{Connection, MayCall, Plugins};
use crate::poller::Poller;
use crate::throttle::Purpose;

/// How often to look at how long it has been quiet.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A subscription that broke for some topics only is not silent: it is looked at this often.
const CHECK_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// The first look after a start: providers may be asked at leisure.
const FIRST_CHECK: Duration = Duration::from_secs(60);
/// Silence is this much longer than the longest usual gap, in halves: three halves.
const SILENCE_HALVES: u32 = 3;
/// A check that could not be made is made again after this.
const RETRY: Duration = Duration::from_secs(300);

/// Its connector has no way to look.
const NEVER: Timestamp = Timestamp(i64::MAX);

pub(crate) struct Watchdog {
    pub plugins: Arc<Plugins>,
    pub outside: Outside,
    pub metrics: Arc<Metrics>,
    pub poller: Arc<Poller>,
    pub watched: Mutex<HashMap<String, Watched>>,
}

/// What the watchdog knows of a connection; gone with the process.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Watched {
    /// Nothing has come for longer than is usual, since then.
    pub silent_since: Option<Timestamp>,
    /// When the provider's subscription was last looked at.
    pub checked_at: Option<Timestamp>,
    pub subscriptions: Vec<Subscribed>,
    /// Why it could not be looked at.
    pub problem: Option<String>,
    #[serde(skip)]
    next_check: Option<Timestamp>,
}

impl Watchdog {
    /// Runs until `stop`.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let connections: Vec<_> = self.plugins.now().connections.values().cloned().collect();
            for connection in connections {
                self.look(&connection).await;
            }
            tokio::select! {
                () = self.outside.clock.sleep(LOOK_EVERY) => {}
                _ = stop.changed() => {}
            }
        }
    }

    pub(crate) fn status(&self, connection: &str) -> Watched {
        self.watched().get(connection).cloned().unwrap_or_default()
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, HashMap<String, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(&self, connection: &Arc<Connection>) {
        let now = self.outside.clock.now();
        let silent = block_in_place(|| self.silent_since(connection, now));
        let by = ByConnection { connection: connection.name.clone() };
        self.metrics.silent.get_or_create(&by).set(i64::from(silent.is_some()));
        let (fell_silent, is_due) = {
            let mut all = self.watched();
            let watched = all.entry(connection.name.clone()).or_default();
            let fell_silent = silent.is_some() && watched.silent_since.is_none();
            watched.silent_since = silent;
            let next = *watched.next_check.get_or_insert_with(|| now.plus(FIRST_CHECK));
            (fell_silent, next <= now)
        };
        if fell_silent {
            tracing::warn!(connection = %connection.name, "no delivery for longer than usual: looking at the subscription and polling the gap");
            self.poller.ask(connection, &self.poller.streams(connection, None));
        }
        if fell_silent || is_due {
            self.check(connection, now).await;
        }
    }

    /// Since when it has been too quiet.
    fn silent_since(&self, connection: &Connection, now: Timestamp) -> Option<Timestamp> {
        let row = hub_fold::read::connection(&*self.outside.store, &connection.name).ok().flatten()?;
        let usual = hub_fold::read::usual_gap(&row, now)?;
        let since = row.last_delivery_at.plus(usual * SILENCE_HALVES / 2);
        (since < now).then_some(since)
    }

    async fn check(&self, connection: &Arc<Connection>, now: Timestamp) {
        if !connection.connector.plugin.abilities().subscription {
            self.watched().entry(connection.name.clone()).or_default().next_check = Some(NEVER);
            return;
        }
        let checked = self.ask(connection, now).await;
        let mut all = self.watched();
        let watched = all.entry(connection.name.clone()).or_default();
        match checked {
            Ok(subscriptions) => {
                watched.checked_at = Some(now);
                watched.next_check = Some(now.plus(CHECK_EVERY));
                watched.problem = None;
                watched.subscriptions = subscriptions;
                self.tell(connection, &watched.subscriptions);
            }
            Err(problem) => {
                tracing::warn!(connection = %connection.name, %problem, "the subscription could not be looked at");
                watched.next_check = Some(now.plus(RETRY));
                watched.problem = Some(problem);
            }
        }
    }

    async fn ask(&self, connection: &Arc<Connection>, now: Timestamp) -> Result<Vec<Subscribed>, String> {
        if let MayCall::NotUntil(until) = connection.connector.may_call(now) {
            return Err(format!("{} is suspended until {until}", connection.connector.plugin.name()));
        }
        let wanted = Wanted { callback: connection.public_url.clone(), repair: true };
        let acting = self.outside.acting(connection, Purpose::Look);
        let ended = connection
            .connector
            .plugin
            .check(wanted, acting as Arc<dyn ActingHost>, &connection.settings)
            .await;
        connection.connector.on_result(Ended::of(&ended, 1), now);
        if let Ok(answer) = &ended {
            self.outside.note(connection, answer);
        }
        match ended.map_err(|error| error.to_string())? {
            // Not with these settings, or not at this provider: nothing can be said, and nothing is wrong.
            Err(Failure::Unsupported(_)) => Ok(Vec::new()),
            answer => answer.map_err(|failure| failure.to_string()),
        }
    }

    /// What was mended is polled for: deliveries went missing while it was broken.
    fn tell(&self, connection: &Connection, subscriptions: &[Subscribed]) {
        let count = |standing: Standing| subscriptions.iter().filter(|one| one.standing == standing).count();
        let (repaired, broken) = (count(Standing::Repaired), count(Standing::Broken));
        let by = ByConnection { connection: connection.name.clone() };
        self.metrics.subscriptions_broken.get_or_create(&by).set(i64::try_from(broken).unwrap_or(i64::MAX));
        self.metrics.subscriptions_repaired.get_or_create(&by).inc_by(repaired as u64);
        if broken > 0 {
            tracing::warn!(connection = %connection.name, broken, "subscriptions are broken and cannot be repaired from here; `omnihub connection show` says what to do");
        }
        if repaired > 0 {
            tracing::warn!(connection = %connection.name, repaired, "subscriptions were missing and are repaired; polling what was missed");
            self.poller.ask(connection, &self.poller.streams(connection, None));
        }
    }
}
