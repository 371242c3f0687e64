//! Pages of Square's and Shopify's lists: windows, resuming, and that a page says what a webhook says.

use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::model::InventoryLevel;
use omnihub_plugin::square::window::rfc3339;
use omnihub_plugin::testing::mutated;
use omnihub_plugin::{Event, Failure, Page, Payload, Position, Remark};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{RECEIVED, count, level, notice, report, square_counts};
use crate::poll::poll;
use crate::settings::Settings;

/// 2026-03-01T12:00:00Z.
const NOW: i64 = 1_772_366_400_000_000_000;

pub(super) fn settings(source: &str) -> Settings {
    let source = source.to_owned();
    Settings::read(|key| (key == "source").then(|| source.clone())).unwrap()
}

fn position(stream: &str, cursor: Option<String>) -> Position {
    Position { stream: stream.into(), cursor, since: Some(NOW - 3_600_000_000_000), now: NOW }
}

pub(super) fn ok(body: &str) -> Response {
    Response { status: 200, headers: Vec::new(), body: body.into() }
}

/// One page of a stream from this answer, and the body that was asked with.
fn page(source: &str, position: &Position, answer: &str) -> (Result<Page, Failure>, Value) {
    let mut asked = Value::Null;
    let mut outside = |_: &str, request: &Request| -> Result<Response, HttpError> {
        asked = serde_json::from_str(request.body.as_deref().unwrap_or("null")).unwrap();
        Ok(ok(answer))
    };
    let page = poll(position, &settings(source), &mut outside);
    (page, asked)
}

fn count_at(item: &str, quantity: &str, second: u32) -> String {
    count(quantity).replace("MUG", item).replace("10:00:00.123456789", &format!("10:00:{second:02}"))
}

#[test]
fn counts_are_read_over_three_pages_in_one_window() {
    let answers = [
        format!(r#"{{"counts": [{}], "cursor": "p2"}}"#, count_at("A", "\"1\"", 3)),
        format!(r#"{{"counts": [{}, 7], "cursor": "p3"}}"#, count_at("B", "\"2\"", 2)),
        format!(r#"{{"counts": [{}]}}"#, count_at("C", "\"3\"", 1)),
    ];
    let (mut position, mut items, mut notes) = (position("counts", None), Vec::new(), 0);
    for (index, answer) in answers.iter().enumerate() {
        // A page that is asked for again, after a crash, is the same page.
        let (again, _) = page("square", &position, answer);
        let (page, asked) = page("square", &position, answer);
        let page = page.unwrap();
        assert_eq!(again.unwrap(), page);
        assert_eq!(asked["updated_after"], "2026-03-01T11:00:00Z");
        assert_eq!(asked["cursor"].as_str(), [None, Some("p2"), Some("p3")][index]);
        items.extend(page.report.events.iter().map(|event| level(event).item.clone()));
        notes += page.report.notes.len();
        assert_eq!((page.more, page.reached == Some(NOW)), (index < 2, index == 2));
        position.cursor = page.cursor;
        position.now += 1_000_000_000;
    }
    assert_eq!((items.join(""), notes), ("ABC".into(), 1));
    let (_, asked) = page("square", &position, "{}");
    assert_eq!(asked["updated_after"], "2026-03-01T11:50:00Z");
}

#[test]
fn the_states_to_poll_are_a_setting() {
    let settings = Settings::read(|key| (key == "states").then(|| " in_stock, WASTE,".to_owned())).unwrap();
    assert_eq!(settings.states, ["IN_STOCK", "WASTE"]);
}

#[test]
fn the_ledger_says_why_a_count_changed_and_whether_it_was_us() {
    let effect = "eff_0123456789abcdef0123456789abcdef";
    let answer = json!({"changes": [
        {"type": "ADJUSTMENT", "adjustment": {"id": "A1", "from_state": "IN_STOCK", "to_state": "WASTE",
            "quantity": "2", "catalog_object_id": "MUG", "location_id": "BERLIN", "reference_id": effect,
            "occurred_at": "2026-03-01T11:30:00Z"}},
        {"type": "PHYSICAL_COUNT", "physical_count": {"id": "P1", "state": "IN_STOCK", "quantity": "86",
            "reference_id": "somebody's own", "occurred_at": "2026-03-01T11:31:00Z"}},
        {"type": "TRANSFER", "transfer": {"id": "T1", "from_location_id": "BERLIN", "to_location_id": "PARIS"}},
        {"type": "ADJUSTMENT"}
    ]});
    let (page, asked) = page("square", &position("changes", None), &answer.to_string());
    let report = page.unwrap().report;
    assert_eq!(asked["updated_before"], "2026-03-01T12:00:00Z");
    let told: Vec<_> =
        report.events.iter().map(|event| (event.key.as_str(), notice(event).topic.as_str())).collect();
    let expected = [
        ("adjustment/A1", "inventory.adjustment"),
        ("physical_count/P1", "inventory.physical_count"),
        ("transfer/T1", "inventory.transfer"),
    ];
    assert_eq!(told, expected);
    let extra = |index: usize, name: &str| {
        let all = &notice(&report.events[index]).extra;
        all.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    assert_eq!(extra(0, "effect").as_deref(), Some(effect));
    assert_eq!(extra(0, "from_state").as_deref(), Some("available"));
    assert_eq!(extra(1, "effect"), None);
    assert_eq!(report.notes[0].remark, Remark::Malformed);
}

#[test]
fn a_stream_of_the_other_provider_is_silent_and_an_unknown_one_refused() {
    for (source, stream) in
        [("square", "levels"), ("square", "items"), ("shopify", "counts"), ("shopify", "changes")]
    {
        let mut outside = |_: &str, _: &Request| -> Result<Response, HttpError> { panic!("called out") };
        let page = poll(&position(stream, Some("kept".into())), &settings(source), &mut outside).unwrap();
        assert_eq!((page.more, page.cursor.as_deref(), page.report.events.len()), (false, Some("kept"), 0));
    }
    let (unknown, _) = page("square", &position("orders", None), "{}");
    assert!(matches!(unknown, Err(Failure::Unsupported(_))));
}

const LEVEL: &str = r#"{"id": "gid://shopify/InventoryLevel/60013377?inventory_item_id=731904418265530179",
    "updatedAt": "2026-03-01T10:00:00Z", "item": {"legacyResourceId": "731904418265530179", "tracked": true},
    "quantities": [{"name": "available", "quantity": 7}]}"#;

fn levels(nodes: &str, location: &str, more_levels: bool, more_locations: bool) -> String {
    format!(
        r#"{{"data": {{"locations": {{"nodes": [{{"id": "gid://shopify/Location/{location}", "inventoryLevels":
            {{"nodes": [{nodes}], "pageInfo": {{"hasNextPage": {more_levels}, "endCursor": "L{location}"}}}}}}],
            "pageInfo": {{"hasNextPage": {more_locations}, "endCursor": "at{location}"}}}}}}}}"#
    )
}

#[test]
fn levels_are_read_location_by_location() {
    let answers = [
        levels(LEVEL, "60013377", true, true),
        levels(LEVEL, "60013377", false, true),
        levels("", "2", false, true),
        levels(LEVEL, "3", false, false),
    ];
    let mut position = position("levels", None);
    let mut walked = Vec::new();
    for answer in &answers {
        let (page, asked) = page("shopify", &position, answer);
        let page = page.unwrap();
        let variables = &asked["variables"];
        assert_eq!(variables["filter"], "updated_at:>='2026-03-01T11:00:00Z'");
        let text = |name: &str| variables[name].as_str().unwrap_or("-").to_owned();
        walked.push((text("location"), text("after"), page.report.events.len(), page.more));
        position.cursor = page.cursor;
    }
    let step =
        |location: &str, after: &str, events, more| (location.to_owned(), after.to_owned(), events, more);
    let expected = [
        step("-", "-", 1, true),
        step("-", "L60013377", 1, true),
        step("at60013377", "-", 0, true),
        step("at2", "-", 1, false),
    ];
    assert_eq!(walked, expected);
    let (_, asked) = page("shopify", &position, &answers[3]);
    assert_eq!(asked["variables"]["filter"], "updated_at:>='2026-03-01T11:50:00Z'");
}

/// What decides where a statement is filed and which of two is newer, and the statement.
fn told(event: &Event) -> (String, String, i64, Payload) {
    (event.name.clone(), event.key.clone(), event.version, event.payload.clone())
}

#[test]
fn a_polled_level_and_item_say_what_their_webhooks_say() {
    let (page, _) = page("shopify", &position("levels", None), &levels(LEVEL, "60013377", false, false));
    assert_eq!(told(&page.unwrap().report.events[0]), told(&report(None, super::LEVEL).events[0]));

    let untracked = LEVEL.replace("\"tracked\": true", "\"tracked\": false");
    let (page, _) =
        self::page("shopify", &position("levels", None), &levels(&untracked, "60013377", false, false));
    let webhook = super::LEVEL.replace("\"available\": 7", "\"available\": null");
    assert_eq!(told(&page.unwrap().report.events[0]), told(&report(None, &webhook).events[0]));

    let node = r#"{"id": "gid://shopify/InventoryItem/731904418265530179", "legacyResourceId": "731904418265530179",
        "sku": "mug-1", "tracked": true, "requiresShipping": true, "countryCodeOfOrigin": null,
        "updatedAt": "2026-03-01T10:00:00Z"}"#;
    let answer = format!(
        r#"{{"data": {{"inventoryItems": {{"nodes": [{node}], "pageInfo": {{"hasNextPage": false}}}}}}}}"#
    );
    let (page, _) = self::page("shopify", &position("items", None), &answer);
    let webhook = r#"{"id": 731904418265530200, "sku": "mug-1", "updated_at": "2026-03-01T05:00:00-05:00", "cost": null,
        "tracked": true, "requires_shipping": true, "country_code_of_origin": null,
        "admin_graphql_api_id": "gid://shopify/InventoryItem/731904418265530179"}"#;
    assert_eq!(
        told(&page.unwrap().report.events[0]),
        told(&report(Some("inventory_items/update"), webhook).events[0])
    );
}

#[test]
fn what_shopify_tells_with_status_200_is_told_apart() {
    let failed = |answer: &str| page("shopify", &position("items", None), answer).0.unwrap_err();
    let throttled = r#"{"errors": [{"extensions": {"code": "THROTTLED"}}], "extensions": {"cost": {"requestedQueryCost": 202,
        "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 2, "restoreRate": 100.0}}}}"#;
    assert_eq!(failed(throttled), Failure::RetryAfterMs(2_000));
    let denied = r#"{"errors": [{"extensions": {"code": "ACCESS_DENIED"}}]}"#;
    assert_eq!(failed(denied), Failure::Unauthorised("ACCESS_DENIED".into()));
    assert!(matches!(
        failed(r#"{"errors": [{"message": "Field 'x' doesn't exist"}]}"#),
        Failure::Rejected(_)
    ));
    assert!(matches!(failed("{\"data\": {\"inv"), Failure::RetryAfterMs(_)));
    assert!(matches!(failed(r#"{"data": {"inventoryItems": {"nodes": 7}}}"#), Failure::RetryAfterMs(_)));
}

#[test]
fn cursors_of_others_are_refused() {
    for (source, stream) in [("square", "counts"), ("shopify", "levels"), ("shopify", "items")] {
        let (refused, _) = page(source, &position(stream, Some("{}".into())), "{}");
        assert!(matches!(refused, Err(Failure::Rejected(_))), "{stream}");
    }
}

/// A count in any state, with any exact quantity, at any nanosecond.
fn any_count() -> impl Strategy<Value = String> {
    let quantity = (any::<i32>(), 0_u32..100_000).prop_map(|(whole, places)| format!("{whole}.{places:05}"));
    let state = prop::sample::select(vec!["IN_STOCK", "SOLD", "WASTE", "RESERVED_FOR_SALE"]);
    (quantity, state, 0_i64..2_000_000_000_000_000_000).prop_map(|(quantity, state, at)| {
        json!({"catalog_object_id": "MUG", "catalog_object_type": "ITEM_VARIATION", "state": state,
            "location_id": "BERLIN", "quantity": quantity, "calculated_at": rfc3339(at)})
        .to_string()
    })
}

proptest! {
    #[test]
    fn a_polled_count_says_what_its_webhook_says(counts in prop::collection::vec(any_count(), 1..5)) {
        let counts = counts.join(",");
        let (page, _) = page("square", &position("counts", None), &format!("{{\"counts\": [{counts}]}}"));
        let polled: Vec<_> = page.unwrap().report.events.iter().map(told).collect();
        let pushed: Vec<_> = report(None, &square_counts(&counts)).events.iter().map(told).collect();
        prop_assert_eq!(polled, pushed);
    }

    #[test]
    fn a_damaged_page_is_told_noted_or_asked_for_again(choices in prop::collection::vec(any::<(u16, u8)>(), 1..4)) {
        let change = json!({"type": "ADJUSTMENT", "adjustment": {"id": "A1", "quantity": "2"}});
        let pages = [
            ("square", "counts", format!("{{\"counts\": [{}]}}", count("\"1\""))),
            ("square", "changes", json!({"changes": [change]}).to_string()),
            ("shopify", "levels", levels(LEVEL, "60013377", false, false)),
        ];
        for (source, stream, answer) in pages {
            let damaged = mutated(&answer, &choices);
            match page(source, &position(stream, None), &damaged).0 {
                Ok(page) => {
                    prop_assert!(page.more || page.reached == Some(NOW));
                    let is_silent = page.report.events.is_empty() && page.report.notes.is_empty();
                    // A list that is empty, null or not there holds nothing to tell.
                    prop_assert!(!is_silent || is_empty(&damaged), "{}", damaged);
                }
                Err(failure) => prop_assert!(!matches!(failure, Failure::OutcomeUnknown(_))),
            }
        }
    }
}

fn is_empty(answer: &str) -> bool {
    let Ok(answer) = serde_json::from_str::<Value>(answer) else { return false };
    let lists =
        ["/counts", "/changes", "/data/locations/nodes", "/data/locations/nodes/0/inventoryLevels/nodes"];
    let holds = |pointer: &&str| {
        answer.pointer(pointer).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    };
    let levels = answer.pointer(lists[3]).is_some();
    !lists.iter().take(2).any(holds) && if levels { !holds(&lists[3]) } else { !holds(&lists[2]) }
}

#[test]
fn levels_keep_no_time_of_arrival() {
    let answer =
        format!("{{\"counts\": [{}]}}", count("\"1\"").replace("2026-03-01T10:00:00.123456789Z", "soon"));
    let (page, _) = page("square", &position("counts", None), &answer);
    let event = page.unwrap().report.events.remove(0);
    let Payload::InventoryLevel(InventoryLevel { quantity, .. }) = event.payload else { panic!() };
    assert_eq!(
        (event.version, event.key.as_str(), quantity),
        (0, "MUG/BERLIN/available@1000000", Some(1_000_000))
    );
    assert!(event.happened_at != RECEIVED);
}
