//! What every golden body says, and that no body whatever does harm. The traps one by one are below.

mod act;
mod check;
mod poll;
mod same;
mod script;
mod webhook;

use std::path::Path;

use omnihub_plugin::model::{Customer, Order, Proof};
use omnihub_plugin::testing::{delivery, mutated};
use omnihub_plugin::{Delivery, Event, Failure, Header, Payload, Report};
use proptest::prelude::*;

use crate::{manifest, map};

const RECEIVED_AT: i64 = 1_800_000_000_000_000_000;
const TRIGGERED_AT: &str = "2026-03-02T10:15:31Z";
const TRIGGERED: i64 = 1_772_446_531_000_000_000;

fn settings() -> map::Settings {
    map::Settings { phones: Proof::Claimed }
}

fn told(topic: &str, body: &str) -> Result<Report, Failure> {
    let headers = vec![
        Header { name: "x-shopify-triggered-at".into(), value: TRIGGERED_AT.into() },
        Header { name: "x-shopify-webhook-id".into(), value: "delivery-1".into() },
    ];
    let topic = (!topic.is_empty()).then(|| topic.to_owned());
    map::report(&Delivery { topic, headers, body: body.into(), received_at: RECEIVED_AT }, &settings())
}

/// Name and key of every event.
fn check_events(topic: &str, body: &str, expected: &[(&str, &str)]) -> Report {
    let report = told(topic, body).unwrap();
    let events: Vec<_> =
        report.events.iter().map(|event| (event.name.as_str(), event.key.as_str())).collect();
    assert_eq!(events, expected, "{topic} {body}");
    report
}

fn order(event: &Event) -> &Order {
    let Payload::Order(order) = &event.payload else { panic!("{event:?}") };
    order
}

fn customer(event: &Event) -> &Customer {
    let Payload::Customer(customer) = &event.payload else { panic!("{event:?}") };
    customer
}

/// Every golden body with what stands before it in its folder.
fn golden() -> Vec<(String, Delivery)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plugins/shopify");
    let webhook = manifest::manifest().webhooks.remove(0);
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|case| {
            let case = case.unwrap();
            let http = std::fs::read_to_string(case.path().join("delivery.http")).unwrap();
            (case.file_name().into_string().unwrap(), delivery(&http, &webhook, RECEIVED_AT).unwrap())
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

#[test]
fn every_golden_body_says_something_or_is_refused() {
    for (case, delivery) in golden() {
        let refused =
            matches!(case.as_str(), "body-is-not-json" | "order-without-id" | "no-topic-unknown-shape");
        match map::report(&delivery, &settings()) {
            Ok(report) => {
                assert!(!refused, "{case}");
                assert!(!(report.events.is_empty() && report.notes.is_empty()), "{case}");
            }
            Err(failure) => assert!(refused && matches!(failure, Failure::Rejected(_)), "{case} {failure:?}"),
        }
    }
}

#[test]
fn copies_of_a_delivery_agree_whenever_they_arrive() {
    for (case, delivery) in golden() {
        let later = Delivery { received_at: RECEIVED_AT + 1, ..delivery.clone() };
        let identity = |delivery: &Delivery| {
            let events = map::report(delivery, &settings()).map(|report| report.events).unwrap_or_default();
            events
                .into_iter()
                .map(|event| (event.name, event.key, event.version, event.payload))
                .collect::<Vec<_>>()
        };
        assert_eq!(identity(&delivery), identity(&later), "{case}");
    }
}

proptest! {
    #[test]
    fn no_accident_does_harm(case in 0_usize..1_000, choices in prop::collection::vec(any::<(u16, u8)>(), 0..6)) {
        let golden = golden();
        let (_, delivery) = &golden[case % golden.len()];
        let damaged = Delivery { body: mutated(&delivery.body, &choices), ..delivery.clone() };
        for topic in [delivery.topic.clone(), None] {
            let report = map::report(&Delivery { topic, ..damaged.clone() }, &settings());
            let says_something = report.map_or(true, |report| !(report.events.is_empty() && report.notes.is_empty()));
            prop_assert!(says_something);
        }
    }
}
