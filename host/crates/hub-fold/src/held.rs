//! What keeps a planned effect from being sent: a rule that acts too often, a question to a person, a time to wait, hours
//! in which nobody is written to, a switch that stops everything. And a person's word on what is held: release or cancel.
//!
//! What is sent is never taken back, so of two words on one effect the one that cancels holds, whichever came first; it
//! holds as well when it meets a try that failed. Of several words that say the same, the first by the clock is kept, and
//! of the words on the switch the last, so that the order in which they are heard changes nothing.

use hub_model::{EffectId, Timestamp};
use hub_rules::{PlannedAction, QuietHours, Rate, Rule};
use hub_store::{Order, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::decide::{Occasion, firing_key, recent_firings};
use crate::draft::Draft;
use crate::effects::{is_of_rule, open_to_words};
use crate::fold::Folding;
use crate::record::Chosen;
use crate::row::{EffectRow, EffectState, decode, encode, key};

/// The word on the switch, in the table of settings.
const STOP_KEY: &[u8] = b"effects-stop";

/// A person's word on an effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Word {
    pub at: Timestamp,
    pub by: String,
    /// For people; it is kept when a customer is forgotten, so it names none.
    pub reason: String,
}

/// What a rule and people say of when an effect may be sent, and whether.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The rule has it wait until then.
    pub not_before: Option<Timestamp>,
    /// When the person it writes to is left alone, as its rule said when it was planned.
    pub quiet_hours: Option<QuietHours>,
    pub released: Option<Word>,
    pub cancelled: Option<Word>,
}

/// An action that was planned and waits for a person's word, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAction {
    /// The action's id in the rule.
    pub step: String,
    /// For people.
    pub reason: String,
}

/// Whether a rule acts so often that what it has its connections do waits for a person.
pub(crate) struct Pause {
    pub(crate) reason: Option<String>,
    /// The firing to write down if the rule acts.
    pub(crate) firing: Option<(Vec<u8>, Vec<Timestamp>)>,
}

/// A storm is counted on while it is held, so that it is let through again only once it has passed.
pub(crate) fn pause(draft: &Draft<'_>, occasion: &Occasion<'_>, rule: &Rule) -> Result<Pause, FoldError> {
    let Some(rate) = rule.limits.pause_above else { return Ok(Pause { reason: None, firing: None }) };
    let row = firing_key(&rule.id, "pause", "");
    let mut recent = recent_firings(draft, &row, occasion.now, rate.per_ns)?;
    let above = (recent.len() as u64 >= rate.count).then(|| above(rate));
    recent.push(occasion.now);
    // More of them would not change the answer.
    let kept = usize::try_from(rate.count).unwrap_or(usize::MAX);
    let recent = recent.split_off(recent.len().saturating_sub(kept));
    Ok(Pause { reason: above, firing: Some((row, recent)) })
}

fn above(rate: Rate) -> String {
    format!("pause_above: it acted more than {}", rate.words())
}

/// Why an action waits for a person, if it does. What the hub does itself is done at once.
pub(crate) fn holds(action: &PlannedAction, pause: &Pause) -> Option<HeldAction> {
    let asked = action.ask.as_ref().map(|question| format!("ask: {question}"));
    let reason = asked.or_else(|| pause.reason.clone())?;
    Some(HeldAction { step: action.step(), reason })
}

/// What a rule says of when an action is done.
pub(crate) fn hold(rule: &Rule, action: &PlannedAction, planned_at: Timestamp) -> Hold {
    let not_before = action.wait_ns.map(|wait| Timestamp(planned_at.0.saturating_add(wait)));
    // Only what is written to a person has a purpose.
    let quiet_hours = rule.limits.quiet_hours.clone().filter(|_| action.purpose.is_some());
    Hold { not_before, quiet_hours, ..Hold::default() }
}

/// An effect as it begins: held, waiting, or due at once.
pub(crate) fn begun(row: EffectRow, held: Option<&HeldAction>) -> EffectRow {
    let at = row.planned_at;
    match held {
        Some(held) => EffectRow { state: EffectState::Held { at, reason: held.reason.clone() }, ..row },
        None => free(row, at),
    }
}

/// The same once nobody holds it any more from `at` on: it waits for its time, or is due.
fn free(mut row: EffectRow, at: Timestamp) -> EffectRow {
    let start = row.hold.not_before.map_or(at, |not_before| not_before.max(at));
    let quiet = row.quiet_until(start);
    let reason = if quiet.is_some() { QUIET } else { "wait: the rule says so" };
    let due = quiet.unwrap_or(start);
    row.owed_since = due;
    row.state = match due > at {
        true => EffectState::Waiting { until: due, reason: reason.to_owned() },
        false => EffectState::Planned,
    };
    row
}

/// Whether nobody may have been sent anything yet: a try that failed for certain is none.
fn is_unsent(row: &EffectRow) -> bool {
    let is_open =
        matches!(row.state, EffectState::Held { .. } | EffectState::Planned | EffectState::Waiting { .. });
    is_open && !row.uncertain
}

impl Folding<'_> {
    pub(crate) fn release_effects(&mut self, chosen: &Chosen, word: &Word) -> Result<(), FoldError> {
        self.say(chosen, word, |row| release(row, word))
    }

    pub(crate) fn cancel_effects(&mut self, chosen: &Chosen, word: &Word) -> Result<(), FoldError> {
        self.say(chosen, word, |row| cancel(row, word))
    }

    /// Applies a word to what is meant. An erasure is no rule's, and people close it by a command of its own.
    fn say(&mut self, chosen: &Chosen, word: &Word, to: impl Fn(&mut EffectRow)) -> Result<(), FoldError> {
        for id in self.chosen(chosen, word.at)? {
            let Some(known) = self.draft.get::<EffectRow>(&id.0)? else { continue };
            let mut row = known.clone();
            to(&mut row);
            if row != known && !known.erased && is_of_rule(&known) {
                self.change_effect(id, |known| *known = row)?;
            }
        }
        Ok(())
    }

    /// Those planned later are not meant: whoever gave the word had not seen them.
    fn chosen(&self, chosen: &Chosen, at: Timestamp) -> Result<Vec<EffectId>, FoldError> {
        let rule = match chosen {
            Chosen::Rule(rule) => rule,
            Chosen::Effects(effects) => return Ok(effects.clone()),
        };
        let found = open_to_words(&self.draft, rule)?.into_iter();
        Ok(found.filter(|(_, row)| row.planned_at <= at).map(|(id, _)| id).collect())
    }

    /// Takes in a word on whether anything is sent.
    pub(crate) fn switch_effects(&mut self, switch: Switch, word: &Word) -> Result<(), FoldError> {
        let told = Switched { at: word.at, switch, by: word.by.clone(), reason: word.reason.clone() };
        let known: Option<Switched> = read_switch(self.draft.get_raw(Table::Setting, STOP_KEY)?)?;
        if known.is_none_or(|known| known < told) {
            self.draft.put_raw(Table::Setting, STOP_KEY.to_vec(), encode(&told));
        }
        Ok(())
    }
}

/// A release says that a person has looked; it sets nothing going that was let go before.
fn release(row: &mut EffectRow, word: &Word) {
    let was_released = row.hold.released.is_some();
    let is_held = matches!(row.state, EffectState::Held { .. });
    if !is_held && !was_released {
        return;
    }
    let is_as_released = |row: &EffectRow, known: &Word| free(row.clone(), known.at) == *row;
    let is_free = row.hold.released.as_ref().is_some_and(|known| is_as_released(row, known));
    if row.hold.released.as_ref().is_none_or(|known| word < known) {
        row.hold.released = Some(word.clone());
        if is_held || is_free {
            *row = free(row.clone(), word.at);
        }
    }
}

/// What is on its way is not called back, but it is not tried again either.
fn cancel(row: &mut EffectRow, word: &Word) {
    let is_under_way = matches!(row.state, EffectState::Claimed { .. });
    let was_cancelled = matches!(row.state, EffectState::Cancelled { .. });
    if !(is_unsent(row) || is_under_way || was_cancelled) {
        return;
    }
    if row.hold.cancelled.as_ref().is_none_or(|known| word < known) {
        row.hold.cancelled = Some(word.clone());
    }
    if !is_under_way && let Some(state) = cancelled(row) {
        row.state = state;
        row.hold.released = None;
        row.owed_since = row.planned_at;
    }
}

/// The state of an effect that somebody has cancelled.
pub(crate) fn cancelled(row: &EffectRow) -> Option<EffectState> {
    let Word { at, by, reason } = row.hold.cancelled.clone()?;
    Some(EffectState::Cancelled { at, by, reason })
}

/// Why an effect waits at night, for people.
pub const QUIET: &str = "quiet hours: nobody is written to until they end";

impl EffectRow {
    /// Until when the person it writes to is left alone; `None` when it may be sent at this moment. To be asked before
    /// each try: what was planned by day may be tried at night.
    #[must_use]
    pub fn quiet_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.message.as_ref()?;
        self.hold.quiet_hours.as_ref()?.end(at.0).map(Timestamp)
    }
}

/// Whether anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    On,
    /// Of two words of one moment the one that stops holds.
    Stopped,
}

/// Who has last said whether anything is sent. The greatest holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Switched {
    pub at: Timestamp,
    pub switch: Switch,
    pub by: String,
    pub reason: String,
}

fn read_switch(row: Option<Vec<u8>>) -> Result<Option<Switched>, FoldError> {
    row.map(|row| decode(Table::Setting, &row)).transpose()
}

/// The last word on whether anything is sent; `None` when nobody has ever stopped it.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn effects_switch(store: &dyn Store) -> Result<Option<Switched>, FoldError> {
    read_switch(store.get(Table::Setting, STOP_KEY)?)
}

/// Since when and by whom nothing is sent; `None` while effects are.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn effects_stopped(store: &dyn Store) -> Result<Option<Switched>, FoldError> {
    Ok(effects_switch(store)?.filter(|switched| switched.switch == Switch::Stopped))
}

/// Effects that wait for a person's word, first planned first, at most so many.
///
/// # Errors
/// The store's.
pub fn effects_held(store: &dyn Store, limit: usize) -> Result<Vec<(Timestamp, EffectId)>, FoldError> {
    let range = prefix_range(&key::held_prefix());
    let rows = store.scan(Table::Index, range, Order::Ascending, limit)?;
    Ok(rows.iter().filter_map(|(row, _)| key::read_held(row)).collect())
}
