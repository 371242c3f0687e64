//! Cases by provider, then what must hold for any body at all.

use omnihub_plugin::model::{InventoryItem, InventoryLevel, Other};
use omnihub_plugin::{Connector, Delivery, Event, Failure, Header, Payload, Remark, Report};
use proptest::prelude::*;

mod act;
mod poll;
mod subscription;

use super::Inventory;

const RECEIVED: i64 = 1_800_000_000_000_000_000;

fn delivery(topic: Option<&str>, headers: &[(&str, &str)], body: &str) -> Delivery {
    let headers =
        headers.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() }).collect();
    Delivery { topic: topic.map(Into::into), headers, body: body.into(), received_at: RECEIVED }
}

fn report(topic: Option<&str>, body: &str) -> Report {
    Inventory::normalise(delivery(topic, &[], body)).unwrap()
}

fn only(report: Report) -> Event {
    assert_eq!((report.events.len(), report.notes.len()), (1, 0), "{report:?}");
    report.events.into_iter().next().unwrap()
}

fn level(event: &Event) -> &InventoryLevel {
    assert_eq!(event.name, "inventory.changed");
    let Payload::InventoryLevel(level) = &event.payload else { panic!("{event:?}") };
    level
}

fn item(event: &Event) -> &InventoryItem {
    assert_eq!(event.name, "inventory.item_changed");
    let Payload::InventoryItem(item) = &event.payload else { panic!("{event:?}") };
    item
}

fn notice(event: &Event) -> &Other {
    assert_eq!(event.name, "provider.notice");
    let Payload::Other(other) = &event.payload else { panic!("{event:?}") };
    other
}

fn square_counts(counts: &str) -> String {
    format!(
        r#"{{"merchant_id": "M1", "type": "inventory.count.updated", "event_id": "E1",
            "created_at": "2026-03-01T10:00:01Z", "data": {{"type": "inventory_counts", "id": "D1",
            "object": {{"inventory_counts": [{counts}]}}}}}}"#
    )
}

fn count(quantity: &str) -> String {
    format!(
        r#"{{"catalog_object_id": "MUG", "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK",
            "location_id": "BERLIN", "quantity": {quantity}, "calculated_at": "2026-03-01T10:00:00.123456789Z"}}"#
    )
}

fn check_quantity(quantity: &str, millionths: Option<i64>) {
    let event = only(report(None, &square_counts(&count(quantity))));
    assert_eq!(level(&event).quantity, millionths, "{quantity}");
}

#[test]
fn square_quantities_are_exact_decimals() {
    check_quantity("\"10\"", Some(10_000_000));
    check_quantity("\"2.5\"", Some(2_500_000));
    check_quantity("\"0.00001\"", Some(10));
    check_quantity("\"-3\"", Some(-3_000_000));
    check_quantity("7", Some(7_000_000));
    check_quantity("null", None);
}

#[test]
fn an_unreadable_quantity_is_noted_and_the_other_counts_map() {
    let counts = [count("\"a few\""), "7".into(), count("\"1\""), r#"{"state": "SOLD"}"#.into()].join(",");
    let report = report(None, &square_counts(&counts));
    assert_eq!(report.events.len(), 1);
    let paths: Vec<_> = report.notes.iter().map(|note| (note.path.as_str(), note.remark)).collect();
    let path = |index| format!("/data/object/inventory_counts/{index}");
    assert_eq!(
        paths,
        [
            (path(0).as_str(), Remark::Malformed),
            (path(1).as_str(), Remark::Malformed),
            (path(3).as_str(), Remark::Malformed)
        ]
    );
}

#[test]
fn a_count_is_keyed_and_ordered_by_when_it_was_calculated() {
    let event = only(report(None, &square_counts(&count("\"1\""))));
    let calculated = 1_772_359_200_123_456_789;
    assert_eq!((event.version, event.happened_at), (calculated, calculated));
    assert_eq!(event.key, format!("MUG/BERLIN/available@{calculated}"));
}

#[test]
fn states_other_than_in_stock_keep_their_word() {
    let body = square_counts(&count("\"1\"")).replace("IN_STOCK", "RESERVED_FOR_SALE");
    assert_eq!(level(&only(report(None, &body))).state, "reserved_for_sale");
}

#[test]
fn without_any_time_the_arrival_is_in_neither_key_nor_version() {
    let body = r#"{"type": "inventory.count.updated", "event_id": "E9", "data": {"object": {"inventory_counts":
        [{"catalog_object_id": "MUG", "state": "SOLD", "location_id": "BERLIN", "quantity": "1"}]}}}"#;
    let event = only(report(None, body));
    assert_eq!((event.key.as_str(), event.version, event.happened_at), ("MUG/BERLIN/sold@E9", 0, RECEIVED));
}

#[test]
fn empty_and_missing_lists_of_counts_are_noted() {
    let empty = report(None, &square_counts(""));
    assert_eq!((empty.events.len(), empty.notes[0].remark), (0, Remark::Ignored));
    let missing =
        report(None, r#"{"type": "inventory.count.updated", "event_id": "E", "data": {"object": {}}}"#);
    assert_eq!((missing.events.len(), missing.notes[0].remark), (0, Remark::Malformed));
}

#[test]
fn what_square_says_besides_is_a_notice() {
    let catalogue = r#"{"merchant_id": "M1", "type": "catalog.version.updated", "event_id": "E2",
        "created_at": "2026-03-01T10:00:00Z", "data": {"type": "catalog_version", "id": "V",
        "object": {"catalog_version": {"updated_at": "2026-03-01T09:59:59.5Z"}}}}"#;
    let event = only(report(None, catalogue));
    assert_eq!((event.key.as_str(), notice(&event).topic.as_str()), ("E2", "catalog.version.updated"));
    assert!(notice(&event).extra.contains(&("updated_at".into(), "2026-03-01T09:59:59.5Z".into())));

    let test = r#"{"merchant_id": "M1", "type": "webhooks.test_notification", "event_id": "E3", "data": {"id": "T"}}"#;
    assert_eq!(notice(&only(report(None, test))).topic, "webhooks.test_notification");
}

const LEVEL: &str = r#"{"inventory_item_id": 731904418265530200, "location_id": 60013377, "available": 7,
    "updated_at": "2026-03-01T05:00:00-05:00",
    "admin_graphql_api_id": "gid://shopify/InventoryLevel/60013377?inventory_item_id=731904418265530179"}"#;

#[test]
fn a_shopify_level_takes_the_exact_id() {
    for topic in [Some("inventory_levels/update"), Some("inventory_levels/connect"), None] {
        let event = only(report(topic, LEVEL));
        assert_eq!(level(&event).item, "731904418265530179");
        assert_eq!(level(&event).location, "60013377");
        assert_eq!(level(&event).quantity, Some(7_000_000));
        assert_eq!(event.version, 1_772_359_200_000_000_000);
    }
}

#[test]
fn null_is_untracked_and_absence_is_unsaid() {
    let untracked = only(report(None, &LEVEL.replace("\"available\": 7", "\"available\": null")));
    assert_eq!(level(&untracked).quantity, None);
    assert_eq!(level(&untracked).extra, [("tracked".into(), "false".into())]);
    let unsaid = only(report(None, &LEVEL.replace("\"available\": 7,", "")));
    assert_eq!((level(&unsaid).quantity, level(&unsaid).extra.len()), (None, 0));
    let oversold = only(report(None, &LEVEL.replace("\"available\": 7", "\"available\": -2")));
    assert_eq!(level(&oversold).quantity, Some(-2_000_000));
    let broken = report(None, &LEVEL.replace("\"available\": 7", "\"available\": \"lots\""));
    assert_eq!((broken.events.len(), broken.notes[0].remark), (0, Remark::Malformed));
}

#[test]
fn a_disconnected_level_is_deleted_at_the_time_it_was_triggered() {
    let body = r#"{"inventory_item_id": 3310077, "location_id": 60013377}"#;
    let headers = [
        ("x-shopify-topic", "inventory_levels/disconnect"),
        ("x-shopify-triggered-at", "1970-01-01T00:00:03Z"),
    ];
    let event = only(Inventory::normalise(delivery(None, &headers, body)).unwrap());
    assert!(level(&event).deleted);
    assert_eq!(event.version, 3_000_000_000);
    let bare = only(report(None, body));
    assert!(level(&bare).deleted);
    assert_eq!((bare.version, bare.happened_at), (0, RECEIVED));
}

#[test]
fn items_change_and_go() {
    let body = r#"{"id": 731904418265530200, "sku": "mug-1", "updated_at": "2026-03-01T10:00:00Z", "cost": null,
        "tracked": true, "admin_graphql_api_id": "gid://shopify/InventoryItem/731904418265530179"}"#;
    for topic in [Some("inventory_items/update"), None] {
        let event = only(report(topic, body));
        assert_eq!(item(&event).item, "731904418265530179");
        assert_eq!(item(&event).sku.as_deref(), Some("mug-1"));
        assert!(item(&event).extra.contains(&("tracked".into(), "true".into())));
        assert_eq!(event.key, "731904418265530179@1772359200000000000");
    }
    let gone = r#"{"id": 731904418265530200, "admin_graphql_api_id": "gid://shopify/InventoryItem/731904418265530179"}"#;
    for topic in [Some("inventory_items/delete"), None] {
        let event = only(report(topic, gone));
        assert!(item(&event).deleted);
        assert_eq!((event.key.as_str(), event.version), ("731904418265530179/deleted", 0));
    }
}

#[test]
fn a_variant_that_runs_out_is_an_item_change() {
    let body = r#"{"id": 915502337180643000, "product_id": 700313551177, "title": "Small", "sku": "tee-s",
        "updated_at": "2026-03-01T10:00:00Z", "inventory_quantity": 0,
        "admin_graphql_api_id": "gid://shopify/ProductVariant/915502337180642983"}"#;
    for topic in [Some("variants/out_of_stock"), None] {
        let event = only(report(topic, body));
        assert_eq!(item(&event).item, "915502337180642983");
        assert!(item(&event).extra.contains(&("stock".into(), "out_of_stock".into())));
    }
    let named = body.replace("\"id\": 9", "\"inventory_item_id\": 5520019, \"id\": 9");
    assert_eq!(item(&only(report(None, &named))).item, "5520019");
}

#[test]
fn an_unknown_topic_is_a_notice_and_an_unknown_shape_is_rejected() {
    let event = only(report(Some("products/update"), r#"{"id": 5, "title": "Mug"}"#));
    assert_eq!(notice(&event).topic, "products/update");
    assert_eq!(notice(&event).extra, [("id".into(), "5".into())]);
    let rejected = |body: &str| Inventory::normalise(delivery(None, &[], body));
    for body in ["", "null", "[]", "{}", "{\"id\": 5}", "{", "\"text\"", "{\"type\": \"x.y\"}"] {
        assert!(matches!(rejected(body), Err(Failure::Rejected(_))), "{body}");
    }
}

#[test]
fn a_known_topic_with_nothing_in_it_is_noted() {
    for topic in ["inventory_levels/update", "inventory_items/delete", "variants/in_stock"] {
        let report = report(Some(topic), "{}");
        assert_eq!((report.events.len(), report.notes[0].remark), (0, Remark::Malformed), "{topic}");
    }
}

/// JSON of any shape, its names drawn from those the connector reads.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        "[0-9]{20,40}|-?[0-9]{1,3}e[0-9]{1,4}|0\\.[0-9]{1,30}",
        ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""2026-03-01T10:00:00Z""#.to_owned()),
        Just(r#""gid://shopify/InventoryLevel/1?inventory_item_id=2""#.to_owned()),
        Just(r#""inventory.count.updated""#.to_owned()),
        Just(format!("{}{}", "[".repeat(300), "]".repeat(300))),
    ];
    let name = prop::sample::select(vec![
        "type",
        "event_id",
        "merchant_id",
        "data",
        "object",
        "inventory_counts",
        "catalog_object_id",
        "state",
        "location_id",
        "quantity",
        "calculated_at",
        "created_at",
        "id",
        "inventory_item_id",
        "available",
        "admin_graphql_api_id",
        "updated_at",
        "sku",
        "tracked",
        "product_id",
        "inventory_quantity",
        "catalog_version",
    ]);
    scalar.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A valid body with one of its values replaced by any JSON.
fn mutated() -> impl Strategy<Value = String> {
    let valid = [square_counts(&count("\"1\"")), LEVEL.to_owned()];
    let values: Vec<(String, String)> = valid
        .iter()
        .flat_map(|body| {
            [
                "\"M1\"",
                "\"E1\"",
                "[{",
                "\"IN_STOCK\"",
                "\"MUG\"",
                "60013377",
                ": 7",
                "731904418265530200",
                "\"D1\"",
            ]
            .into_iter()
            .filter(|value| body.contains(value))
            .map(|value| (body.clone(), value.to_owned()))
        })
        .collect();
    (prop::sample::select(values), json()).prop_map(|((body, value), json)| {
        let replacement = match value.as_str() {
            "[{" => format!("[{json}, {{"),
            ": 7" => format!(": {json}"),
            _ => json,
        };
        body.replacen(&value, &replacement, 1)
    })
}

fn topic() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(
        [
            "inventory_levels/update",
            "inventory_levels/disconnect",
            "inventory_items/update",
            "inventory_items/delete",
            "variants/out_of_stock",
            "inventory.count.updated",
            "products/update",
            "",
            "/",
            "ü/ü",
        ]
        .map(str::to_owned)
        .to_vec(),
    ))
}

proptest! {
    #[test]
    fn every_body_is_told_noted_or_refused(topic in topic(), body in prop_oneof![json(), mutated(), ".{0,40}"]) {
        let said = Inventory::normalise(delivery(topic.as_deref(), &[], &body));
        match said {
            Ok(report) => prop_assert!(!report.events.is_empty() || !report.notes.is_empty()),
            Err(failure) => prop_assert!(matches!(failure, Failure::Rejected(_))),
        }
    }

    #[test]
    fn when_it_arrived_changes_neither_key_nor_version(topic in topic(), body in mutated()) {
        let at = |received_at| {
            let delivery = Delivery { received_at, ..delivery(topic.as_deref(), &[], &body) };
            let report = Inventory::normalise(delivery).unwrap_or_default();
            report.events.into_iter().map(|event| (event.name, event.key, event.version)).collect::<Vec<_>>()
        };
        prop_assert_eq!(at(1), at(i64::MAX));
    }
}
