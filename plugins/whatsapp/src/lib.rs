//! WhatsApp messages and what becomes of them, through Meta's Cloud API.
//! What is asked for is in `manifest.rs`, the provider's JSON in `wire.rs`, its meaning in `map.rs`; `act.rs` sends,
//! `check.rs` looks at the subscription. There is nothing to poll: Meta shows no messages but in webhooks.

mod act;
mod api;
mod check;
mod manifest;
mod map;
mod wire;

use omnihub_plugin::meta::graph::Host;
use omnihub_plugin::{
    Connector, Delivery, Effect, Failure, Manifest, Receipt, Report, Subscribed, Wanted, connector,
};

use api::Api;

/// See the README beside this crate.
pub struct WhatsApp;

impl Connector for WhatsApp {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::normalise(&delivery, &map::Settings::of_connection())
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect, &Api::of_connection(), &mut Host)
    }

    fn check(wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        check::check(&wanted, &Api::of_connection(), &mut Host)
    }
}

connector!(WhatsApp: webhook, action, subscription);

#[cfg(test)]
mod tests;
