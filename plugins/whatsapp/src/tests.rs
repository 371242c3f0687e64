//! Each trap of WhatsApp's JSON once, by the golden deliveries; then anything at all.

use std::fs;
use std::path::Path;

use omnihub_plugin::model::{Direction, Identity, IdentityKind, Interaction, Money, Order, Party, Payload};
use omnihub_plugin::{Connector, Delivery, Event, Failure, Grade, Remark, Report, testing};
use proptest::prelude::*;

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
    let webhook = WhatsApp::describe().webhook.unwrap();
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

fn mutated() -> impl Strategy<Value = String> {
    let bodies: Vec<String> = goldens().into_iter().map(|(_, delivery)| delivery.body).collect();
    let choices = prop::collection::vec(any::<(u16, u8)>(), 1..6);
    (prop::sample::select(bodies), choices).prop_map(|(body, choices)| testing::mutated(&body, &choices))
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
fn a_message_is_told_with_customer_thread_and_time() {
    let report = report("text");
    let event = &report.events[0];
    assert_eq!((event.name.as_str(), event.happened_at, event.version), ("message.received", THEN, THEN));
    let it = interaction(event);
    assert_eq!(
        (it.id.as_str(), it.text.as_deref()),
        (event.key.as_str(), Some("Grüße, wo ist Bestellung 1001/2?"))
    );
    assert_eq!(it.thread, Some(format!("{PHONE}:{ADA}")));
    assert_eq!(it.direction, Some(Direction::Inbound));
    assert_eq!(ids(it.customer.as_ref()), [format!("wa {ADA}"), format!("phone +{ADA}")]);
    assert_eq!(it.customer.as_ref().unwrap().name.as_deref(), Some("Ada Example"));
}

#[test]
fn media_keeps_its_id_type_and_caption() {
    let report = report("media");
    let all: Vec<String> = interactions(&report)
        .iter()
        .map(|it| {
            let media = &it.attachments[0];
            format!("{} {} {:?} {:?}", media.kind, media.id.as_deref().unwrap(), media.title, it.text)
        })
        .collect();
    assert_eq!(
        all,
        [
            "image 800001 None Some(\"It arrived broken\")",
            "file 800002 Some(\"invoice.pdf\") None",
            "audio 800003 None None",
            "video 800004 None None",
            "sticker 800005 None None",
        ]
    );
    assert_eq!(extra(&interactions(&report)[2].extra, "voice"), Some("true"));
}

#[test]
fn places_are_exact_and_of_shared_contacts_only_names_are_kept() {
    let report = report("location_and_contacts");
    let all = interactions(&report);
    assert_eq!(all[0].attachments[0].title.as_deref(), Some("Shop, 1 Example Street"));
    assert_eq!(extra(&all[0].extra, "latitude"), Some("52.5200066"));
    assert_eq!(extra(&all[1].extra, "longitude"), Some("1e-07"));
    assert_eq!(all[2].attachments[0].title.as_deref(), Some("Cleo Example"));
    assert!(!format!("{:?}", report.events).contains("447700900456"));
}

#[test]
fn choices_and_forms_are_read() {
    let report = report("buttons_lists_and_forms");
    let all: Vec<(Option<&str>, Option<&str>, Option<&str>)> = interactions(&report)
        .into_iter()
        .map(|it| (it.kind.as_deref(), it.text.as_deref(), extra(&it.extra, "payload")))
        .collect();
    assert_eq!(
        all,
        [
            (Some("postback"), Some("Yes"), Some("YES-1001")),
            (Some("postback"), Some("M"), Some("size-m")),
            (Some("postback"), Some("Tuesday"), Some("slot-3")),
            (Some("form"), Some("Sent"), None),
            (Some("form"), Some("Sent"), None),
        ]
    );
    let all = interactions(&report);
    assert_eq!(all[0].reply_to.as_deref(), Some("wamid.SENT0001"));
    assert_eq!(extra(&all[3].extra, "form.amount"), Some("19.90"));
    assert_eq!(extra(&all[3].extra, "form.tags"), Some("[\"late\"]"));
    assert_eq!(extra(&all[4].extra, "response_json"), Some("not json"));
}

#[test]
fn a_reaction_is_taken_back_by_an_empty_or_absent_emoji() {
    let report = report("reactions");
    let emojis: Vec<Option<&str>> =
        interactions(&report).iter().map(|it| it.reaction.as_ref().unwrap().emoji.as_deref()).collect();
    assert_eq!(emojis, [Some("😮"), None, None]);
    assert_eq!(interactions(&report)[0].id, "wamid.SENT0001");
    assert_eq!(interactions(&report)[0].reaction.as_ref().unwrap().by, ADA);
    assert_eq!(names(&report), ["message.reaction"; 3]);
}

#[test]
fn an_order_counts_in_major_units_exactly() {
    let report = report("order");
    assert_eq!(names(&report), ["order.created", "message.received"]);
    let order = order(&report);
    assert_eq!(order.total, Some(Money { minor: 9_990, currency: "ILS".into() }));
    let lines = order.lines.as_ref().unwrap();
    assert_eq!((lines[0].quantity, lines[0].unit_price.as_ref().unwrap().minor), (3_000_000, 3_000));
    assert_eq!((lines[1].quantity, lines[1].unit_price.as_ref().unwrap().minor), (2_000_000, 495));
    let it = interaction(&report.events[1]);
    assert_eq!((it.order.as_ref(), it.text.as_deref()), (Some(&order.id), Some("Please gift wrap")));
}

#[test]
fn an_inexact_price_is_noted_and_leaves_no_total() {
    let report = report("order_with_inexact_price");
    let order = order(&report);
    assert_eq!(order.total, None);
    let prices: Vec<Option<i64>> = order
        .lines
        .as_ref()
        .unwrap()
        .iter()
        .map(|line| line.unit_price.as_ref().map(|price| price.minor))
        .collect();
    assert_eq!(prices, [None, Some(1_200)]);
    assert_eq!(report.notes.len(), 2);
}

#[test]
fn statuses_are_told_as_they_are_in_any_order() {
    let report = report("statuses_out_of_order");
    let keys: Vec<&str> = report.events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "wamid.SENT0001@read",
            "wamid.SENT0001@sent",
            "wamid.SENT0001@delivered",
            "wamid.SENT0002@played",
            "wamid.SENT0003@deleted",
        ]
    );
    assert!(interactions(&report).iter().all(|it| it.direction == Some(Direction::Outbound)));
    assert_eq!(report.events[0].version, THEN + 3 * SECOND);
    assert_eq!(extra(&interactions(&report)[1].extra, "biz_opaque_callback_data"), Some("effect-1"));
    assert_eq!(extra(&interactions(&report)[2].extra, "conversation_expires"), Some("1767348000"));
    let failed = &interactions(&self::report("failed_status"))[1].status_detail.clone();
    assert_eq!(failed.as_deref(), Some("131047: Re-engagement message"));
}

#[test]
fn a_user_id_needs_no_phone_and_is_none() {
    let without = report("user_id_without_phone");
    for it in interactions(&without) {
        assert_eq!(ids(it.customer.as_ref()), ["wa US.1349120000000001", "handle cleo.example"]);
    }
    let instead = report("user_id_where_the_number_was");
    assert_eq!(ids(interactions(&instead)[0].customer.as_ref()), ["wa US.1349120000000001"]);
    let both = report("user_id_and_phone");
    for it in interactions(&both) {
        assert_eq!(ids(it.customer.as_ref()), ["wa US.1349120000000002", &format!("phone +{ADA}")]);
        assert_eq!(it.thread.as_deref(), Some("106540000000001:US.1349120000000002"));
    }
}

#[test]
fn a_new_number_takes_the_person_along() {
    let report = report("number_changed");
    let merges: Vec<(String, String)> = report
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::PersonMerge(merge) => Some((merge.kept.value.clone(), merge.absorbed.value.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        merges,
        [("12025550199".into(), ADA.into()), ("US.1349120000000009".into(), "US.1349120000000002".into()),]
    );
    let parties: Vec<Vec<String>> = report
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Customer(customer) => Some(ids(Some(&customer.who))),
            _ => None,
        })
        .collect();
    assert_eq!(parties[0], ["wa 12025550199", "phone +12025550199"]);
    assert_eq!(parties[3], ["wa US.1349120000000002", "phone +12025550199"]);
    assert_eq!(topics(&report), ["system.customer_identity_changed"]);
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn wishes_about_marketing_are_consents() {
    let report = report("marketing_preferences");
    let states: Vec<(String, String, Option<i64>)> = report
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Consent(it) => Some((it.purpose.clone(), it.state.clone(), it.at)),
            _ => None,
        })
        .collect();
    let marketing =
        |state: &str, at: i64| ("marketing".to_owned(), state.to_owned(), Some(THEN + at * SECOND));
    assert_eq!(states, [marketing("denied", 0), marketing("granted", 3_600), marketing("denied", 7_200)]);
    assert_eq!(report.notes[0].path, "/entry/0/changes/0/value/user_preferences/2");
}

#[test]
fn what_the_business_writes_in_the_app_is_sent() {
    let report = report("echoes_of_the_business_app");
    assert_eq!(names(&report), ["message.sent", "message.edited", "message.deleted"]);
    for it in interactions(&report) {
        assert_eq!(it.id, "wamid.ECHO0001");
        assert_eq!(it.direction, Some(Direction::Outbound));
        assert_eq!(it.thread, Some(format!("{PHONE}:{BEN}")));
    }
}

#[test]
fn an_edit_says_what_is_new_and_comes_after() {
    let report = report("edit_and_revoke");
    assert_eq!(names(&report), ["message.edited", "message.edited", "message.deleted"]);
    let all = interactions(&report);
    assert_eq!((all[0].id.as_str(), all[0].text.as_deref()), ("wamid.IN0001", Some("Order 1002, sorry")));
    assert_eq!(report.events[0].version, THEN + 1);
    assert_eq!((all[1].text.as_deref(), all[1].attachments.len()), (Some("New caption"), 0));
    assert!(all[2].erased && report.events[2].key == "wamid.IN0001");
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn what_whatsapp_cannot_show_is_still_a_message() {
    let report = report("unsupported");
    let all: Vec<(Option<&str>, Option<&str>, Option<&str>)> = interactions(&report)
        .into_iter()
        .map(|it| (it.kind.as_deref(), it.text.as_deref(), extra(&it.extra, "error_code")))
        .collect();
    assert_eq!(
        all,
        [
            (Some("unsupported"), None, Some("131051")),
            (Some("unsupported"), Some("left over"), Some("131051")),
            (Some("postback"), None, Some("131051")),
        ]
    );
}

#[test]
fn a_message_repeated_in_a_delivery_counts_once() {
    let report = report("repeated_message");
    assert_eq!(report.events.len(), 1);
    assert_eq!(report.notes[0].remark, Remark::Ignored);
}

#[test]
fn every_business_phone_has_its_threads() {
    let report = report("two_numbers");
    let threads: Vec<&str> = interactions(&report).iter().map(|it| it.thread.as_deref().unwrap()).collect();
    assert_eq!(
        threads,
        [format!("{PHONE}:{ADA}"), format!("106540000000002:{ADA}"), format!("106540000000003:{BEN}"),]
    );
    let group = self::report("group");
    let threads: Vec<&str> = interactions(&group).iter().map(|it| it.thread.as_deref().unwrap()).collect();
    assert_eq!(threads, ["106540000000001:GROUPID0001"; 3]);
    assert_eq!(group.events[1].key, format!("wamid.SENTG001@read@{ADA}"));
    assert_eq!(group.events[2].key, format!("wamid.SENTG001@read@{BEN}"));
}

#[test]
fn what_is_not_known_is_counted() {
    let fields = ["message_template_status_update", "account_update", "history", "something_new"];
    assert_eq!(topics(&report("other_fields")), fields);
    assert!(!format!("{:?}", report("other_fields").events).contains("12025550100"));
    assert_eq!(topics(&report("account_errors")), ["errors"]);
    assert_eq!(topics(&report("unknown_words")), ["request_welcome", "hologram", "status.pondered"]);
    assert_eq!(topics(&report("another_object")), ["instagram"]);
}

#[test]
fn surroundings_of_a_message_are_kept() {
    let report = report("ad_reply_and_forward");
    let all = interactions(&report);
    assert_eq!(extra(&all[0].extra, "ad_id"), Some("120200000000001"));
    assert_eq!(all[1].reply_to.as_deref(), Some("wamid.SENT0001"));
    assert_eq!(extra(&all[2].extra, "frequently_forwarded"), Some("true"));
    assert_eq!(extra(&all[3].extra, "product_retailer_id"), Some("MUG-BLUE"));
}

#[test]
fn a_bad_item_costs_only_itself() {
    let report = report("malformed_among_good");
    let texts: Vec<Option<&str>> = interactions(&report).iter().map(|it| it.text.as_deref()).collect();
    assert_eq!(texts, [None, Some("good"), None]);
    assert_eq!((report.events[1].happened_at, report.events[1].version), (RECEIVED, 0));
    let paths: Vec<&str> = report.notes.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/entry/0/changes/0/value/messages/0",
            "/entry/0/changes/0/value/messages/1",
            "/entry/0/changes/0/value/messages/3",
            "/entry/0/changes/0/value/statuses/0",
            "/entry/0/changes/1/value",
            "/entry/0/changes/2/value",
            "/entry/0/changes/3",
        ]
    );
}

#[test]
fn a_message_nested_in_itself_is_read_once() {
    const DEPTH: usize = 20_000;
    let edit = r#"{"type": "edit", "edit": {"original_message_id": "a", "message": "#;
    let inner = format!("{}{{}}{}", edit.repeat(DEPTH), "}}".repeat(DEPTH));
    let body = format!(
        r#"{{"entry": [{{"changes": [{{"field": "messages", "value": {{"messages": [{inner}]}}}}]}}]}}"#
    );
    assert_eq!(names(&read(&body, 1).unwrap()), ["message.edited"]);
}

#[test]
fn what_is_no_envelope_is_rejected() {
    for body in ["", "hello", "[]", "{}", "{\"messages\": []}", "null"] {
        assert!(matches!(read(body, 1), Err(Failure::Rejected(_))), "{body}");
    }
}

#[test]
fn the_manifest_declares_what_metas_rules_ask_for() {
    let manifest = WhatsApp::describe();
    assert_eq!(manifest.id, "whatsapp");
    assert_eq!(manifest.actions[0].grade, Grade::Unsafe);
    let endpoint = &manifest.endpoints[0];
    assert_eq!((endpoint.name.as_str(), endpoint.base_url.as_str()), ("graph", "https://graph.facebook.com"));
    let keys: Vec<&str> = manifest.settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(keys, ["webhook_secret", "verify_token", "api_token", "api_version", "phone_number_id"]);
}

#[test]
fn every_golden_says_something() {
    for (case, delivery) in goldens() {
        let report = read(&delivery.body, RECEIVED).unwrap();
        assert!(!report.events.is_empty() || !report.notes.is_empty(), "{case}");
    }
}

proptest! {
    #[test]
    fn every_body_is_told_noted_or_rejected(body in prop_oneof![9 => mutated(), 1 => ".{0,60}"]) {
        match read(&body, RECEIVED) {
            Ok(report) => prop_assert!(!report.events.is_empty() || !report.notes.is_empty()),
            Err(failure) => prop_assert!(matches!(failure, Failure::Rejected(_))),
        }
    }

    #[test]
    fn when_it_arrived_changes_neither_key_nor_version(body in mutated()) {
        let at = |received_at| {
            let report = read(&body, received_at).unwrap_or_default();
            report.events.into_iter().map(|event| (event.name, event.key, event.version)).collect::<Vec<_>>()
        };
        prop_assert_eq!(at(1), at(i64::MAX));
    }
}
