//! A delivery on its way to the hub, and the headers its provider would send with it.

use jiff::Timestamp;
use provider_simulator::sign::{self, ShopifyDelivery, SquareDelivery, ZendeskDelivery};

use super::connections::{self, Connection, SHOP_DOMAIN, Scheme};

/// What a provider sends: everything but the signature.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub connection: String,
    /// Unique to the delivery at providers that name it; the same again is a duplicate.
    pub id: String,
    /// Where the topic is a header.
    pub topic: Option<String>,
    /// What was recorded beside the body, names in lower case. Signatures are made anew, and what belongs to one
    /// transfer only is left out.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    Provider,
    /// Somebody who does not know the secret.
    Stranger,
}

/// Headers of one transfer, and signatures: both are made anew.
const NOT_REPEATED: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "shopify-hmac-sha256",
    "transfer-encoding",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-shopify-hmac-sha256",
    "x-square-hmacsha256-signature",
    "x-square-signature",
    "x-zendesk-webhook-signature",
    "x-zendesk-webhook-signature-timestamp",
];

const API_VERSION: &str = "2026-04";

impl Outgoing {
    /// A delivery with a JSON body.
    #[must_use]
    pub fn json(connection: &str, id: impl Into<String>, body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { connection: connection.into(), id: id.into(), topic: None, headers: Vec::new(), body }
    }

    #[must_use]
    pub fn with_topic(mut self, topic: &str) -> Self {
        self.topic = Some(topic.to_owned());
        self
    }

    /// All headers but those HTTP itself needs. An unknown connection's are unsigned: nobody can sign for it.
    #[must_use]
    pub fn signed(&self, signer: Signer, now: Timestamp) -> Vec<(String, String)> {
        let own = connections::named(&self.connection).map(Connection::webhook_secret);
        match (signer, own) {
            (Signer::Provider, Some(secret)) => self.signed_with(&secret, now),
            _ => self.signed_with("not-the-secret", now),
        }
    }

    /// As [`Self::signed`], with a secret of one's own choice.
    #[must_use]
    pub fn signed_with(&self, secret: &str, now: Timestamp) -> Vec<(String, String)> {
        let repeated = |name: &str| !NOT_REPEATED.contains(&name);
        let mut headers: Vec<_> = self.headers.iter().filter(|(name, _)| repeated(name)).cloned().collect();
        let Some(connection) = connections::named(&self.connection) else { return headers };
        for (name, value) in self.provider_headers(connection, secret, now) {
            // What was recorded stands, but a recording's signature is gone, so these are added.
            if !headers.iter().any(|(known, _)| known == name) {
                headers.push((name.to_owned(), value));
            }
        }
        headers
    }

    fn provider_headers(&self, connection: &Connection, secret: &str, now: Timestamp) -> sign::Headers {
        let now = now.to_string();
        match connection.scheme {
            Scheme::Shopify => self.shopify_headers(secret, &now),
            Scheme::Zendesk => {
                let delivery = ZendeskDelivery {
                    account_id: "100001",
                    webhook_id: "01HUBDEMO00000000000000001",
                    invocation_id: &self.id,
                    timestamp: &now,
                };
                sign::zendesk(secret, &delivery, &self.body)
            }
            Scheme::Meta => sign::meta(secret, &self.body),
            Scheme::Square => {
                let delivery = SquareDelivery {
                    notification_url: &connection.public_url(),
                    initial_delivery_timestamp: &now,
                };
                sign::square(secret, &delivery, &self.body)
            }
        }
    }

    fn shopify_headers(&self, secret: &str, now: &str) -> sign::Headers {
        let recorded = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        let delivery = ShopifyDelivery {
            topic: self.topic.as_deref().unwrap_or_default(),
            shop_domain: SHOP_DOMAIN,
            api_version: API_VERSION,
            webhook_id: &self.id,
            event_id: &self.id,
            triggered_at: now,
        };
        let mut headers = sign::shopify(secret, &delivery, &self.body);
        // A recording in the newer spelling says these already; one without a topic leaves it to the body's shape.
        headers.retain(|(name, value)| {
            let newer = name.strip_prefix("x-").unwrap_or(name);
            *name == "x-shopify-hmac-sha256" || (!value.is_empty() && !recorded(newer))
        });
        headers
    }
}
