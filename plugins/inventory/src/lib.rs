//! Stock levels and items from Square Inventory, and from Shopify's inventory webhooks where a shop sends those here.
//! The README says which topic becomes which event.

mod manifest;
mod map;
mod wire;

use omnihub_plugin::{Connector, Delivery, Failure, Manifest, Report, connector};

/// The connector. Both shapes of body are told apart by what they hold, so no setting changes what an event says.
pub struct Inventory;

impl Connector for Inventory {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::report(&delivery)
    }
}

connector!(Inventory: webhook);

#[cfg(test)]
mod tests;
