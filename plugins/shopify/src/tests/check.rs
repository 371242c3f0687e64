//! Whether the shop still delivers, and what is done about it.

use omnihub_plugin::{Failure, Standing, Subscribed, Wanted};
use serde_json::{Value, json};

use super::script::Script;
use crate::check::check;

const CALLBACK: &str = "https://hub.example.com/hooks/shop";

fn look(repair: bool, topics: Option<&str>, script: &mut Script) -> Result<Vec<Subscribed>, Failure> {
    let wanted = Wanted { callback: CALLBACK.into(), repair };
    check(&wanted, topics, &mut script.admin())
}

fn page(nodes: Value, end: Option<&str>) -> Value {
    let info = json!({"hasNextPage": end.is_some(), "endCursor": end});
    json!({"data": {"webhookSubscriptions": {"pageInfo": info, "nodes": nodes}}})
}

fn subscription(topic: &str, uri: &str) -> Value {
    json!({"topic": topic, "uri": uri, "format": "JSON", "filter": null})
}

fn standings(found: &[Subscribed]) -> Vec<(&str, Standing, &str)> {
    found
        .iter()
        .map(|one| (one.topic.as_str(), one.standing, one.detail.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn only_subscriptions_to_our_address_count() {
    let mut script = Script::of([
        page(
            json!([subscription("ORDERS_CREATE", CALLBACK), subscription("ORDERS_PAID", "https://x")]),
            Some("c"),
        ),
        page(json!([subscription("CUSTOMER_TAGS_ADDED", CALLBACK), 7]), None),
    ]);
    let found = look(false, Some("orders/create, orders/paid,customer.tags_added"), &mut script).unwrap();
    let expected = [
        ("orders/create", Standing::Active, ""),
        ("orders/paid", Standing::Broken, "not subscribed"),
        ("customer.tags_added", Standing::Active, ""),
    ];
    assert_eq!(standings(&found), expected);
    assert_eq!(script.variables(1), &json!({"after": "c"}));
    assert_eq!(script.asked.len(), 2);
}

#[test]
fn what_is_missing_is_made_in_one_request() {
    let created = json!({"data": {
        "t0": {"object": {"id": "gid://shopify/WebhookSubscription/1"}, "userErrors": []},
        "t1": null,
        "t2": {"object": null, "userErrors": [{"field": ["webhookSubscription", "callbackUrl"]}]},
    }, "errors": [{"path": ["t1"], "extensions": {"code": "ACCESS_DENIED"}}]});
    let mut script = Script::of([page(json!([subscription("ORDERS_PAID", CALLBACK)]), None), created]);
    let topics = Some("orders/create, orders/paid, returns/update, shop/update");
    let found = look(true, topics, &mut script).unwrap();
    let expected = [
        ("orders/create", Standing::Repaired, ""),
        ("orders/paid", Standing::Active, ""),
        ("returns/update", Standing::Broken, "refused: the app may lack the scope for it"),
        ("shop/update", Standing::Broken, "refused: callbackUrl"),
    ];
    assert_eq!(standings(&found), expected);
    let (query, variables) = &script.asked[1];
    assert_eq!(variables, &json!({"to": {"uri": CALLBACK, "format": "JSON"}}));
    for part in [
        "t0: webhookSubscriptionCreate(topic: ORDERS_CREATE,",
        "t1: webhookSubscriptionCreate(topic: RETURNS_UPDATE,",
    ] {
        assert!(query.contains(part), "{query}");
    }
}

#[test]
fn by_default_every_topic_that_is_mapped_is_wanted() {
    let mut script = Script::of([page(json!([]), None)]);
    let found = look(false, None, &mut script).unwrap();
    assert_eq!(found.len(), 31);
    assert!(found.iter().all(|one| one.standing == Standing::Broken));
    assert!(!found.iter().any(|one| one.topic.contains("redact") || one.topic.contains("data_request")));
}

#[test]
fn a_subscription_that_delivers_otherwise_is_told() {
    let xml = json!({"topic": "ORDERS_CREATE", "uri": CALLBACK, "format": "XML"});
    let some =
        json!({"topic": "ORDERS_PAID", "uri": CALLBACK, "format": "JSON", "filter": "total_price:>100"});
    let mut script = Script::of([page(json!([xml, some]), None)]);
    let found = look(true, Some("orders/create,orders/paid"), &mut script).unwrap();
    assert_eq!((found[0].standing, found[1].standing), (Standing::Broken, Standing::Active));
    assert!(found[1].detail.as_deref().unwrap().contains("filter"));
}

#[test]
fn the_operator_may_choose_the_topics() {
    assert_eq!(look(true, Some("none"), &mut Script::default()), Ok(Vec::new()));
    let wrong = look(true, Some("orders/create) {"), &mut Script::default());
    assert_eq!(wrong, Err(Failure::Misconfigured("topics".into())));
    let unknown = json!({"errors": [{"extensions": {"code": "argumentLiteralsIncompatible"}}]});
    let mut script = Script::of([page(json!([]), None), unknown]);
    let found = look(true, Some("orders/sung"), &mut script).unwrap();
    assert_eq!(
        standings(&found),
        [("orders/sung", Standing::Broken, "GraphQL argumentLiteralsIncompatible")]
    );
}

#[test]
fn a_list_that_cannot_be_read_breaks_nothing() {
    for body in [
        json!({"data": {"webhookSubscriptions": null}}),
        json!({"data": {"webhookSubscriptions": {"nodes": []}}}),
    ] {
        let mut script = Script::of([body]);
        assert!(matches!(look(true, None, &mut script), Err(Failure::Rejected(_))));
        assert_eq!(script.asked.len(), 1);
    }
    let throttled = json!({"errors": [{"extensions": {"code": "THROTTLED"}}]});
    let mut script = Script::of([page(json!([]), None), throttled]);
    assert_eq!(look(true, None, &mut script), Err(Failure::RetryAfterMs(1_000)));
}
