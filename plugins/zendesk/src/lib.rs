//! Zendesk: tickets, comments, calls, messages, users and ratings come in, new tickets go out.
//! This file only wires; what maps to what is in the README.

mod act;
mod manifest;
mod map;
mod wire;

use omnihub_plugin::host::config;
use omnihub_plugin::{Connector, Delivery, Effect, Failure, Manifest, Receipt, Report, connector};

/// The connector.
pub struct Zendesk;

impl Connector for Zendesk {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::report(&delivery, config::get("trigger_mapping").as_deref())
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect)
    }
}

connector!(Zendesk: webhook, action);

#[cfg(test)]
mod tests;
