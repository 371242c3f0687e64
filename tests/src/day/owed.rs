//! Whether every effect happened once: each effect of the view is looked for at the provider it was owed to, and each
//! cause is looked at, because our own write must not have made its rule act again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context as _;
use hub_fold::row::{EffectRow, EffectState, EventRow};
use hub_model::EffectId;
use hub_store::Store;
use provider_simulator::World;

use super::life::Lived;
use super::rows;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Owed {
    /// Effects by rule and step.
    pub effects: BTreeMap<String, usize>,
    /// More than one try.
    pub tried_again: usize,
    /// Of which a person has to say whether they happened; no more than once they did.
    pub unknown: usize,
    pub problems: Vec<String>,
}

impl Owed {
    /// Looks at every effect.
    ///
    /// # Errors
    /// The store's.
    pub fn looked_at(store: &dyn Store, world: &World, lived: &Lived) -> anyhow::Result<Self> {
        let events: HashMap<Vec<u8>, EventRow> = rows::all::<EventRow>(store)?.into_iter().collect();
        let there = There::of(world)?;
        let mut owed = Self::default();
        let effects = rows::all::<EffectRow>(store)?;
        for (key, row) in effects {
            let id = EffectId(key.as_slice().try_into().context("an effect's key is its id")?);
            *owed.effects.entry(format!("{} {}", row.rule, row.step)).or_default() += 1;
            owed.tried_again += usize::from(row.attempts > 1);
            let event = events.get(row.cause.0.as_slice()).context("a cause that is no event")?;
            owed.once(id, &row, &there);
            owed.not_by_itself(id, &row, event, lived);
        }
        Ok(owed)
    }

    fn once(&mut self, id: EffectId, row: &EffectRow, there: &There) {
        let is_unknown = match row.state {
            EffectState::Unknown { .. } => true,
            EffectState::Parked { .. } => row.uncertain,
            _ => false,
        };
        self.unknown += usize::from(is_unknown);
        if !is_unknown && !matches!(row.state, EffectState::Confirmed { .. }) {
            self.problems
                .push(format!("{id} of {} is not done: {:?}, {} tries", row.rule, row.state, row.attempts));
            return;
        }
        // Natural ones leave no mark: said once or thrice, a tag is there.
        let times = match row.action.as_str() {
            "create_ticket" => there.tickets.get(&id.to_string()).copied(),
            "append_order_note" => {
                Some(there.notes.iter().map(|note| note.matches(&id.to_string()).count()).sum())
            }
            "send_message" => there.messages.get(&message(row)).copied(),
            _ => return,
        };
        let times = times.unwrap_or(0);
        if times != 1 && !(is_unknown && times == 0) {
            self.problems.push(format!("{id} ({}) of {} happened {times} times", row.action, row.rule));
        }
    }

    /// Whoever wrote an order when, is known: if nobody did, it was the hub.
    fn not_by_itself(&mut self, id: EffectId, row: &EffectRow, event: &EventRow, lived: &Lived) {
        let Some(subject) = event.subject.as_ref().filter(|_| event.name.starts_with("order.")) else {
            return;
        };
        let at = jiff::Timestamp::from_nanosecond(i128::from(event.happened_at.0)).unwrap_or_default();
        if lived.written.contains(&(subject.id.clone(), at)) {
            return;
        }
        let shown = format!("{} at {at}, heard at {}", subject.id, row.planned_at);
        self.problems.push(format!("{id} of {} was caused by our own write to {shown}", row.rule));
    }
}

/// Whom a message is for, and its text: the story says nothing twice.
fn message(row: &EffectRow) -> (String, String) {
    let argument = |wanted: &str| {
        row.arguments
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    (argument("to"), argument("text"))
}

/// What stands at the providers.
struct There {
    tickets: BTreeMap<String, usize>,
    notes: Vec<String>,
    messages: BTreeMap<(String, String), usize>,
}

impl There {
    fn of(world: &World) -> anyhow::Result<Self> {
        let mut there = Self { tickets: BTreeMap::new(), notes: Vec::new(), messages: BTreeMap::new() };
        for ticket in world.zendesk.tickets.values() {
            *there.tickets.entry(ticket.external_id.clone().unwrap_or_default()).or_default() += 1;
        }
        let orders = serde_json::to_value(&world.shopify).context("the shop is plain data")?;
        let orders = orders.get("orders").and_then(|orders| orders.as_object().cloned()).unwrap_or_default();
        there.notes = orders.values().filter_map(|order| order["note"].as_str().map(str::to_owned)).collect();
        for message in &world.graph.messages {
            let said = (message.to.clone(), message.text.clone().unwrap_or_default());
            *there.messages.entry(said).or_default() += 1;
        }
        Ok(there)
    }
}

/// Which orders were noted, for a floor under the numbers.
#[must_use]
pub fn rules(owed: &Owed) -> BTreeSet<&str> {
    owed.effects.keys().filter_map(|key| key.split(' ').next()).collect()
}
