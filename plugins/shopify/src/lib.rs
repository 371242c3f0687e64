//! Shopify: orders, customers, carts, returns, stock and privacy requests come in, tags and notes go out.
//! This file only wires; what maps to what is in the README.

mod act;
mod admin;
mod check;
mod json;
mod manifest;
mod map;
mod mark;
mod node;
mod poll;
mod wire;

use omnihub_plugin::host::config;
use omnihub_plugin::model::Proof;
use omnihub_plugin::{
    Connector, Delivery, Effect, Failure, Manifest, Page, Position, Receipt, Report, Subscribed, Wanted,
    connector,
};

use crate::admin::{Admin, Granted};

/// The connector.
pub struct Shopify;

impl Connector for Shopify {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::report(&delivery, &settings())
    }

    fn poll(position: Position) -> Result<Page, Failure> {
        let size = match config::get("page_size") {
            Some(size) => Some(size.parse().map_err(|_| Failure::Misconfigured("page_size".into()))?),
            None => None,
        };
        poll::poll(&position, &settings(), size, &mut Admin::new(&mut Granted, &api_version())?)
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect, &mut Admin::new(&mut Granted, &api_version())?)
    }

    fn check(wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        let topics = config::get("topics");
        check::check(&wanted, topics.as_deref(), &mut Admin::new(&mut Granted, &api_version())?)
    }
}

fn settings() -> map::Settings {
    let phones_verified = config::get("phones_verified").as_deref() == Some("true");
    map::Settings { phones: if phones_verified { Proof::Verified } else { Proof::Claimed } }
}

fn api_version() -> String {
    config::get("api_version").unwrap_or_else(|| manifest::API_VERSION.to_owned())
}

connector!(Shopify: webhook, poll, action, subscription);

#[cfg(test)]
mod tests;
