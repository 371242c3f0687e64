//! Owns what can go wrong. No variant carries a key, a value or anything the engine printed about them: a key may
//! hold a telephone number.

use std::io;

use crate::Table;

/// An index key holds a few provider ids and a time; 1 KiB leaves room and keeps 16 keys of a page small.
pub const KEY_BYTES_MAX: usize = 1024;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was read is not what was written. Cured by rebuilding the view.
    #[error("damaged row in table {} (key hash {key_hash:04x})", table.name())]
    Damaged {
        table: Table,
        /// Tells two reports apart. Too short, on purpose, to find a telephone number by trying all of them.
        key_hash: u16,
    },
    /// Nothing of the batch was written.
    #[error("{part} of {bytes} bytes in table {}, more than {bytes_max}", table.name())]
    TooLarge { table: Table, part: Part, bytes: usize, bytes_max: usize },
    /// Nothing of the batch was written.
    #[error("batch for sequence {given} offered to a view at {applied}")]
    Backwards { applied: u64, given: u64 },
    /// Cured by rebuilding the view.
    #[error("the view is at {applied}, the journal ends at {last}")]
    Ahead { applied: u64, last: u64 },
    /// Another process, or another handle of this one, has the directory open.
    #[error("the view is open elsewhere")]
    Locked,
    /// Written by a version of the hub that lays the view out differently. Cured by rebuilding the view.
    #[error("the view has format {found}, this version reads {known}")]
    Format { found: u8, known: u8 },
    #[error("storage failed")]
    Io(#[source] io::Error),
    /// The engine failed or panicked. The handle answers nothing but this from then on.
    #[error("storage engine: {message}")]
    Engine { message: &'static str },
}

impl StoreError {
    /// Whether the way out is to rebuild the view from the journal, rather than to repair the call or the disk.
    pub fn asks_for_rebuild(&self) -> bool {
        matches!(
            self,
            StoreError::Damaged { .. }
                | StoreError::Ahead { .. }
                | StoreError::Format { .. }
                | StoreError::Engine { .. }
        )
    }

    pub(crate) fn damaged(table: Table, key: &[u8]) -> StoreError {
        let hash = crc32c::crc32c_append(u32::from(table.id()), key);
        let [low, high, ..] = hash.to_le_bytes();
        StoreError::Damaged { table, key_hash: u16::from_le_bytes([low, high]) }
    }
}

/// Which half of a row is too large.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    Key,
    Value,
}

impl std::fmt::Display for Part {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Part::Key => "key",
            Part::Value => "value",
        })
    }
}
