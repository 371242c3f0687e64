//! The journey of a delivery, one type per stage; each can only be made by the stage before.
//!
//! ```text
//! request ─ ingress ─► Verified ─ inbox ─► Work ─ normaliser ─► Reported ─ folder ─► view, effects ─ dispatcher ─► receipt
//! ```
//!
//! Network and disk stand at the ends; what happens in between is decided by pure functions: `signature::verify`,
//! `hub_fold::Fold::apply`, `judge`.

use hub_fold::record::Delivery;
use hub_model::Timestamp;
use hub_runtime::manifest::{Dedupe, Topic, Webhook};

use crate::plugins::{Connection, Hook};
use crate::signature::{Incoming, Refusal, verify};

/// A delivery whose signature was checked, or that an operator vouches for.
pub struct Verified(Delivery);

/// A durable delivery on its way to its connector.
#[derive(Default)]
pub struct Work {
    pub seq: u64,
    pub received_at: Timestamp,
    /// 1 for the first try.
    pub attempt: u32,
    /// Not carried along when many wait: then it is read from the journal.
    pub delivery: Option<Delivery>,
}

impl Verified {
    /// Checks the declared signature over the raw body.
    ///
    /// # Errors
    /// Why it is refused, for metrics; the provider hears one answer.
    pub(crate) fn check(
        connection: &Connection,
        hook: &Hook,
        incoming: &Incoming<'_>,
    ) -> Result<Self, Refusal> {
        let webhook = &hook.declared;
        verify(&webhook.signature, incoming, &hook.keys, connection.signature_tolerance)?;
        let header = |name: &str| incoming.headers.get(name)?.to_str().ok().map(str::to_owned);
        Ok(Self(describe(connection, webhook, &header, None, incoming.body.to_vec())))
    }

    /// A recorded delivery that an operator replays: its signature is not known any more. `None` when the connector
    /// receives no deliveries.
    #[must_use]
    pub fn trusted(
        connection: &Connection,
        headers: &[(String, String)],
        topic: Option<String>,
        body: Vec<u8>,
    ) -> Option<Self> {
        let header = |name: &str| {
            headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let hook = connection.hook(&|name| header(name).is_some())?;
        Some(Self(describe(connection, &hook.declared, &header, topic, body)))
    }

    pub(crate) fn topic(&self) -> Option<&str> {
        self.0.topic.as_deref()
    }

    pub(crate) fn into_delivery(self) -> Delivery {
        self.0
    }
}

fn describe(
    connection: &Connection,
    webhook: &Webhook,
    header: &dyn Fn(&str) -> Option<String>,
    topic: Option<String>,
    body: Vec<u8>,
) -> Delivery {
    let first = |names: &[String]| names.iter().find_map(|name| header(name));
    let json = needs_json(webhook).then(|| Members::read(&body)).flatten();
    let member = |pointer: &str| json.as_ref().and_then(|members| members.scalar(pointer));
    let topic = topic.or_else(|| match &webhook.topic {
        Topic::Header(names) => first(names),
        Topic::JsonPointer(pointer) => member(pointer),
        Topic::None => None,
    });
    let name = match &webhook.dedupe {
        Dedupe::Header(names) => first(names),
        Dedupe::JsonPointer(pointer) => member(pointer),
        Dedupe::Body => None,
    };
    let dedupe = dedupe_key(&connection.name, topic.as_deref(), name.as_deref(), &body);
    let headers = webhook.headers.iter().filter_map(|name| Some((name.clone(), header(name)?))).collect();
    Delivery {
        connection: connection.name.clone(),
        connector: connection.connector.plugin.id().to_owned(),
        topic,
        headers,
        dedupe,
        body,
    }
}

fn needs_json(webhook: &Webhook) -> bool {
    matches!(webhook.topic, Topic::JsonPointer(_)) || matches!(webhook.dedupe, Dedupe::JsonPointer(_))
}

/// The top level of a JSON object: all that topics and dedupe keys of today's providers need, without building a tree.
struct Members<'a>(std::collections::HashMap<std::borrow::Cow<'a, str>, &'a serde_json::value::RawValue>);

impl<'a> Members<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    /// A text or number as text. A pointer deeper than one level is followed through a tree.
    fn scalar(&self, pointer: &str) -> Option<String> {
        let path = pointer.strip_prefix('/')?;
        let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let raw = self.0.get(first)?.get();
        match rest {
            None => scalar(raw),
            Some(rest) => {
                let tree: serde_json::Value = serde_json::from_str(raw).ok()?;
                scalar(&tree.pointer(&format!("/{rest}"))?.to_string())
            }
        }
    }
}

fn scalar(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok().filter(|text: &String| !text.is_empty()),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

/// Names a delivery for ever: by what its provider calls it, else by its whole body. The topic belongs to the name: one
/// body can be sent under two (Shopify's `inventory_levels/update` and `/connect`), and is then two deliveries.
fn dedupe_key(connection: &str, topic: Option<&str>, name: Option<&str>, body: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key("omnihub dedupe v1");
    for part in [connection, topic.unwrap_or_default()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    match name {
        Some(name) => hasher.update(b"n").update(name.as_bytes()),
        None => hasher.update(b"b").update(body),
    };
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    key
}
