//! Owns what is committed and not yet handed to the engine: rows laid over those below, which are read as if they were
//! there already.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::batch::{Latest, Written};
use crate::{Batch, Before, Change, Order, Range, Row, Table};

/// By key, what shall be there and what is below.
type Rows = BTreeMap<Vec<u8>, Written>;

#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) applied: u64,
    tables: BTreeMap<Table, Rows>,
    rows: usize,
    bytes: usize,
}

impl Waiting {
    /// Nothing waits for a store that is complete to here.
    pub(crate) fn at(applied: u64) -> Self {
        Self { applied, ..Self::default() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// What keys and values take, those below included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a row is there; `None` where nothing waits and the store below knows.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Option<Option<&[u8]>> {
        Some(self.tables.get(&table)?.get(key)?.value.as_deref())
    }

    /// Takes in the changes of a batch that is complete to `applied`. What is below must be known of each row that does
    /// not wait yet.
    pub(crate) fn take_in(&mut self, applied: u64, latest: Latest) {
        for (table, changes) in latest {
            let rows = self.tables.entry(table).or_default();
            for (key, written) in changes {
                let key_bytes = key.len();
                let old = rows.remove(&key);
                self.rows -= usize::from(old.is_some());
                self.bytes -= old.as_ref().map_or(0, |old| key_bytes + bytes_of(old));
                // What is below does not change before all of this is written there.
                let before = old.map_or(written.before, |old| old.before);
                let written = Written { value: written.value, before };
                if written.value.is_some() || written.before != Before::Nothing {
                    self.rows += 1;
                    self.bytes += key_bytes + bytes_of(&written);
                    rows.insert(key, written);
                }
            }
        }
        self.applied = applied;
    }

    /// All of it, as the store below is told.
    pub(crate) fn batch(&self) -> Batch {
        let rows = self.tables.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (*table, row)));
        let changes = rows.map(|(table, (key, Written { value, before }))| match value {
            Some(value) => {
                Change::Put { table, key: key.clone(), value: value.clone(), before: before.clone() }
            }
            None => Change::Delete { table, key: key.clone() },
        });
        Batch { applied: self.applied, changes: changes.collect() }
    }

    fn in_range(
        &self,
        table: Table,
        range: &Range,
    ) -> Option<impl DoubleEndedIterator<Item = (&Vec<u8>, &Written)>> {
        if range.is_empty() {
            return None;
        }
        let to = range.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.tables.get(&table)?.range::<[u8], _>((Bound::Included(range.from.as_slice()), to));
        Some(rows)
    }

    /// How many rows of a range came, and how many of those below are gone.
    pub(crate) fn come_and_gone(&self, table: Table, range: &Range) -> (usize, usize) {
        let (mut come, mut gone) = (0, 0);
        for (_, written) in self.in_range(table, range).into_iter().flatten() {
            match (&written.before, &written.value) {
                (Before::Nothing, Some(_)) => come += 1,
                (Before::Row(_), None) => gone += 1,
                _ => {}
            }
        }
        (come, gone)
    }

    /// The first rows of a range: those below with these laid over them. Of those below there must be as many as asked
    /// for, and one for each that is gone.
    pub(crate) fn lay_over(
        &self,
        below: Vec<Row>,
        table: Table,
        range: &Range,
        order: Order,
        limit: usize,
    ) -> Vec<Row> {
        let Some(over) = self.in_range(table, range) else { return below };
        match order {
            Order::Ascending => merge(below, over, limit, |below, over| below < over),
            Order::Descending => merge(below, over.rev(), limit, |below, over| below > over),
        }
    }
}

fn bytes_of(Written { value, before }: &Written) -> usize {
    let below = if let Before::Row(row) = before { row.len() } else { 0 };
    value.as_ref().map_or(0, Vec::len) + below
}

/// Both in one order, `over` in place of what is below under the same key.
fn merge<'w>(
    below: Vec<Row>,
    over: impl Iterator<Item = (&'w Vec<u8>, &'w Written)>,
    limit: usize,
    comes_first: impl Fn(&Vec<u8>, &Vec<u8>) -> bool,
) -> Vec<Row> {
    let (mut below, mut over) = (below.into_iter().peekable(), over.peekable());
    let mut rows = Vec::new();
    while rows.len() < limit {
        let next_below = below.next_if(|(key, _)| over.peek().is_none_or(|(next, _)| comes_first(key, next)));
        if let Some(row) = next_below {
            rows.push(row);
            continue;
        }
        let Some((key, written)) = over.next() else { break };
        let _replaced = below.next_if(|(below, _)| below == key);
        rows.extend(written.value.clone().map(|value| (key.clone(), value)));
    }
    rows
}
