//! The store as a draft has changed it so far, for what reads a store: figures that a rule asks for in the midst of a
//! batch must be those of the records before it, wherever the batch began.

use std::collections::BTreeMap;
use std::io;

use hub_store::{Batch, Order, Range, Row as StoredRow, Store, StoreError, Table};

use super::Draft;

/// Rows changed by a batch; `None` where a row is gone.
type Changed = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A store and what lies over it. Can be read only: changes are committed by their draft.
pub(crate) struct Seen<'a> {
    store: &'a dyn Store,
    changed: BTreeMap<Table, Changed>,
}

impl<'a> Draft<'a> {
    /// Copies what is changed so far, so it is for rare questions.
    pub(crate) fn seen(&self) -> Seen<'a> {
        let held = self.held.borrow();
        let changed = held.iter().map(|(table, rows)| {
            let rows = rows.iter().filter_map(|(key, held)| Some((key.clone(), held.change.clone()?)));
            (*table, rows.collect())
        });
        Seen { store: self.store, changed: changed.collect() }
    }
}

impl Seen<'_> {
    fn changed_in<'s>(
        &'s self,
        table: Table,
        range: &'s Range,
    ) -> impl Iterator<Item = (&'s Vec<u8>, &'s Option<Vec<u8>>)> {
        let rows = self.changed.get(&table).into_iter();
        rows.flat_map(|rows| rows.range(range.from.clone()..))
            .take_while(|(key, _)| range.to.as_ref().is_none_or(|to| *key < to))
    }
}

impl Store for Seen<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changed.get(&table).and_then(|rows| rows.get(key)) {
            Some(row) => Ok(row.clone()),
            None => self.store.get(table, key),
        }
    }

    fn scan(
        &self,
        table: Table,
        range: Range,
        order: Order,
        limit: usize,
    ) -> Result<Vec<StoredRow>, StoreError> {
        let changed: Changed =
            self.changed_in(table, &range).map(|(key, row)| (key.clone(), row.clone())).collect();
        // Each of them may take the place of one that is stored.
        let stored = self.store.scan(table, range, order, limit.saturating_add(changed.len()))?;
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, row) in changed {
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
        Ok(match order {
            Order::Ascending => rows.into_iter().take(limit).collect(),
            Order::Descending => rows.into_iter().rev().take(limit).collect(),
        })
    }

    fn commit(&self, _: Batch) -> Result<(), StoreError> {
        Err(StoreError::Io(io::ErrorKind::ReadOnlyFilesystem.into()))
    }

    fn applied(&self) -> Result<u64, StoreError> {
        self.store.applied()
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        let mut count = self.store.count(table)?;
        for (key, row) in self.changed_in(table, &Range::all()) {
            match (self.store.get(table, key)?.is_some(), row.is_some()) {
                (false, true) => count += 1,
                (true, false) => count -= 1,
                _ => {}
            }
        }
        Ok(count)
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
