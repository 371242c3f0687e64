//! Owns the copy of a whole view into an empty place, in the order of its keys.
//!
//! A fold writes rows all over the tree. sled then keeps its pages half empty and rewrites them in pieces, and its file
//! grows to 4.3 times what the rows take; what it frees in there it never gives back. Rows that come in order fill page
//! after page and are written once: the copy has less than half of the size.

use sled::Tree;

use super::{Fault, STATE_KEY, SledStore};
use crate::StoreError;

/// Rows written at once. A row of 140 bytes takes 267 with 64 to 512 of them, 322 one by one and 450 with 2,048 and more.
const ROWS_AT_ONCE: usize = 256;

impl SledStore {
    /// Takes in all rows of another view, as they lie there; this one must be empty. Reads all of them again afterwards, so
    /// damage in the other is found. After an error this one is of no use.
    ///
    /// # Errors
    /// The disk's, or the other view is damaged.
    pub(crate) fn fill_from(&self, other: &SledStore) -> Result<(), StoreError> {
        {
            let (there, mut here) = (other.shared(), self.alone());
            let (from, to) = (other.engine(), self.engine());
            // The state row is the one that says the others are there: it comes last.
            let state = to.state.key(STATE_KEY);
            other.fence.run(|| copy_rows(&from.rows, &to.rows, &state))?;
            *here = there.clone();
        }
        self.verify()
    }
}

fn copy_rows(from: &Tree, to: &Tree, last: &[u8]) -> Result<(), Fault> {
    let mut batch = sled::Batch::default();
    let mut rows = 0;
    for row in from {
        let (place, entry) = row?;
        if place != last {
            batch.insert(place, entry);
            rows += 1;
        }
        if rows == ROWS_AT_ONCE {
            to.apply_batch(std::mem::take(&mut batch))?;
            rows = 0;
        }
    }
    to.apply_batch(batch)?;
    if let Some(state) = from.get(last)? {
        to.insert(last, state)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::tests::{reopen, view};
    use super::*;
    use crate::conformance::{batch, long_value, put};
    use crate::{Order, Range, SledOptions, Store, Table};

    fn empty() -> (TempDir, SledStore) {
        let home = TempDir::new().unwrap();
        let store = SledStore::open(&home.path().join("view"), &SledOptions::default()).unwrap();
        (home, store)
    }

    #[test]
    fn a_copy_holds_every_row_and_says_so_after_it_was_closed() {
        let (home, copy) = empty();
        let (_home, other) = empty();
        // More than are written at once, in every table, each somewhere else; and some with chunks.
        for round in 1..=3_u64 {
            let rows = Table::ALL.iter().flat_map(|table| {
                (0..200_u64).map(move |row| {
                    let id = (round * 1_000 + row).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
                    let length = if row % 50 == 0 { 20_000 } else { 60 };
                    put(*table, &[id, id, id].concat(), &long_value(7, length))
                })
            });
            other.commit(batch(round, rows)).unwrap();
        }
        copy.fill_from(&other).unwrap();
        drop(copy);
        let copy = reopen(&home.path().join("view")).unwrap();
        assert_eq!(copy.applied().unwrap(), 3);
        for table in Table::ALL.iter().copied() {
            let rows =
                |store: &SledStore| store.scan(table, Range::all(), Order::Ascending, usize::MAX).unwrap();
            assert_eq!(rows(&copy), rows(&other), "{table:?}");
            assert_eq!(copy.count(table).unwrap(), 600, "{table:?}");
        }
    }

    #[test]
    fn a_copy_of_nothing_is_empty() {
        let (_home, copy) = empty();
        copy.fill_from(&empty().1).unwrap();
        assert_eq!(copy.applied().unwrap(), 0);
    }

    #[test]
    fn damage_is_not_copied() {
        let (_home, copy) = empty();
        let (_other_home, _path, other) = view();
        let customers = other.engine().rows(Table::Customer);
        let (key, _) = customers.scan(&Range::all(), Order::Ascending, 1).unwrap().remove(0);
        customers.tree.remove(customers.key(&key)).unwrap();
        assert!(copy.fill_from(&other).unwrap_err().asks_for_rebuild());
    }

    /// As they would lie if every page were half full, with a few segments of half a megabyte begun.
    #[test]
    fn a_copy_takes_little_more_than_twice_what_its_rows_do() {
        const ROWS: u64 = 50_000;
        let (home, copy) = empty();
        let (_home, other) = empty();
        let rows = (0..ROWS).map(|row| {
            let id = row.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            put(Table::Event, &[id, id].concat(), &[7; 120])
        });
        other.commit(batch(1, rows)).unwrap();
        copy.fill_from(&other).unwrap();
        drop(copy);
        let bytes = fs::metadata(home.path().join("view").join("db")).unwrap().len();
        assert!(bytes < ROWS * 143 * 5 / 2, "{bytes} bytes");
    }
}
