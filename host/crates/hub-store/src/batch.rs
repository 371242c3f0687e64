//! Owns the unit of change: what one commit writes, and what of it remains when later changes win.

use std::collections::BTreeMap;

use crate::{KEY_BYTES_MAX, Part, StoreError, Table, VALUE_BYTES_MAX};

/// One row put or deleted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    Put { table: Table, key: Vec<u8>, value: Vec<u8> },
    Delete { table: Table, key: Vec<u8> },
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

/// Table by table and key by key, the value that shall be there; `None` deletes.
pub(crate) type Latest = BTreeMap<Table, BTreeMap<Vec<u8>, Option<Vec<u8>>>>;

impl Batch {
    /// Folds the changes to one per key, in key order: pages of the engine are then visited once each.
    pub(crate) fn latest(self) -> Result<Latest, StoreError> {
        let mut latest = Latest::new();
        for change in self.changes {
            let (table, key, value) = change.into_parts();
            check_size(table, Part::Key, key.len(), KEY_BYTES_MAX)?;
            check_size(table, Part::Value, value.as_ref().map_or(0, Vec::len), VALUE_BYTES_MAX)?;
            latest.entry(table).or_default().insert(key, value);
        }
        Ok(latest)
    }
}

impl Change {
    fn into_parts(self) -> (Table, Vec<u8>, Option<Vec<u8>>) {
        match self {
            Change::Put { table, key, value } => (table, key, Some(value)),
            Change::Delete { table, key } => (table, key, None),
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
