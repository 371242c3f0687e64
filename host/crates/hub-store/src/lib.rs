//! Owns the view: tables of keys and values that a deterministic fold writes and everybody else reads.
//!
//! The view can be thrown away. It is a function of the journal, so whatever goes wrong in here is cured by
//! building it again; see [`begin_rebuild`] and [`finish_rebuild`]. This crate knows bytes only: what a key or a
//! value means is its caller's business, and neither ever appears in an error. It never promises durability:
//! after a crash it stands at some earlier [`Store::applied`], whole, and the fold goes on from there.
//!
//! `sled` is named in this crate alone and none of its types leave it.

mod batch;
mod chunk;
mod disk;
mod error;
mod key;
mod memory;
mod sled_store;
mod swap;
mod table;
mod waiting;

#[cfg(test)]
mod conformance;

pub use batch::{Batch, Before, Change};
pub use chunk::VALUE_BYTES_MAX;
pub use disk::DiskStore;
pub use error::{KEY_BYTES_MAX, Part, StoreError};
pub use memory::MemoryStore;
pub use sled_store::{SledOptions, SledStore};
pub use swap::{begin_rebuild, finish_rebuild, move_aside, pack_rebuild};
pub use table::Table;

/// A key and its value, as [`Store::scan`] returns them.
pub type Row = (Vec<u8>, Vec<u8>);

/// Tables of rows, changed one [`Batch`] at a time.
///
/// One fold writes, many readers read: a single call sees either all of a batch or nothing of it. Two calls in a
/// row may see two states.
pub trait Store: Send + Sync {
    /// The value under `key`, if there is one.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The rows whose keys lie in `range`, in `order`, at most `limit` of them.
    fn scan(&self, table: Table, range: Range, order: Order, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// How many rows have keys in `range`, counted up to `limit`.
    fn count_in(&self, table: Table, range: Range, limit: usize) -> Result<usize, StoreError> {
        Ok(self.scan(table, range, Order::Ascending, limit)?.len())
    }

    /// Makes every change of the batch and moves [`Store::applied`], or does neither.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// The journal sequence number up to which the view is complete; 0 for a new store.
    fn applied(&self) -> Result<u64, StoreError>;

    /// How many rows the table holds. Does not walk the table.
    fn count(&self, table: Table) -> Result<u64, StoreError>;

    /// Hands what is committed to the operating system, so that it outlives this process. Survives no power cut.
    fn flush(&self) -> Result<(), StoreError>;
}

/// The keys from `from` up to but without `to`; without `to` there is no upper end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Range {
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
}

impl Range {
    /// Every key.
    pub fn all() -> Range {
        Range::default()
    }

    /// A range that ends before it starts holds no key. Engines disagree about asking for one.
    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}

/// Which end of a range comes first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    Ascending,
    Descending,
}

/// The keys that start with `prefix`.
pub fn prefix_range(prefix: &[u8]) -> Range {
    Range { from: prefix.to_vec(), to: first_key_after(prefix) }
}

/// The smallest key greater than all that start with `prefix`: the prefix without its `0xff` tail, its last byte
/// raised by one. A prefix of nothing but `0xff` has none, its keys reach to the end of the table.
fn first_key_after(prefix: &[u8]) -> Option<Vec<u8>> {
    let raised = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after: Vec<u8> = prefix.iter().take(raised + 1).copied().collect();
    if let Some(last) = after.last_mut() {
        *last += 1;
    }
    Some(after)
}
