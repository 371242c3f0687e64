//! Instagram direct messages and comments, through Meta's webhooks and the Graph API.
//! What is asked for is in `manifest.rs`, the provider's JSON in `wire.rs`, its meaning in `map.rs`; `poll.rs` reads
//! conversations, `act.rs` sends, `check.rs` looks at the subscription.

mod act;
mod api;
mod check;
mod manifest;
mod map;
mod poll;
mod wire;

use omnihub_plugin::meta::graph::Host;
use omnihub_plugin::{
    Connector, Delivery, Effect, Failure, Manifest, Page, Position, Receipt, Report, Subscribed, Wanted,
    connector,
};

use api::Api;
use map::Settings;

/// See the README beside this crate.
pub struct Instagram;

impl Connector for Instagram {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::normalise(&delivery, &Settings::of_connection())
    }

    fn poll(position: Position) -> Result<Page, Failure> {
        poll::poll(&position, &Settings::of_connection(), &Api::of_connection(), &mut Host)
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect, &Api::of_connection(), &mut Host)
    }

    fn check(wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        check::check(&wanted, &Api::of_connection(), &mut Host)
    }
}

connector!(Instagram: webhook, poll, action, subscription);

#[cfg(test)]
mod tests;
