//! Our own writes come back as events. Remembers whom and what each rule has just written to, so that the rule does not
//! fire on what it caused; other rules may.

use std::time::Duration;

use hub_model::event::{Event, Extra, Payload};
use hub_model::{EffectId, Timestamp};
use hub_rules::Rule;
use hub_store::{Range, Table};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::decide::Occasion;
use crate::draft::Draft;
use crate::facts::EventFacts;
use crate::row::{EffectRow, Row, key};

/// How long after a write a change of the same object is taken for it: a provider's own work follows within minutes
/// (flows, indexing), and after them what people do counts again. By the provider's clock, so it does not matter how
/// late the change is heard of.
const CHANGES_WITHIN: Duration = Duration::from_secs(10 * 60);

/// How far a provider's clock may be behind ours: as far as signatures commonly allow, so that with a clock that is further
/// off nothing arrives at all. With less, a rule would answer its own writes for ever.
const CLOCK_BEHIND: Duration = Duration::from_secs(5 * 60);

/// How late a change may be heard of: Meta repeats a webhook for 36 hours, and a poll may first come after an outage.
const HEARD_WITHIN: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Times remembered of one object and rule; a busy rule's writes are mostly one stretch.
const STRETCHES_MAX: usize = 32;

/// Old rows are forgotten so many at a time.
const FORGOTTEN_AT_ONCE: usize = 64;

/// The name under which connectors hand back the id of the effect an object was made by.
const MARK: &str = "effect";

const WRITE: u8 = b'w';
const BY_AGE: u8 = b'a';

/// Names no person: the object's name is hashed.
fn write_key(connection: &str, name: &str, rule: &str) -> Vec<u8> {
    let hash = key::hash(&[connection.as_bytes(), plain(name).as_bytes(), rule.as_bytes()]);
    [&[WRITE], hash.as_slice()].concat()
}

/// A name as providers write it in one place or another: a phone with or without its plus, a global id or its end.
fn plain(name: &str) -> &str {
    let name = name.trim();
    match name.starts_with("gid://") {
        true => name.rsplit('/').next().unwrap_or(name),
        false => name.strip_prefix('+').unwrap_or(name),
    }
}

/// When a rule wrote to an object: stretches of time, oldest first. Writes so close to each other that what comes back of
/// them cannot be told apart are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Writes(Vec<(Timestamp, Timestamp)>);

impl Writes {
    /// Attempts and receipts are journalled in the order of time, but for a clock that was set back: then the last
    /// stretch stands for both.
    fn add(&mut self, at: Timestamp) {
        match self.0.last_mut() {
            Some((from, until)) if at.since(*until) <= CHANGES_WITHIN => {
                *from = at.min(*from);
                *until = at.max(*until);
            }
            _ => self.0.push((at, at)),
        }
        if self.0.len() > STRETCHES_MAX {
            self.0.remove(0);
        }
    }

    fn explain(&self, happened_at: Timestamp) -> bool {
        self.0.iter().any(|(from, until)| {
            happened_at >= from.minus(CLOCK_BEHIND) && happened_at <= until.plus(CHANGES_WITHIN)
        })
    }

    fn latest(&self) -> Option<Timestamp> {
        self.0.last().map(|(_, until)| *until)
    }
}

impl Row for Writes {
    const TABLE: Table = Table::OwnWrite;
}

fn age_key(at: Timestamp, write: &[u8]) -> Vec<u8> {
    [&[BY_AGE], key::time(at).as_slice(), write].concat()
}

/// A rule is about to write to this object, or has made it.
pub(crate) fn note_own_write(
    draft: &mut Draft<'_>,
    connection: &str,
    name: &str,
    rule: &str,
    at: Timestamp,
) -> Result<(), FoldError> {
    let write = write_key(connection, name, rule);
    let mut writes: Writes = draft.get(&write)?.unwrap_or_default();
    if let Some(before) = writes.latest() {
        draft.delete(Table::OwnWrite, age_key(before, &write));
    }
    writes.add(at);
    if let Some(latest) = writes.latest() {
        draft.put_raw(Table::OwnWrite, age_key(latest, &write), Vec::new());
    }
    draft.put(write, &writes);
    Ok(())
}

/// Drops writes that no event can come back from any more.
pub(crate) fn forget_own_writes(draft: &mut Draft<'_>, now: Timestamp) -> Result<(), FoldError> {
    let range = Range { from: vec![BY_AGE], to: Some(age_key(now.minus(HEARD_WITHIN), &[])) };
    for (age, _) in draft.scan_range(Table::OwnWrite, range, FORGOTTEN_AT_ONCE)? {
        if let Some(write) = age.get(9..) {
            draft.delete(Table::OwnWrite, write.to_vec());
        }
        draft.delete(Table::OwnWrite, age);
    }
    Ok(())
}

/// Whether the event shows what this rule itself has written, or is an alarm about it.
pub(crate) fn is_own_write(
    draft: &Draft<'_>,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
    rule: &Rule,
) -> Result<bool, FoldError> {
    if facts.rule() == Some(&rule.id) {
        return Ok(true);
    }
    if facts.is_inbound() {
        return Ok(false);
    }
    // A message and a ticket are made once, by whom their mark says. The mark in an order's note stays for ever and says
    // nothing about who changed the order now.
    let is_made_once = matches!(occasion.event.payload, Payload::Interaction(_) | Payload::Ticket(_));
    let made_by = marks(occasion.event).filter(|_| is_made_once);
    for id in made_by.chain(facts.external_id().as_deref().and_then(effect_id)) {
        let effect: Option<EffectRow> = draft.get(&id.0)?;
        if effect.is_some_and(|row| row.rule == rule.id && row.connection == facts.connection()) {
            return Ok(true);
        }
    }
    for name in facts.names() {
        let writes: Option<Writes> = draft.get(&write_key(facts.connection(), &name, &rule.id))?;
        if writes.is_some_and(|writes| writes.explain(occasion.event.happened_at)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The effects an event says its object was made by.
pub(crate) fn marks(event: &Event) -> impl Iterator<Item = EffectId> {
    let (extra, external_id) = match &event.payload {
        Payload::Ticket(ticket) => (&ticket.extra, ticket.external_id.as_deref()),
        other => (extra(other), None),
    };
    let named = extra.iter().filter(|(name, _)| name == MARK).map(|(_, value)| value.as_str());
    named.chain(external_id).filter_map(effect_id)
}

/// An effect's id as we gave it, or its digits alone where a provider takes no other characters.
fn effect_id(text: &str) -> Option<EffectId> {
    let text = text.trim();
    text.parse().or_else(|_| format!("eff_{text}").parse()).ok()
}

fn extra(payload: &Payload) -> &Extra {
    static NOTHING: Extra = Vec::new();
    match payload {
        Payload::Customer(it) => &it.extra,
        Payload::Consent(it) => &it.extra,
        Payload::Order(it) => &it.extra,
        Payload::Checkout(it) => &it.extra,
        Payload::Interaction(it) => &it.extra,
        Payload::Ticket(it) => &it.extra,
        Payload::InventoryLevel(it) => &it.extra,
        Payload::InventoryItem(it) => &it.extra,
        Payload::LoyaltyAccount(it) => &it.extra,
        Payload::LoyaltyEntry(it) => &it.extra,
        Payload::SurveyResponse(it) => &it.extra,
        Payload::PrivacyRequest(it) => &it.extra,
        Payload::Other(it) => &it.extra,
        Payload::PersonMerge(_) => &NOTHING,
    }
}
