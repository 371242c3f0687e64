//! The headers one attempt arrives with: the provider's own, signed at that moment over the bytes that are sent.

use jiff::Timestamp;
use serde_json::Value;

use super::{AttemptKind, Connection, Delivery, Parcel, Reply, RetryTimestamp, Scheme, Spelling};
use crate::sign::{self, ShopifyDelivery, SquareDelivery, ZendeskDelivery};
use crate::state::whole_seconds;

pub(super) fn of(
    connection: &Connection,
    delivery: &Delivery,
    parcel: &Parcel,
    at: Timestamp,
) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("user-agent".to_owned(), user_agent(&connection.scheme).to_owned()),
    ];
    let signed = signed(connection, delivery, parcel, at);
    headers.extend(signed.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let instead = |name: &str| parcel.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    headers.retain(|(name, _)| !instead(name));
    headers.extend(parcel.headers.iter().cloned());
    headers
}

fn user_agent(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme::Shopify { .. } => "Shopify-Captain-Hook",
        _ => "provider-simulator",
    }
}

fn signed(connection: &Connection, delivery: &Delivery, parcel: &Parcel, at: Timestamp) -> sign::Headers {
    let secret = connection.secret.text();
    let first_at = delivery.attempts.first().map_or(at, |attempt| attempt.at);
    match &connection.scheme {
        Scheme::Shopify { shop_domain, api_version, spelling } => {
            let described = ShopifyDelivery {
                topic: &parcel.topic,
                shop_domain,
                api_version,
                webhook_id: &delivery.id,
                event_id: parcel.event_id.as_deref().unwrap_or(&delivery.id),
                triggered_at: &delivery.announced_at.to_string(),
            };
            match spelling {
                Spelling::Webhooks => sign::shopify(secret, &described, &parcel.body),
                Spelling::Events => sign::shopify_events(secret, &described, &parcel.body),
            }
        }
        Scheme::Zendesk { account_id, webhook_id, retry_timestamp } => {
            let timestamp = whole_seconds(match retry_timestamp {
                RetryTimestamp::Fresh => at,
                RetryTimestamp::First => first_at,
            });
            let described = ZendeskDelivery {
                account_id,
                webhook_id,
                invocation_id: &delivery.id,
                timestamp: &timestamp.to_string(),
            };
            sign::zendesk(secret, &described, &parcel.body)
        }
        Scheme::Meta => sign::meta(secret, &parcel.body),
        Scheme::Square { notification_url } => {
            let described = SquareDelivery {
                notification_url: notification_url.as_deref().unwrap_or(&connection.target),
                initial_delivery_timestamp: &first_at.to_string(),
            };
            let mut headers = sign::square(secret, &described, &parcel.body);
            headers.extend(square_retry(delivery));
            headers
        }
        Scheme::Voucherify => sign::voucherify(secret, &parcel.body),
    }
}

/// On retries alone: which one, and why.
fn square_retry(delivery: &Delivery) -> sign::Headers {
    let made = || delivery.attempts.iter().filter(|attempt| attempt.kind != AttemptKind::Duplicate);
    let Some(last) =
        made().next_back().filter(|last| !matches!(last.reply, Reply::Status { status: 200..=299, .. }))
    else {
        return Vec::new();
    };
    let reason = match last.reply {
        Reply::Status { .. } => "http_error",
        Reply::TimedOut | Reply::Unheard { .. } => "http_timeout",
        Reply::Refused | Reply::Broken => "other_error",
    };
    vec![("square-retry-number", made().count().to_string()), ("square-retry-reason", reason.to_owned())]
}

/// As Meta writes JSON, and signs it: nothing but ASCII, and slashes escaped.
pub(super) fn escaped(body: &Value) -> String {
    let plain = body.to_string();
    let mut escaped = String::with_capacity(plain.len());
    let mut units = [0; 2];
    for character in plain.chars() {
        match character {
            // Outside strings JSON has neither.
            '/' => escaped.push_str("\\/"),
            ascii if ascii.is_ascii() => escaped.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
}
