//! What every connector for a Square product shares: the webhook's envelope and declaration, the endpoint and the
//! settings. Says nothing about what is inside `data.object`: that is the connector's.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::exact::{Text, timestamp};
use crate::lenient;
use crate::model::{Event, Header, Other, Payload};
use crate::{
    Auth, Dedupe, Encoding, Endpoint, Hmac, Setting, SettingKind, Signature, SignedPart, Topic, Webhook,
};

/// The API version requests name unless the operator says otherwise.
pub const VERSION: &str = "2026-01-22";

/// When Square first tried to deliver this event; the same on every retry.
const FIRST_TRY: &str = "square-initial-delivery-timestamp";

/// One webhook: `{merchant_id, location_id?, type, event_id, created_at, data{type, id, deleted?, object?}}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Envelope {
    #[serde(deserialize_with = "lenient::field")]
    merchant_id: Option<Text>,
    #[serde(rename = "type", deserialize_with = "lenient::field")]
    kind: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    event_id: Option<Text>,
    #[serde(deserialize_with = "lenient::field")]
    created_at: Option<Text>,
    #[serde(deserialize_with = "lenient::object")]
    data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data {
    #[serde(deserialize_with = "lenient::field")]
    id: Option<Text>,
    #[serde(deserialize_with = "lenient::raw")]
    object: Option<Box<RawValue>>,
}

impl Envelope {
    /// The envelope, when the body is one of Square's: it has a `type`, and a merchant, an event or a `data.object`.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        let envelope: Self = lenient::from_object(body)?;
        let carries = envelope.raw_object().is_some_and(|object| object.get().starts_with('{'));
        let named = envelope.merchant_id.is_some() || envelope.event_id.is_some();
        ((named || carries) && !envelope.kind().is_empty()).then_some(envelope)
    }

    /// `inventory.count.updated`, `loyalty.account.created` …
    #[must_use]
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    /// The same for every copy of this webhook; `fallback` where Square sent none.
    #[must_use]
    pub fn event_id(&self, fallback: &str) -> String {
        lenient::said(self.event_id.clone()).unwrap_or_else(|| fallback.to_owned())
    }

    /// When the webhook was made, the same on every retry: from the signed body, else from the (unsigned) header.
    #[must_use]
    pub fn created_at(&self, headers: &[Header]) -> Option<i64> {
        let header = || headers.iter().find(|header| header.name == FIRST_TRY).map(|header| header.value.as_str());
        time(&self.created_at).or_else(|| header().and_then(timestamp))
    }

    /// `data.id`. Usually the object's id, but not always (loyalty events): prefer the object's own.
    #[must_use]
    pub fn data_id(&self) -> Option<String> {
        lenient::said(self.data.as_ref().and_then(|data| data.id.clone()))
    }

    /// `data.object` as the connector's type.
    #[must_use]
    pub fn object<T: DeserializeOwned>(&self) -> Option<T> {
        lenient::from_object(self.raw_object()?.get())
    }

    fn raw_object(&self) -> Option<&RawValue> {
        self.data.as_ref()?.object.as_deref()
    }

    /// The webhook as a `provider.notice`: kept and counted, without anything but ids.
    #[must_use]
    pub fn notice(&self, headers: &[Header], fallback_id: &str, received_at: i64) -> Event {
        let mut other = Other::new(self.kind());
        other.extra.extend(self.data_id().map(|id| ("id".to_owned(), id)));
        other.extra.extend(lenient::said(self.merchant_id.clone()).map(|id| ("merchant_id".to_owned(), id)));
        let id = self.event_id(fallback_id);
        Event::once("provider.notice", id, self.created_at(headers), received_at, Payload::Other(other))
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
    let provider = format!("Who mostly sends here: square or {alternative}. Only a hint: both are understood.");
    vec![
        Setting::secret("webhook_secret", "Signature key of the webhook subscription"),
        Setting::optional("api_token", SettingKind::Secret, None, "Access token; only calls to Square need it"),
        Setting::optional("square_version", SettingKind::Text, Some(VERSION), "Square-Version that calls name"),
        Setting::optional("provider", SettingKind::Text, Some("square"), provider),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &str) -> Vec<Header> {
        vec![Header { name: FIRST_TRY.into(), value: value.into() }]
    }

    #[test]
    fn an_envelope_needs_a_type_and_a_sender() {
        assert!(Envelope::read(r#"{"type": "a.b", "merchant_id": "M"}"#).is_some());
        assert!(Envelope::read(r#"{"type": "a.b", "event_id": "E"}"#).is_some());
        assert!(Envelope::read(r#"{"type": "a.b", "data": {"object": {}}}"#).is_some());
        assert!(Envelope::read(r#"{"type": "a.b", "data": {"object": "event"}}"#).is_none());
        assert!(Envelope::read(r#"{"type": 7, "merchant_id": "M"}"#).is_none());
        assert!(Envelope::read(r#"["M", "a.b"]"#).is_none());
    }

    #[test]
    fn the_signed_time_wins_over_the_header() {
        let read = |body| Envelope::read(body).unwrap();
        let signed = read(r#"{"type": "a", "event_id": "E", "created_at": "1970-01-01T00:00:02Z"}"#);
        assert_eq!(signed.created_at(&header("1970-01-01T00:00:09Z")), Some(2_000_000_000));
        let bare = read(r#"{"type": "a", "event_id": "E"}"#);
        assert_eq!(bare.created_at(&header("1970-01-01T00:00:09Z")), Some(9_000_000_000));
        assert_eq!(bare.created_at(&[]), None);
    }

    #[test]
    fn a_notice_names_ids_and_nothing_else() {
        let body = r#"{"type": "x.y", "event_id": "E", "merchant_id": "M", "data": {"id": "D", "object": {"n": 1}}}"#;
        let event = Envelope::read(body).unwrap().notice(&[], "fallback", 7);
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
