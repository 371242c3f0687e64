//! Owns a view that lives as long as the process: for tests, back-tests and comparing digests.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::batch::check_forwards;
use crate::key::Key;
use crate::{Batch, Order, Range, Row, Store, StoreError, Table};

/// A [`Store`] in memory. Behaves like the one on disk, limits included.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    applied: u64,
    tables: BTreeMap<Table, BTreeMap<Key, Vec<u8>>>,
}

impl MemoryStore {
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// Nothing between taking the lock for writing and the end of a commit can panic half way, so a poisoned lock
    /// still guards a whole view.
    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bounds(range: &Range) -> (Bound<Key>, Bound<Key>) {
    let to = range.to.as_deref().map_or(Bound::Unbounded, |to| Bound::Excluded(to.into()));
    (Bound::Included(range.from.as_slice().into()), to)
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().tables.get(&table).and_then(|rows| rows.get(&key.into())).cloned())
    }

    fn scan(&self, table: Table, range: Range, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let held = self.read();
        let Some(rows) = held.tables.get(&table) else { return Ok(Vec::new()) };
        let rows = rows.range(bounds(&range)).map(|(key, value)| (key.to_vec(), value.clone()));
        Ok(match order {
            Order::Ascending => rows.take(limit).collect(),
            Order::Descending => rows.rev().take(limit).collect(),
        })
    }

    fn count_in(&self, table: Table, range: Range, limit: usize) -> Result<usize, StoreError> {
        if range.is_empty() {
            return Ok(0);
        }
        let held = self.read();
        let Some(rows) = held.tables.get(&table) else { return Ok(0) };
        Ok(rows.range(bounds(&range)).take(limit).count())
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let applied = batch.applied;
        let latest = batch.latest()?;
        let mut held = self.write();
        check_forwards(held.applied, applied)?;
        for (table, changes) in latest {
            let rows = held.tables.entry(table).or_default();
            for (key, written) in changes {
                match written.value {
                    Some(value) => rows.insert(key.as_slice().into(), value),
                    None => rows.remove(&key.as_slice().into()),
                };
            }
        }
        held.applied = applied;
        Ok(())
    }

    fn applied(&self) -> Result<u64, StoreError> {
        Ok(self.read().applied)
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        Ok(self.read().tables.get(&table).map_or(0, |rows| rows.len() as u64))
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
