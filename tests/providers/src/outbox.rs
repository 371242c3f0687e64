//! What the providers owe their subscribers: webhooks to send, to send again, and what became of each.
//! Decides and remembers; never touches the network (that is `pump`) and never reads what a body says.
//!
//! A provider's module says what happened with [`Outbox::announce`]; everything after that is here.

mod breaker;
mod connection;
mod delivery;
mod disorder;
mod headers;
mod line;
pub(crate) mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use self::connection::{
    Connection, ConnectionError, Failing, RetryTimestamp, Scheme, Secret, Spelling, Standing,
};
pub use self::delivery::{
    Attempt, AttemptKind, ConnectionAccount, Delivery, Ending, NoConnection, OutboxAccount, Parcel, Reply,
    Tally,
};
pub(crate) use self::disorder::happens;
pub use self::disorder::{Disorder, DisorderError};

use self::line::Line;
use crate::clock::{Clock, later_ms};
use crate::outages::Outages;
use crate::state::{Ids, Provider};

/// A long soak sends more than anyone reads back; finished ones beyond this are forgotten, oldest first. Without their
/// bodies that is some 100 MB.
const DELIVERIES_KEPT_MAX: usize = 200_000;

/// One attempt on its way; [`Outbox::arrived`] closes it.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) target: String,
    pub(crate) timeout: std::time::Duration,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    delivery: u64,
    kind: AttemptKind,
    at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) outages: Outages,
    clock: Clock,
    ids: Ids,
    lines: BTreeMap<String, Line>,
    records: BTreeMap<u64, Record>,
    queue: BTreeSet<Due>,
    /// Numbers of deliveries; also places in the queue. Never given twice.
    given: u64,
    unclaimed: u64,
}

#[derive(Debug)]
struct Record {
    delivery: Delivery,
    /// Its number within the connection: what the percentages are drawn for.
    number: u64,
    /// Where it goes: the address at the time it was announced, as at Shopify.
    target: String,
    parcel: Option<Parcel>,
    copy_waits: bool,
}

/// An attempt in the queue: earliest first, then in the order they were put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Timestamp,
    place: u64,
    delivery: u64,
    kind: AttemptKind,
}

impl Outbox {
    pub(crate) fn new(clock: Clock, ids: Ids) -> Self {
        Self {
            outages: Outages::default(),
            clock,
            ids,
            lines: BTreeMap::new(),
            records: BTreeMap::new(),
            queue: BTreeSet::new(),
            given: 0,
            unclaimed: 0,
        }
    }

    /// Forgets connections, deliveries and outages; goes on counting.
    pub(crate) fn reset(&mut self) {
        self.outages.clear();
        self.lines.clear();
        self.records.clear();
        self.queue.clear();
        self.unclaimed = 0;
    }

    // What providers' modules call.

    /// Something happened at the provider: every connection that subscribed to the topic is owed a webhook.
    /// Returns how many those are. Meta has no topics: `instagram` and `whatsapp` tell its products apart.
    pub(crate) fn announce(&mut self, provider: Provider, topic: &str, body: &Value) -> usize {
        let body = Bytes::from(match provider {
            Provider::Graph => headers::escaped(body),
            _ => body.to_string(),
        });
        let parcel = Parcel { topic: topic.to_owned(), body, ..Parcel::default() };
        self.announce_parcel(provider, &parcel)
    }

    /// As [`announce`](Self::announce), with exact bytes and headers.
    pub(crate) fn announce_parcel(&mut self, provider: Provider, parcel: &Parcel) -> usize {
        let subscribed: Vec<String> = (self.subscriptions(provider))
            .filter(|(_, connection, _)| connection.wants(&parcel.topic))
            .map(|(name, _, _)| name.to_owned())
            .collect();
        if subscribed.is_empty() {
            self.unclaimed += 1;
        }
        // None is missing: they were found just above.
        subscribed.iter().filter_map(|name| self.post(name, parcel.clone()).ok()).count()
    }

    /// The connections of a provider, for its own subscription endpoints.
    pub(crate) fn subscriptions(
        &self,
        provider: Provider,
    ) -> impl Iterator<Item = (&str, &Connection, Standing)> {
        (self.lines.iter())
            .filter(move |(_, line)| line.connection.scheme.provider() == provider)
            .map(|(name, line)| (name.as_str(), &line.connection, line.standing))
    }

    /// Subscribes the connection with this address to a topic, and sets it working again. Without such a connection
    /// there is no secret to sign with, so nothing can be sent there.
    pub(crate) fn subscribe(
        &mut self,
        provider: Provider,
        target: &str,
        topic: &str,
    ) -> Result<(), NoConnection> {
        let line = self.line_to(provider, target)?;
        line.standing = Standing::Active;
        if let Some(topics) = &mut line.connection.topics
            && !topics.iter().any(|known| known == topic)
        {
            topics.push(topic.to_owned());
        }
        Ok(())
    }

    /// Ends the subscription of the connection with this address to a topic. One that had subscribed to everything is
    /// subscribed to nothing afterwards: which others there were nobody said.
    pub(crate) fn unsubscribe(
        &mut self,
        provider: Provider,
        target: &str,
        topic: &str,
    ) -> Result<(), NoConnection> {
        let topics = &mut self.line_to(provider, target)?.connection.topics;
        topics.get_or_insert_default().retain(|known| known != topic);
        Ok(())
    }

    /// Where a connection's webhooks go.
    pub(crate) fn target(&self, name: &str) -> Result<&str, NoConnection> {
        self.lines.get(name).map(|line| line.connection.target.as_str()).ok_or(NoConnection)
    }

    fn line_to(&mut self, provider: Provider, target: &str) -> Result<&mut Line, NoConnection> {
        self.lines
            .values_mut()
            .find(|line| line.connection.scheme.provider() == provider && line.connection.target == target)
            .ok_or(NoConnection)
    }

    // What control calls.

    /// Sets up a connection, or changes it; its account goes on. It is active afterwards.
    pub(crate) fn connect(&mut self, name: &str, connection: Connection) -> Result<(), ConnectionError> {
        connection.check()?;
        match self.lines.get_mut(name) {
            Some(line) => {
                line.connection = connection;
                line.standing = Standing::Active;
            }
            None => {
                self.lines.insert(name.to_owned(), Line::new(connection));
            }
        }
        Ok(())
    }

    /// What it still owed ends as unsubscribed when it comes due.
    pub(crate) fn disconnect(&mut self, name: &str) -> Result<(), NoConnection> {
        self.lines.remove(name).map(drop).ok_or(NoConnection)
    }

    pub(crate) fn set_standing(&mut self, name: &str, standing: Standing) -> Result<(), NoConnection> {
        self.lines.get_mut(name).ok_or(NoConnection)?.standing = standing;
        Ok(())
    }

    /// Owes one connection a webhook, whatever it subscribed to; returns its number.
    pub(crate) fn post(&mut self, name: &str, parcel: Parcel) -> Result<u64, NoConnection> {
        let now = self.clock.now();
        let line = self.lines.get_mut(name).ok_or(NoConnection)?;
        let provider = line.connection.scheme.provider();
        line.tally.announced += 1;
        let number = line.tally.announced;
        let fate = line.connection.disorder.fate(number);
        let ending = line.ending_of_new(&fate, self.outages.lose(provider, now), now);
        line.tally.count(ending);
        let target = line.connection.target.clone();
        let n = self.next();
        let late_ms = parcel.after_ms.saturating_add(fate.late_ms);
        let delivery = Delivery {
            n,
            id: self.ids.uuid(),
            connection: name.to_owned(),
            provider,
            topic: parcel.topic.clone(),
            announced_at: now,
            body_bytes: parcel.body.len(),
            body_sha256: hex::encode(Sha256::digest(&parcel.body)),
            late_ms,
            duplicated: fate.copy_after_ms.is_some(),
            attempts: Vec::new(),
            ending,
        };
        let waits = ending == Ending::Waiting;
        if waits {
            let at = later_ms(now, late_ms);
            self.plan(at, n, AttemptKind::First);
            if let Some(after) = fate.copy_after_ms {
                self.plan(later_ms(at, after), n, AttemptKind::Duplicate);
            }
        }
        let copy_waits = waits && fate.copy_after_ms.is_some();
        let record = Record { delivery, number, target, parcel: waits.then_some(parcel), copy_waits };
        self.records.insert(n, record);
        self.forget_oldest();
        Ok(n)
    }

    fn next(&mut self) -> u64 {
        self.given += 1;
        self.given
    }

    fn plan(&mut self, at: Timestamp, delivery: u64, kind: AttemptKind) {
        let place = self.next();
        self.queue.insert(Due { at, place, delivery, kind });
    }

    fn forget_oldest(&mut self) {
        while self.records.len() > DELIVERIES_KEPT_MAX
            && let Some(oldest) = self.records.first_entry()
            && oldest.get().parcel.is_none()
        {
            oldest.remove();
        }
    }

    /// Oldest first.
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.records.values().map(|record| &record.delivery)
    }

    pub(crate) fn account(&self) -> OutboxAccount {
        let connections = self.lines.iter().map(|(name, line)| {
            let Line { connection, standing, tally, .. } = line;
            let account =
                ConnectionAccount { connection: connection.clone(), standing: *standing, tally: *tally };
            (name.clone(), account)
        });
        OutboxAccount {
            now: self.clock.now(),
            waiting: self.queue.len(),
            next_due: self.next_due(),
            unclaimed: self.unclaimed,
            connections: connections.collect(),
        }
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.queue.first().map(|due| due.at)
    }

    // What the pump calls.

    /// Takes the next attempts due until `limit`, at most so many, and turns the clock to the last of them.
    pub(crate) fn depart(&mut self, limit: Timestamp, at_once: usize) -> Vec<Departure> {
        let mut leaving = Vec::new();
        while leaving.len() < at_once
            && let Some(due) = self.queue.first().copied()
            && due.at <= limit
        {
            self.queue.remove(&due);
            let at = due.at.max(self.clock.now());
            match self.held_until(due.delivery, at) {
                Some(until) => self.queue.extend([Due { at: until, ..due }]),
                None => {
                    self.clock.forward_to(due.at);
                    leaving.extend(self.departure(&due, at));
                }
            }
        }
        leaving
    }

    /// Nothing leaves a provider that is down, or that has paused the webhook.
    fn held_until(&self, delivery: u64, at: Timestamp) -> Option<Timestamp> {
        let delivery = &self.records.get(&delivery)?.delivery;
        let paused = match self.lines.get(&delivery.connection)?.standing {
            Standing::Paused { until } if until > at => Some(until),
            _ => None,
        };
        self.outages.holds(delivery.provider, at).max(paused)
    }

    /// None when the connection is gone: then the delivery has ended.
    fn departure(&mut self, due: &Due, at: Timestamp) -> Option<Departure> {
        let record = self.records.get_mut(&due.delivery)?;
        let parcel = record.parcel.as_ref()?;
        let Some(line) = self.lines.get(&record.delivery.connection) else {
            record.delivery.ending = Ending::Unsubscribed;
            record.parcel = None;
            return None;
        };
        Some(Departure {
            target: record.target.clone(),
            timeout: line.connection.timeout(),
            headers: headers::of(&line.connection, &record.delivery, parcel, at),
            body: parcel.body.clone(),
            delivery: due.delivery,
            kind: due.kind,
            at,
        })
    }

    /// What an attempt met: the end, or one more attempt.
    pub(crate) fn arrived(&mut self, departure: &Departure, reply: Reply) {
        let now = self.clock.now();
        let Some(record) = self.records.get_mut(&departure.delivery) else { return };
        let Some(line) = self.lines.get_mut(&record.delivery.connection) else { return };
        let reply = line.heard(record.number, record.delivery.attempts.len(), reply);
        let attempts = &mut record.delivery.attempts;
        attempts.push(Attempt { at: departure.at, kind: departure.kind, reply });
        line.tally.attempts += 1;
        line.judge(reply, now);
        let mut again = None;
        if departure.kind == AttemptKind::Duplicate {
            record.copy_waits = false;
        } else if reply.is_taken() {
            record.delivery.ending = Ending::Delivered;
        } else {
            again = line.next_attempt(&record.delivery, now);
            if again.is_none() {
                record.delivery.ending = Ending::GaveUp;
                line.gave_up();
            }
        }
        if departure.kind != AttemptKind::Duplicate {
            line.tally.count(record.delivery.ending);
        }
        if record.delivery.ending != Ending::Waiting && !record.copy_waits {
            record.parcel = None;
        }
        if let Some(at) = again {
            self.plan(at, departure.delivery, AttemptKind::Retry);
        }
    }
}
