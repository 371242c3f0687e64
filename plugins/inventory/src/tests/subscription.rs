//! Shopify's subscriptions, and what the manifest offers. Square's are tested where they live.

use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::{Connector, Failure, Signature, Standing, Wanted};
use serde_json::{Value, json};

use super::Inventory;
use super::poll::{ok, settings};
use crate::settings::Settings;
use crate::subscription::check;

const HERE: &str = "https://hub.example.com/hooks/stock";

fn checked(repair: bool, created: &str) -> (Vec<(String, Standing)>, Vec<Value>) {
    let list = json!({"data": {"webhookSubscriptions": {"nodes": [
        {"topic": "INVENTORY_LEVELS_UPDATE", "uri": HERE},
        {"topic": "INVENTORY_LEVELS_CONNECT", "uri": "https://elsewhere.example.com/"},
    ], "pageInfo": {"hasNextPage": false}}}});
    let mut asked = Vec::new();
    let mut outside = |_: &str, request: &Request| -> Result<Response, HttpError> {
        let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        asked.push(body["variables"].clone());
        Ok(ok(if asked.len() == 1 { list.to_string() } else { created.to_owned() }.as_str()))
    };
    let wanted = Wanted { callback: HERE.into(), repair };
    let told = check(&wanted, &settings("shopify"), &mut outside).unwrap();
    (told.into_iter().map(|it| (it.topic, it.standing)).collect(), asked)
}

#[test]
fn what_shopify_removed_is_subscribed_again() {
    let made = r#"{"data": {"webhookSubscriptionCreate": {"webhookSubscription": {"id": "gid://shopify/W/1"}, "userErrors": []}}}"#;
    let (told, asked) = checked(true, made);
    assert_eq!(told[0], ("inventory_levels/update".into(), Standing::Active));
    assert!(told[1..].iter().all(|(_, standing)| *standing == Standing::Repaired));
    assert_eq!((told.len(), asked.len()), (8, 8));
    assert_eq!(asked[1], json!({"topic": "INVENTORY_LEVELS_CONNECT", "uri": HERE}));
}

#[test]
fn without_leave_or_scope_it_stays_broken() {
    let (told, asked) = checked(false, "");
    assert_eq!((told[1].1, asked.len()), (Standing::Broken, 1));
    let refused = r#"{"data": {"webhookSubscriptionCreate": {"webhookSubscription": null,
        "userErrors": [{"field": ["webhookSubscription", "callbackUrl"], "message": "no"}]}}}"#;
    assert_eq!(checked(true, refused).0[1].1, Standing::Broken);
}

#[test]
fn squares_subscription_is_the_one_that_is_looked_at_by_default() {
    let mut outside = |endpoint: &str, request: &Request| -> Result<Response, HttpError> {
        assert_eq!(endpoint, "square");
        assert!(request.path.starts_with("/v2/webhooks/subscriptions"));
        Ok(ok("{}"))
    };
    let wanted = Wanted { callback: HERE.into(), repair: true };
    let told = check(&wanted, &Settings::read(|_| None).unwrap(), &mut outside).unwrap();
    assert_eq!((told[0].topic.as_str(), told[0].standing), ("inventory.count.updated", Standing::Broken));
}

#[test]
fn both_alternatives_are_declared_and_neither_is_forced() {
    let manifest = Inventory::describe();
    let headers: Vec<_> = manifest
        .webhooks
        .iter()
        .map(|webhook| match &webhook.signature {
            Signature::Hmac(hmac) => hmac.headers.clone(),
            Signature::StandardWebhooks(_) => Vec::new(),
        })
        .collect();
    assert_eq!(headers[0], ["x-square-hmacsha256-signature"]);
    assert_eq!(headers[1], ["shopify-hmac-sha256", "x-shopify-hmac-sha256"]);
    assert!(manifest.settings.iter().all(|setting| !setting.required));
    for stream in &manifest.streams {
        assert!(manifest.endpoints.iter().any(|endpoint| endpoint.name == stream.endpoint));
    }
}

#[test]
fn settings_that_cannot_be_meant_are_named() {
    for (key, value) in [("source", "lightspeed"), ("shopify_api_version", "2026/04")] {
        let read = Settings::read(|asked| (asked == key).then(|| value.to_owned()));
        assert!(matches!(read, Err(Failure::Misconfigured(why)) if why.starts_with(key)), "{key}");
    }
}
