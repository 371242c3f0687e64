//! What the connectors for Meta's products share: the webhook's declaration and envelope, and gathering events of a
//! batch that may repeat itself. Calls of the Graph API and what their answers mean are in [`graph`], what an effect
//! asks for in [`effect`]. What is inside an entry is the connector's.

pub mod effect;
pub mod graph;
pub mod scripted;

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::dated::fingerprint;
use crate::exact::{Text, unix_or_iso};
use crate::members::{self, Members, Object};
use crate::model::{Event, Other, Payload, Remark, Report};
use crate::{
    Auth, Dedupe, Encoding, Endpoint, Failure, Handshake, Hmac, Rate, Setting, SettingKind, Signature,
    SignedPart, Topic, Webhook, lenient,
};

/// The API version requests name unless the operator says otherwise.
pub const VERSION: &str = "v25.0";

/// What rules may count on from a message of any of them; see [`Manifest::fills`](crate::Manifest::fills).
pub const FILLS: &[&str] = &[
    "interaction.author",
    "interaction.channel",
    "interaction.direction",
    "interaction.id",
    "interaction.kind",
    "interaction.sender",
    "interaction.sent_at",
    "interaction.text",
    "interaction.thread",
];

/// Longer "words" than this are not names of anything of Meta's.
const WORD_MAX: usize = 64;

/// How Meta signs and what it sends: the raw body with the app secret, no delivery id, no topic outside the body.
#[must_use]
pub fn webhook() -> Webhook {
    Webhook {
        signature: Signature::Hmac(Hmac {
            headers: vec!["x-hub-signature-256".into()],
            secret: "webhook_secret".into(),
            signed: vec![SignedPart::Body],
            prefix: "sha256=".into(),
            encoding: Encoding::Hex,
            // Meta signs no time, so there is no window to check.
            time: None,
            or_minified: false,
        }),
        dedupe: Dedupe::Body,
        topic: Topic::None,
        handshake: Some(Handshake::Meta("verify_token".into())),
        headers: Vec::new(),
    }
}

/// The settings every Graph connector has.
#[must_use]
pub fn settings() -> Vec<Setting> {
    vec![
        Setting::secret(
            "webhook_secret",
            "App secret of the app whose webhook this is; signs every delivery",
        ),
        Setting::secret(
            "verify_token",
            "The token typed in beside the callback URL; answers Meta's handshake",
        ),
        Setting::optional(
            "api_token",
            SettingKind::Secret,
            None,
            "Access token; only receiving does without it",
        ),
        Setting::optional(
            "api_version",
            SettingKind::Text,
            Some(VERSION),
            "Version of the Graph API to call",
        ),
    ]
}

/// The endpoint "graph": every path of the API begins with its version.
pub fn endpoint(base_url: impl Into<String>, purpose: impl Into<String>, rate: Rate) -> Endpoint {
    Endpoint {
        name: "graph".into(),
        purpose: purpose.into(),
        base_url: base_url.into(),
        paths: vec!["/v".into()],
        auth: Auth::Bearer("api_token".into()),
        rate: Some(rate),
    }
}

/// One delivery: `{object, entry: [{id, time, …}]}`, up to a thousand updates.
#[derive(Debug)]
pub struct Envelope {
    object: Option<Text>,
    /// In their order; `None` stands for an entry that is no object.
    entries: Option<Vec<Option<Entry>>>,
}

impl Members for Envelope {
    fn of(object: &Object<'_>) -> Self {
        Self { object: members::text(object, "object"), entries: members::list(object, "entry") }
    }
}

/// What one account has to say, in whichever container it came.
#[derive(Debug)]
pub struct Entry {
    /// The account or business account the entry is about.
    pub id: Option<Text>,
    /// When the notification was made.
    pub time: Option<Text>,
    /// `[{field, value}]`.
    pub changes: Option<Vec<Option<Change>>>,
    /// Messages and what happens to them.
    pub messaging: Option<Vec<Box<RawValue>>>,
    /// The same while another app owns the thread.
    pub standby: Option<Vec<Box<RawValue>>>,
    /// A single change without the list around it.
    pub change: Change,
}

impl Members for Entry {
    fn of(object: &Object<'_>) -> Self {
        Self {
            id: members::text(object, "id"),
            time: members::text(object, "time"),
            changes: members::list(object, "changes"),
            messaging: items(members::raw(object, "messaging").as_deref()),
            standby: items(members::raw(object, "standby").as_deref()),
            change: Change::of(object),
        }
    }
}

/// A change of one field the app has subscribed to.
#[derive(Debug)]
pub struct Change {
    /// The field's name, which stands for the topic.
    pub field: Option<Text>,
    /// What is said of it.
    pub value: Option<Box<RawValue>>,
}

impl Members for Change {
    fn of(object: &Object<'_>) -> Self {
        Self { field: members::text(object, "field"), value: members::raw(object, "value") }
    }
}

impl Envelope {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Failure::Rejected`] when it is not JSON or neither `object` nor `entry` tell it for one of Meta's.
    pub fn read(body: &str) -> Result<Self, Failure> {
        let envelope: Self =
            members::read(body).ok_or_else(|| Failure::Rejected("the body is not a JSON object".into()))?;
        if envelope.object.is_none() && envelope.entries.is_none() {
            return Err(Failure::Rejected("the body has neither object nor entry".into()));
        }
        Ok(envelope)
    }

    /// Whether it is about this object; test tools leave `object` away, so absence counts as yes.
    #[must_use]
    pub fn is_about(&self, object: &str) -> bool {
        self.object.as_ref().is_none_or(|named| named.0 == object)
    }

    /// The word for what it is about, fit to be shown.
    #[must_use]
    pub fn object(&self) -> String {
        word(self.object.as_ref().map_or("", |object| &object.0))
    }

    /// The entries in their order.
    #[must_use]
    pub fn into_entries(self) -> Vec<Option<Entry>> {
        self.entries.unwrap_or_default()
    }
}

/// A report in the making.
#[derive(Debug, Default)]
pub struct Gather {
    report: Report,
    said: BTreeSet<(String, String)>,
}

impl Gather {
    /// Adds an event, once: Meta repeats a message inside one delivery.
    pub fn add(&mut self, path: &str, event: Event) {
        if self.said.insert((event.name.clone(), event.key.clone())) {
            self.report.events.push(event);
        } else {
            self.note(path, Remark::Ignored, "says again what this delivery has said already");
        }
    }

    /// Says what became of a part that gave no event.
    pub fn note(&mut self, path: &str, remark: Remark, reason: &str) {
        self.report.note(path, remark, reason);
    }

    /// The report of a page, which may have nothing in it.
    #[must_use]
    pub fn finish_page(self) -> Report {
        self.report
    }

    /// The report; a delivery in which there was nothing says so.
    #[must_use]
    pub fn finish(mut self) -> Report {
        if self.report.events.is_empty() && self.report.notes.is_empty() {
            self.report.note("", Remark::Ignored, "the delivery has nothing in it");
        }
        self.report
    }
}

/// Something the hub has no model for: kept and counted. The key follows from what was said, because Meta names no
/// delivery; a copy is the same bytes.
#[must_use]
pub fn notice(topic: &str, said: &str, time: Option<i64>, received_at: i64, extra: &[&str]) -> Event {
    let topic = word(topic);
    let mut other = Other::new(topic.clone());
    other.extra = scalars(said, extra);
    let moment = time.map(|time| time.to_string()).unwrap_or_default();
    let key = format!("{topic}:{}", fingerprint(&format!("{moment}{said}")));
    Event::once("provider.notice", key, time, received_at, Payload::Other(other))
}

/// The scalar members of an object that have one of these names.
#[must_use]
pub fn scalars(object: &str, names: &[&str]) -> Vec<(String, String)> {
    let Some(object) = members::parse(object) else { return Vec::new() };
    let said = |name: &str| Some((name.to_owned(), lenient::said(members::text(&object, name))?));
    names.iter().filter_map(|name| said(name)).collect()
}

/// The items of a list, each as written, `None` for anything but a list.
#[must_use]
pub fn items(list: Option<&RawValue>) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(list?.get()).ok()
}

/// A time in any of Meta's forms. Zero, negative numbers and the placeholders of its test tools are none.
#[must_use]
pub fn time(text: Option<&Text>) -> Option<i64> {
    unix_or_iso(&text?.0).filter(|time| *time > 0)
}

/// A flag, which test tools write as text.
#[must_use]
pub fn flag(text: Option<&Text>) -> bool {
    text.is_some_and(|text| matches!(text.0.as_str(), "true" | "1"))
}

/// A provider's word as a topic. What does not look like a name might be anything, a person's data too.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_word = !text.is_empty() && text.len() <= WORD_MAX && text.bytes().all(plain);
    if is_word { text.to_owned() } else { "unnamed".to_owned() }
}

#[cfg(test)]
mod tests;
