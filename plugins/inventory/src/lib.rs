//! Stock levels and items from Square Inventory or, as the alternative, from Shopify: received, polled, looked after
//! and changed. This file only wires; the README says which topic becomes which event.

mod act;
mod graphql;
mod manifest;
mod map;
mod poll;
mod settings;
mod subscription;
mod wire;

use omnihub_plugin::host::config;
use omnihub_plugin::square::api::Host;
use omnihub_plugin::{
    Connector, Delivery, Effect, Failure, Manifest, Page, Position, Receipt, Report, Subscribed, Wanted,
    connector,
};

use settings::Settings;

/// The connector. Both shapes of body are told apart by what they hold, so no setting changes what an event says.
pub struct Inventory;

impl Connector for Inventory {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::report(&delivery)
    }

    fn poll(position: Position) -> Result<Page, Failure> {
        poll::poll(&position, &Settings::read(config::get)?, &mut Host)
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect, &Settings::read(config::get)?, &mut Host)
    }

    fn check(wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        subscription::check(&wanted, &Settings::read(config::get)?, &mut Host)
    }
}

connector!(Inventory: webhook, poll, action, subscription);

#[cfg(test)]
mod tests;
