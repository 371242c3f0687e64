//! Each trap of WhatsApp's JSON once, by the golden deliveries; what is sent; then anything at all.

mod act;
mod anything;
mod check;
mod people;
mod receive;

use std::fs;
use std::path::Path;

use omnihub_plugin::model::{Identity, IdentityKind, Interaction, Order, Party, Payload};
use omnihub_plugin::{Connector, Delivery, Event, Failure, Grade, Report, testing};

use crate::WhatsApp;
use crate::map::{Settings, normalise};

const RECEIVED: i64 = 1_800_000_000_000_000_000;
/// 2026-01-01T10:00:00Z, when most golden deliveries happen.
const THEN: i64 = 1_767_261_600_000_000_000;
const SECOND: i64 = 1_000_000_000;
const ADA: &str = "12025550143";
const BEN: &str = "447700900123";
const PHONE: &str = "106540000000001";

/// The golden deliveries, with the names of their cases.
fn goldens() -> Vec<(String, Delivery)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plugins/whatsapp");
    let webhook = WhatsApp::describe().webhooks.remove(0);
    let mut cases: Vec<(String, Delivery)> = fs::read_dir(folder)
        .unwrap()
        .map(|case| {
            let case = case.unwrap();
            let http = fs::read_to_string(case.path().join("delivery.http")).unwrap();
            let name = case.file_name().into_string().unwrap();
            (name, testing::delivery(&http, &webhook, RECEIVED).unwrap())
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

fn golden(case: &str) -> String {
    goldens().into_iter().find(|(name, _)| name == case).unwrap().1.body
}

fn read(body: &str, received_at: i64) -> Result<Report, Failure> {
    let delivery = Delivery { topic: None, headers: Vec::new(), body: body.into(), received_at };
    normalise(&delivery, &Settings { phone_number_id: None })
}

fn report(case: &str) -> Report {
    read(&golden(case), RECEIVED).unwrap()
}

fn interaction(event: &Event) -> &Interaction {
    match &event.payload {
        Payload::Interaction(interaction) => interaction,
        other => panic!("{} has no interaction: {other:?}", event.name),
    }
}

fn interactions(report: &Report) -> Vec<&Interaction> {
    report.events.iter().map(interaction).collect()
}

fn order(report: &Report) -> &Order {
    let mut orders = report.events.iter().filter_map(|event| match &event.payload {
        Payload::Order(order) => Some(order),
        _ => None,
    });
    orders.next().unwrap()
}

fn names(report: &Report) -> Vec<&str> {
    report.events.iter().map(|event| event.name.as_str()).collect()
}

fn ids(party: Option<&Party>) -> Vec<String> {
    let short = |id: &Identity| match id.kind {
        IdentityKind::Phone => format!("phone {}", id.value),
        IdentityKind::Handle => format!("handle {}", id.value),
        _ => format!("{} {}", id.scope, id.value),
    };
    party.map(|party| party.ids.iter().map(short).collect()).unwrap_or_default()
}

fn topics(report: &Report) -> Vec<&str> {
    report
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Other(other) => Some(other.topic.as_str()),
            _ => None,
        })
        .collect()
}

fn extra<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[test]
fn the_manifest_declares_what_metas_rules_ask_for() {
    let manifest = WhatsApp::describe();
    assert_eq!(manifest.id, "whatsapp");
    let grades: Vec<Grade> = manifest.actions.iter().map(|action| action.grade).collect();
    assert_eq!(grades, [Grade::Unsafe, Grade::Unsafe, Grade::Natural]);
    assert!(manifest.streams.is_empty() && manifest.actions.iter().all(|action| action.target.is_some()));
    let endpoint = &manifest.endpoints[0];
    assert_eq!((endpoint.name.as_str(), endpoint.base_url.as_str()), ("graph", "https://graph.facebook.com"));
    let keys: Vec<&str> = manifest.settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "webhook_secret",
            "verify_token",
            "api_token",
            "api_version",
            "phone_number_id",
            "business_account_id",
            "templates"
        ]
    );
    let declared: Vec<(&str, &str)> =
        manifest.extra.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert!(declared.contains(&("action.send_message.window", "24h")));
    assert!(declared.contains(&("action.send_template.listed", "templates name:language")));
    // Rules are told of actions and settings that are there.
    for (key, _) in declared.iter().filter(|(key, _)| *key != "fills") {
        assert!(manifest.actions.iter().any(|it| key.starts_with(&format!("action.{}.", it.name))), "{key}");
    }
}
