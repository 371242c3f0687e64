//! Signs deliveries as the providers sign them: the headers a webhook of theirs arrives with.
//! Pure: ids and times are given. Written from the providers' descriptions, apart from the hub's verifier,
//! so that the two check each other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Header names, in lower case, with their values.
pub type Headers = Vec<(&'static str, String)>;

const STANDARD_SECRET_PREFIX: &str = "whsec_";

/// What a Shopify delivery says about itself beside its body.
#[derive(Debug, Clone, Copy)]
pub struct ShopifyDelivery<'a> {
    /// `orders/create`.
    pub topic: &'a str,
    /// `example.myshopify.com`.
    pub shop_domain: &'a str,
    /// `2026-04`.
    pub api_version: &'a str,
    /// Unique to this delivery; the key for deduplication.
    pub webhook_id: &'a str,
    /// Shared by all deliveries one act of a merchant caused.
    pub event_id: &'a str,
    /// RFC 3339.
    pub triggered_at: &'a str,
}

/// Base64 of the MAC over the body.
pub fn shopify(secret: &str, delivery: &ShopifyDelivery<'_>, body: &[u8]) -> Headers {
    vec![
        ("x-shopify-topic", delivery.topic.to_owned()),
        ("x-shopify-shop-domain", delivery.shop_domain.to_owned()),
        ("x-shopify-api-version", delivery.api_version.to_owned()),
        ("x-shopify-webhook-id", delivery.webhook_id.to_owned()),
        ("x-shopify-event-id", delivery.event_id.to_owned()),
        ("x-shopify-triggered-at", delivery.triggered_at.to_owned()),
        ("x-shopify-hmac-sha256", base64_mac(secret.as_bytes(), &[body])),
    ]
}

/// As [`shopify`], in the spelling of the newer subscriptions to events.
pub fn shopify_events(secret: &str, delivery: &ShopifyDelivery<'_>, body: &[u8]) -> Headers {
    vec![
        ("shopify-topic", delivery.topic.to_owned()),
        ("shopify-shop-domain", delivery.shop_domain.to_owned()),
        ("shopify-api-version", delivery.api_version.to_owned()),
        ("shopify-webhook-id", delivery.webhook_id.to_owned()),
        ("shopify-event-id", delivery.event_id.to_owned()),
        ("shopify-triggered-at", delivery.triggered_at.to_owned()),
        ("shopify-hmac-sha256", base64_mac(secret.as_bytes(), &[body])),
    ]
}

/// What a Zendesk delivery says about itself beside its body.
#[derive(Debug, Clone, Copy)]
pub struct ZendeskDelivery<'a> {
    pub account_id: &'a str,
    pub webhook_id: &'a str,
    /// Unique to this delivery.
    pub invocation_id: &'a str,
    /// Signed exactly as written.
    pub timestamp: &'a str,
}

/// Base64 of the MAC over timestamp and body, with nothing between. The secret is used as text.
pub fn zendesk(secret: &str, delivery: &ZendeskDelivery<'_>, body: &[u8]) -> Headers {
    let signature = base64_mac(secret.as_bytes(), &[delivery.timestamp.as_bytes(), body]);
    vec![
        ("x-zendesk-account-id", delivery.account_id.to_owned()),
        ("x-zendesk-webhook-id", delivery.webhook_id.to_owned()),
        ("x-zendesk-webhook-invocation-id", delivery.invocation_id.to_owned()),
        ("x-zendesk-webhook-signature-timestamp", delivery.timestamp.to_owned()),
        ("x-zendesk-webhook-signature", signature),
    ]
}

/// `sha256=` and the MAC over the body in lower-case hex; for Instagram and WhatsApp alike.
pub fn meta(app_secret: &str, body: &[u8]) -> Headers {
    let signature = format!("sha256={}", hex::encode(mac(app_secret.as_bytes(), &[body])));
    vec![("x-hub-signature-256", signature)]
}

/// What a Square delivery says about itself beside its body.
#[derive(Debug, Clone, Copy)]
pub struct SquareDelivery<'a> {
    /// As registered with Square, character for character.
    pub notification_url: &'a str,
    /// RFC 3339; not signed.
    pub initial_delivery_timestamp: &'a str,
}

/// Base64 of the MAC over notification URL and body, with nothing between.
pub fn square(signature_key: &str, delivery: &SquareDelivery<'_>, body: &[u8]) -> Headers {
    let signature = base64_mac(signature_key.as_bytes(), &[delivery.notification_url.as_bytes(), body]);
    vec![
        ("square-environment", "Sandbox".to_owned()),
        ("square-initial-delivery-timestamp", delivery.initial_delivery_timestamp.to_owned()),
        ("x-square-hmacsha256-signature", signature),
    ]
}

/// The MAC over the body in lower-case hex. The body is sent without blanks between its tokens, so these are its bytes.
pub fn voucherify(secret: &str, body: &[u8]) -> Headers {
    vec![("x-voucherify-signature", hex::encode(mac(secret.as_bytes(), &[body])))]
}

/// What a delivery after the Standard Webhooks specification says about itself beside its body.
#[derive(Debug, Clone, Copy)]
pub struct StandardDelivery<'a> {
    /// Unique to this message, the same on every retry.
    pub id: &'a str,
    /// Unix seconds of this attempt.
    pub timestamp: i64,
}

/// A Standard Webhooks secret that is not `whsec_` and base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is not base64, with or without `{STANDARD_SECRET_PREFIX}` before it")]
pub struct BadSecret;

/// `v1,` and base64 of the MAC over `id.timestamp.body`. The key is what the secret's base64 holds.
pub fn standard_webhooks(
    secret: &str,
    delivery: &StandardDelivery<'_>,
    body: &[u8],
) -> Result<Headers, BadSecret> {
    let encoded = secret.strip_prefix(STANDARD_SECRET_PREFIX).unwrap_or(secret);
    let key = STANDARD.decode(encoded).map_err(|_| BadSecret)?;
    let signed = format!("{}.{}.", delivery.id, delivery.timestamp);
    Ok(vec![
        ("webhook-id", delivery.id.to_owned()),
        ("webhook-timestamp", delivery.timestamp.to_string()),
        ("webhook-signature", format!("v1,{}", base64_mac(&key, &[signed.as_bytes(), body]))),
    ])
}

fn base64_mac(key: &[u8], parts: &[&[u8]]) -> String {
    STANDARD.encode(mac(key, parts))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
