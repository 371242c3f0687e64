//! Bodies to events, without side effects. Here: whose body it is, and what all event subscriptions share. What the API
//! tells of the same objects goes through the same functions, see `ticket`, `user`, `comment` and `rating`.

pub(crate) mod comment;
pub(crate) mod rating;
pub(crate) mod ticket;
mod trigger;
pub(crate) mod user;

use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::lenient;
use omnihub_plugin::members::{self, RawMember, extras};
use omnihub_plugin::model::{Identity, Other, Party};
use omnihub_plugin::{Delivery, Event, Failure, Payload, Remark, Report};

use crate::wire::{Change, Detail, Envelope};

/// What every type of event begins with.
const EVENT_TYPE: &str = "zen:event-type:";

/// What an operator may set about meaning.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Where the fields of a trigger's body are, see `trigger`.
    pub(crate) trigger_mapping: Option<String>,
    /// The user our API token belongs to, if nobody else writes as that user.
    pub(crate) api_user_id: Option<String>,
    /// "acme" of acme.zendesk.com.
    pub(crate) subdomain: Option<String>,
}

impl Settings {
    /// What whoever talks in a ticket of the messenger shares with whoever asked for it. Zendesk names the visitor by an
    /// id of the conversation service, the requester by another of Support, and an agent's answer names neither.
    fn conversation(&self, ticket: &str) -> Option<Identity> {
        let subdomain = self.subdomain.as_deref()?;
        Some(Identity::token("zendesk-conversation", format!("{subdomain}/{ticket}")))
    }
}

/// All that one delivery says.
pub(crate) fn report(delivery: &Delivery, settings: &Settings) -> Result<Report, Failure> {
    let not_an_object = || Failure::Rejected("the body is not a JSON object".into());
    let envelope: Envelope = members::read(&delivery.body).ok_or_else(not_an_object)?;
    // A trigger's body may well have a "type" of its own.
    let kind = envelope.kind.as_ref().and_then(|kind| kind.0.strip_prefix(EVENT_TYPE)).map(str::to_owned);
    match kind {
        Some(kind) => Told::of(envelope, &kind, delivery.received_at, settings).report(),
        None => trigger::report(delivery, settings.trigger_mapping.as_deref()),
    }
}

/// One event of a subscription.
struct Told<'a> {
    /// `ticket.created`: the type without what every type begins with.
    kind: &'a str,
    /// The event's own id.
    id: Option<String>,
    /// The id of what it is about.
    subject: Option<String>,
    time: Option<i64>,
    received_at: i64,
    detail: Detail,
    change: Change,
    settings: &'a Settings,
}

impl<'a> Told<'a> {
    fn of(envelope: Envelope, kind: &'a str, received_at: i64, settings: &'a Settings) -> Self {
        let detail = envelope.detail.unwrap_or_default();
        // "zen:ticket:5158"
        let subject =
            envelope.subject.and_then(|subject| Text(subject.0.rsplit(':').next()?.to_owned()).id());
        Self {
            kind,
            id: envelope.id.and_then(Text::id),
            subject: id(&detail.id).or(subject),
            time: time(&envelope.time),
            received_at,
            detail,
            change: envelope.event.unwrap_or_default(),
            settings,
        }
    }

    fn report(self) -> Result<Report, Failure> {
        match self.kind.split_once('.') {
            Some(("ticket", what)) => ticket::report(&self, what),
            Some(("messaging_ticket", "message_added")) => comment::message(&self),
            Some(("user", what)) => user::report(&self, what),
            Some(("organization", _)) => Ok(self.left_out("companies are not kept by the hub")),
            Some((agents, _)) if agents == "agent" || agents.starts_with("agent_") => {
                Ok(self.left_out("agents' working hours are not kept by the hub"))
            }
            _ => Ok(self.only(self.notice())),
        }
    }

    /// The id of the ticket or user, without which nothing can be said of it.
    fn about(&self) -> Result<&str, Failure> {
        self.subject.as_deref().ok_or_else(|| Failure::Rejected(format!("{} without id", self.kind)))
    }

    /// Something that happens once.
    fn once(&self, name: &str, key: &str, payload: Payload) -> Event {
        Event::once(name, key, self.time, self.received_at, payload)
    }

    /// Something that happens to an object again and again. The type is part of the key, because one action of an agent
    /// gives several events of one time.
    fn again(&self, name: &str, object: &str, payload: Payload) -> Event {
        let object = format!("{object}/{}", self.kind);
        let otherwise = self.id.as_deref().unwrap_or_default();
        Event::dated(name, &object, self.time, otherwise, self.received_at, payload)
    }

    /// What we have no model for: kept and counted, ids only.
    fn notice(&self) -> Event {
        let mut other = Other::new(self.kind);
        other.extra = extras([("id", self.subject.clone())]);
        let object = self.subject.as_deref().unwrap_or_default();
        let fallback = format!("{object}/{}@{}", self.kind, self.time.unwrap_or_default());
        self.once("provider.notice", self.id.as_deref().unwrap_or(&fallback), Payload::Other(other))
    }

    /// What we know and do not want.
    fn left_out(&self, reason: &str) -> Report {
        let mut report = Report::new();
        report.note("/type", Remark::Ignored, reason);
        report
    }

    fn only(&self, event: Event) -> Report {
        Report { events: vec![event], notes: Vec::new() }
    }
}

/// A Zendesk user as a party.
fn user_party(id: impl Into<String>, name: Option<String>) -> Party {
    Party { ids: vec![Identity::provider("user", id)], name }
}

/// An id; null, "", "0" and the system's "-1" are nobody.
fn id(text: &Option<Text>) -> Option<String> {
    text.clone().and_then(Text::id).filter(|id| id != "-1")
}

fn time(text: &Option<Text>) -> Option<i64> {
    text.as_ref().and_then(|text| exact::timestamp(&text.0))
}

const SECOND: i64 = 1_000_000_000;

/// Events have nanoseconds where the API has seconds: what both tell counts by the second.
fn whole_second(time: i64) -> i64 {
    time.saturating_sub(time.rem_euclid(SECOND))
}

/// The version of a whole object the API shows. What happened within a second that is over happened before this, also
/// where an event told it with more digits.
fn end_of_second(time: i64) -> i64 {
    whole_second(time).saturating_add(SECOND - 1)
}

/// Our effects' ids, which we give to what we make, come back with it.
fn effect(external_id: &Option<Text>) -> Option<String> {
    const EFFECT_DIGITS: usize = 32;
    let hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    let is_ours = |id: &String| id.len() == EFFECT_DIGITS && id.bytes().all(hex);
    lenient::said(external_id.clone()).filter(is_ours)
}

fn flag(text: &Option<Text>) -> Option<bool> {
    text.as_ref().and_then(|text| text.0.to_ascii_lowercase().parse().ok())
}

/// Words come in upper case in events, lower case in the API, and title case in triggers.
fn word(text: &Option<Text>) -> Option<String> {
    lenient::said(text.clone()).map(|text| text.trim().to_lowercase())
}

/// A status in the API's words; triggers write "On-hold".
fn status(text: &Option<Text>) -> Option<String> {
    word(text).map(|status| match status.as_str() {
        "on-hold" | "on hold" => "hold".to_owned(),
        _ => status,
    })
}

/// Tags as list, or as one text with spaces between them; null says nothing.
fn tags(raw: &Option<RawMember>) -> Option<Vec<String>> {
    let raw = raw.as_deref()?.get();
    let list =
        serde_json::from_str::<Vec<Text>>(raw).ok().map(|list| list.into_iter().map(|tag| tag.0).collect());
    list.or_else(|| Some(tag_words(&serde_json::from_str::<Text>(raw).ok()?.0)))
}

/// Zendesk's tags hold no spaces.
fn tag_words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// The channel of Zendesk's own messenger, and of what it brings in from others.
const MESSAGING: &str = "messaging";

/// The hub's channel of Zendesk's `via`: an open set, in events a code ("native_messaging"), in triggers a title
/// ("Phone call (incoming)"). What fits none keeps its name.
fn channel(via: &str) -> String {
    const MARKS: [(&str, &[&str]); 6] = [
        ("whatsapp", &["whatsapp"]),
        ("instagram", &["instagram"]),
        // Before "mail", for the sake of voicemail.
        ("phone", &["voice", "phone", "call"]),
        ("email", &["mail"]),
        ("sms", &["sms", "text message"]),
        (MESSAGING, &["chat", "messaging", "messenger", "facebook"]),
    ];
    let via = via.trim().to_lowercase();
    let marked = MARKS.iter().find(|(_, marks)| marks.iter().any(|mark| via.contains(mark)));
    match (marked, via.as_str()) {
        (Some((channel, _)), _) => (*channel).to_owned(),
        (None, "web_service" | "web service" | "web service (api)") => "api".to_owned(),
        (None, web) if web.starts_with("web") || web.starts_with("help") => "web".to_owned(),
        (None, _) => via,
    }
}
