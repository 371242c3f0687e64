//! WhatsApp messages and what becomes of them, through Meta's Cloud API.
//! What is asked for is in `manifest.rs`, the provider's JSON in `wire.rs`, its meaning in `map.rs`, sending in `act.rs`.

mod act;
mod manifest;
mod map;
mod wire;

use omnihub_plugin::{Connector, Delivery, Effect, Failure, Manifest, Receipt, Report, connector};

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
        act::perform(&effect)
    }
}

connector!(WhatsApp: webhook, action);

#[cfg(test)]
mod tests;
