//! An order or a customer says the same in a webhook and on a page: same events, keys, versions, payloads.

use omnihub_plugin::{Delivery, Event, Position};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::script::Script;
use super::settings;
use crate::map;
use crate::poll::{instant, poll};

const SECOND: i64 = 1_000_000_000;

fn by_webhook(topic: &str, body: &Value) -> Vec<Event> {
    let delivery =
        Delivery { topic: Some(topic.into()), headers: Vec::new(), body: body.to_string(), received_at: 1 };
    let report = map::report(&delivery, &settings()).unwrap();
    assert_eq!(report.notes, []);
    report.events
}

fn by_page(stream: &str, node: &Value) -> Vec<Event> {
    let answer = json!({"data": {stream: {"pageInfo": {"hasNextPage": false}, "nodes": [node]}}});
    let position = Position { stream: stream.into(), cursor: None, since: None, now: 2 };
    let page = poll(&position, &settings(), None, &mut Script::of([answer]).admin()).unwrap();
    assert_eq!(page.report.notes, []);
    page.report.events
}

/// The same thing as both sides write it.
#[derive(Clone, Debug)]
struct Twin {
    webhook: Value,
    node: Value,
}

impl Twin {
    fn of(pairs: Vec<(&str, Value, &str, Value)>) -> Self {
        let (mut webhook, mut node) = (Map::new(), Map::new());
        for (theirs, value, name, twin) in pairs {
            if !theirs.is_empty() {
                webhook.insert(theirs.to_owned(), value);
            }
            if !name.is_empty() {
                node.insert(name.to_owned(), twin);
            }
        }
        Self { webhook: webhook.into(), node: node.into() }
    }
}

fn split(twins: Vec<Twin>) -> (Value, Value) {
    let (webhooks, nodes): (Vec<_>, Vec<_>) = twins.into_iter().map(|twin| (twin.webhook, twin.node)).unzip();
    (webhooks.into(), nodes.into())
}

/// A time in the shop's offset, and in UTC.
fn times(second: i64) -> (Value, Value) {
    let local = instant((second - 5 * 3_600) * SECOND).replace('Z', "-05:00");
    (json!(local), json!(instant(second * SECOND)))
}

/// An amount with the currency's decimals, and as a decimal with one at least.
fn amounts(minor: u32, currency: &str) -> (Value, Value) {
    let places = match currency {
        "JPY" => 0,
        "KWD" => 3,
        _ => 2,
    };
    let (whole, rest) = (minor / 10_u32.pow(places), minor % 10_u32.pow(places));
    let width = places as usize;
    let fraction = format!("{rest:0width$}");
    let fraction = if places == 0 { "" } else { fraction.as_str() };
    let webhook = if places == 0 { whole.to_string() } else { format!("{whole}.{fraction}") };
    let trimmed = fraction.trim_end_matches('0');
    let amount = format!("{whole}.{}", if trimmed.is_empty() { "0" } else { trimmed });
    (json!(webhook), json!({"shopMoney": {"amount": amount, "currencyCode": currency}}))
}

fn ids(kind: &str, id: u64) -> (Value, Value) {
    (json!(id), json!(format!("gid://shopify/{kind}/{id}")))
}

fn word() -> impl Strategy<Value = String> {
    "[a-z]{1,6}"
}

fn upper(text: &str) -> Value {
    json!(text.to_ascii_uppercase())
}

const TIME: std::ops::Range<i64> = 1_600_000_000..1_900_000_000;

prop_compose! {
    fn customer()(
        id in 1_u64.., name in prop::option::of(word()), email in prop::option::of(word()), verified: bool,
        phone in prop::option::of(2_025_550_100_u64..2_025_550_199), state in prop::sample::select(vec!["enabled", "disabled"]),
        tags in prop::collection::vec(word(), 0..3), updated in TIME, asked in prop::option::of(TIME),
        consent in prop::sample::select(vec!["subscribed", "unsubscribed", "pending"]), spent in 0_u32..,
    ) -> Twin {
        let (plain, gid) = ids("Customer", id);
        let (local, utc) = times(updated);
        let email = email.map(|name| format!("{name}@example.com"));
        let phone = phone.map(|number| format!("+1{number}"));
        let (asked_local, asked_utc) = asked.map(times).unwrap_or_default();
        let (total, spent) = amounts(spent, "EUR");
        let consents = email.as_ref().map(|_| json!(
            {"state": consent, "opt_in_level": "single_opt_in", "consent_updated_at": asked_local}));
        let address = email.as_ref().map(|email| json!({"emailAddress": email, "marketingState": upper(consent),
            "marketingOptInLevel": "SINGLE_OPT_IN", "marketingUpdatedAt": asked_utc}));
        let number = phone.as_ref().map(|phone| json!({"phoneNumber": phone, "marketingState": "NOT_SUBSCRIBED",
            "marketingOptInLevel": "UNKNOWN", "marketingUpdatedAt": null}));
        Twin::of(vec![
            ("id", plain, "id", gid),
            ("first_name", json!(name), "firstName", json!(name)),
            ("email", json!(email), "defaultEmailAddress", json!(address)),
            ("phone", json!(phone), "defaultPhoneNumber", json!(number)),
            ("verified_email", json!(verified), "verifiedEmail", json!(verified)),
            ("state", json!(state), "state", upper(state)),
            ("tags", json!(tags.join(", ")), "tags", json!(tags)),
            ("updated_at", local, "updatedAt", utc),
            ("email_marketing_consent", json!(consents), "", json!(null)),
            ("orders_count", json!(3), "numberOfOrders", json!("3")),
            ("total_spent", total, "amountSpent", spent["shopMoney"].clone()),
        ])
    }
}

fn line(id: u64, quantity: u32, price: u32, currency: &str) -> Twin {
    let ((plain, gid), (price, set)) = (ids("LineItem", id), amounts(price, currency));
    Twin::of(vec![
        ("id", plain, "id", gid),
        ("sku", json!("W-1"), "sku", json!("W-1")),
        ("quantity", json!(quantity), "quantity", json!(quantity)),
        ("price", price, "originalUnitPriceSet", set),
    ])
}

fn parcel(id: u64, updated: i64, status: (&str, Value, &str), tracking: Option<u32>) -> Twin {
    let ((plain, gid), (local, utc)) = (ids("Fulfillment", id), times(updated));
    let company = tracking.map(|_| "Post");
    let numbers: Vec<_> = tracking.iter().map(ToString::to_string).collect();
    let infos: Vec<_> =
        numbers.iter().map(|number| json!({"company": company, "number": number, "url": null})).collect();
    Twin::of(vec![
        ("id", plain, "id", gid),
        ("status", json!(status.0), "status", upper(status.0)),
        ("shipment_status", status.1, "displayStatus", json!(status.2)),
        ("tracking_company", json!(company), "trackingInfo", json!(infos)),
        ("tracking_numbers", json!(numbers), "", json!(null)),
        ("updated_at", local, "updatedAt", utc),
    ])
}

fn refund(id: u64, at: i64, amount: u32, kind: &str, currency: &str) -> Twin {
    let ((plain, gid), (local, utc)) = (ids("Refund", id), times(at));
    let (amount, set) = amounts(amount, currency);
    let paid = json!({"kind": kind, "status": "success", "amount": amount, "currency": currency});
    let twin = json!({"kind": upper(kind), "status": "SUCCESS", "amountSet": set});
    Twin::of(vec![
        ("id", plain, "id", gid),
        ("processed_at", local, "processedAt", utc),
        ("transactions", json!([paid]), "transactions", json!({"nodes": [twin]})),
    ])
}

prop_compose! {
    fn order()(
        (id, created, updated) in (1_u64.., TIME, TIME), currency in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        amount in prop::collection::vec(0_u32.., 3), closed in prop::option::of(TIME), cancelled in prop::option::of(TIME),
        status in prop::sample::select(vec!["pending", "paid", "partially_refunded", "voided"]),
        sent in prop::sample::select(vec![
            (json!(null), "UNFULFILLED"), (json!("partial"), "PARTIALLY_FULFILLED"), (json!("fulfilled"), "FULFILLED"),
        ]),
        (note, tags) in (prop::option::of("[ -~]{1,20}"), prop::collection::vec(word(), 0..3)),
        customer in prop::option::of(customer()), email in prop::option::of(word()), token in prop::option::of("[a-f]{8}"),
        lines in prop::collection::vec((1_u64.., 1_u32..9, 0_u32..), 0..4),
        parcels in prop::collection::vec((1_u64.., TIME, prop::sample::select(vec![
            ("success", json!(null), "FULFILLED"), ("success", json!("in_transit"), "IN_TRANSIT"), ("cancelled", json!(null), "CANCELED"),
        ]), prop::option::of(1_u32..)), 0..3),
        refunds in prop::collection::vec((1_u64.., TIME, 0_u32.., prop::sample::select(vec!["refund", "sale"])), 0..3),
    ) -> Twin {
        let (plain, gid) = ids("Order", id);
        let ((made, made_utc), (local, utc)) = (times(created), times(updated));
        let (closed, closed_utc) = closed.map(times).unwrap_or_default();
        let (cancelled, cancelled_utc) = cancelled.map(times).unwrap_or_default();
        let [(total, total_set), (tax, tax_set), (now, now_set)] =
            [0, 1, 2].map(|index| amounts(amount[index], currency));
        let page = token.as_ref().map(|token| format!("https://shop.example.com/1/orders/{token}/authenticate?key=k"));
        let email = email.map(|name| format!("{name}@example.com"));
        let (lines, line_nodes) = split(lines.into_iter().map(|(id, n, price)| line(id, n, price, currency)).collect());
        let (parcels, parcel_nodes) =
            split(parcels.into_iter().map(|(id, at, status, number)| parcel(id, at, status, number)).collect());
        let (refunds, refund_nodes) =
            split(refunds.into_iter().map(|(id, at, sum, kind)| refund(id, at, sum, kind, currency)).collect());
        let (person, person_node) = customer.map(|twin| (twin.webhook, twin.node)).unwrap_or_default();
        let embedded = |mut person: Value, names: &[&str]| {
            person.as_object_mut().into_iter().for_each(|person| names.iter().for_each(|name| drop(person.remove(*name))));
            person
        };
        Twin::of(vec![
            ("id", plain, "id", gid),
            ("name", json!("#1001"), "name", json!("#1001")),
            ("token", json!(token), "statusPageUrl", json!(page)),
            ("email", json!(email), "email", json!(email)),
            ("created_at", made.clone(), "createdAt", made_utc.clone()),
            ("processed_at", made, "processedAt", made_utc),
            ("updated_at", local, "updatedAt", utc),
            ("closed_at", closed, "closedAt", closed_utc),
            ("cancelled_at", cancelled, "cancelledAt", cancelled_utc),
            ("cancel_reason", json!("customer"), "cancelReason", json!("CUSTOMER")),
            ("financial_status", json!(status), "displayFinancialStatus", upper(status)),
            ("fulfillment_status", sent.0, "displayFulfillmentStatus", json!(sent.1)),
            ("currency", json!(currency), "currencyCode", json!(currency)),
            ("presentment_currency", json!("USD"), "presentmentCurrencyCode", json!("USD")),
            ("total_price", total, "totalPriceSet", total_set),
            ("total_tax", tax, "totalTaxSet", tax_set),
            ("current_total_price", now, "currentTotalPriceSet", now_set),
            ("note", json!(note), "note", json!(note)),
            ("tags", json!(tags.join(", ")), "tags", json!(tags)),
            ("source_name", json!("web"), "sourceName", json!("web")),
            ("test", json!(false), "test", json!(false)),
            ("customer", embedded(person, &["orders_count", "total_spent"]),
             "customer", embedded(person_node, &["numberOfOrders", "amountSpent"])),
            ("line_items", lines, "lineItems", json!({"pageInfo": {"hasNextPage": false}, "nodes": line_nodes})),
            ("fulfillments", parcels, "fulfillments", parcel_nodes),
            ("refunds", refunds, "refunds", refund_nodes),
        ])
    }
}

proptest! {
    #[test]
    fn an_order_says_the_same_either_way(twin in order()) {
        prop_assert_eq!(by_webhook("orders/updated", &twin.webhook), by_page("orders", &twin.node));
    }

    #[test]
    fn a_customer_says_the_same_either_way(twin in customer()) {
        prop_assert_eq!(by_webhook("customers/update", &twin.webhook), by_page("customers", &twin.node));
    }
}

fn told(field: &str, value: &Value) -> omnihub_plugin::model::Order {
    let node = json!({"id": "gid://shopify/Order/7", "updatedAt": "2026-03-01T00:00:01Z", "email": "a@example.com",
        field: value});
    let event = by_page("orders", &node).remove(0);
    super::order(&event).clone()
}

#[test]
fn what_only_one_side_can_tell_is_left_out() {
    for status in ["ON_HOLD", "IN_PROGRESS", "SCHEDULED", "NEW_WORD"] {
        assert_eq!(told("displayFulfillmentStatus", &json!(status)).fulfilment_status, None, "{status}");
    }
    let parcel =
        json!([{"id": "gid://shopify/Fulfillment/3", "status": "SUCCESS", "displayStatus": "NOT_DELIVERED"}]);
    assert_eq!(told("fulfillments", &parcel).fulfilments[0].status, None);
    let token_of = |page: &str| told("statusPageUrl", &json!(page)).buyer.unwrap().ids.len();
    assert_eq!(token_of("https://shop.example.com/1/orders/b1946ac9/authenticate?key=k"), 3);
    // Ids can be guessed, so an address with one proves nothing.
    assert_eq!(token_of("https://shopify.com/1/account/orders/820982911946154508"), 2);
    assert_eq!(token_of("https://shop.example.com/1/orders/820982911946154508/authenticate?key=k"), 2);
}
