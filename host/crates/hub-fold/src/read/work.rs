//! What the hub has done and still owes: deliveries, events, decisions, effects, and how much there is of everything.

use std::fmt::Write as _;

use hub_model::{EffectId, EventId, Timestamp};
use hub_rules::Grade;
use hub_store::{Order, Range, Store, Table};
use serde::Serialize;

use super::{ANSWER_MAX, View, Walk};
use crate::FoldError;
use crate::decide::{Decision, Done, Verdict};
use crate::deliveries::deliveries_pending;
use crate::fold::effects_open;
use crate::held::{HeldAction, effects_held};
use crate::row::{CustomerRow, DeliveryRow, DeliveryState, EffectRow, EffectState, EventRow, decode, key};

/// Deliveries one question looks at: what a busy shop gets in a day or two. Older ones are asked for with `before`.
const DELIVERIES_LOOKED_AT_MAX: usize = 100_000;

/// Effects one question looks at.
const EFFECTS_LOOKED_AT_MAX: usize = 100_000;

/// The words [`DeliveryQuery::state`] takes.
pub const DELIVERY_STATES: [&str; 3] = ["pending", "processed", "parked"];

/// The words [`EffectQuery::state`] takes.
pub const EFFECT_STATES: [&str; 8] =
    ["planned", "claimed", "waiting", "confirmed", "parked", "unknown", "held", "cancelled"];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// One of [`DELIVERY_STATES`].
    pub state: Option<String>,
    pub connection: Option<String>,
    /// Only those with a smaller sequence number; that of the last one gives the next page.
    pub before: Option<u64>,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliverySummary {
    /// Its sequence number in the journal.
    pub seq: u64,
    pub connection: String,
    pub connector: String,
    pub topic: Option<String>,
    pub received_at: Timestamp,
    pub bytes: u64,
    pub state: &'static str,
    /// When a pending one is tried next.
    pub due: Option<Timestamp>,
    /// Sequence number of the record with its events.
    pub report: Option<u64>,
    pub events: u32,
    pub ignored: u32,
    pub unknown: u32,
    pub malformed: u32,
    pub setbacks: u32,
    pub reason: Option<String>,
    /// Its body holds what is to be forgotten.
    pub erase: bool,
}

impl DeliverySummary {
    fn new(seq: u64, row: DeliveryRow) -> Self {
        let mut summary = Self {
            seq,
            connection: row.connection,
            connector: row.connector,
            topic: row.topic,
            received_at: row.received_at,
            bytes: row.bytes,
            state: "parked",
            due: None,
            report: None,
            events: 0,
            ignored: 0,
            unknown: 0,
            malformed: 0,
            setbacks: row.setbacks,
            reason: row.reason,
            erase: row.erase,
        };
        match row.state {
            DeliveryState::Pending { due } => Self { state: "pending", due: Some(due), ..summary },
            DeliveryState::Processed { report, events, ignored, unknown, malformed } => {
                summary.report = Some(report);
                Self { state: "processed", events, ignored, unknown, malformed, ..summary }
            }
            DeliveryState::Parked => summary,
        }
    }
}

/// Deliveries, newest first. Looks at so many at most; fewer than `limit` may mean that the rest are older still.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn deliveries(store: &dyn Store, query: &DeliveryQuery) -> Result<Vec<DeliverySummary>, FoldError> {
    if query.state.as_deref() == Some("pending") {
        return pending(store, query);
    }
    let view = View { store };
    let limit = query.limit.min(ANSWER_MAX);
    let range = Range { from: Vec::new(), to: query.before.map(key::sequence) };
    let mut found = Vec::new();
    let mut looked_at = 0;
    view.walk(Table::Delivery, range, Order::Descending, |seq, row| {
        if found.len() >= limit || looked_at == DELIVERIES_LOOKED_AT_MAX {
            return Ok(Walk::Enough);
        }
        looked_at += 1;
        if let Ok(seq) = seq.try_into() {
            let summary = DeliverySummary::new(u64::from_be_bytes(seq), decode(Table::Delivery, row)?);
            found.extend(Some(summary).filter(|summary| query.wants(summary)));
        }
        Ok(Walk::On)
    })?;
    Ok(found)
}

/// Waiting ones have a table of their own and are few.
fn pending(store: &dyn Store, query: &DeliveryQuery) -> Result<Vec<DeliverySummary>, FoldError> {
    let mut seqs: Vec<u64> =
        deliveries_pending(store, DELIVERIES_LOOKED_AT_MAX)?.into_iter().map(|(_, seq)| seq).collect();
    seqs.sort_unstable_by_key(|seq| std::cmp::Reverse(*seq));
    let mut found = Vec::new();
    for seq in seqs.into_iter().filter(|seq| query.before.is_none_or(|before| *seq < before)) {
        if found.len() >= query.limit.min(ANSWER_MAX) {
            break;
        }
        found.extend(delivery(store, seq)?.filter(|summary| query.wants(summary)));
    }
    Ok(found)
}

impl DeliveryQuery {
    fn wants(&self, delivery: &DeliverySummary) -> bool {
        self.state.as_ref().is_none_or(|state| state == delivery.state)
            && self.connection.as_ref().is_none_or(|connection| *connection == delivery.connection)
    }
}

/// One delivery.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn delivery(store: &dyn Store, seq: u64) -> Result<Option<DeliverySummary>, FoldError> {
    Ok(View { store }.get(&key::sequence(seq))?.map(|row| DeliverySummary::new(seq, row)))
}

/// Where an event came from.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn event(store: &dyn Store, id: EventId) -> Result<Option<EventRow>, FoldError> {
    View { store }.get(&id.0)
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EffectQuery {
    /// One of [`EFFECT_STATES`].
    pub state: Option<String>,
    pub rule: Option<String>,
    pub limit: usize,
}

/// Holds what a rule put into the action's parameters: show it to who may see the customer, never log it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectSummary {
    pub id: EffectId,
    pub rule: String,
    pub cause: EventId,
    /// The action's id in the rule.
    pub step: String,
    pub connection: String,
    pub action: String,
    pub grade: Grade,
    pub arguments: Vec<(String, String)>,
    pub planned_at: Timestamp,
    pub state: &'static str,
    /// Since when it is so; of a waiting one, until when.
    pub state_at: Timestamp,
    pub reason: Option<String>,
    /// Who has cancelled or released it.
    pub by: Option<String>,
    /// The provider's id of what was made.
    pub reference: Option<String>,
    /// An earlier attempt had been carried out after all.
    pub already_done: bool,
    pub attempts: u32,
    /// A try may have been carried out.
    pub uncertain: bool,
}

impl EffectSummary {
    fn new(id: EffectId, row: EffectRow) -> Self {
        let state = row.state.word();
        let (state_at, reason, reference, already_done) = match row.state {
            EffectState::Planned => (row.planned_at, None, None, false),
            EffectState::Claimed { at } => (at, None, None, false),
            EffectState::Waiting { until, reason } => (until, Some(reason), None, false),
            EffectState::Confirmed { at, reference, already_done } => (at, None, reference, already_done),
            EffectState::Parked { at, reason }
            | EffectState::Unknown { at, reason }
            | EffectState::Held { at, reason }
            | EffectState::Cancelled { at, reason, .. } => (at, Some(reason), None, false),
        };
        Self {
            id,
            rule: row.rule,
            cause: row.cause,
            step: row.step,
            connection: row.connection,
            action: row.action,
            grade: row.grade,
            arguments: row.arguments,
            planned_at: row.planned_at,
            state,
            state_at,
            reason,
            by: row.hold.cancelled.or(row.hold.released).map(|word| word.by),
            reference,
            already_done,
            attempts: row.attempts,
            uncertain: row.uncertain,
        }
    }
}

/// Effects, newest first. Open and held ones come from lists of their own; of settled ones so many are looked at.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn effects(store: &dyn Store, query: &EffectQuery) -> Result<Vec<EffectSummary>, FoldError> {
    let view = View { store };
    let wants = |effect: &EffectSummary| {
        query.state.as_ref().is_none_or(|state| state == effect.state)
            && query.rule.as_ref().is_none_or(|rule| *rule == effect.rule)
    };
    let mut found = Vec::new();
    let listed = match query.state.as_deref() {
        Some("planned" | "claimed" | "waiting") => Some(effects_open(store, EFFECTS_LOOKED_AT_MAX)?),
        Some("held") => Some(effects_held(store, EFFECTS_LOOKED_AT_MAX)?),
        _ => None,
    };
    if let Some(listed) = listed {
        for (_, id) in listed {
            found.extend(effect(store, id)?.filter(wants));
        }
    } else {
        let mut looked_at = 0;
        view.walk(Table::Effect, Range::all(), Order::Ascending, |id, row| {
            looked_at += 1;
            if let Ok(id) = id.try_into() {
                found.extend(
                    Some(EffectSummary::new(EffectId(id), decode(Table::Effect, row)?)).filter(wants),
                );
            }
            Ok(if looked_at == EFFECTS_LOOKED_AT_MAX { Walk::Enough } else { Walk::On })
        })?;
    }
    found.sort_by_key(|effect| (std::cmp::Reverse(effect.planned_at), effect.id));
    found.truncate(query.limit.min(ANSWER_MAX));
    Ok(found)
}

/// One effect.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn effect(store: &dyn Store, id: EffectId) -> Result<Option<EffectSummary>, FoldError> {
    Ok(View { store }.get(&id.0)?.map(|row| EffectSummary::new(id, row)))
}

impl Decision {
    /// The decision in words: what the rule found, part by part, and what came of it. Holds field values: show it to
    /// who may see the customer, never log it.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = self.evaluation.explain();
        let came_of_it = match &self.verdict {
            Verdict::Fired { effects } if effects.is_empty() => {
                "acted within the hub; nothing is sent".to_owned()
            }
            Verdict::Fired { effects } => {
                let ids: Vec<String> = effects.iter().map(EffectId::to_string).collect();
                format!("acted: {}", ids.join(", "))
            }
            Verdict::Shadowed => "would have acted, but the rule is in shadow mode".to_owned(),
            Verdict::Waiting { until } => format!("waits until {until}, and is asked again then"),
            Verdict::DidNotFire => "did not act".to_owned(),
            Verdict::Held { reason } => format!("held back: {reason}"),
            Verdict::OwnWrite => {
                "held back: the event shows what this rule itself has just written".to_owned()
            }
        };
        // Writing to a string cannot fail.
        _ = writeln!(text, "{} at {}", came_of_it, self.decided_at);
        for Done { step, action, says } in &self.done {
            _ = writeln!(text, "  {step} ({action}): {says}");
        }
        for HeldAction { step, reason } in &self.held {
            _ = writeln!(text, "  {step} waits for a person: {reason}");
        }
        text
    }
}

/// What a plugin keeps under a name.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn plugin_state(store: &dyn Store, connection: &str, name: &str) -> Result<Option<String>, FoldError> {
    let row = store.get(Table::PluginState, &key::object(connection, &[name]))?;
    row.map(|value| decode(Table::PluginState, &value)).transpose()
}

/// How much there is of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub customers: u64,
    pub orders: u64,
    pub checkouts: u64,
    pub interactions: u64,
    pub conversations: u64,
    pub tickets: u64,
    /// Stock levels and items.
    pub inventory: u64,
    pub loyalty_accounts: u64,
    pub loyalty_entries: u64,
    pub surveys: u64,
    pub consents: u64,
    pub deliveries: u64,
    pub deliveries_pending: u64,
    pub events: u64,
    pub effects: u64,
    /// Planned, under way or waiting.
    pub effects_open: u64,
}

/// How much there is of everything; walks no table.
///
/// # Errors
/// The store's.
pub fn counts(store: &dyn Store) -> Result<Counts, FoldError> {
    Ok(Counts {
        customers: store.count(Table::Customer)?,
        orders: store.count(Table::Order)?,
        checkouts: store.count(Table::Checkout)?,
        interactions: store.count(Table::Interaction)?,
        conversations: store.count(Table::Conversation)?,
        tickets: store.count(Table::Ticket)?,
        inventory: store.count(Table::Inventory)?,
        loyalty_accounts: store.count(Table::LoyaltyAccount)?,
        loyalty_entries: store.count(Table::LoyaltyEntry)?,
        surveys: store.count(Table::Survey)?,
        consents: store.count(Table::Consent)?,
        deliveries: store.count(Table::Delivery)?,
        deliveries_pending: store.count(Table::Pending)?,
        events: store.count(Table::Event)?,
        effects: store.count(Table::Effect)?,
        effects_open: store.count(Table::EffectDue)?,
    })
}

/// How many accounts were found to be somebody already known: over all customers, their accounts beyond the first.
/// Walks all customers, page by page.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn merges(store: &dyn Store) -> Result<u64, FoldError> {
    let mut merges = 0;
    View { store }.walk(Table::Customer, Range::all(), Order::Ascending, |_, row| {
        let customer: CustomerRow = decode(Table::Customer, row)?;
        merges += (customer.accounts.len() as u64).saturating_sub(1);
        Ok(Walk::On)
    })?;
    Ok(merges)
}
