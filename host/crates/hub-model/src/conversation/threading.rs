//! Puts together what belongs together. In this order: what the provider calls one thread or ticket, what answers what,
//! then for whatever is left the same order named within three days, then the same channel within a day. Never by a
//! subject, which people reuse for anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::time::Timestamp;

/// Two messages on one channel that name the same order belong together within this time.
pub const SAME_ORDER_WITHIN: Duration = Duration::from_secs(72 * 3_600);

/// Two messages of a customer on one channel belong together within this time.
pub const NEAR_IN_TIME: Duration = Duration::from_secs(24 * 3_600);

/// An interaction of one customer, as far as threading asks. `O` names an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<O> {
    pub connection: String,
    pub id: String,
    pub at: Timestamp,
    pub channel: Option<String>,
    pub thread: Option<String>,
    pub ticket: Option<String>,
    pub reply_to: Option<String>,
    pub orders: BTreeSet<O>,
}

/// Why an interaction is in its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinedBy {
    /// It is the first.
    Opening,
    /// The provider's thread or ticket.
    Thread,
    /// It answers one of the others, or one answers it.
    Reply,
    /// It names the same order as the one before it.
    SameOrder,
    /// It came on the same channel soon after, or shortly before.
    NearInTime,
}

/// One conversation: places in the list that was given, oldest first, each with why it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub members: Vec<(usize, JoinedBy)>,
}

/// The conversations of one customer's interactions, which may stand in any order; first ones first.
#[must_use]
pub fn thread<O: Ord>(said: &[Said<O>]) -> Vec<Thread> {
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by_key(|index| said.get(*index).map(|one| (one.at, &one.connection, &one.id)));
    // From here on interactions are known by their place in time.
    let said: Vec<&Said<O>> = order.iter().filter_map(|index| said.get(*index)).collect();
    let mut groups = Groups::of_each(said.len());
    join_threads(&said, &mut groups);
    join_replies(&said, &mut groups);
    attach_others(&said, &mut groups);
    let mut threads: BTreeMap<usize, Vec<(usize, JoinedBy)>> = BTreeMap::new();
    for place in 0..said.len() {
        let members = threads.entry(groups.first_of(place)).or_default();
        let by = if members.is_empty() { JoinedBy::Opening } else { groups.reason(place) };
        members.extend(order.get(place).map(|index| (*index, by)));
    }
    threads.into_values().map(|members| Thread { members }).collect()
}

/// The provider knows best.
fn join_threads<O>(said: &[&Said<O>], groups: &mut Groups) {
    let mut known: BTreeMap<(u8, &str, &str), usize> = BTreeMap::new();
    for (place, one) in said.iter().enumerate() {
        let thread = one.thread.as_deref().map(|thread| (0, one.connection.as_str(), thread));
        let ticket = one.ticket.as_deref().map(|ticket| (1, one.connection.as_str(), ticket));
        for name in thread.into_iter().chain(ticket) {
            let first = *known.entry(name).or_insert(place);
            groups.note(place, JoinedBy::Thread);
            groups.join(first, place);
        }
    }
}

fn join_replies<O>(said: &[&Said<O>], groups: &mut Groups) {
    let places: BTreeMap<(&str, &str), usize> = said
        .iter()
        .enumerate()
        .map(|(place, one)| ((one.connection.as_str(), one.id.as_str()), place))
        .collect();
    for (place, one) in said.iter().enumerate() {
        let Some(answered) = &one.reply_to else { continue };
        if let Some(other) = places.get(&(one.connection.as_str(), answered.as_str()))
            && *other != place
        {
            groups.note(place, JoinedBy::Reply);
            groups.note(*other, JoinedBy::Reply);
            groups.join(*other, place);
        }
    }
}

/// What neither a thread nor an answer places goes with what it is nearest to, so that two of the provider's threads
/// are never made one by a message between them.
fn attach_others<O: Ord>(said: &[&Said<O>], groups: &mut Groups) {
    let loose: Vec<bool> = (0..said.len()).map(|place| !groups.is_noted(place)).collect();
    let is_loose = |place: usize| loose.get(place).copied().unwrap_or_default();
    for place in (0..said.len()).filter(|place| is_loose(*place)) {
        let found = nearest(said, place, is_loose, SAME_ORDER_WITHIN, shares_order)
            .map(|other| (other, JoinedBy::SameOrder));
        let found = found.or_else(|| {
            nearest(said, place, is_loose, NEAR_IN_TIME, |_, _| true)
                .map(|other| (other, JoinedBy::NearInTime))
        });
        if let Some((other, by)) = found {
            groups.note(place, by);
            groups.join(other, place);
        }
    }
}

fn shares_order<O: Ord>(one: &Said<O>, other: &Said<O>) -> bool {
    !one.orders.is_disjoint(&other.orders)
}

/// The last one before it, on the same channel and within reach; else the first after it that has a place of its own.
/// One after it without will look back by itself.
fn nearest<O>(
    said: &[&Said<O>],
    place: usize,
    is_loose: impl Fn(usize) -> bool,
    within: Duration,
    fits: impl Fn(&Said<O>, &Said<O>) -> bool,
) -> Option<usize> {
    let one = said.get(place)?;
    one.channel.as_ref()?;
    let fits = |other: &Said<O>| other.channel == one.channel && fits(one, other);
    let before = said.iter().enumerate().take(place).rev();
    let mut before = before.take_while(|(_, other)| one.at.since(other.at) <= within);
    if let Some((found, _)) = before.find(|(_, other)| fits(other)) {
        return Some(found);
    }
    let after = said.iter().enumerate().skip(place.saturating_add(1));
    let mut after = after.take_while(|(_, other)| other.at.since(one.at) <= within);
    after.find(|(other, later)| !is_loose(*other) && fits(later)).map(|(found, _)| found)
}

/// Sets that grow together, each named by its first member.
struct Groups {
    parent: Vec<usize>,
    reasons: Vec<Option<JoinedBy>>,
}

impl Groups {
    fn of_each(count: usize) -> Self {
        Self { parent: (0..count).collect(), reasons: vec![None; count] }
    }

    fn first_of(&mut self, mut place: usize) -> usize {
        while let Some(parent) = self.parent.get(place).copied().filter(|parent| *parent != place) {
            // Halves the way for whoever asks next.
            let above = self.parent.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parent.get_mut(place) {
                *slot = above;
            }
            place = above;
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first_of(one), self.first_of(other));
        let (first, later) = (one.min(other), one.max(other));
        if let Some(slot) = self.parent.get_mut(later) {
            *slot = first;
        }
    }

    /// The first reason noted is the strongest.
    fn note(&mut self, place: usize, by: JoinedBy) {
        if let Some(reason) = self.reasons.get_mut(place) {
            reason.get_or_insert(by);
        }
    }

    fn is_noted(&self, place: usize) -> bool {
        self.reasons.get(place).is_some_and(Option::is_some)
    }

    fn reason(&self, place: usize) -> JoinedBy {
        self.reasons.get(place).copied().flatten().unwrap_or(JoinedBy::Opening)
    }
}
