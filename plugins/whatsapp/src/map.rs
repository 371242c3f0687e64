//! What WhatsApp's JSON means: wire → events. Pure and total; settings are passed in.
//!
//! An interaction's id is the message's `wamid`, the same in messages, statuses and the receipt of a send.

mod content;
mod order;
mod people;
mod status;
mod system;

use omnihub_plugin::exact::Text;
use omnihub_plugin::host::config;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members;
use omnihub_plugin::meta::{self, Entry, Envelope, Gather};
use omnihub_plugin::model::{Author, Direction, Interaction, Reaction};
use omnihub_plugin::{Delivery, Event, Failure, Payload, Remark, Report};

use crate::wire;
pub(crate) use people::Address;
use people::{People, Person};

/// Fields whose values this connector reads; any other becomes a notice.
const FIELDS: [&str; 3] = ["messages", "smb_message_echoes", "user_preferences"];
/// The lists such a value may hold.
const LISTS: [&str; 5] = ["messages", "message_echoes", "statuses", "errors", "user_preferences"];
/// What a notice shows of other fields: states, limits and templates, nothing of persons.
const SHOWN: [&str; 12] = [
    "event",
    "message_template_id",
    "message_template_name",
    "message_template_language",
    "reason",
    "decision",
    "current_limit",
    "old_limit",
    "new_quality_score",
    "previous_quality_score",
    "new_category",
    "code",
];

pub(crate) struct Settings {
    /// Stands in where a delivery does not say which business phone it is about.
    pub(crate) phone_number_id: Option<String>,
}

impl Settings {
    pub(crate) fn of_connection() -> Self {
        Self { phone_number_id: config::get("phone_number_id") }
    }
}

pub(crate) fn normalise(delivery: &Delivery, settings: &Settings) -> Result<Report, Failure> {
    let envelope = Envelope::read(&delivery.body)?;
    let mut map = Map { settings, received_at: delivery.received_at, gather: Gather::default() };
    if !envelope.is_about("whatsapp_business_account") {
        map.gather.add("", meta::notice(&envelope.object(), &delivery.body, None, delivery.received_at, &[]));
        return Ok(map.gather.finish());
    }
    for (index, entry) in envelope.into_entries().iter().enumerate() {
        let path = format!("/entry/{index}");
        match entry {
            Some(entry) => map.entry(&path, entry),
            None => map.malformed(&path, "the entry is not an object"),
        }
    }
    Ok(map.gather.finish())
}

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Customer,
    /// Somebody of the business, in WhatsApp's own app.
    Business,
}

/// Where an item stands, and what its surroundings say of it.
struct Place<'a> {
    path: String,
    raw: &'a str,
    /// Several business phones share a callback: threads are theirs.
    phone_number_id: Option<&'a str>,
    people: People<'a>,
    /// When the notification was made, where the entry says so.
    time: Option<i64>,
}

struct Map<'a> {
    settings: &'a Settings,
    received_at: i64,
    gather: Gather,
}

impl Map<'_> {
    fn entry(&mut self, path: &str, entry: &Entry) {
        let time = meta::time(entry.time.as_ref());
        let Some(changes) = &entry.changes else {
            return self.gather.note(path, Remark::Unknown, "the entry has no list of changes");
        };
        for (index, change) in changes.iter().enumerate() {
            let path = format!("{path}/changes/{index}");
            let Some(change) = change else {
                self.malformed(&path, "the change is not an object");
                continue;
            };
            let field = change.field.as_ref().map_or("", |field| &field.0);
            match &change.value {
                Some(value) => self.change(&format!("{path}/value"), field, value.get(), time),
                None => self.malformed(&path, "the change has no value"),
            }
        }
    }

    fn change(&mut self, path: &str, field: &str, raw: &str, time: Option<i64>) {
        let known = field.is_empty() || FIELDS.contains(&field);
        match members::read::<wire::Value>(raw).filter(|_| known) {
            Some(value) => self.value(path, field, raw, &value, time),
            None if known => self.malformed(path, "the value is not an object"),
            None => self.gather.add(path, meta::notice(field, raw, time, self.received_at, &SHOWN)),
        }
    }

    fn value(&mut self, path: &str, field: &str, raw: &str, value: &wire::Value, time: Option<i64>) {
        let phone_number_id = value.metadata.as_ref().and_then(|metadata| text(&metadata.phone_number_id));
        let phone_number_id = phone_number_id.as_deref().or(self.settings.phone_number_id.as_deref());
        let people = People::of(value.contacts.as_deref().unwrap_or_default());
        let lists = [
            ("messages", meta::items(value.messages.as_deref())),
            ("message_echoes", meta::items(value.message_echoes.as_deref())),
            ("statuses", meta::items(value.statuses.as_deref())),
            ("errors", meta::items(value.errors.as_deref())),
        ];
        let place = |list: &str, index: usize, raw| Place {
            path: format!("{path}/{list}/{index}"),
            raw,
            phone_number_id,
            people,
            time,
        };
        let mut is_empty = true;
        for (list, items) in &lists {
            is_empty &= items.is_none();
            for (index, item) in items.iter().flatten().enumerate() {
                let place = place(list, index, item.get());
                match *list {
                    "messages" => self.message(&place, Side::Customer),
                    "message_echoes" => self.message(&place, Side::Business),
                    "statuses" => self.status(&place),
                    _ => self.error(&place),
                }
            }
        }
        is_empty &= value.user_preferences.is_none();
        for (index, preference) in value.user_preferences.iter().flatten().enumerate() {
            self.preference(&place("user_preferences", index, raw), preference.as_ref());
        }
        let has = |members: &members::Object<'_>| LISTS.iter().any(|list| members.contains_key(*list));
        if is_empty && members::parse(raw).as_ref().is_some_and(has) {
            self.malformed(path, "the value's list is not a list");
        } else if is_empty {
            self.gather.add(path, meta::notice(field, raw, time, self.received_at, &SHOWN));
        }
    }

    /// An error of the account, not of a message.
    fn error(&mut self, place: &Place<'_>) {
        let event = meta::notice("errors", place.raw, place.time, self.received_at, &["code", "title"]);
        self.gather.add(&place.path, event);
    }

    fn message(&mut self, place: &Place<'_>, side: Side) {
        let Some(message) = members::read::<wire::Message>(place.raw) else {
            return self.malformed(&place.path, "the message is not an object");
        };
        let person = match side {
            Side::Customer => place.people.find(&message.from, &message.from_user_id),
            Side::Business => place.people.find(&message.to, &message.to_user_id),
        };
        let sent =
            Sent { person, time: meta::time(message.timestamp.as_ref()).or(place.time), message, side };
        match content::kind(&sent.message) {
            "reaction" => self.reaction(place, &sent),
            "edit" => self.edit(place, &sent),
            "revoke" => self.revoke(place, &sent),
            "system" => self.system(place, &sent),
            kind if content::is_known(kind) => self.content(place, &sent, kind),
            "" => self.malformed(&place.path, "the message has no type"),
            kind => {
                let event = meta::notice(kind, place.raw, sent.time, self.received_at, &[]);
                self.gather.add(&place.path, event);
            }
        }
    }

    fn content(&mut self, place: &Place<'_>, sent: &Sent, kind: &str) {
        let Some(id) = text(&sent.message.id) else {
            return self.malformed(&place.path, "the message has no id");
        };
        let mut told = Interaction { sent_at: sent.time, ..sent.news(place, &id) };
        (told.direction, told.author) = sent.direction();
        content::fill(&mut told, &sent.message, kind);
        if kind == "order" {
            told.order = Some(id.clone());
            self.order(place, sent, &id);
        }
        let name = if sent.side == Side::Customer { "message.received" } else { "message.sent" };
        self.once(place, name, id, sent.time, told);
    }

    fn reaction(&mut self, place: &Place<'_>, sent: &Sent) {
        let Some(reaction) = &sent.message.reaction else {
            return self.malformed(&place.path, "the reaction is not an object");
        };
        let (Some(id), Some(target)) = (text(&sent.message.id), text(&reaction.message_id)) else {
            return self.malformed(&place.path, "the reaction has no id or names no message");
        };
        let by = match sent.side {
            Side::Customer => sent.person.as_ref().map(Person::id),
            Side::Business => place.phone_number_id.map(Into::into),
        };
        let by = by.unwrap_or_else(|| "unknown".into());
        let told = Interaction {
            reaction: Some(Reaction { by, emoji: text(&reaction.emoji) }),
            ..sent.news(place, &target)
        };
        self.once(place, "message.reaction", id, sent.time, told);
    }

    fn edit(&mut self, place: &Place<'_>, sent: &Sent) {
        let edit = sent.message.edit.as_ref();
        let Some(target) = edit.and_then(|edit| text(&edit.original_message_id)) else {
            return self.malformed(&place.path, "the edit names no message");
        };
        let mut told = Interaction { edited: true, ..sent.news(place, &target) };
        (told.direction, told.author) = sent.direction();
        let edited = edit.and_then(|edit| edit.message.as_ref());
        if let Some(message) = edited.and_then(|raw| members::read::<wire::Message>(raw.get())) {
            content::amend(&mut told, &message);
        }
        let otherwise = text(&sent.message.id).unwrap_or_default();
        let payload = Payload::Interaction(told);
        let mut event =
            Event::dated("message.edited", &target, sent.time, &otherwise, self.received_at, payload);
        // Times are whole seconds: an edit comes after the message even within the same one.
        event.version = event.version.saturating_add(1);
        self.gather.add(&place.path, event);
    }

    fn revoke(&mut self, place: &Place<'_>, sent: &Sent) {
        let revoke = sent.message.revoke.as_ref();
        let Some(target) = revoke.and_then(|revoke| text(&revoke.original_message_id)) else {
            return self.malformed(&place.path, "the revocation names no message");
        };
        let mut told = Interaction { erased: true, ..sent.news(place, &target) };
        (told.direction, told.author) = sent.direction();
        self.once(place, "message.deleted", target, sent.time, told);
    }

    fn once(&mut self, place: &Place<'_>, name: &str, key: String, time: Option<i64>, told: Interaction) {
        let event = Event::once(name, key, time, self.received_at, Payload::Interaction(told));
        self.gather.add(&place.path, event);
    }

    fn malformed(&mut self, path: &str, reason: &str) {
        self.gather.note(path, Remark::Malformed, reason);
    }
}

/// A message with who and when.
struct Sent {
    message: wire::Message,
    person: Option<Person>,
    time: Option<i64>,
    side: Side,
}

impl Sent {
    /// A message of which only id and place are known.
    fn news(&self, place: &Place<'_>, id: &str) -> Interaction {
        Interaction {
            channel: Some("whatsapp".into()),
            customer: self.person.as_ref().map(Person::party),
            thread: thread(place, text(&self.message.group_id), self.person.as_ref()),
            ..Interaction::new(id)
        }
    }

    fn direction(&self) -> (Option<Direction>, Option<Author>) {
        match self.side {
            Side::Customer => (Some(Direction::Inbound), Some(Author::Customer)),
            Side::Business => (Some(Direction::Outbound), Some(Author::Human)),
        }
    }
}

/// A group is a thread of its own; else it is what the business phone and the customer say to each other.
fn thread(place: &Place<'_>, group: Option<String>, person: Option<&Person>) -> Option<String> {
    let with = group.or_else(|| person.map(Person::id))?;
    Some(format!("{}:{with}", place.phone_number_id?))
}

fn text(text: &Option<Text>) -> Option<String> {
    said(text.clone())
}
