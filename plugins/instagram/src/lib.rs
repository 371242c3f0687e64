//! Instagram direct messages and comments, through Meta's webhooks and the Send API.
//! What is asked for is in `manifest.rs`, the provider's JSON in `wire.rs`, its meaning in `map.rs`, sending in `act.rs`.

mod act;
mod manifest;
mod map;
mod wire;

use omnihub_plugin::{Connector, Delivery, Effect, Failure, Manifest, Receipt, Report, connector};

/// See the README beside this crate.
pub struct Instagram;

impl Connector for Instagram {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::normalise(&delivery, &map::Settings::of_connection())
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect)
    }
}

connector!(Instagram: webhook, action);

#[cfg(test)]
mod tests;
