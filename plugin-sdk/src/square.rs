//! What every connector for a Square product shares: the webhook's envelope and declaration, the endpoint, the
//! settings, calls ([`api`]), reading lists ([`window`]) and looking after the subscription ([`subscription`]). Says
//! nothing about what is inside `data.object`: that is the connector's.

pub mod api;
pub mod subscription;
pub mod window;

use serde_json::value::RawValue;

use crate::dated::fingerprint;
use crate::exact::{Text, timestamp};
use crate::lenient::said;
use crate::members::{self, Members};
use crate::model::{Event, Other, Payload};
use crate::{
    Auth, Dedupe, Delivery, Encoding, Endpoint, Hmac, Setting, SettingKind, Signature, SignedPart, Topic,
    Webhook,
};

/// The API version requests name unless the operator says otherwise.
pub const VERSION: &str = "2026-01-22";

/// When Square first tried to deliver this event; the same on every retry.
const FIRST_TRY: &str = "square-initial-delivery-timestamp";

/// One webhook: `{merchant_id, location_id?, type, event_id, created_at, data{type, id, deleted?, object?}}`.
#[derive(Debug)]
pub struct Envelope(Wire);

crate::members! {
    Wire {
        text: merchant_id, kind = "type", event_id, created_at;
        object: data: Data;
    }
    Data {
        text: id;
        raw: object;
    }
}

impl Envelope {
    /// The envelope, when the body is one of Square's: it has a `type`, and a merchant, an event or a `data.object`.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        let envelope = Self(members::read(body)?);
        let carries = envelope.raw_object().is_some_and(|object| object.get().starts_with('{'));
        let named = envelope.0.merchant_id.is_some() || envelope.0.event_id.is_some();
        ((named || carries) && !envelope.kind().is_empty()).then_some(envelope)
    }

    /// `inventory.count.updated`, `loyalty.account.created` …
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.kind.as_ref().map_or("", |kind| kind.0.as_str())
    }

    /// The same for every copy of this webhook; `fallback` where Square sent none.
    #[must_use]
    pub fn event_id(&self, fallback: &str) -> String {
        said(self.0.event_id.clone()).unwrap_or_else(|| fallback.to_owned())
    }

    /// When the webhook was made, the same on every retry: from the signed body, else from the (unsigned) header.
    #[must_use]
    pub fn created_at(&self, delivery: &Delivery) -> Option<i64> {
        time(&self.0.created_at).or_else(|| delivery.header(&[FIRST_TRY]).and_then(timestamp))
    }

    /// `data.id`. Usually the object's id, but not always (loyalty events): prefer the object's own.
    #[must_use]
    pub fn data_id(&self) -> Option<String> {
        said(self.0.data.as_ref().and_then(|data| data.id.clone()))
    }

    /// `data.object` as the connector's type.
    #[must_use]
    pub fn object<T: Members>(&self) -> Option<T> {
        members::read(self.raw_object()?.get())
    }

    fn raw_object(&self) -> Option<&RawValue> {
        self.0.data.as_ref()?.object.as_deref()
    }

    /// The webhook as a `provider.notice`: kept and counted, without anything but ids.
    #[must_use]
    pub fn notice(&self, delivery: &Delivery) -> Event {
        let mut other = Other::new(self.kind());
        other.extra =
            members::extras([("id", self.data_id()), ("merchant_id", said(self.0.merchant_id.clone()))]);
        let id = self.event_id(&fingerprint(&delivery.body));
        let at = self.created_at(delivery);
        Event::once("provider.notice", id, at, delivery.received_at, Payload::Other(other))
    }
}

/// The time a member says, in nanoseconds.
#[must_use]
pub fn time(text: &Option<Text>) -> Option<i64> {
    text.as_ref().and_then(|text| timestamp(&text.0))
}

/// A whole number of points however it is written (`10`, `"10"`, `10.0`); a fraction is `None`.
#[must_use]
pub fn whole(text: &Option<Text>) -> Option<i64> {
    /// [`crate::exact::quantity`] counts millionths.
    const MILLIONTHS: i64 = 1_000_000;
    let text = text.as_ref()?.0.trim();
    text.parse().ok().or_else(|| {
        let quantity = crate::exact::quantity(text).ok()?;
        (quantity % MILLIONTHS == 0).then_some(quantity / MILLIONTHS)
    })
}

/// How Square signs and names its webhooks: HMAC over the registered address and the raw body. `headers` are those
/// the connector wants to see besides Square's.
#[must_use]
pub fn webhook(headers: &[&str]) -> Webhook {
    let hmac = Hmac {
        headers: vec!["x-square-hmacsha256-signature".into()],
        secret: "webhook_secret".into(),
        signed: vec![SignedPart::PublicUrl, SignedPart::Body],
        prefix: String::new(),
        encoding: Encoding::Base64,
        time: None,
        or_minified: false,
    };
    Webhook {
        signature: Signature::Hmac(hmac),
        dedupe: Dedupe::JsonPointer("/event_id".into()),
        topic: Topic::JsonPointer("/type".into()),
        handshake: None,
        headers: std::iter::once(&FIRST_TRY).chain(headers).map(|&name| name.into()).collect(),
    }
}

/// Square's API, under the name `square`.
#[must_use]
pub fn endpoint(purpose: &str) -> Endpoint {
    Endpoint {
        name: "square".into(),
        purpose: purpose.into(),
        base_url: "https://connect.squareup.com".into(),
        paths: vec!["/v2/".into()],
        auth: Auth::Bearer("api_token".into()),
        rate: None,
    }
}

/// The settings of a Square connection; `alternative` is the other provider that can be read instead. Secrets are
/// optional because whoever uses the alternative alone has none of Square's.
#[must_use]
pub fn settings(alternative: &str) -> Vec<Setting> {
    let source = format!("Which of the two is polled and looked after: square or {alternative}");
    let optional = |key: &str, kind, default, help: &str| Setting::optional(key, kind, default, help);
    vec![
        optional(
            "webhook_secret",
            SettingKind::Secret,
            None,
            "Signature key of Square's webhook subscription",
        ),
        optional(
            "api_token",
            SettingKind::Secret,
            None,
            "Square's access token; only calls to Square need it",
        ),
        optional("square_version", SettingKind::Text, Some(VERSION), "Square-Version that calls name"),
        optional("source", SettingKind::Text, Some("square"), &source),
    ]
}

#[cfg(test)]
mod tests;
