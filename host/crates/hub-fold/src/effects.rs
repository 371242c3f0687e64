//! What becomes of effects: attempts, receipts, an operator's wish, and events in which the provider shows that one has
//! happened. One place changes an effect's row, so that the list of due ones stays right.

use hub_model::event::{DeliveryStatus, Event, Payload};
use hub_model::{EffectId, Timestamp};
use hub_store::Table;

use crate::FoldError;
use crate::apply::About;
use crate::draft::Draft;
use crate::erase::mark_stored;
use crate::fold::Folding;
use crate::own::{marks, note_own_write};
use crate::record::{Attempt, Outcome, Receipt};
use crate::row::{EffectRow, EffectState, key};

/// What the hub says of an effect whose arguments it no longer has.
const ERASED: &str = "whom it was for is forgotten, and with them what was to be sent";

impl Folding<'_> {
    pub(crate) fn attempt(&mut self, at: Timestamp, attempt: &Attempt) -> Result<(), FoldError> {
        let Some(row) = self.draft.get::<EffectRow>(&attempt.effect.0)? else { return Ok(()) };
        let target = self.settings.target(&row.connection, &row.action);
        let target = target.and_then(|target| row.arguments.iter().find(|(name, _)| name == target));
        if let Some((_, target)) = target {
            note_own_write(&mut self.draft, &row.connection, target, &row.rule, at)?;
        }
        self.change_effect(attempt.effect, |row| {
            row.attempts = attempt.number;
            // One that was seen to have happened stays so, though a try was already on its way.
            if !matches!(row.state, EffectState::Confirmed { .. }) {
                row.state = EffectState::Claimed { at };
            }
        })
    }

    pub(crate) fn receipt(&mut self, seq: u64, at: Timestamp, receipt: &Receipt) -> Result<(), FoldError> {
        if receipt.outcome.has_words() {
            self.note_receipt(seq, receipt.effect)?;
        }
        if let Outcome::Confirmed { reference: Some(reference), .. } = &receipt.outcome
            && let Some(row) = self.draft.get::<EffectRow>(&receipt.effect.0)?
        {
            note_own_write(&mut self.draft, &row.connection, reference, &row.rule, at)?;
        }
        self.change_effect(receipt.effect, |row| {
            let confirmed = matches!(row.state, EffectState::Confirmed { .. });
            if let Some(state) = state_after(row, at, &receipt.outcome).filter(|state| {
                // What the provider has shown to have happened is not undone by a request that got no answer.
                !confirmed || matches!(state, EffectState::Confirmed { .. })
            }) {
                row.state = state;
            }
        })
    }

    /// What a provider said may name whom the effect was for.
    fn note_receipt(&mut self, seq: u64, effect: EffectId) -> Result<(), FoldError> {
        let Some(row) = self.draft.get::<EffectRow>(&effect.0)? else { return Ok(()) };
        if row.erased {
            return mark_stored(&mut self.draft, None, seq, seq);
        }
        self.draft.put_raw(Table::Index, key::receipt(effect, seq), Vec::new());
        Ok(())
    }

    pub(crate) fn retry_effect(&mut self, at: Timestamp, effect: EffectId) -> Result<(), FoldError> {
        self.change_effect(effect, |row| {
            let is_over = matches!(row.state, EffectState::Confirmed { .. } | EffectState::Claimed { .. });
            if !is_over && !row.erased {
                let reason = "an operator asked for it".to_owned();
                row.state = EffectState::Waiting { until: at, reason };
                row.failures = 0;
                row.owed_since = at;
            }
        })
    }

    /// Effects of which nobody knew whether they had happened, until their provider showed one.
    pub(crate) fn confirm_seen(
        &mut self,
        at: Timestamp,
        connection: &str,
        event: &Event,
        about: &About,
    ) -> Result<(), FoldError> {
        if has_failed(event) {
            return Ok(());
        }
        for id in marks(event) {
            let Some(row) = self.draft.get::<EffectRow>(&id.0)? else { continue };
            if row.connection == connection && is_unsure(&row) {
                let reference = about.subject.as_ref().map(|subject| subject.id.clone());
                self.consequences.effects_seen += 1;
                self.change_effect(id, |row| {
                    row.state = EffectState::Confirmed { at, reference, already_done: true };
                })?;
            }
        }
        Ok(())
    }

    fn change_effect(&mut self, id: EffectId, change: impl FnOnce(&mut EffectRow)) -> Result<(), FoldError> {
        if change_effect(&mut self.draft, id, change)? == Changed::Due {
            self.consequences.effects_due.push(id);
        }
        Ok(())
    }
}

fn state_after(row: &mut EffectRow, at: Timestamp, outcome: &Outcome) -> Option<EffectState> {
    Some(match outcome {
        Outcome::Confirmed { reference, already_done } => {
            EffectState::Confirmed { at, reference: reference.clone(), already_done: *already_done }
        }
        Outcome::RetryAt { at: until, reason, uncertain } => {
            row.failures = row.failures.saturating_add(1);
            again(row, at, *until, reason, *uncertain)
        }
        Outcome::Postponed { until, reason, uncertain } => again(row, at, *until, reason, *uncertain),
        Outcome::Parked { reason } => EffectState::Parked { at, reason: reason.clone() },
        Outcome::Unknown { reason } => {
            row.uncertain = true;
            EffectState::Unknown { at, reason: reason.clone() }
        }
    })
}

fn again(row: &mut EffectRow, at: Timestamp, until: Timestamp, reason: &str, uncertain: bool) -> EffectState {
    row.uncertain |= uncertain;
    match row.erased {
        true => EffectState::Parked { at, reason: ERASED.to_owned() },
        false => EffectState::Waiting { until, reason: reason.to_owned() },
    }
}

/// It may have happened and nobody has said so.
fn is_unsure(row: &EffectRow) -> bool {
    match row.state {
        EffectState::Unknown { .. } | EffectState::Claimed { .. } => true,
        EffectState::Waiting { .. } | EffectState::Parked { .. } => row.uncertain,
        EffectState::Planned | EffectState::Confirmed { .. } => false,
    }
}

/// A message that was refused carries our mark too.
fn has_failed(event: &Event) -> bool {
    matches!(&event.payload, Payload::Interaction(said) if said.status == Some(DeliveryStatus::Failed))
}

#[derive(PartialEq, Eq)]
pub(crate) enum Changed {
    /// It has to be tried, now or later.
    Due,
    NotDue,
}

fn change_effect(
    draft: &mut Draft<'_>,
    id: EffectId,
    change: impl FnOnce(&mut EffectRow),
) -> Result<Changed, FoldError> {
    let Some(mut row) = draft.get::<EffectRow>(&id.0)? else { return Ok(Changed::NotDue) };
    if let Some(due) = due(&row) {
        draft.delete(Table::EffectDue, key::effect_due(due, id));
    }
    change(&mut row);
    let mut changed = Changed::NotDue;
    if let Some(due) = due(&row) {
        draft.put_raw(Table::EffectDue, key::effect_due(due, id), Vec::new());
        if !matches!(row.state, EffectState::Claimed { .. }) {
            changed = Changed::Due;
        }
    }
    draft.put(id.0.to_vec(), &row);
    Ok(changed)
}

/// Takes the content from an effect. What is not under way will not be sent any more.
pub(crate) fn forget_effect(
    draft: &mut Draft<'_>,
    id: EffectId,
    at: Timestamp,
    by: u64,
) -> Result<(), FoldError> {
    for (receipt, _) in draft.scan(Table::Index, &key::receipts_prefix(id), usize::MAX)? {
        if let Some(seq) = receipt.last_chunk::<8>() {
            mark_stored(draft, None, u64::from_be_bytes(*seq), by)?;
        }
    }
    change_effect(draft, id, |row| {
        row.arguments.clear();
        row.erased = true;
        if matches!(row.state, EffectState::Planned | EffectState::Waiting { .. }) {
            row.state = EffectState::Parked { at, reason: ERASED.to_owned() };
        }
    })
    .map(drop)
}

/// When an effect has to be looked at again.
fn due(row: &EffectRow) -> Option<Timestamp> {
    match &row.state {
        EffectState::Planned => Some(row.planned_at),
        EffectState::Claimed { at } => Some(*at),
        EffectState::Waiting { until, .. } => Some(*until),
        EffectState::Confirmed { .. } | EffectState::Parked { .. } | EffectState::Unknown { .. } => None,
    }
}
