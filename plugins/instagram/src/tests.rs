//! Each trap of Instagram's JSON once, by the golden deliveries and by a small Instagram; then anything at all.

mod act;
mod anything;
mod check;
mod fake;
mod poll;
mod receive;

use std::fs;
use std::path::Path;

use omnihub_plugin::model::{Interaction, Payload};
use omnihub_plugin::{Connector, Delivery, Event, Failure, Grade, Remark, Report, testing};

use crate::Instagram;
use crate::api::{Api, PAGE_SIZE};
use crate::map::{Settings, normalise};

const RECEIVED: i64 = 1_800_000_000_000_000_000;
/// 2026-01-01T10:00:00Z, when most golden deliveries happen.
const THEN: i64 = 1_767_261_600_000_000_000;
const MS: i64 = 1_000_000;
const ACCOUNT: &str = "17840000000000001";
const ADA: &str = "7000000000000001";
const BEN: &str = "7000000000000002";

/// The golden deliveries, with the names of their cases.
fn goldens() -> Vec<(String, Delivery)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plugins/instagram");
    let webhook = Instagram::describe().webhooks.remove(0);
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

fn settings() -> Settings {
    Settings { account_id: None, referral_prefix: "order_".into() }
}

/// The API as the token's own account.
fn api() -> Api {
    Api { version: "v25.0".into(), account_id: None, page_id: None, page_size: PAGE_SIZE }
}

fn read(body: &str, received_at: i64) -> Result<Report, Failure> {
    let delivery = Delivery { topic: None, headers: Vec::new(), body: body.into(), received_at };
    normalise(&delivery, &settings())
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

/// `name id text` of every event, ids cut to their last six letters.
fn told(report: &Report) -> Vec<String> {
    report.events.iter().map(|event| format!("{} {}", event.name, summary(event))).collect()
}

fn summary(event: &Event) -> String {
    match &event.payload {
        Payload::Interaction(it) => {
            let tail: String = it.id.chars().skip(it.id.chars().count().saturating_sub(6)).collect();
            let customer = it.customer.as_ref().map_or("-", |party| &party.ids[0].value);
            format!("{tail} {customer} {}", it.text.as_deref().unwrap_or("-"))
        }
        Payload::Other(other) => other.topic.clone(),
        Payload::Customer(customer) => format!("{:?}", customer.who.ids),
        other => format!("{other:?}"),
    }
}

fn remarks(report: &Report) -> Vec<(&str, Remark)> {
    report.notes.iter().map(|note| (note.path.as_str(), note.remark)).collect()
}

fn extra<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[test]
fn the_manifest_declares_what_metas_rules_ask_for() {
    let manifest = Instagram::describe();
    assert_eq!(manifest.id, "instagram");
    assert!(manifest.actions.iter().all(|action| action.grade == Grade::Probed && action.target.is_some()));
    assert_eq!(manifest.streams[0].name, "conversations");
    let endpoint = &manifest.endpoints[0];
    assert_eq!(
        (endpoint.name.as_str(), endpoint.base_url.as_str()),
        ("graph", "https://graph.instagram.com")
    );
    let keys: Vec<&str> = manifest.settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "webhook_secret",
            "verify_token",
            "api_token",
            "api_version",
            "account_id",
            "page_id",
            "page_size",
            "referral_prefix"
        ]
    );
    let declared =
        |key: &str| manifest.extra.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    assert_eq!(declared("action.send_message.window"), Some("24h"));
    assert_eq!(declared("action.send_message.window.human_agent"), Some("7d"));
}
