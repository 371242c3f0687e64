//! A contact: one stretch of talk a customer began. Providers of messengers keep one thread for ever and desks one per
//! ticket; a stretch is alike on both, so that channels can be compared.

use std::time::Duration;

use hub_model::Timestamp;
use hub_model::event::{Author, DeliveryStatus, Direction};

use crate::read::conversations::{ConversationView, Heard, Talks};

/// Answered, and silent for so long, a contact is over: the window messengers give for free answers.
const OVER_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// Whoever comes back within this time was not helped; whoever is not answered for so long has given up. The field's
/// usual window for repeat contacts.
pub(super) const BACK_WITHIN: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What one entry adds to the time people worked, at most: Zendesk takes an agent to be elsewhere after ten minutes.
const WORK_MAX: Duration = Duration::from_secs(10 * 60);

pub(super) struct Contact<'t> {
    pub(super) talk: &'t ConversationView,
    /// Oldest first; the first one is the customer's.
    entries: Vec<&'t Heard>,
    pub(super) first: &'t Heard,
    pub(super) begun: Timestamp,
    pub(super) last: Timestamp,
}

/// All contacts in a customer's talk, the first one first.
pub(super) fn contacts(talks: &Talks) -> Vec<Contact<'_>> {
    let mut contacts = Vec::new();
    for (talk, members) in talks.conversations.iter().zip(&talks.members) {
        let entries = members.iter().filter_map(|(place, _)| talks.heard.get(*place));
        split(talk, entries, &mut contacts);
    }
    contacts.sort_by_key(|contact| (contact.begun, contact.first.id()));
    contacts
}

fn split<'t>(
    talk: &'t ConversationView,
    oldest_first: impl Iterator<Item = &'t Heard>,
    contacts: &mut Vec<Contact<'t>>,
) {
    let mut open: Option<Contact<'t>> = None;
    let mut waits = false;
    for entry in oldest_first {
        let patience = if waits { BACK_WITHIN } else { OVER_AFTER };
        let is_over = |contact: &mut Contact<'_>| entry.place.at.since(contact.last) > patience;
        contacts.extend(open.take_if(is_over));
        match &mut open {
            Some(contact) => contact.add(entry),
            None if asks(entry) => open = Some(Contact::begin(talk, entry)),
            // We wrote first, or they only said thanks.
            None => continue,
        }
        // A call is answered by being taken.
        waits = !answers(entry) && !is_call(entry) && (waits || asks(entry));
    }
    contacts.extend(open);
}

impl<'t> Contact<'t> {
    fn begin(talk: &'t ConversationView, first: &'t Heard) -> Self {
        Self { talk, entries: vec![first], first, begun: first.place.at, last: first.place.at }
    }

    fn add(&mut self, entry: &'t Heard) {
        self.last = entry.place.at;
        self.entries.push(entry);
    }

    /// Whether both are about one matter, as far as is known.
    pub(super) fn is_about_same(&self, other: &Self) -> bool {
        let shares_order = || self.talk.orders.iter().any(|order| other.talk.orders.contains(order));
        let topics = self.talk.topic.zip(other.talk.topic);
        self.talk.id == other.talk.id || shares_order() || topics.is_none_or(|(one, other)| one == other)
    }

    pub(super) fn is_answered(&self) -> bool {
        self.entries.iter().any(|entry| answers(entry) || is_call(entry))
    }

    /// Whether a person had a hand in it.
    pub(super) fn has_person(&self) -> bool {
        self.entries.iter().any(|entry| is_by_person(entry) || is_call(entry))
    }

    pub(super) fn is_answered_by_machine(&self) -> bool {
        let by_machine = |entry: &&&Heard| matches!(author(entry), Some(Author::Bot | Author::Rule));
        self.entries.iter().filter(by_machine).any(|entry| answers(entry))
    }

    pub(super) fn begins_with_call(&self) -> bool {
        is_call(self.first)
    }

    /// When a person first answered.
    pub(super) fn replied_at(&self) -> Option<Timestamp> {
        let reply = self.entries.iter().find(|entry| answers(entry) && is_by_person(entry));
        reply.map(|entry| entry.place.at)
    }

    /// How long people worked on it, as far as entries tell.
    pub(super) fn worked(&self) -> Option<Duration> {
        let pairs = self.entries.iter().zip(self.entries.iter().skip(1));
        let mut work = pairs
            .filter(|(_, entry)| is_by_person(entry))
            .map(|(before, entry)| entry.place.at.since(before.place.at).min(WORK_MAX))
            .peekable();
        work.peek().is_some().then(|| work.sum())
    }

    pub(super) fn channel(&self) -> Option<String> {
        self.first.channel()
    }

    /// Whether all that was said aloud was said on this channel.
    pub(super) fn is_only_on(&self, channel: &str) -> bool {
        let aloud = self.entries.iter().filter(|entry| entry.direction() != Some(Direction::Internal));
        aloud.filter_map(|entry| entry.said.channel.as_ref()).all(|on| on.value == channel)
    }

    pub(super) fn has_open_ticket(&self) -> bool {
        self.talk.tickets.iter().any(|ticket| ticket.is_open == Some(true))
    }
}

fn author(entry: &Heard) -> Option<Author> {
    entry.said.author.as_ref().map(|author| author.value)
}

/// Calls that customers made.
fn is_call(entry: &Heard) -> bool {
    let is_call = entry.said.kind.as_ref().is_some_and(|kind| kind.value == "call");
    is_call && entry.direction() == Some(Direction::Inbound)
}

fn asks(entry: &Heard) -> bool {
    let finding = entry.said.understood();
    let leads = finding.as_ref().and_then(|finding| finding.intents.first());
    entry.direction() == Some(Direction::Inbound) && leads.is_none_or(|intent| intent.name != "thanks")
}

/// A system's receipt answers nobody, and neither does what never arrived.
fn answers(entry: &Heard) -> bool {
    let failed = entry.said.status.is_some_and(|status| status.0 == DeliveryStatus::Failed);
    entry.direction() == Some(Direction::Outbound) && author(entry) != Some(Author::System) && !failed
}

/// An answer whose author is not told is a person's; a note without one may be anything's.
fn is_by_person(entry: &Heard) -> bool {
    match entry.direction() {
        Some(Direction::Outbound) => matches!(author(entry), None | Some(Author::Human | Author::Unknown)),
        Some(Direction::Internal) => author(entry) == Some(Author::Human),
        _ => false,
    }
}
