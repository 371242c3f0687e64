//! Changes not yet committed, laid over the store: the fold reads its own writes and commits them at once.

mod before;
mod seen;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;

use hub_model::join::Join;
use hub_store::{Batch, Before, Change, Order, Range, Row as StoredRow, Store, Table, prefix_range};

use crate::FoldError;
use crate::row::{Row, decode, encode};
use before::Remembered;
pub(crate) use before::RowsBefore;

/// One batch in the making.
pub(crate) struct Draft<'a> {
    store: &'a dyn Store,
    /// Rows read as well as changed: within a batch the same keys are asked for again and again, and nobody else writes.
    held: RefCell<BTreeMap<Table, BTreeMap<Vec<u8>, Held>>>,
    /// What rows were before the report at hand, while some rule asks.
    remembered: Option<Remembered>,
}

/// A row as the store has it and as it shall be.
struct Held {
    before: Before,
    /// `None` while it is not changed; then what shall be there, if anything.
    change: Option<Option<Vec<u8>>>,
}

impl Held {
    /// The row as it is to be seen from here on; `None` when nobody has looked yet.
    fn now(&self) -> Option<Option<&[u8]>> {
        match (&self.change, &self.before) {
            (Some(change), _) => Some(change.as_deref()),
            (None, Before::Row(row)) => Some(Some(row)),
            (None, Before::Nothing) => Some(None),
            (None, Before::Unknown) => None,
        }
    }
}

/// Rows that change, of those with keys in a range.
fn changed_in<'h, 'r>(
    held: &'h BTreeMap<Vec<u8>, Held>,
    range: &'r Range,
) -> impl Iterator<Item = (&'h Vec<u8>, &'h Held)> + use<'h, 'r> {
    held.range::<[u8], _>((Bound::Included(range.from.as_slice()), Bound::Unbounded))
        .take_while(|(key, _)| range.to.as_ref().is_none_or(|to| *key < to))
        .filter(|(_, held)| held.change.is_some())
}

/// A thing before and after an event was joined in.
pub(crate) struct Joined<T> {
    pub(crate) before: Option<T>,
    pub(crate) after: T,
}

impl<'a> Draft<'a> {
    /// Nothing changed yet.
    pub(crate) fn new(store: &'a dyn Store) -> Self {
        Self { store, held: RefCell::default(), remembered: None }
    }

    pub(crate) fn get_raw(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, FoldError> {
        self.read(table, key, |row| row.map(<[u8]>::to_vec))
    }

    /// Whether there is such a row.
    pub(crate) fn has(&self, table: Table, key: &[u8]) -> Result<bool, FoldError> {
        self.read(table, key, |row| row.is_some())
    }

    fn read<T>(&self, table: Table, key: &[u8], look: impl Fn(Option<&[u8]>) -> T) -> Result<T, FoldError> {
        if let Some(now) = self.held.borrow().get(&table).and_then(|rows| rows.get(key)?.now()) {
            return Ok(look(now));
        }
        let value = self.store.get(table, key)?;
        let seen = look(value.as_deref());
        let before = value.map_or(Before::Nothing, Before::Row);
        let held = Held { before, change: None };
        self.held.borrow_mut().entry(table).or_default().insert(key.to_vec(), held);
        Ok(seen)
    }

    pub(crate) fn get<T: Row>(&self, key: &[u8]) -> Result<Option<T>, FoldError> {
        self.read(T::TABLE, key, |row| row.map(|bytes| decode(T::TABLE, bytes)).transpose())?
    }

    pub(crate) fn put<T: Row>(&mut self, key: Vec<u8>, row: &T) {
        self.put_raw(T::TABLE, key, encode(row));
    }

    pub(crate) fn put_raw(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.change(table, key, Some(value), Before::Unknown);
    }

    /// Puts a row that the caller knows is not there yet.
    pub(crate) fn put_new(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.change(table, key, Some(value), Before::Nothing);
    }

    pub(crate) fn delete(&mut self, table: Table, key: Vec<u8>) {
        self.change(table, key, None, Before::Unknown);
    }

    /// `before` counts where nothing is known of the row yet.
    fn change(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>, before: Before) {
        let rows = self.held.get_mut().entry(table).or_default();
        if let Some(remembered) = &mut self.remembered {
            remembered.note(table, &key, rows.get(&key), &before);
        }
        let held = rows.entry(key).or_insert(Held { before, change: None });
        // What never was and shall not be changes nothing.
        let is_nothing = value.is_none() && held.before == Before::Nothing;
        held.change = (!is_nothing).then_some(value);
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
        let held = self.held.borrow();
        let Some(held) = held.get(&table) else {
            return Ok(self.store.scan(table, range, Order::Ascending, limit)?);
        };
        let changed: Vec<_> = changed_in(held, &range).collect();
        let deleted = changed.iter().filter(|(_, held)| held.change == Some(None)).count();
        let stored = self.store.scan(table, range, Order::Ascending, limit.saturating_add(deleted))?;
        if changed.is_empty() {
            return Ok(stored);
        }
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, held) in changed {
            match &held.change {
                Some(Some(value)) => rows.insert(key.clone(), value.clone()),
                _ => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    /// How many rows have keys in the range, counted up to `limit`.
    pub(crate) fn count_range(&self, table: Table, range: Range, limit: usize) -> Result<usize, FoldError> {
        let held = self.held.borrow();
        let (mut come, mut gone) = (0, 0);
        for (key, held) in held.get(&table).into_iter().flat_map(|held| changed_in(held, &range)) {
            let was_there = match &held.before {
                Before::Row(_) => true,
                Before::Nothing => false,
                Before::Unknown => self.store.get(table, key)?.is_some(),
            };
            match (was_there, matches!(held.change, Some(Some(_)))) {
                (false, true) => come += 1,
                (true, false) => gone += 1,
                _ => {}
            }
        }
        let stored = self.store.count_in(table, range, limit.saturating_add(gone))?;
        Ok((stored.saturating_sub(gone) + come).min(limit))
    }

    /// Commits everything together with the sequence number it is complete to.
    ///
    /// # Errors
    /// The store's; then nothing is changed.
    pub(crate) fn commit(self, applied: u64) -> Result<(), FoldError> {
        let held = self.held.into_inner();
        let rows = held.values().map(BTreeMap::len).sum();
        let mut batch = Batch { applied, changes: Vec::with_capacity(rows) };
        for (table, rows) in held {
            for (key, Held { before, change }) in rows {
                let change = match change {
                    Some(Some(value)) => Change::Put { table, key, value, before },
                    Some(None) => Change::Delete { table, key },
                    None => continue,
                };
                batch.changes.push(change);
            }
        }
        Ok(self.store.commit(batch)?)
    }
}

#[cfg(test)]
mod tests;
