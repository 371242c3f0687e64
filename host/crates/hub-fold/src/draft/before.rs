//! What rows held before a report, for rules that ask what changed. Nothing is remembered unless a rule in force asks.
//!
//! All events of a report are in the draft before rules are asked, so the first change of a row since the mark keeps what
//! stood there; the rest is as it is.

use std::collections::BTreeMap;

use hub_store::{Before, Range, Row as StoredRow, Table};

use super::{Draft, Held};
use crate::FoldError;
use crate::row::{Row, decode};

/// What a rule can ask the past of stands here, and whose it was.
const TABLES: [Table; 9] = [
    Table::Order,
    Table::Checkout,
    Table::Ticket,
    Table::Inventory,
    Table::LoyaltyAccount,
    Table::Node,
    Table::Customer,
    Table::Profile,
    Table::Annotation,
];

/// The rows changed since the mark, as they were.
#[derive(Default)]
pub(super) struct Remembered(BTreeMap<Table, BTreeMap<Vec<u8>, Was>>);

/// A row at the mark.
#[derive(Clone)]
enum Was {
    /// As it was in the draft; `None` where there was none.
    Row(Option<Vec<u8>>),
    /// Nobody had looked at it in this batch, so it was as the store still has it.
    Stored,
}

impl Remembered {
    /// Called before a row is changed: the first change of a row counts. `before` is known of one that is not held.
    pub(super) fn note(&mut self, table: Table, key: &[u8], held: Option<&Held>, before: &Before) {
        if !TABLES.contains(&table) {
            return;
        }
        let rows = self.0.entry(table).or_default();
        if !rows.contains_key(key) {
            let was = match (held.and_then(Held::now), before) {
                (Some(row), _) => Was::Row(row.map(<[u8]>::to_vec)),
                (None, Before::Nothing) => Was::Row(None),
                (None, Before::Row(row)) => Was::Row(Some(row.clone())),
                (None, Before::Unknown) => Was::Stored,
            };
            rows.insert(key.to_vec(), was);
        }
    }
}

impl Draft<'_> {
    /// From here on it is remembered what rows hold now.
    pub(crate) fn remember(&mut self) {
        self.remembered = Some(Remembered::default());
    }

    /// Forgets it again.
    pub(crate) fn forget_before(&mut self) {
        self.remembered = None;
    }

    /// The rows as they were at the mark; `None` when there is none.
    pub(crate) fn before(&self) -> Option<RowsBefore<'_>> {
        self.remembered.as_ref().map(|remembered| RowsBefore { draft: self, remembered })
    }
}

/// The draft as it was at the mark.
#[derive(Clone, Copy)]
pub(crate) struct RowsBefore<'a> {
    draft: &'a Draft<'a>,
    remembered: &'a Remembered,
}

impl RowsBefore<'_> {
    pub(crate) fn get<T: Row>(&self, key: &[u8]) -> Result<Option<T>, FoldError> {
        match self.remembered.0.get(&T::TABLE).and_then(|rows| rows.get(key)) {
            Some(was) => {
                let row = self.row(T::TABLE, key, was)?;
                row.map(|bytes| decode(T::TABLE, &bytes)).transpose()
            }
            None => self.draft.get(key),
        }
    }

    fn row(&self, table: Table, key: &[u8], was: &Was) -> Result<Option<Vec<u8>>, FoldError> {
        match was {
            Was::Row(row) => Ok(row.clone()),
            Was::Stored => Ok(self.draft.store.get(table, key)?),
        }
    }

    pub(crate) fn scan_range(
        &self,
        table: Table,
        range: Range,
        limit: usize,
    ) -> Result<Vec<StoredRow>, FoldError> {
        let Some(changed) = self.remembered.0.get(&table) else {
            return self.draft.scan_range(table, range, limit);
        };
        let in_range = |key: &Vec<u8>| *key >= range.from && range.to.as_ref().is_none_or(|to| key < to);
        let changed: Vec<_> =
            changed.range(range.from.clone()..).take_while(|(key, _)| in_range(key)).collect();
        // Each of them may take the place of one that was there.
        let rows = self.draft.scan_range(table, range, limit.saturating_add(changed.len()))?;
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = rows.into_iter().collect();
        for (key, was) in changed {
            match self.row(table, key, was)? {
                Some(row) => rows.insert(key.clone(), row),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }
}
