//! Stand-ins for Shopify, Zendesk, Meta's Graph API, Square and Voucherify: real HTTP on loopback, honest state.
//! Owns how the providers answer our calls and send their webhooks; never knows the hub, and never leaves the machine.
//!
//! The demo and the tests start a [`Simulator`], point connections at its [`base_url`](Simulator::base_url), and
//! then ask its [`Control`] what really happened. The other direction are [`Connection`]s: what a provider announces is
//! sent to them, signed as [`sign`] does it, when the simulated [`Clock`] says so. `README.md` lists the endpoints.

mod answer;
mod clock;
mod control;
mod credentials;
mod doors;
mod faults;
mod gate;
mod graph;
mod options;
mod outages;
mod outbox;
mod pump;
mod serve;
mod shopify;
pub mod sign;
mod square;
mod state;
mod voucherify;
mod zendesk;

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::doors::Doors;

pub use clock::Clock;
pub use control::{
    Claim, Control, Counted, Counts, Disarmed, LoyaltySeed, Rows, RowsError, Seed, SeedError, ShopifySeed,
    StockSeed, WindowSeed, World,
};
pub use credentials::Credentials;
pub use doors::{Door, DoorError};
pub use faults::{ArmedFault, Fault, FaultError, Outcome};
pub use graph::{Channel, Graph, Message, Window};
pub use options::{BucketSize, Sending, SimulatorOptions, Unknown};
pub use outages::{DownCalls, DownWebhooks, Outage, OutageError, PlannedOutage};
pub use outbox::{
    Attempt, AttemptKind, Connection, ConnectionAccount, ConnectionError, Delivery, Disorder, DisorderError,
    Ending, Failing, NoConnection, OutboxAccount, Parcel, Reply, RetryTimestamp, Scheme, Secret, Spelling,
    Standing, Tally,
};
pub use pump::{Handshake, Pumped};
pub use shopify::{Erasures, Shop, ShopObject};
pub use square::{LoyaltyAccount, LoyaltyEvent, Seller, StockCount};
pub use state::{Call, CallLog, Provider};
pub use zendesk::{Comment, Desk, Ticket};

/// Why the simulator did not start.
#[derive(Debug, thiserror::Error)]
#[error("could not listen on {listen}")]
pub struct StartError {
    listen: SocketAddr,
    source: std::io::Error,
}

/// All simulated providers on one port. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Simulator {
    base_url: String,
    shared: state::Shared,
    doors: Doors,
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl Simulator {
    /// Listens and serves on the current tokio runtime; ready for calls when it returns.
    pub async fn start(options: SimulatorOptions) -> Result<Self, StartError> {
        let listen = options.listen;
        let failed = |source| StartError { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let shared = state::Shared::new(options, base_url.clone());
        let (stop, stopped) = watch::channel(());
        let doors = Doors::new(stopped.clone());
        if shared.options().sending == Sending::ByItself {
            // Ends with the simulator, by the same signal as its connections.
            drop(tokio::spawn(pump::run_by_itself(shared.clone(), stopped.clone())));
        }
        let serving = tokio::spawn(serve::serve(listener, router(&shared, &doors), stopped));
        Ok(Self { base_url, shared, doors, stop, serving })
    }

    /// `http://address:port`; providers live below it under `/shopify`, `/zendesk`, `/graph` and `/square`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The same view of state that `/control` serves, typed.
    pub fn control(&self) -> Control {
        Control::new(self.shared.clone(), self.doors.clone())
    }

    /// Takes no new connections, lets answers under way finish for a short while, and returns.
    pub async fn stop(self) {
        drop(self.stop);
        // A serving task that panicked has nothing left to stop.
        drop(self.serving.await);
    }
}

fn router(shared: &state::Shared, doors: &Doors) -> Router {
    Router::new()
        .nest("/shopify", gate::guard(shopify::router(shared), Provider::Shopify, shared))
        .nest("/zendesk", gate::guard(zendesk::router(shared), Provider::Zendesk, shared))
        .nest("/graph", gate::guard(graph::router(shared), Provider::Graph, shared))
        .nest("/square", gate::guard(square::router(shared), Provider::Square, shared))
        .nest("/voucherify", gate::guard(voucherify::router(shared), Provider::Voucherify, shared))
        .nest("/control", control::router(Control::new(shared.clone(), doors.clone())))
}
