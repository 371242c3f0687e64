//! Owns the unit of change: what one commit writes, and what of it remains when later changes win.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::{KEY_BYTES_MAX, Part, StoreError, Table, VALUE_BYTES_MAX};

/// One row put or deleted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    Put { table: Table, key: Vec<u8>, value: Vec<u8>, before: Before },
    Delete { table: Table, key: Vec<u8> },
}

/// What the writer knows to be there until now. Only there to spare the engine a look, a quarter of a commit's cost: a
/// wrong word makes the store count rows wrongly, so debug builds look all the same and refuse it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Before {
    #[default]
    Unknown,
    Nothing,
    Row(Vec<u8>),
}

/// What is written together. Of several changes to one key the last counts.
///
/// A batch is held in memory about three times over while it is committed; its size is the caller's to bound.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch {
    /// The journal sequence number the view is complete to once this is committed. May stay, may not go back.
    pub applied: u64,
    pub changes: Vec<Change>,
}

/// Table by table and key by key, what shall be there.
pub(crate) type Latest = BTreeMap<Table, BTreeMap<Vec<u8>, Written>>;

/// The value that shall be there, `None` for none, and what was.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) before: Before,
}

impl Batch {
    /// Folds the changes to one per key, in key order: pages of the engine are then visited once each.
    pub(crate) fn latest(self) -> Result<Latest, StoreError> {
        let mut latest = Latest::new();
        for change in self.changes {
            let (table, key, written) = change.into_parts();
            let value = &written.value;
            check_size(table, Part::Key, key.len(), KEY_BYTES_MAX)?;
            check_size(table, Part::Value, value.as_ref().map_or(0, Vec::len), VALUE_BYTES_MAX)?;
            match latest.entry(table).or_default().entry(key) {
                Entry::Vacant(place) => {
                    place.insert(written);
                }
                // What was there before the batch is what the first change says.
                Entry::Occupied(mut place) => place.get_mut().value = written.value,
            }
        }
        Ok(latest)
    }
}

impl Change {
    fn into_parts(self) -> (Table, Vec<u8>, Written) {
        match self {
            Change::Put { table, key, value, before } => (table, key, Written { value: Some(value), before }),
            Change::Delete { table, key } => (table, key, Written { value: None, before: Before::Unknown }),
        }
    }
}

fn check_size(table: Table, part: Part, bytes: usize, bytes_max: usize) -> Result<(), StoreError> {
    if bytes > bytes_max { Err(StoreError::TooLarge { table, part, bytes, bytes_max }) } else { Ok(()) }
}

/// Refuses a batch that is older than what the view already holds.
pub(crate) fn check_forwards(applied: u64, given: u64) -> Result<(), StoreError> {
    if given < applied { Err(StoreError::Backwards { applied, given }) } else { Ok(()) }
}
