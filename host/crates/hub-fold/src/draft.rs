//! Changes not yet committed, laid over the store: the fold reads its own writes and commits them at once.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use hub_model::join::Join;
use hub_store::{Batch, Before, Change, Order, Range, Row as StoredRow, Store, Table, prefix_range};

use crate::FoldError;
use crate::row::{Row, decode, encode};

/// Where a row is.
type Place = (Table, Vec<u8>);

/// One batch in the making.
pub(crate) struct Draft<'a> {
    store: &'a dyn Store,
    changes: BTreeMap<Table, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    /// What the store said, absent rows included: within a batch the same keys are asked for again and again, and nobody
    /// else writes.
    reads: RefCell<HashMap<Place, Option<Vec<u8>>>>,
    /// Rows that this batch was the first to write: deleted again, they never were.
    created: HashSet<Place>,
}

/// A thing before and after an event was joined in.
pub(crate) struct Joined<T> {
    pub(crate) before: Option<T>,
    pub(crate) after: T,
}

impl<'a> Draft<'a> {
    /// Nothing changed yet.
    pub(crate) fn new(store: &'a dyn Store) -> Self {
        Self { store, changes: BTreeMap::new(), reads: RefCell::default(), created: HashSet::new() }
    }

    pub(crate) fn get_raw(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, FoldError> {
        match self.changes.get(&table).and_then(|changes| changes.get(key)) {
            Some(change) => Ok(change.clone()),
            None => self.read(table, key),
        }
    }

    fn read(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, FoldError> {
        let place = (table, key.to_vec());
        if let Some(known) = self.reads.borrow().get(&place) {
            return Ok(known.clone());
        }
        let value = self.store.get(table, key)?;
        self.reads.borrow_mut().insert(place, value.clone());
        Ok(value)
    }

    pub(crate) fn get<T: Row>(&self, key: &[u8]) -> Result<Option<T>, FoldError> {
        self.get_raw(T::TABLE, key)?.map(|bytes| decode(T::TABLE, &bytes)).transpose()
    }

    pub(crate) fn put<T: Row>(&mut self, key: Vec<u8>, row: &T) {
        self.put_raw(T::TABLE, key, encode(row));
    }

    pub(crate) fn put_raw(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.changes.entry(table).or_default().insert(key, Some(value));
    }

    /// Puts a row that the caller knows is not there yet.
    pub(crate) fn put_new(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        // One that this batch has changed already may be in the store all the same.
        if !self.changes.get(&table).is_some_and(|changes| changes.contains_key(&key)) {
            self.created.insert((table, key.clone()));
        }
        self.put_raw(table, key, value);
    }

    pub(crate) fn delete(&mut self, table: Table, key: Vec<u8>) {
        let place = (table, key);
        let was_created = self.created.remove(&place);
        let (table, key) = place;
        let changes = self.changes.entry(table).or_default();
        if was_created {
            changes.remove(&key);
        } else {
            changes.insert(key, None);
        }
    }

    /// Joins what an event tells of a thing into what is known of it.
    pub(crate) fn join<T: Row + Join + Clone + PartialEq>(
        &mut self,
        key: &[u8],
        told: T,
    ) -> Result<Joined<T>, FoldError> {
        let before: Option<T> = self.get(key)?;
        let mut after = before.clone();
        after.join(Some(told));
        let Some(after) = after else { return Err(FoldError::Row { table: T::TABLE }) };
        if before.as_ref() != Some(&after) {
            self.put(key.to_vec(), &after);
        }
        Ok(Joined { before, after })
    }

    /// Rows whose keys begin with `prefix`, first keys first, at most `limit`.
    pub(crate) fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<StoredRow>, FoldError> {
        self.scan_range(table, prefix_range(prefix), limit)
    }

    pub(crate) fn scan_range(
        &self,
        table: Table,
        range: Range,
        limit: usize,
    ) -> Result<Vec<StoredRow>, FoldError> {
        let Some(changes) = self.changes.get(&table) else {
            return Ok(self.store.scan(table, range, Order::Ascending, limit)?);
        };
        let in_range = |key: &Vec<u8>| *key >= range.from && range.to.as_ref().is_none_or(|to| key < to);
        let changed: Vec<_> =
            changes.range(range.from.clone()..).take_while(|(key, _)| in_range(key)).collect();
        let deleted = changed.iter().filter(|(_, value)| value.is_none()).count();
        let stored = self.store.scan(table, range, Order::Ascending, limit.saturating_add(deleted))?;
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, value) in changed {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    /// Commits everything together with the sequence number it is complete to.
    ///
    /// # Errors
    /// The store's; then nothing is changed.
    pub(crate) fn commit(self, applied: u64) -> Result<(), FoldError> {
        let (mut reads, created) = (self.reads.into_inner(), self.created);
        let mut batch = Batch { applied, changes: Vec::new() };
        for (table, changes) in self.changes {
            for (key, value) in changes {
                batch.changes.push(match value {
                    Some(value) => {
                        let place = (table, key);
                        let before = match reads.remove(&place) {
                            Some(Some(row)) => Before::Row(row),
                            Some(None) => Before::Nothing,
                            None if !created.is_empty() && created.contains(&place) => Before::Nothing,
                            None => Before::Unknown,
                        };
                        Change::Put { table, key: place.1, value, before }
                    }
                    None => Change::Delete { table, key },
                });
            }
        }
        Ok(self.store.commit(batch)?)
    }
}

#[cfg(test)]
mod tests;
