//! What every connector for a Square product shares: the webhook's envelope and declaration, the endpoint and the
//! settings. Says nothing about what is inside `data.object`: that is the connector's.

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
    }
}

/// The settings of a Square connection; `alternative` is the other provider whose bodies the connector understands.
#[must_use]
pub fn settings(alternative: &str) -> Vec<Setting> {
    let provider =
        format!("Who mostly sends here: square or {alternative}. Only a hint: both are understood.");
    vec![
        Setting::secret("webhook_secret", "Signature key of the webhook subscription"),
        Setting::optional(
            "api_token",
            SettingKind::Secret,
            None,
            "Access token; only calls to Square need it",
        ),
        Setting::optional(
            "square_version",
            SettingKind::Text,
            Some(VERSION),
            "Square-Version that calls name",
        ),
        Setting::optional("provider", SettingKind::Text, Some("square"), provider),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn delivery(body: &str, first_try: Option<&str>) -> Delivery {
        let header = |value: &str| Header { name: FIRST_TRY.into(), value: value.into() };
        let headers = first_try.map(header).into_iter().collect();
        Delivery { topic: None, headers, body: body.into(), received_at: 7 }
    }

    #[test]
    fn an_envelope_needs_a_type_and_a_sender() {
        assert!(Envelope::read(r#"{"type": "a.b", "merchant_id": "M"}"#).is_some());
        assert!(Envelope::read(r#"{"type": "a.b", "event_id": "E"}"#).is_some());
        assert!(Envelope::read(r#"{"type": "a.b", "data": {"object": {}}}"#).is_some());
        assert!(Envelope::read(r#"{"type": "a.b", "data": {"object": "event"}}"#).is_none());
        assert!(Envelope::read(r#"{"type": {}, "merchant_id": "M"}"#).is_none());
        assert!(Envelope::read(r#"["M", "a.b"]"#).is_none());
    }

    #[test]
    fn the_signed_time_wins_over_the_header() {
        let created =
            |body: &str, first_try| Envelope::read(body).unwrap().created_at(&delivery(body, first_try));
        let first_try = Some("1970-01-01T00:00:09Z");
        let signed = r#"{"type": "a", "event_id": "E", "created_at": "1970-01-01T00:00:02Z"}"#;
        assert_eq!(created(signed, first_try), Some(2_000_000_000));
        let bare = r#"{"type": "a", "event_id": "E"}"#;
        assert_eq!(created(bare, first_try), Some(9_000_000_000));
        assert_eq!(created(bare, None), None);
    }

    #[test]
    fn a_notice_names_ids_and_nothing_else() {
        let body = r#"{"type": "x.y", "event_id": "E", "merchant_id": "M", "data": {"id": "D", "object": {"n": 1}}}"#;
        let event = Envelope::read(body).unwrap().notice(&delivery(body, None));
        assert_eq!((event.key.as_str(), event.version, event.happened_at), ("E", 0, 7));
        let Payload::Other(other) = event.payload else { panic!("{:?}", event.payload) };
        assert_eq!(other.extra, [("id".into(), "D".into()), ("merchant_id".into(), "M".into())]);
    }

    #[test]
    fn points_are_whole() {
        let number = |text: &str| whole(&Some(Text(text.into())));
        assert_eq!(number("-10"), Some(-10));
        assert_eq!(number("10.0"), Some(10));
        assert_eq!(number("9223372036854775807"), Some(i64::MAX));
        assert_eq!(number("1.5"), None);
        assert_eq!(number("many"), None);
    }
}
