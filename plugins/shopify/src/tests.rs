//! What every golden body says, the traps one by one, and that no body whatever does harm.

use std::path::Path;

use omnihub_plugin::host::http::Response;
use omnihub_plugin::model::{Customer, IdentityKind, Order, Proof};
use omnihub_plugin::testing::{delivery, mutated};
use omnihub_plugin::{Delivery, Effect, Event, Failure, Header, Payload, Remark, Report};
use proptest::prelude::*;

use crate::{act, manifest, map};

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

fn buyer(body: &str) -> Vec<(IdentityKind, String, Proof)> {
    let report = told("orders/updated", body).unwrap();
    let buyer = order(&report.events[0]).buyer.clone();
    let ids = buyer.map(|buyer| buyer.ids).unwrap_or_default();
    ids.into_iter().map(|id| (id.kind, format!("{}:{}", id.scope, id.value), id.proof)).collect()
}

/// Every golden body with what stands before it in its folder.
fn golden() -> Vec<(String, Delivery)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plugins/shopify");
    let webhook = manifest::manifest().webhook.unwrap();
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

#[test]
fn an_order_brings_its_customer_and_closes_its_cart() {
    let body = r#"{"id": 7, "updated_at": "1970-01-01T00:00:02Z", "created_at": "1970-01-01T00:00:01Z", "checkout_id": 9,
        "customer": {"id": 5, "first_name": "Ana", "updated_at": "1970-01-01T00:00:03Z"}}"#;
    let expected =
        [("order.created", "7"), ("customer.updated", "5@3000000000"), ("checkout.updated", "9/order")];
    let report = check_events("orders/create", body, &expected);
    let times: Vec<_> = report.events.iter().map(|event| (event.happened_at, event.version)).collect();
    assert_eq!(
        times,
        [(1_000_000_000, 2_000_000_000), (3_000_000_000, 3_000_000_000), (1_000_000_000, 1_000_000_000)]
    );
    let cart = &report.events[2].payload;
    assert!(matches!(cart, Payload::Checkout(cart) if cart.order.as_deref() == Some("7")), "{cart:?}");
    check_events(
        "orders/paid",
        r#"{"id": 7, "updated_at": "1970-01-01T00:00:02Z"}"#,
        &[("order.paid", "7@2000000000")],
    );
}

#[test]
fn the_text_id_wins_over_a_rounded_number() {
    let body =
        r#"{"id": 820982911946154500, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"}"#;
    check_events("orders/delete", body, &[("order.deleted", "820982911946154508")]);
    check_events(
        "orders/delete",
        r#"{"id": 820982911946154508}"#,
        &[("order.deleted", "820982911946154508")],
    );
    let level = r#"{"inventory_item_id": 271878346596884000, "location_id": 4, "available": 2,
        "admin_graphql_api_id": "gid://shopify/InventoryLevel/1?inventory_item_id=271878346596884015"}"#;
    let key = format!("271878346596884015/4/available@{TRIGGERED}");
    check_events("inventory_levels/update", level, &[("inventory.changed", &key)]);
}

#[test]
fn only_a_verified_address_proves_anything() {
    use IdentityKind::{Email, Phone, ProviderId, Token};
    let with = |verified: &str| {
        buyer(&format!(
            r#"{{"id": 7, "token": "tok", "email": "o@example.com",
                "customer": {{"id": 5, "email": "c@example.com", "phone": "+12025550143", "verified_email": {verified}}}}}"#
        ))
    };
    let expected = |proof| {
        vec![
            (ProviderId, "customer:5".to_owned(), Proof::Provider),
            (Email, ":c@example.com".to_owned(), proof),
            (Phone, ":+12025550143".to_owned(), Proof::Claimed),
            (Token, "order-status:tok".to_owned(), Proof::Channel),
        ]
    };
    assert_eq!(with("true"), expected(Proof::Verified));
    assert_eq!(with("false"), expected(Proof::Claimed));
    assert_eq!(with("null"), expected(Proof::Claimed));
}

#[test]
fn a_guest_is_known_by_what_was_typed_in_or_not_at_all() {
    use IdentityKind::{Email, ProviderId};
    let guest = buyer(r#"{"id": 7, "customer": null, "email": "", "contact_email": "g@example.com"}"#);
    let expected = [
        (ProviderId, "guest-order:7".to_owned(), Proof::Provider),
        (Email, ":g@example.com".to_owned(), Proof::Claimed),
    ];
    assert_eq!(guest, expected);
    assert_eq!(buyer(r#"{"id": 7, "customer": null, "email": "", "token": "tok"}"#), []);
    assert_eq!(buyer(r#"{"id": 7, "customer": {"id": null}, "phone": ""}"#), []);
}

#[test]
fn money_is_exact_or_noted() {
    let report =
        told("orders/updated", r#"{"id": 7, "currency": "JPY", "total_price": "23600", "total_tax": "0.5"}"#)
            .unwrap();
    let order = order(&report.events[0]);
    assert_eq!(
        order.total.as_ref().map(|money| (money.minor, money.currency.as_str())),
        Some((23_600, "JPY"))
    );
    assert_eq!(order.tax, None);
    assert_eq!(report.notes.iter().map(|note| note.path.as_str()).collect::<Vec<_>>(), ["/total_tax"]);
}

#[test]
fn null_means_unfulfilled_and_absence_means_nothing() {
    let status =
        |body: &str| order(&told("orders/updated", body).unwrap().events[0]).fulfilment_status.clone();
    assert_eq!(status(r#"{"id": 7, "fulfillment_status": null}"#).as_deref(), Some("unfulfilled"));
    assert_eq!(status(r#"{"id": 7, "fulfillment_status": "partial"}"#).as_deref(), Some("partial"));
    assert_eq!(status(r#"{"id": 7}"#), None);
    let tags = |body: &str| order(&told("orders/updated", body).unwrap().events[0]).tags.clone();
    assert_eq!(tags(r#"{"id": 7, "tags": ""}"#), Some(vec![]));
    assert_eq!(tags(r#"{"id": 7, "tags": " a,b , c d"}"#), Some(vec!["a".into(), "b".into(), "c d".into()]));
    assert_eq!(tags(r#"{"id": 7}"#), None);
}

#[test]
fn one_bad_line_costs_that_line() {
    let body = r#"{"id": 7, "line_items": [{"id": 1, "quantity": 2}, 5, {"id": 2, "quantity": "x"}, {"id": 3, "quantity": 1}]}"#;
    let report = told("orders/updated", body).unwrap();
    let lines: Vec<_> = order(&report.events[0]).lines.iter().flatten().map(|line| line.id.clone()).collect();
    assert_eq!(lines, ["1", "3"]);
    let notes: Vec<_> = report.notes.iter().map(|note| (note.path.as_str(), note.remark)).collect();
    assert_eq!(notes, [("/line_items/1", Remark::Malformed), ("/line_items/2", Remark::Malformed)]);
}

#[test]
fn refunds_count_what_was_paid_back() {
    let amount = |transactions: &str| {
        let body = format!(r#"{{"id": 3, "order_id": 7, "transactions": {transactions}}}"#);
        let report = told("refunds/create", &body).unwrap();
        let refund = order(&report.events[0]).refunds[0].clone();
        (refund.amount.map(|money| money.minor), report.notes.len())
    };
    let one = |amount: &str, currency: &str| {
        format!(
            r#"{{"kind": "refund", "status": "success", "amount": "{amount}", "currency": "{currency}"}}"#
        )
    };
    let failed = r#"{"kind": "refund", "status": "failure", "amount": "50.00", "currency": "EUR"}"#;
    assert_eq!(
        amount(&format!("[{}, {failed}, {}]", one("10.50", "EUR"), one("1.00", "EUR"))),
        (Some(1_150), 0)
    );
    assert_eq!(amount(&format!("[{}, {}]", one("10.50", "EUR"), one("1.00", "USD"))), (None, 1));
    assert_eq!(amount(&format!("[{}]", one("1.005", "EUR"))), (None, 1));
    assert_eq!(amount("[]"), (None, 0));
}

#[test]
fn a_parcel_ships_once_however_often_it_is_told() {
    let body = |status: &str| {
        format!(r#"{{"id": 3, "order_id": 7, "status": "{status}", "updated_at": "1970-01-01T00:00:02Z"}}"#)
    };
    let updated = ("order.updated", "7/fulfilment/3@2000000000");
    check_events("fulfillments/create", &body("success"), &[("order.shipped", "3")]);
    check_events("fulfillments/create", &body("pending"), &[("order.shipped", "3")]);
    check_events("fulfillments/create", &body("failure"), &[updated]);
    check_events("fulfillments/update", &body("success"), &[updated, ("order.shipped", "3")]);
    check_events("fulfillments/update", &body("cancelled"), &[updated]);
}

#[test]
fn returns_take_their_time_and_status_from_the_delivery() {
    let body = r#"{"id": 4, "order": {"id": 7}}"#;
    check_events("returns/request", body, &[("return.requested", "4")]);
    let report =
        check_events("returns/decline", body, &[("return.updated", &format!("4/decline@{TRIGGERED}"))]);
    let request = &order(&report.events[0]).returns[0];
    assert_eq!((request.status.as_deref(), request.at), (Some("declined"), Some(TRIGGERED)));
    assert_eq!(report.events[0].version, TRIGGERED);
}

#[test]
fn consent_is_news_only_when_it_was_decided() {
    let body = r#"{"id": 5, "updated_at": "1970-01-01T00:00:02Z",
        "email_marketing_consent": {"state": "subscribed", "consent_updated_at": "1970-01-01T00:00:01Z"},
        "sms_marketing_consent": {"state": "not_subscribed", "consent_updated_at": null}}"#;
    let expected = [("customer.updated", "5@2000000000"), ("consent.changed", "5/email@1000000000")];
    let report = check_events("customers/update", body, &expected);
    assert!(matches!(&report.events[1].payload, Payload::Consent(consent) if consent.state == "granted"));
    let undecided = r#"{"id": 5, "sms_marketing_consent": {"state": null}}"#;
    let report = check_events("customers_marketing_consent/update", undecided, &[]);
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn a_merge_counts_when_completed() {
    let body = |status: &str| {
        format!(
            r#"{{"admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
                "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2", "status": "{status}"}}"#
        )
    };
    check_events("customers/merge", &body("completed"), &[("person.merged", "1+2")]);
    for status in ["failed", "in_progress", ""] {
        assert_eq!(check_events("customers/merge", &body(status), &[]).notes.len(), 1, "{status}");
    }
}

#[test]
fn tags_that_changed_are_told_as_changes() {
    let body = r#"{"customerId": "gid://shopify/Customer/5", "tags": ["b", "a"], "occurredAt": "1970-01-01T00:00:01Z"}"#;
    let added = told("customer.tags_added", body).unwrap();
    let removed = told("customer.tags_removed", body).unwrap();
    assert_eq!(customer(&added.events[0]).tags_added, ["a", "b"]);
    assert_eq!(customer(&removed.events[0]).tags_removed, ["a", "b"]);
    assert_eq!(customer(&added.events[0]).tags, None);
    assert_ne!(added.events[0].key, removed.events[0].key);
    let other = told("customer.tags_added", &body.replace("\"b\", ", "")).unwrap();
    assert_ne!(added.events[0].key, other.events[0].key);
}

#[test]
fn privacy_topics_name_whom_and_what() {
    let body = r#"{"shop_id": 1, "shop_domain": "example.myshopify.com", "customer": {"id": 5, "email": "a@example.com"},
        "orders_to_redact": [7, 8]}"#;
    let key = format!("redact-5@{TRIGGERED}");
    let report = check_events("customers/redact", body, &[("privacy.requested", &key)]);
    let Payload::PrivacyRequest(request) = &report.events[0].payload else { panic!() };
    assert_eq!((request.kind.as_str(), request.orders.len()), ("erase-customer", 2));
    check_events("", body, &[("privacy.requested", &key)]);
    let shop = r#"{"shop_id": 1, "shop_domain": "example.myshopify.com"}"#;
    check_events("", shop, &[("privacy.requested", &format!("shop-1@{TRIGGERED}"))]);
}

#[test]
fn what_has_no_model_is_kept_without_personal_data() {
    let report = check_events(
        "app/uninstalled",
        r#"{"id": 1, "email": "owner@example.com", "shop_owner": "Iris Wool"}"#,
        &[("provider.notice", "delivery-1")],
    );
    let Payload::Other(other) = &report.events[0].payload else { panic!() };
    assert_eq!(
        (other.topic.as_str(), other.extra.as_slice()),
        ("app/uninstalled", &[("id".into(), "1".into())][..])
    );
    assert_eq!(report.events[0].version, TRIGGERED);
}

#[test]
fn nonsense_is_refused() {
    for body in ["", "no json", "[]", "7", "null", "{\"id\": 7"] {
        assert!(matches!(told("orders/create", body), Err(Failure::Rejected(_))), "{body}");
    }
    assert!(matches!(told("orders/create", r#"{"id": {}}"#), Err(Failure::Rejected(_))));
    assert!(matches!(told("", r#"{"hello": "world"}"#), Err(Failure::Rejected(_))));
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

fn tag_effect(customer_id: &str, tag: &str) -> Effect {
    let arguments = [("customer_id", customer_id), ("tag", tag)];
    Effect {
        id: "effect-1".into(),
        action: "add_customer_tag".into(),
        arguments: arguments.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        attempt: 1,
        uncertain: false,
    }
}

#[test]
fn the_request_adds_one_tag_to_one_customer() {
    for id in ["5", "gid://shopify/Customer/5"] {
        let request = act::request(&tag_effect(id, "unhappy \"wool\""), "2026-04").unwrap();
        assert_eq!(request.path, "/admin/api/2026-04/graphql.json");
        let body: serde_json::Value = serde_json::from_str(&request.body.unwrap()).unwrap();
        let expected = serde_json::json!({"id": "gid://shopify/Customer/5", "tags": ["unhappy \"wool\""]});
        assert_eq!(body["variables"], expected);
    }
    for (id, tag) in [("", "a"), ("5", " "), ("gid://shopify/Order/5", "a"), ("5/../6", "a")] {
        assert!(
            matches!(act::request(&tag_effect(id, tag), "2026-04"), Err(Failure::Rejected(_))),
            "{id} {tag}"
        );
    }
    assert_eq!(
        act::request(&tag_effect("5", "a"), "../x"),
        Err(Failure::Misconfigured("api_version".into()))
    );
    let unknown = Effect { action: "sing".into(), ..tag_effect("5", "a") };
    assert_eq!(act::request(&unknown, "2026-04"), Err(Failure::Unsupported("sing".into())));
}

fn check_answer(status: u16, body: &str, expected: Result<&str, Failure>) {
    let receipt = act::receipt(&Response { status, headers: Vec::new(), body: body.into() });
    let reference = receipt.map(|receipt| receipt.reference.unwrap_or_default());
    assert_eq!(reference, expected.map(str::to_owned), "{status} {body}");
}

#[test]
fn answers_are_judged_by_what_they_say_and_not_by_their_status() {
    let gid = "gid://shopify/Customer/5";
    check_answer(
        200,
        &format!(r#"{{"data": {{"tagsAdd": {{"node": {{"id": "{gid}"}}, "userErrors": []}}}}}}"#),
        Ok(gid),
    );
    let refused = r#"{"data": {"tagsAdd": {"node": null, "userErrors": [{"field": ["id"], "message": "Ana is gone"}]}}}"#;
    check_answer(200, refused, Err(Failure::Rejected("tagsAdd: id".into())));
    let throttled = r#"{"errors": [{"extensions": {"code": "THROTTLED"}}], "extensions": {"cost": {"requestedQueryCost": 110,
        "throttleStatus": {"currentlyAvailable": 10.0, "restoreRate": 50.0}}}}"#;
    check_answer(200, throttled, Err(Failure::RetryAfterMs(2_000)));
    check_answer(
        200,
        r#"{"errors": [{"extensions": {"code": "THROTTLED"}}]}"#,
        Err(Failure::RetryAfterMs(1_000)),
    );
    let denied = r#"{"errors": [{"extensions": {"code": "ACCESS_DENIED"}}], "data": {"tagsAdd": null}}"#;
    check_answer(200, denied, Err(Failure::Unauthorised("ACCESS_DENIED".into())));
    check_answer(200, r#"{"errors": [{"message": "x"}]}"#, Err(Failure::Rejected("GraphQL error".into())));
    check_answer(200, "<html>", Err(Failure::OutcomeUnknown("an answer without a result".into())));
    check_answer(401, "{}", Err(Failure::Unauthorised("HTTP 401".into())));
    check_answer(404, "", Err(Failure::Rejected("HTTP 404".into())));
    check_answer(502, "", Err(Failure::RetryAfterMs(2_000)));
}
