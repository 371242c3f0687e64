//! Members, balances and points from Square Loyalty, and from Voucherify's webhooks where a project sends those here.
//! The README says which type becomes which event.

mod manifest;
mod map;
mod wire;

use omnihub_plugin::{Connector, Delivery, Failure, Manifest, Report, connector};

/// The connector. Both shapes of body are told apart by what they hold, so no setting changes what an event says.
pub struct Loyalty;

impl Connector for Loyalty {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::report(&delivery)
    }
}

connector!(Loyalty: webhook);

#[cfg(test)]
mod tests;
