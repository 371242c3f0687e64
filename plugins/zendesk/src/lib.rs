//! Zendesk: tickets, comments, calls, messages, users and ratings come in by webhook and by reading; tickets are opened,
//! answered and sorted. This file only wires; what maps to what is in the README.

mod act;
mod api;
mod check;
mod manifest;
mod map;
mod poll;
mod wire;

use omnihub_plugin::host::{config, http};
use omnihub_plugin::{
    Connector, Delivery, Effect, Failure, Manifest, Page, Position, Receipt, Report, Subscribed, Wanted,
    connector,
};

/// The connector.
pub struct Zendesk;

impl Connector for Zendesk {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        map::report(&delivery, &meaning())
    }

    fn poll(position: Position) -> Result<Page, Failure> {
        let reading = poll::Reading { meaning: meaning(), page_size: manifest::page_size(&config::get)? };
        poll::poll(&position, &reading, &mut http::send)
    }

    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        act::perform(&effect, &mut http::send)
    }

    fn check(wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        check::check(&wanted, &mut http::send)
    }
}

fn meaning() -> map::Settings {
    let said =
        |key: &str| config::get(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    map::Settings {
        trigger_mapping: said("trigger_mapping"),
        api_user_id: said("api_user_id"),
        subdomain: said("subdomain"),
    }
}

connector!(Zendesk: webhook, poll, action, subscription);

#[cfg(test)]
mod tests;
