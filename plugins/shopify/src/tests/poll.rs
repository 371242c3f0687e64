//! Pages: where they begin and end, what is done when one is not whole, and that none does harm.

use omnihub_plugin::exact::timestamp;
use omnihub_plugin::testing::mutated;
use omnihub_plugin::{Failure, Page, Payload, Position};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::script::{Script, answer};
use super::settings;
use crate::poll::{instant, poll};

const SECOND: i64 = 1_000_000_000;
/// 2026-03-02T10:15:31Z.
const NOW: i64 = 1_772_446_531 * SECOND;

fn position(stream: &str, cursor: Option<&str>) -> Position {
    Position { stream: stream.into(), cursor: cursor.map(str::to_owned), since: None, now: NOW }
}

fn read(position: &Position, script: &mut Script) -> Result<Page, Failure> {
    poll(position, &settings(), None, &mut script.admin())
}

fn page(stream: &str, nodes: Value, end: Option<&str>) -> Value {
    let info = json!({"hasNextPage": end.is_some(), "endCursor": end});
    json!({"data": {stream: {"pageInfo": info, "nodes": nodes}}})
}

fn node(kind: &str, id: u32, updated_at: &str) -> Value {
    json!({"id": format!("gid://shopify/{kind}/{id}"), "updatedAt": updated_at})
}

fn keys(page: &Page) -> Vec<&str> {
    page.report.events.iter().map(|event| event.key.as_str()).collect()
}

/// Webhooks do not tell it, so the manifest's word for it rests on this.
#[test]
fn a_page_tells_a_customers_locale() {
    let mut customer = node("Customer", 7, "2026-03-01T00:00:01Z");
    customer["locale"] = json!("de");
    let mut script = Script::of([page("customers", json!([customer]), None)]);
    let told = read(&position("customers", None), &mut script).unwrap();
    let locales: Vec<Option<&str>> = told
        .report
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Customer(customer) => Some(customer.locale.as_deref()),
            _ => None,
        })
        .collect();
    assert_eq!(locales, [Some("de")]);
    assert!(crate::manifest::manifest().extra.iter().any(|(_, fields)| fields.contains("customer.locale")));
}

#[test]
fn a_run_goes_on_page_by_page_to_the_moment_it_began() {
    let order = |id, time| node("Order", id, time);
    let pages = [
        page(
            "orders",
            json!([order(1, "2026-03-01T00:00:01Z"), order(2, "2026-03-01T00:00:02Z")]),
            Some("a"),
        ),
        page("orders", json!([order(3, "2026-03-01T00:00:03Z")]), Some("b")),
        page("orders", json!([order(4, "2026-03-01T00:00:04Z")]), None),
    ];
    let mut script = Script::of(pages.clone());
    let since = Some(timestamp("2026-02-01T00:00:00.5Z").unwrap());
    let mut at = Position { since, ..position("orders", None) };
    let mut seen = Vec::new();
    let mut reached = Vec::new();
    loop {
        let page = read(&at, &mut script).unwrap();
        // The same place again gives the same page.
        let answers = pages[script.asked.len() - 1].clone();
        assert_eq!(read(&at, &mut Script::of([answers])).as_ref(), Ok(&page));
        seen.extend(keys(&page).into_iter().map(|key| key.split('@').next().unwrap().to_owned()));
        reached.push(page.reached.unwrap());
        at =
            Position { since: None, now: at.now + 60 * SECOND, ..position("orders", page.cursor.as_deref()) };
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, ["1", "2", "3", "4"]);
    let time = |text| timestamp(text).unwrap();
    assert_eq!(reached, [time("2026-03-01T00:00:02Z"), time("2026-03-01T00:00:03Z"), NOW]);
    let window = "updated_at:>='2026-02-01T00:00:00Z' AND updated_at:<='2026-03-02T10:15:31Z'";
    for (request, after) in [json!(null), json!("a"), json!("b")].into_iter().enumerate() {
        assert_eq!(script.variables(request), &json!({"first": 100, "after": after, "query": window}));
    }

    let mut next = Script::of([page("orders", json!([]), None)]);
    let later = Position { now: NOW + 600 * SECOND, ..at };
    assert!(read(&later, &mut next).unwrap().report.events.is_empty());
    let window = "updated_at:>='2026-03-02T10:10:31Z' AND updated_at:<='2026-03-02T10:25:31Z'";
    assert_eq!(next.variables(0)["query"], window);
}

#[test]
fn without_a_beginning_everything_is_asked_for() {
    let mut script =
        Script::of([page("customers", json!([node("Customer", 5, "2026-03-01T00:00:01Z")]), None)]);
    let read = read(&position("customers", None), &mut script).unwrap();
    assert_eq!(keys(&read), ["5@1772323201000000000"]);
    assert_eq!(script.variables(0)["query"], "updated_at:<='2026-03-02T10:15:31Z'");
}

#[test]
fn a_long_run_moves_its_window_before_shopify_stops_paging() {
    let next = |seen: u32, from: &str, last: &str| {
        let cursor =
            json!({"from": from, "until": "2026-03-02T00:00:00Z", "after": "a", "seen": seen, "size": 100});
        let mut script = Script::of([page("orders", json!([node("Order", 1, last)]), Some("b"))]);
        let page = read(&position("orders", Some(&cursor.to_string())), &mut script).unwrap();
        assert!(page.more);
        let cursor: Value = serde_json::from_str(page.cursor.as_deref().unwrap()).unwrap();
        (cursor["from"].as_str().unwrap().to_owned(), cursor["after"].clone(), cursor["seen"].clone())
    };
    let (first, last) = ("2026-03-01T00:00:00Z", "2026-03-01T07:00:00Z");
    assert_eq!(next(19_998, first, last), (first.into(), json!("b"), json!(19_999)));
    assert_eq!(next(19_999, first, last), (last.into(), json!(null), json!(0)));
    // All within one second: there is no later beginning.
    assert_eq!(next(19_999, first, "2026-03-01T00:00:00.9Z"), (first.into(), json!("b"), json!(20_000)));
}

#[test]
fn a_page_that_costs_too_much_is_asked_for_in_part() {
    let costly = || json!({"errors": [{"extensions": {"code": "MAX_COST_EXCEEDED"}}]});
    let mut script = Script::of([costly(), costly(), page("orders", json!([]), Some("b"))]);
    let page = read(&position("orders", None), &mut script).unwrap();
    let first: Vec<_> = (0..3).map(|request| script.variables(request)["first"].clone()).collect();
    assert_eq!(first, [100, 50, 25]);
    assert!(page.cursor.unwrap().contains("\"size\":25"));
    let mut script = Script::of((0..10).map(|_| costly()));
    assert!(matches!(read(&position("orders", None), &mut script), Err(Failure::Rejected(_))));
    assert_eq!(script.asked.len(), 7);
}

#[test]
fn a_busy_shop_is_asked_later() {
    let cost = |available: u32| {
        json!({"cost": {"requestedQueryCost": 100, "throttleStatus":
            {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": 100}}})
    };
    let throttled = json!({"errors": [{"extensions": {"code": "THROTTLED"}}], "extensions": cost(40)});
    let mut script = Script::of([throttled]);
    assert_eq!(read(&position("orders", None), &mut script), Err(Failure::RetryAfterMs(600)));
    assert_eq!(script.pauses, [600]);
    for (available, pauses) in [(150, vec![]), (120, vec![300])] {
        let mut body = page("orders", json!([]), None);
        body["extensions"] = cost(available);
        let mut script = Script::of([body]);
        read(&position("orders", None), &mut script).unwrap();
        assert_eq!(script.pauses, pauses);
    }
}

fn lines(from: u32, end: Option<&str>) -> Value {
    let line = |id| json!({"id": format!("gid://shopify/LineItem/{id}"), "quantity": 1});
    let info = json!({"hasNextPage": end.is_some(), "endCursor": end});
    json!({"pageInfo": info, "nodes": [line(from), line(from + 1)]})
}

fn order_with(lines: &Value) -> Value {
    let mut order = node("Order", 7, "2026-03-01T00:00:01Z");
    order["lineItems"] = lines.clone();
    page("orders", json!([order]), None)
}

fn line_ids(page: &Page) -> Option<Vec<String>> {
    let Payload::Order(order) = &page.report.events[0].payload else { panic!("{page:?}") };
    order.lines.as_ref().map(|lines| lines.iter().map(|line| line.id.clone()).collect())
}

#[test]
fn an_order_has_all_of_its_lines_or_none() {
    let more = |from, end| json!({"data": {"order": {"lineItems": lines(from, end)}}});
    let mut script = Script::of([order_with(&lines(1, Some("a"))), more(3, Some("b")), more(5, None)]);
    let whole = read(&position("orders", None), &mut script).unwrap();
    assert_eq!(line_ids(&whole).unwrap(), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(script.variables(2), &json!({"id": "gid://shopify/Order/7", "after": "b"}));

    let endless = (0..20).map(|n| more(10 * n, Some("again")));
    let mut script = Script::of(std::iter::once(order_with(&lines(1, Some("a")))).chain(endless));
    for script in [&mut script, &mut Script::of([order_with(&json!({"nodes": [{"id": "x"}]}))])] {
        let part = read(&position("orders", None), script).unwrap();
        assert_eq!(line_ids(&part), None);
        let paths: Vec<_> = part.report.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(paths, ["/data/orders/nodes/0/lineItems"]);
        assert!(script.asked.len() <= 11);
    }
}

#[test]
fn one_bad_object_costs_that_object() {
    let good = node("Order", 2, "2026-03-01T00:00:01Z");
    let nodes = json!([7, {"id": "gid://shopify/Order/1"}, {"updatedAt": "2026-03-01T00:00:01Z"}, good]);
    let page = read(&position("orders", None), &mut Script::of([page("orders", nodes, None)])).unwrap();
    assert_eq!(keys(&page), ["2@1772323201000000000"]);
    let paths: Vec<_> = page.report.notes.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(paths, ["/data/orders/nodes/0", "/data/orders/nodes/1", "/data/orders/nodes/2"]);
}

#[test]
fn a_page_without_an_end_is_not_the_last() {
    let nodes = || json!([node("Order", 2, "2026-03-01T00:00:01Z")]);
    for info in [json!(null), json!({}), json!({"hasNextPage": true}), json!({"hasNextPage": "no"})] {
        let body = json!({"data": {"orders": {"pageInfo": info, "nodes": nodes()}}});
        assert_eq!(
            read(&position("orders", None), &mut Script::of([body])),
            Err(Failure::RetryAfterMs(2_000))
        );
    }
    let cut = Ok(answer(200, "{\"data\": {\"orders\": {\"no"));
    let cut = read(&position("orders", None), &mut Script::answering([cut]));
    assert_eq!(cut, Err(Failure::RetryAfterMs(2_000)));
    let cursor = r#"{"until": "2026-03-02T00:00:00Z", "after": "a"}"#;
    let ring = read(&position("orders", Some(cursor)), &mut Script::of([page("orders", nodes(), Some("a"))]));
    assert!(matches!(ring, Err(Failure::Rejected(_))));
}

#[test]
fn a_cursor_of_somebody_else_is_refused() {
    for cursor in ["", "7", "{}", r#"{"from": "yesterday"}"#, r#"{"from": null, "until": 3}"#] {
        let refused = read(&position("orders", Some(cursor)), &mut Script::default());
        assert!(matches!(refused, Err(Failure::Rejected(_))), "{cursor}");
    }
    let songs = read(&position("songs", None), &mut Script::default());
    assert_eq!(songs, Err(Failure::Unsupported("songs".into())));
}

/// An answer with something of everything.
fn full(stream: &str) -> Value {
    let money = json!({"shopMoney": {"amount": "403.0", "currencyCode": "USD"}});
    let customer = json!({"id": "gid://shopify/Customer/5", "firstName": "Ana", "tags": ["a"], "state": "ENABLED",
        "verifiedEmail": true, "updatedAt": "2026-03-01T00:00:01Z", "amountSpent": money["shopMoney"],
        "defaultEmailAddress": {"emailAddress": "ana@example.com", "marketingState": "SUBSCRIBED",
            "marketingUpdatedAt": "2026-03-01T00:00:00Z"}});
    let order = json!({"id": "gid://shopify/Order/7", "updatedAt": "2026-03-01T00:00:01Z", "currencyCode": "USD",
        "totalPriceSet": money, "displayFulfillmentStatus": "FULFILLED", "tags": ["b"], "customer": customer,
        "statusPageUrl": "https://shop.example.com/1/orders/abc1/authenticate?key=k", "lineItems": lines(1, None),
        "fulfillments": [{"id": "gid://shopify/Fulfillment/3", "status": "SUCCESS", "displayStatus": "IN_TRANSIT",
            "trackingInfo": [{"company": "Post", "number": "1", "url": "https://post.example.com/1"}]}],
        "refunds": [{"id": "gid://shopify/Refund/4", "transactions": {"nodes":
            [{"kind": "REFUND", "status": "SUCCESS", "amountSet": money}]}}]});
    page(stream, json!([if stream == "orders" { order } else { customer }]), Some("a"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_accident_on_a_page_does_harm(orders: bool, choices in prop::collection::vec(any::<(u16, u8)>(), 0..6)) {
        let stream = if orders { "orders" } else { "customers" };
        let body = mutated(&full(stream).to_string(), &choices);
        let mut script = Script::answering([Ok(answer(200, &body))]);
        if let Ok(page) = read(&position(stream, None), &mut script) {
            prop_assert!(!(page.report.events.is_empty() && page.report.notes.is_empty()), "{}", body);
        }
    }

    #[test]
    fn times_are_written_as_they_are_read(time in -2_000_000_000_000_000_000_i64..8_000_000_000_000_000_000) {
        prop_assert_eq!(timestamp(&instant(time)), Some(time.div_euclid(SECOND) * SECOND));
    }
}
