//! Owns the unit of change: what one commit writes, and what of it remains when later changes win.

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
pub(crate) type Latest = Vec<(Table, Vec<(Vec<u8>, Written)>)>;

/// The value that shall be there, `None` for none, and what was.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) before: Before,
}

impl Batch {
    /// Folds the changes to one per key, in key order: pages of the engine are then visited once each.
    pub(crate) fn latest(self) -> Result<Latest, StoreError> {
        let mut changes: Vec<_> = self.changes.into_iter().map(Change::into_parts).collect();
        // Stable, and next to nothing for changes that are in order already, as the fold's are.
        changes.sort_by(|(left_table, left, _), (right_table, right, _)| {
            (left_table, left).cmp(&(right_table, right))
        });
        let mut latest = Latest::new();
        for (table, key, written) in changes {
            check_size(table, Part::Key, key.len(), KEY_BYTES_MAX)?;
            check_size(table, Part::Value, written.value.as_ref().map_or(0, Vec::len), VALUE_BYTES_MAX)?;
            match latest.last_mut() {
                Some((last, rows)) if *last == table => match rows.last_mut() {
                    // What was there before the batch is what the first change says.
                    Some((last, known)) if *last == key => known.value = written.value,
                    _ => rows.push((key, written)),
                },
                _ => latest.push((table, vec![(key, written)])),
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
