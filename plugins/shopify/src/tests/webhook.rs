//! What webhooks say, trap by trap.

use omnihub_plugin::model::{IdentityKind, Proof};
use omnihub_plugin::{Failure, Payload, Remark};

use super::{TRIGGERED, check_events, customer, order, told};

fn buyer(body: &str) -> Vec<(IdentityKind, String, Proof)> {
    let report = told("orders/updated", body).unwrap();
    let buyer = order(&report.events[0]).buyer.clone();
    let ids = buyer.map(|buyer| buyer.ids).unwrap_or_default();
    ids.into_iter().map(|id| (id.kind, format!("{}:{}", id.scope, id.value), id.proof)).collect()
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
