//! Where forgotten content was told: the events of an account or a thing, what rules found in them, and the records of
//! the journal that hold them.

use std::collections::BTreeSet;

use hub_model::{EffectId, EventId, NodeId};
use hub_store::{Order, Range, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::apply::Applying;
use crate::decide::Verdict;
use crate::draft::Draft;
use crate::effects::forget_effect;
use crate::follow::HUB;
use crate::row::{DeliveryRow, EventRow, Subject, decode, encode, key};
use crate::rulings::forget_rulings;
use crate::sitting::Sitting;

/// The sort of rows in the table of erasures that name records of the journal.
const STORED: u8 = b'd';

impl Applying<'_, '_, '_> {
    pub(super) fn events_of(&self, account: NodeId) -> Result<Vec<EventId>, FoldError> {
        let rows = self.draft.scan(Table::Index, &key::all_events_prefix(account), usize::MAX)?;
        Ok(rows.iter().filter_map(|(row, _)| key::trailing_id(row).map(EventId)).collect())
    }

    /// Events about a thing whose content is gone, under whatever account they were noted.
    pub(crate) fn forget_events_about(
        &mut self,
        subject: &Subject,
        owner: Option<NodeId>,
    ) -> Result<(), FoldError> {
        let moved = self.draft.scan(Table::Index, &key::moved_from_prefix(subject), usize::MAX)?;
        let moved = moved.iter().filter_map(|(row, _)| key::trailing_id(row).map(NodeId));
        // Those of the account being forgotten are gone through once, not once for each of its things.
        let forgetting = self.forgetting;
        let accounts = owner.into_iter().chain(moved).filter(|account| Some(*account) != forgetting);
        for account in accounts.collect::<BTreeSet<_>>() {
            for event in self.events_of(account)? {
                self.forget_event(event, |row| row.subject.as_ref() == Some(subject))?;
            }
        }
        for (row, _) in self.draft.scan(Table::Index, &key::about_prefix(subject), usize::MAX)? {
            if let Some(event) = key::trailing_id(&row) {
                self.forget_event(EventId(event), |_| true)?;
            }
        }
        Ok(())
    }

    /// Takes the content from what rules found at an event and wanted to send, and marks where the event is stored.
    pub(super) fn forget_event(
        &mut self,
        id: EventId,
        is_meant: impl Fn(&EventRow) -> bool,
    ) -> Result<(), FoldError> {
        let Some(row) = self.draft.get::<EventRow>(&id.0)?.filter(is_meant) else { return Ok(()) };
        // What is the hub's own stands in no record.
        if row.connection != HUB {
            mark_stored(self.draft, row.delivery, row.report, self.told.learned)?;
        }
        for (again, delivery) in self.draft.scan(Table::Index, &key::told_again_prefix(id), usize::MAX)? {
            if let Some(report) = again.last_chunk::<8>() {
                let delivery = decode(Table::Index, &delivery)?;
                mark_stored(self.draft, delivery, u64::from_be_bytes(*report), self.told.learned)?;
            }
        }
        for (_, row) in self.draft.scan(Table::Annotation, &key::sittings_prefix(id), usize::MAX)? {
            let mut sitting = Sitting::read(&row)?;
            let scan = |range: Range, limit: usize| self.draft.scan_range(Table::Annotation, range, limit);
            sitting.forget(&scan)?;
            sitting.write_again(self.draft);
            for outcome in &sitting.outcomes {
                if let Verdict::Fired { effects } = &outcome.verdict {
                    self.forget_effects(effects)?;
                }
            }
        }
        forget_rulings(self.draft, id)
    }

    fn forget_effects(&mut self, effects: &[EffectId]) -> Result<(), FoldError> {
        effects.iter().try_for_each(|effect| forget_effect(self.draft, *effect, self.at, self.told.learned))
    }
}

/// Notes that a record of the journal holds what is to be forgotten, as record `by` had it.
pub(crate) fn mark_stored(
    draft: &mut Draft<'_>,
    delivery: Option<u64>,
    report: u64,
    by: u64,
) -> Result<(), FoldError> {
    if let Some(seq) = delivery
        && let Some(mut row) = draft.get::<DeliveryRow>(&key::sequence(seq))?
        && !row.erase
    {
        row.erase = true;
        draft.put(key::sequence(seq), &row);
    }
    draft.put_raw(Table::Erasure, stored_key(report), encode(&Stored { delivery, by }));
    Ok(())
}

/// Strikes out what was marked by `until` at the latest; a later mark asks for more.
pub(crate) fn strike_stored(draft: &mut Draft<'_>, report: u64, until: u64) -> Result<(), FoldError> {
    let row_key = stored_key(report);
    if let Some(row) = draft.get_raw(Table::Erasure, &row_key)?
        && decode::<Stored>(Table::Erasure, &row)?.by <= until
    {
        draft.delete(Table::Erasure, row_key);
    }
    Ok(())
}

/// A record with content to be removed.
#[derive(Serialize, Deserialize)]
struct Stored {
    delivery: Option<u64>,
    by: u64,
}

/// A record with the events of a delivery or a page.
fn stored_key(report: u64) -> Vec<u8> {
    [&[STORED], key::sequence(report).as_slice()].concat()
}

/// The records that hold what is to be forgotten, by the sequence number of the one with the events.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub(crate) fn stored(store: &dyn Store, limit: usize) -> Result<Vec<(u64, Option<u64>)>, FoldError> {
    let rows = store.scan(Table::Erasure, prefix_range(&[STORED]), Order::Ascending, limit)?;
    rows.iter()
        .filter_map(|(row_key, row)| Some((u64::from_be_bytes(*row_key.last_chunk::<8>()?), row)))
        .map(|(report, row)| Ok((report, decode::<Stored>(Table::Erasure, row)?.delivery)))
        .collect()
}
