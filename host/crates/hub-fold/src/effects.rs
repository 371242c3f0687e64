//! What becomes of effects: attempts, receipts, an operator's wish, and events in which the provider shows that one has
//! happened. One place changes an effect's row, so that the list of due ones stays right.

use hub_model::event::{DeliveryStatus, Event, Payload};
use hub_model::{EffectId, Timestamp};
use hub_store::Table;

use crate::FoldError;
use crate::apply::About;
use crate::draft::Draft;
use crate::erase::{ERASURE, mark_stored};
use crate::fold::Folding;
use crate::held::cancelled;
use crate::own::{marks, note_own_write};
use crate::record::{Attempt, Outcome, Receipt};
use crate::row::{EffectRow, EffectState, key};

/// What the hub says of an effect whose arguments it no longer has.
const ERASED: &str = "whom it was for is forgotten, and with them what was to be sent";

impl Folding<'_> {
    pub(crate) fn attempt(&mut self, at: Timestamp, attempt: &Attempt) -> Result<(), FoldError> {
        let Some(row) = self.draft.get::<EffectRow>(&attempt.effect.0)? else { return Ok(()) };
        let target = self.settings.target(&row.connection, &row.action).filter(|_| is_of_rule(&row));
        let target = target.and_then(|target| row.arguments.iter().find(|(name, _)| name == target));
        if let Some((_, target)) = target {
            note_own_write(&mut self.draft, &row.connection, target, &row.rule, at)?;
        }
        self.change_effect(attempt.effect, |row| {
            row.attempts = attempt.number;
            // One that was seen to have happened stays so, though a try was already on its way; and one that has
            // nothing to send any more is not taken up again.
            if !matches!(row.state, EffectState::Confirmed { .. }) && !row.erased {
                row.state = EffectState::Claimed { at };
            }
        })
    }

    pub(crate) fn receipt(&mut self, seq: u64, at: Timestamp, receipt: &Receipt) -> Result<(), FoldError> {
        let Some(row) = self.draft.get::<EffectRow>(&receipt.effect.0)? else { return Ok(()) };
        if let Outcome::Confirmed { reference: Some(reference), .. } = &receipt.outcome
            && is_of_rule(&row)
        {
            note_own_write(&mut self.draft, &row.connection, reference, &row.rule, at)?;
        }
        let outcome = self.kept(seq, receipt, &row)?;
        self.change_effect(receipt.effect, |row| {
            let confirmed = matches!(row.state, EffectState::Confirmed { .. });
            if let Some(state) = state_after(row, at, &outcome).filter(|state| {
                // What the provider has shown to have happened is not undone by a request that got no answer.
                !confirmed || (matches!(state, EffectState::Confirmed { .. }) && !row.erased)
            }) {
                row.state = state;
            }
        })?;
        self.settle_erasure(seq, receipt.effect)
    }

    /// The outcome with as many of the provider's words as may be kept: they may name whom the effect was for.
    fn kept(&mut self, seq: u64, receipt: &Receipt, row: &EffectRow) -> Result<Outcome, FoldError> {
        let outcome = receipt.outcome.clone();
        if !outcome.has_words() {
            return Ok(outcome);
        }
        let proof = match &outcome {
            Outcome::Confirmed { reference, .. } if !is_of_rule(row) => reference.as_deref(),
            _ => None,
        };
        let names = proof.map_or(Ok(false), |proof| self.names_erased(receipt.effect, proof))?;
        if row.erased || names {
            mark_stored(&mut self.draft, None, seq, seq)?;
            return Ok(outcome.without_words());
        }
        // The proof of an erasure stays when the person's id goes.
        if proof.is_none() {
            self.draft.put_raw(Table::Index, key::receipt(receipt.effect, seq), Vec::new());
        }
        Ok(outcome)
    }

    pub(crate) fn retry_effect(&mut self, at: Timestamp, effect: EffectId) -> Result<(), FoldError> {
        self.change_effect(effect, |row| {
            if is_retried(&row.state) && !row.erased {
                let reason = "an operator asked for it".to_owned();
                row.state = EffectState::Waiting { until: at, reason };
                row.hold.cancelled = None;
                row.failures = 0;
                row.owed_since = at;
            }
        })
    }

    /// Effects of which nobody knew whether they had happened, until their provider showed one.
    pub(crate) fn confirm_seen(
        &mut self,
        seq: u64,
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
                let reference = about.subject.as_ref().filter(|_| is_of_rule(&row));
                let reference = reference.map(|subject| subject.id.clone());
                self.consequences.effects_seen += 1;
                self.change_effect(id, |row| {
                    row.state = EffectState::Confirmed { at, reference, already_done: true };
                })?;
                self.settle_erasure(seq, id)?;
            }
        }
        Ok(())
    }

    pub(crate) fn change_effect(
        &mut self,
        id: EffectId,
        change: impl FnOnce(&mut EffectRow),
    ) -> Result<(), FoldError> {
        if change_effect(&mut self.draft, id, change)? == Changed::Due {
            self.consequences.effects_due.push(id);
        }
        Ok(())
    }
}

/// What is held is released, with a reason; and what a person has cancelled stays so.
fn is_retried(state: &EffectState) -> bool {
    match state {
        EffectState::Planned
        | EffectState::Waiting { .. }
        | EffectState::Parked { .. }
        | EffectState::Unknown { .. } => true,
        EffectState::Confirmed { .. }
        | EffectState::Claimed { .. }
        | EffectState::Held { .. }
        | EffectState::Cancelled { .. } => false,
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
    if row.erased {
        return EffectState::Parked { at, reason: ERASED.to_owned() };
    }
    // Somebody has cancelled it while it was tried. If it may have happened, that has to be found out.
    let cancelled = cancelled(row).filter(|_| !row.uncertain);
    cancelled.unwrap_or_else(|| EffectState::Waiting { until, reason: reason.to_owned() })
}

/// Our own writes are known again so that a rule does not answer itself; an erasure is no rule's.
pub(crate) fn is_of_rule(row: &EffectRow) -> bool {
    row.rule != ERASURE
}

/// It may have happened and nobody has said so.
fn is_unsure(row: &EffectRow) -> bool {
    match row.state {
        EffectState::Unknown { .. } | EffectState::Claimed { .. } => true,
        EffectState::Waiting { .. } | EffectState::Parked { .. } => row.uncertain,
        EffectState::Planned
        | EffectState::Confirmed { .. }
        | EffectState::Held { .. }
        | EffectState::Cancelled { .. } => false,
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
    if let Some((table, listed)) = listed(id, &row) {
        draft.delete(table, listed);
    }
    change(&mut row);
    let changed = put_effect(draft, id, &row);
    let is_under_way = matches!(row.state, EffectState::Claimed { .. });
    Ok(if is_under_way { Changed::NotDue } else { changed })
}

/// Writes an effect's row, and lists it where it is looked for.
pub(crate) fn put_effect(draft: &mut Draft<'_>, id: EffectId, row: &EffectRow) -> Changed {
    if let Some((table, listed)) = listed(id, row) {
        draft.put_raw(table, listed, Vec::new());
    }
    draft.put(id.0.to_vec(), row);
    if due(row).is_some() { Changed::Due } else { Changed::NotDue }
}

/// Where an effect is listed by its state: with those that are due some time, with those that are held, or with those of
/// its rule that are cancelled.
pub(crate) fn listed(id: EffectId, row: &EffectRow) -> Option<(Table, Vec<u8>)> {
    match &row.state {
        EffectState::Held { .. } => Some((Table::Index, key::held(row.planned_at, id))),
        EffectState::Cancelled { .. } => Some((Table::Index, key::cancelled(&row.rule, id))),
        _ => due(row).map(|due| (Table::EffectDue, key::effect_due(due, id))),
    }
}

/// The effects of a rule that are held, due some time or cancelled: those a person's word may be about. Looks at all that
/// are held or due, of whatever rule.
pub(crate) fn open_to_words(draft: &Draft<'_>, rule: &str) -> Result<Vec<(EffectId, EffectRow)>, FoldError> {
    let mut rows = draft.scan(Table::Index, &key::held_prefix(), usize::MAX)?;
    rows.extend(draft.scan(Table::EffectDue, &[], usize::MAX)?);
    rows.extend(draft.scan(Table::Index, &key::cancelled_prefix(rule), usize::MAX)?);
    let mut found = Vec::new();
    for id in rows.iter().filter_map(|(row, _)| key::trailing_id(row).map(EffectId)) {
        found.extend(draft.get::<EffectRow>(&id.0)?.filter(|row| row.rule == rule).map(|row| (id, row)));
    }
    Ok(found)
}

/// Takes the content from an effect. What is not under way will not be sent any more.
pub(crate) fn forget_effect(
    draft: &mut Draft<'_>,
    id: EffectId,
    at: Timestamp,
    by: u64,
) -> Result<(), FoldError> {
    let_go(draft, id, by)?;
    change_effect(draft, id, |row| match &mut row.state {
        EffectState::Planned | EffectState::Waiting { .. } | EffectState::Held { .. } => {
            row.state = EffectState::Parked { at, reason: ERASED.to_owned() };
        }
        EffectState::Parked { reason, .. } | EffectState::Unknown { reason, .. } => {
            ERASED.clone_into(reason);
        }
        EffectState::Confirmed { reference, .. } => *reference = None,
        EffectState::Claimed { .. } | EffectState::Cancelled { .. } => {}
    })
    .map(drop)
}

/// Takes from an effect what it is sent with, and marks where a provider's words on it are stored.
pub(crate) fn let_go(draft: &mut Draft<'_>, id: EffectId, by: u64) -> Result<(), FoldError> {
    for (receipt, _) in draft.scan(Table::Index, &key::receipts_prefix(id), usize::MAX)? {
        if let Some(seq) = receipt.last_chunk::<8>() {
            mark_stored(draft, None, u64::from_be_bytes(*seq), by)?;
        }
    }
    change_effect(draft, id, |row| {
        row.arguments.clear();
        row.erased = true;
    })
    .map(drop)
}

/// When an effect has to be looked at again.
fn due(row: &EffectRow) -> Option<Timestamp> {
    match &row.state {
        EffectState::Planned => Some(row.planned_at),
        EffectState::Claimed { at } => Some(*at),
        EffectState::Waiting { until, .. } => Some(*until),
        EffectState::Confirmed { .. }
        | EffectState::Parked { .. }
        | EffectState::Unknown { .. }
        | EffectState::Held { .. }
        | EffectState::Cancelled { .. } => None,
    }
}
