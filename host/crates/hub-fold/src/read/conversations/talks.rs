//! Reads what was said with a customer, puts it together and links what is about one matter.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hub_model::conversation::{JoinedBy, OrderName, OrderNames, Said, Topic, thread, topic};
use hub_model::event::{Author, DeliveryStatus, Direction};
use hub_model::join::Fact;
use hub_model::model::{Interaction, Order, Ticket};
use hub_model::{ConversationId, Timestamp};

use super::{ConversationView, Linked, LinkedBy, OrderRef, TicketRef};
use crate::FoldError;
use crate::read::people::Person;
use crate::read::timeline::{Place, excerpt, newest};
use crate::row::{Row, Subject, SubjectKind, key};

/// Interactions looked at, newest first. `until` leads to older ones.
const INTERACTIONS_MAX: usize = 500;

/// Orders whose numbers are looked for in what was said.
const ORDERS_MAX: usize = 200;

/// Other conversations one is linked to.
const LINKED_MAX: usize = 20;

/// Two conversations on one topic are one story when no more than this lies between them.
const SAME_TOPIC_WITHIN: Duration = Duration::from_secs(7 * 24 * 3_600);

/// An interaction of the customer, with where it stands.
pub(in crate::read) struct Heard {
    pub(in crate::read) place: Place,
    pub(in crate::read) subject: Subject,
    pub(in crate::read) said: Interaction,
}

impl Heard {
    pub(in crate::read) fn id(&self) -> ConversationId {
        ConversationId::of(&self.subject.connection, &self.subject.id)
    }

    pub(in crate::read) fn direction(&self) -> Option<Direction> {
        self.said.direction.as_ref().map(|direction| direction.value)
    }

    pub(in crate::read) fn channel(&self) -> Option<String> {
        self.said.channel.as_ref().map(|channel| channel.value.clone())
    }

    pub(in crate::read) fn excerpt(&self) -> Option<String> {
        self.said.text.as_ref().map(|text| excerpt(&text.value)).filter(|text| !text.is_empty())
    }

    fn is_call(&self) -> bool {
        self.said.kind.as_ref().is_some_and(|kind| kind.value == "call")
    }

    /// A machine's word of thanks answers nobody, and neither does what never arrived.
    fn answers(&self) -> bool {
        let by_machine = self.said.author.as_ref().is_some_and(|author| author.value == Author::System);
        let failed = self.said.status.is_some_and(|status| status.0 == DeliveryStatus::Failed);
        self.direction() == Some(Direction::Outbound) && !by_machine && !failed
    }

    /// A call is answered by being taken.
    fn asks(&self) -> bool {
        self.direction() == Some(Direction::Inbound) && !self.is_call()
    }
}

/// What was said with a customer of late, and how it hangs together.
pub(in crate::read) struct Talks {
    /// Newest first.
    pub(in crate::read) heard: Vec<Heard>,
    /// The last to move first.
    pub(in crate::read) conversations: Vec<ConversationView>,
    /// Places among `heard` of each conversation's interactions, oldest first.
    pub(in crate::read) members: Vec<Vec<(usize, JoinedBy)>>,
}

/// A conversation's interactions, and the conversation.
type Talk = (Vec<(usize, JoinedBy)>, ConversationView);

impl Talks {
    pub(in crate::read) fn read(person: &Person<'_>, until: Option<Timestamp>) -> Result<Self, FoldError> {
        // Orders placed since have been named by nobody, but they are the customer's all the same.
        let orders = recent(person, SubjectKind::Order, None, ORDERS_MAX)?;
        let orders: Vec<(Subject, Order)> =
            orders.into_iter().map(|(_, subject, order)| (subject, order)).collect();
        Self::among(person, &orders, until, INTERACTIONS_MAX)
    }

    /// The conversations of the newest interactions, which may name these orders.
    pub(in crate::read) fn among(
        person: &Person<'_>,
        orders: &[(Subject, Order)],
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Self, FoldError> {
        let heard = recent(person, SubjectKind::Interaction, until, limit)?;
        let heard: Vec<Heard> =
            heard.into_iter().map(|(place, subject, said)| Heard { place, subject, said }).collect();
        let numbers = Numbers::of(orders);
        let said: Vec<Said<OrderName>> = heard.iter().map(|heard| numbers.said(heard)).collect();
        let mut tickets = Tickets { person, known: BTreeMap::new() };
        let mut talks = Vec::new();
        for thread in thread(&said) {
            let view = view(&heard, &said, &thread.members, &numbers, &mut tickets)?;
            talks.extend(view.map(|view| (thread.members, view)));
        }
        talks.sort_by_key(|(_, view)| (Reverse(view.last_at), view.id));
        link(&mut talks);
        let (members, conversations) = talks.into_iter().unzip();
        Ok(Self { heard, conversations, members })
    }

    /// What was said in one of the conversations, oldest first.
    pub(in crate::read) fn said_in(&self, talk: &ConversationView) -> impl Iterator<Item = &Heard> {
        let index = self.conversations.iter().position(|view| view.id == talk.id);
        let members = index.and_then(|index| self.members.get(index)).into_iter().flatten();
        members.filter_map(|(place, _)| self.heard.get(*place))
    }
}

/// The newest things of one kind over all accounts, newest first.
pub(in crate::read) fn recent<T: Row>(
    person: &Person<'_>,
    kind: SubjectKind,
    until: Option<Timestamp>,
    limit: usize,
) -> Result<Vec<(Place, Subject, T)>, FoldError> {
    let mut things = Vec::new();
    for (place, subject) in newest(person, kind, until, limit)? {
        let thing = person.view.get(&place.object)?;
        things.extend(thing.map(|thing| (place, subject, thing)));
    }
    Ok(things)
}

/// The customer's orders by what people call them.
struct Numbers {
    names: OrderNames,
    numbers: BTreeMap<OrderName, String>,
}

impl Numbers {
    fn of(orders: &[(Subject, Order)]) -> Self {
        let mut known = Self { names: OrderNames::default(), numbers: BTreeMap::new() };
        for (subject, order) in orders {
            let Some(number) = &order.number else { continue };
            let name = OrderName { connection: subject.connection.clone(), id: subject.id.clone() };
            known.names.add(&number.value, name.clone());
            known.numbers.insert(name, number.value.clone());
        }
        known
    }

    fn said(&self, heard: &Heard) -> Said<OrderName> {
        let said = &heard.said;
        let value = |fact: &Option<Fact<String>>| fact.as_ref().map(|fact| fact.value.clone());
        let named = said.text.iter().flat_map(|text| self.names.mentioned(&text.value)).cloned();
        let told =
            value(&said.order).map(|id| OrderName { connection: heard.subject.connection.clone(), id });
        Said {
            connection: heard.subject.connection.clone(),
            id: heard.subject.id.clone(),
            at: heard.place.at,
            // What has no time yet is near to nothing.
            channel: value(&said.channel).filter(|_| said.sent_at.is_some()),
            thread: value(&said.thread),
            ticket: value(&said.ticket),
            reply_to: value(&said.reply_to),
            orders: named.chain(told).collect(),
        }
    }

    fn reference(&self, name: &OrderName) -> OrderRef {
        let OrderName { connection, id } = name.clone();
        OrderRef { connection, id, number: self.numbers.get(name).cloned() }
    }
}

/// The tickets things were said on, each read once.
struct Tickets<'a> {
    person: &'a Person<'a>,
    known: BTreeMap<(String, String), Option<Ticket>>,
}

impl Tickets<'_> {
    fn get(&mut self, connection: &str, id: &str) -> Result<Option<&Ticket>, FoldError> {
        let name = (connection.to_owned(), id.to_owned());
        if !self.known.contains_key(&name) {
            let ticket = self.person.view.get(&key::object(connection, &[id]))?;
            self.known.insert(name.clone(), ticket);
        }
        Ok(self.known.get(&name).and_then(Option::as_ref))
    }
}

/// A conversation as people see it; of no interactions there is none.
fn view(
    heard: &[Heard],
    said: &[Said<OrderName>],
    members: &[(usize, JoinedBy)],
    numbers: &Numbers,
    tickets: &mut Tickets<'_>,
) -> Result<Option<ConversationView>, FoldError> {
    let all: Vec<(&Heard, &Said<OrderName>)> =
        members.iter().filter_map(|(index, _)| Some((heard.get(*index)?, said.get(*index)?))).collect();
    let (Some((first, _)), Some((last, _))) = (all.first(), all.last()) else { return Ok(None) };
    let orders: BTreeSet<&OrderName> = all.iter().flat_map(|(_, said)| &said.orders).collect();
    let on: BTreeSet<(&str, &str)> = all
        .iter()
        .filter_map(|(_, said)| Some((said.connection.as_str(), said.ticket.as_deref()?)))
        .collect();
    let mut awaiting = awaiting(all.iter().map(|(heard, _)| *heard));
    let mut seen = Vec::new();
    for (connection, id) in on {
        let ticket = tickets.get(connection, id)?;
        let status_at = ticket.and_then(|ticket| Some(Timestamp(ticket.status.as_ref()?.version)));
        let closed_at = status_at.filter(|_| ticket.is_some_and(|ticket| !ticket.is_open()));
        // Solved after the last word, there is nothing left to answer.
        awaiting = awaiting.filter(|(_, last)| closed_at.is_none_or(|closed| closed < *last));
        let is_open = ticket.map(Ticket::is_open);
        seen.push(TicketRef { connection: connection.to_owned(), id: id.to_owned(), is_open });
    }
    let spoken = all.iter().rev().map(|(heard, _)| heard);
    let mut spoken = spoken.filter(|heard| heard.direction() != Some(Direction::Internal));
    let last_word = spoken.next();
    let routing = tickets.person.view.routing(all.iter().map(|(heard, _)| &heard.subject))?;
    Ok(Some(ConversationView {
        id: first.id(),
        channel: first.channel(),
        connection: first.subject.connection.clone(),
        first_at: first.place.at,
        last_at: last.place.at,
        interactions: all.len() as u64,
        joined_by: members.iter().map(|(_, by)| *by).collect(),
        orders: orders.into_iter().map(|name| numbers.reference(name)).collect(),
        topic: main_topic(all.iter().map(|(heard, _)| *heard)),
        resolved: (!seen.is_empty()).then(|| seen.iter().all(|ticket| ticket.is_open == Some(false))),
        tickets: seen,
        routing,
        linked: Vec::new(),
        awaiting_since: awaiting.map(|(since, _)| since),
        last_direction: last_word.and_then(|heard| heard.direction()),
        last_excerpt: last_word.and_then(|heard| heard.excerpt()),
    }))
}

/// When the first and the last of the customer's words came that nobody has answered yet.
fn awaiting<'a>(oldest_first: impl Iterator<Item = &'a Heard>) -> Option<(Timestamp, Timestamp)> {
    oldest_first.fold(None, |waiting, heard| {
        if heard.answers() {
            None
        } else if heard.asks() && !heard.said.erased {
            Some((waiting.map_or(heard.place.at, |(since, _)| since), heard.place.at))
        } else {
            waiting
        }
    })
}

/// What people or the enricher say a message is about; without their word, what the text's own words say.
fn topic_of(heard: &Heard) -> Option<Topic> {
    let understood = heard.said.understood();
    let said = understood.as_ref().and_then(|finding| finding.topic.as_deref());
    let by_words = || topic(&heard.said.text.as_ref()?.value);
    // Where people say that it is about nothing, its words are not asked.
    let is_told = heard.said.corrected.standing().contains(&"topic");
    said.and_then(Topic::named).or_else(|| if is_told { None } else { by_words() })
}

/// The topic of most of the customer's messages; of equals the first of [`Topic`].
fn main_topic<'a>(heard: impl Iterator<Item = &'a Heard>) -> Option<Topic> {
    let mut counts: BTreeMap<Topic, u64> = BTreeMap::new();
    let inbound = heard.filter(|heard| heard.direction() != Some(Direction::Outbound));
    for topic in inbound.filter_map(topic_of) {
        *counts.entry(topic).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(topic, count)| (*count, Reverse(*topic))).map(|(topic, _)| topic)
}

/// Links conversations that name one order, whenever, or are about one topic with little time between.
fn link(talks: &mut [Talk]) {
    let views: Vec<&ConversationView> = talks.iter().map(|(_, view)| view).collect();
    let mut by_order: BTreeMap<&OrderRef, Vec<&ConversationView>> = BTreeMap::new();
    let mut by_topic: BTreeMap<Topic, Vec<&ConversationView>> = BTreeMap::new();
    for view in &views {
        view.orders.iter().for_each(|order| by_order.entry(order).or_default().push(view));
        view.topic.into_iter().for_each(|topic| by_topic.entry(topic).or_default().push(view));
    }
    let links: Vec<Vec<Linked>> = views
        .iter()
        .map(|one| {
            let mut linked: BTreeMap<(Reverse<Timestamp>, ConversationId), Linked> = BTreeMap::new();
            let mut add = |other: &ConversationView, by: LinkedBy| {
                let place = (Reverse(other.last_at), other.id);
                if other.id != one.id {
                    linked.entry(place).or_insert_with(|| Linked::to(other, by));
                }
            };
            for order in &one.orders {
                let others = by_order.get(order).into_iter().flatten();
                others.for_each(|other| add(other, LinkedBy::Order(order.clone())));
            }
            if let Some(topic) = one.topic {
                let others = by_topic.get(&topic).into_iter().flatten();
                let near = others.filter(|other| gap(one, other) <= SAME_TOPIC_WITHIN);
                near.for_each(|other| add(other, LinkedBy::Topic(topic)));
            }
            linked.into_values().take(LINKED_MAX).collect()
        })
        .collect();
    for ((_, view), linked) in talks.iter_mut().zip(links) {
        view.linked = linked;
    }
}

/// The time between the end of the one and the beginning of the other; none when they overlap.
fn gap(one: &ConversationView, other: &ConversationView) -> Duration {
    one.first_at.since(other.last_at).max(other.first_at.since(one.last_at))
}

impl Linked {
    fn to(other: &ConversationView, by: LinkedBy) -> Self {
        Self { conversation: other.id, channel: other.channel.clone(), last_at: other.last_at, by }
    }
}
