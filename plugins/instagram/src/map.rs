//! What Instagram's JSON means: wire → events. Pure and total; settings are passed in.
//!
//! An interaction's id is `<customer>:<mid>`, in every delivery and in the receipt of a send: some senders share a mid,
//! none shares both. What names no customer therefore names no message.

mod comment;
mod history;
mod message;
mod sides;

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::exact::Text;
use omnihub_plugin::host::config;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::{self, extras};
use omnihub_plugin::meta::{self, Change, Entry, Envelope, Gather, flag};
use omnihub_plugin::model::{Customer, DeliveryStatus, Direction, Identity, Interaction, Party, Reaction};
use omnihub_plugin::{Delivery, Event, Failure, Payload, Remark, Report};

use crate::manifest::REFERRAL_PREFIX;
use crate::wire;
use sides::Sides;

/// An edit's place among the edits of its message fits between two milliseconds.
const EDITS_MAX: i64 = 999_999;

pub(crate) struct Settings {
    /// Tells our side of a message where the entry does not.
    pub(crate) account_id: Option<String>,
    /// Empty: no referral is a token.
    pub(crate) referral_prefix: String,
}

impl Settings {
    pub(crate) fn of_connection() -> Self {
        Self {
            account_id: config::get("account_id"),
            referral_prefix: config::get("referral_prefix").unwrap_or_else(|| REFERRAL_PREFIX.into()),
        }
    }
}

pub(crate) fn interaction_id(customer: &str, mid: &str) -> String {
    format!("{customer}:{mid}")
}

pub(crate) fn normalise(delivery: &Delivery, settings: &Settings) -> Result<Report, Failure> {
    let envelope = Envelope::read(&delivery.body)?;
    let mut map = Map::new(settings, delivery.received_at);
    if !envelope.is_about("instagram") {
        map.gather.add("", meta::notice(&envelope.object(), &delivery.body, None, delivery.received_at, &[]));
        return Ok(map.finish());
    }
    for (index, entry) in envelope.into_entries().iter().enumerate() {
        let path = format!("/entry/{index}");
        match entry {
            Some(entry) => map.entry(&path, entry),
            None => map.malformed(&path, "the entry is not an object"),
        }
    }
    Ok(map.finish())
}

/// Whose turn it is to answer in a thread.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Us,
    /// Another app has the thread: what is said in it is recorded, and marked so that nothing answers.
    AnotherApp,
}

/// What an entry says of all its items.
struct Frame {
    account: Option<String>,
    time: Option<i64>,
}

/// What an item says whatever happened in it.
struct Said<'a> {
    path: &'a str,
    raw: &'a str,
    sides: Option<Sides>,
    time: Option<i64>,
    owner: Owner,
}

/// Events in the making, of a delivery or of a page.
pub(crate) struct Map<'a> {
    settings: &'a Settings,
    received_at: i64,
    gather: Gather,
}

impl<'a> Map<'a> {
    pub(crate) fn new(settings: &'a Settings, received_at: i64) -> Self {
        Self { settings, received_at, gather: Gather::default() }
    }

    pub(crate) fn finish(self) -> Report {
        self.gather.finish()
    }
}

impl Map<'_> {
    fn entry(&mut self, path: &str, entry: &Entry) {
        let frame = Frame {
            // The dashboard's test button sends the id "0".
            account: entry.id.clone().and_then(Text::id),
            time: meta::time(entry.time.as_ref()),
        };
        let lists =
            [("messaging", &entry.messaging, Owner::Us), ("standby", &entry.standby, Owner::AnotherApp)];
        for (name, items, owner) in lists {
            for (index, item) in items.iter().flatten().enumerate() {
                self.item(&format!("{path}/{name}/{index}"), item.get(), &frame, owner);
            }
        }
        for (index, change) in entry.changes.iter().flatten().enumerate() {
            let path = format!("{path}/changes/{index}");
            match change {
                Some(change) => self.change(&path, change, &frame),
                None => self.malformed(&path, "the change is not an object"),
            }
        }
        if entry.change.field.is_some() {
            self.change(path, &entry.change, &frame);
        } else if entry.messaging.is_none() && entry.standby.is_none() && entry.changes.is_none() {
            self.gather.note(path, Remark::Unknown, "the entry has no list this connector knows");
        }
    }

    fn change(&mut self, path: &str, change: &Change, frame: &Frame) {
        let field = change.field.as_ref().map_or("", |field| &field.0);
        let Some(value) = &change.value else { return self.malformed(path, "the change has no value") };
        let path = format!("{path}/value");
        let members = members::parse(value.get()).unwrap_or_default();
        if matches!(field, "comments" | "live_comments") {
            self.comment(&path, value.get(), frame);
        } else if field == "mentions" {
            self.mention(&path, value.get(), frame);
        } else if wire::HAPPENINGS.iter().any(|name| members.contains_key(*name)) {
            let owner = if field == "standby" { Owner::AnotherApp } else { Owner::Us };
            self.item(&path, value.get(), frame, owner);
        } else {
            let shown = ["media_id"];
            self.gather.add(&path, meta::notice(field, value.get(), frame.time, self.received_at, &shown));
        }
    }

    fn item(&mut self, path: &str, raw: &str, frame: &Frame, owner: Owner) {
        match members::read::<wire::Item>(raw) {
            Some(item) => self.happened(path, raw, &item, frame, owner),
            None => self.malformed(path, "the item is not an object"),
        }
    }

    fn happened(&mut self, path: &str, raw: &str, item: &wire::Item, frame: &Frame, owner: Owner) {
        if is_own_test(item) {
            return self.gather.note(path, Remark::Ignored, "the account wrote to itself to test");
        }
        let said = Said {
            path,
            raw,
            sides: Sides::of(item, frame.account.as_deref(), self.settings.account_id.as_deref()),
            time: meta::time(item.timestamp.as_ref()).or(frame.time),
            owner,
        };
        let wire::Item { message, postback, reaction, read, referral, message_edit, .. } = item;
        match (message, postback, reaction, read, message_edit, referral) {
            (Some(message), ..) => self.message(&said, message),
            (_, Some(postback), ..) => self.postback(&said, postback),
            (_, _, Some(reaction), ..) => self.reaction(&said, reaction),
            (_, _, _, Some(read), ..) => self.read(&said, read),
            (_, _, _, _, Some(edit), _) => self.edit(&said, edit),
            (.., Some(referral)) => self.referral(&said, referral),
            _ => self.unknown(&said),
        }
    }

    fn reaction(&mut self, said: &Said<'_>, reaction: &wire::Reaction) {
        let Some((sides, mid)) = self.named(said, &reaction.mid) else { return };
        let taken_back = reaction.action.as_ref().is_some_and(|action| action.0 == "unreact");
        // "other" is Meta's own word for an emoji it has no name for.
        let shown = || text(&reaction.emoji).or_else(|| text(&reaction.reaction)).or(Some("other".into()));
        let emoji = if taken_back { None } else { shown() };
        let mut told = self.news(sides, &mid);
        let object = format!("{}@{}:{}", told.id, sides.by, emoji.as_deref().unwrap_or("-"));
        told.reaction = Some(Reaction { by: sides.by.clone(), emoji });
        let payload = Payload::Interaction(told);
        let event = Event::dated("message.reaction", &object, said.time, "", self.received_at, payload);
        self.gather.add(said.path, event);
    }

    fn read(&mut self, said: &Said<'_>, read: &wire::Read) {
        if text(&read.mid).is_none() {
            return self
                .gather
                .add(said.path, meta::notice("read", said.raw, said.time, self.received_at, &[]));
        }
        let Some((sides, mid)) = self.named(said, &read.mid) else { return };
        // Who reads a message did not write it.
        let direction = if sides.outbound { Direction::Inbound } else { Direction::Outbound };
        let told = Interaction {
            direction: Some(direction),
            status: Some(DeliveryStatus::Read),
            ..self.news(sides, &mid)
        };
        self.once(said, "message.read", told);
    }

    fn edit(&mut self, said: &Said<'_>, edit: &wire::Edit) {
        let new_text = text(&edit.text);
        let count: Option<i64> = text(&edit.num_edit).and_then(|count| count.trim().parse().ok());
        if new_text.is_none() && (said.sides.is_none() || count.unwrap_or(0) <= 0) {
            return self.gather.note(said.path, Remark::Ignored, "the edit does not say what was changed");
        }
        let Some((sides, mid)) = self.named(said, &edit.mid) else { return };
        let told = Interaction {
            direction: Some(sides.direction()),
            author: Some(sides.author()),
            text: new_text,
            edited: true,
            ..self.news(sides, &mid)
        };
        let count = count.filter(|count| *count > 0);
        let id = told.id.clone();
        let otherwise = fingerprint(told.text.as_deref().unwrap_or_default());
        let payload = Payload::Interaction(told);
        let mut event = Event::dated("message.edited", &id, said.time, &otherwise, self.received_at, payload);
        if let Some(count) = count {
            event.key = format!("{id}@{count}");
            // Later edits win, also those of the same millisecond and those without a time.
            event.version = event.version.saturating_add(count.min(EDITS_MAX));
        }
        self.gather.add(said.path, event);
    }

    /// A thread was opened through a link or an ad, with no message in it yet.
    fn referral(&mut self, said: &Said<'_>, referral: &wire::Referral) {
        let Some(sides) = self.customer(said) else { return };
        let mut who = Some(sides.party());
        let mut extra = Vec::new();
        self.refer(&mut who, &mut extra, referral);
        extra.extend(standby(said.owner));
        let object = format!("{}:referral", sides.customer);
        let otherwise = fingerprint(said.raw);
        let Some(who) = who else { return };
        let customer = Customer { extra, ..Customer::new(who) };
        let payload = Payload::Customer(customer);
        let event =
            Event::dated("customer.updated", &object, said.time, &otherwise, self.received_at, payload);
        self.gather.add(said.path, event);
    }

    fn unknown(&mut self, said: &Said<'_>) {
        let members = members::parse(said.raw).unwrap_or_default();
        if wire::HAPPENINGS.iter().any(|name| members.contains_key(*name)) {
            return self.malformed(said.path, "what happened cannot be read");
        }
        match members.keys().find(|name| !wire::FRAME.contains(&name.as_str())) {
            Some(topic) => {
                self.gather.add(said.path, meta::notice(topic, said.raw, said.time, self.received_at, &[]));
            }
            None => self.malformed(said.path, "the item does not say what happened"),
        }
    }

    /// The customer and the mid, which together name a message.
    fn named<'s>(&mut self, said: &'s Said<'_>, mid: &Option<Text>) -> Option<(&'s Sides, String)> {
        let Some(mid) = text(mid) else {
            self.malformed(said.path, "the message has no mid");
            return None;
        };
        Some((self.customer(said)?, mid))
    }

    fn customer<'s>(&mut self, said: &'s Said<'_>) -> Option<&'s Sides> {
        if said.sides.is_none() {
            self.malformed(said.path, "neither sender nor recipient is a customer");
        }
        said.sides.as_ref()
    }

    /// A message of which only id and place are known.
    fn news(&self, sides: &Sides, mid: &str) -> Interaction {
        Interaction {
            channel: Some("instagram".into()),
            customer: Some(sides.party()),
            thread: sides.thread(),
            ..Interaction::new(interaction_id(&sides.customer, mid))
        }
    }

    /// A link from an order's page proves whose order it is; any other referral is only told.
    fn refer(
        &self,
        customer: &mut Option<Party>,
        extra: &mut Vec<(String, String)>,
        referral: &wire::Referral,
    ) {
        let reference = text(&referral.reference);
        let prefix = self.settings.referral_prefix.as_str();
        let token =
            reference.as_deref().filter(|_| !prefix.is_empty()).and_then(|it| it.strip_prefix(prefix));
        match (token.filter(|token| !token.is_empty()), customer) {
            (Some(token), Some(customer)) => customer.ids.push(Identity::token("order-status", token)),
            _ => extra.extend(extras([("referral_ref", reference)])),
        }
        extra.extend(extras([
            ("referral_source", text(&referral.source)),
            ("referral_type", text(&referral.kind)),
            ("ad_id", text(&referral.ad_id)),
        ]));
    }

    fn once(&mut self, said: &Said<'_>, name: &str, told: Interaction) {
        let id = told.id.clone();
        let event = Event::once(name, id, said.time, self.received_at, Payload::Interaction(told));
        self.gather.add(said.path, event);
    }

    fn malformed(&mut self, path: &str, reason: &str) {
        self.gather.note(path, Remark::Malformed, reason);
    }
}

fn is_own_test(item: &wire::Item) -> bool {
    flag(item.is_self.as_ref())
        || item.message.as_ref().is_some_and(|message| flag(message.is_self.as_ref()))
        || item.postback.as_ref().is_some_and(|postback| flag(postback.is_self.as_ref()))
}

fn standby(owner: Owner) -> Option<(String, String)> {
    (owner == Owner::AnotherApp).then(|| ("standby".into(), "true".into()))
}

fn text(text: &Option<Text>) -> Option<String> {
    said(text.clone())
}
