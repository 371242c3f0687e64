//! Shopify: orders, customers, carts, returns, stock and privacy requests come in, customer tags go out.
//! This file only wires; what maps to what is in the README.

mod act;
mod manifest;
mod map;
mod wire;

use omnihub_plugin::host::config;
use omnihub_plugin::model::Proof;
use omnihub_plugin::{Connector, Delivery, Effect, Failure, Manifest, Receipt, Report, connector};

/// The connector.
pub struct Shopify;

impl Connector for Shopify {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        let phones_verified = config::get("phones_verified").as_deref() == Some("true");
        let phones = if phones_verified { Proof::Verified } else { Proof::Claimed };
        map::report(&delivery, &map::Settings { phones })
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect, config::get("api_version").as_deref())
    }
}

connector!(Shopify: webhook, action);

#[cfg(test)]
mod tests;
