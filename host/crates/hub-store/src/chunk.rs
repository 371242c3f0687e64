//! Owns how a value lies in the engine: a checked entry of at most 8 KiB, and chunks beside it when it is longer.
//!
//! Pure: bytes in, bytes out. An entry is
//! `format: u8, layout: u8, crc32c: u32` and then, whole, the value itself, or, split, `length: u32, chunks: u32`
//! (all little-endian). The checksum covers table, key and value, so that a row found under another key is damage
//! too. A chunk has no head of its own: the checksum of the whole covers it.

use crate::{StoreError, Table};

/// The longest value: a delivery as large as ingress accepts, with its headers, still fits.
pub const VALUE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the engine is given at most per entry. It keeps 16 entries to a page and rewrites pages whole; longer
/// entries would make pages of megabytes, which it moves to files of their own.
const ENTRY_BYTES_MAX: usize = 8 * 1024;

/// The layout described above. Another number means a view of another version, which is rebuilt, not converted.
const FORMAT: u8 = 1;
const LAYOUT_WHOLE: u8 = 0;
const LAYOUT_SPLIT: u8 = 1;

const HEAD_BYTES: usize = 6;
const WHOLE_BYTES_MAX: usize = ENTRY_BYTES_MAX - HEAD_BYTES;

/// The entry for the row's own table.
pub(crate) fn entry(table: Table, key: &[u8], value: &[u8]) -> Vec<u8> {
    let split = is_split(value.len());
    let mut entry = Vec::with_capacity(HEAD_BYTES + if split { 8 } else { value.len() });
    entry.push(FORMAT);
    entry.push(if split { LAYOUT_SPLIT } else { LAYOUT_WHOLE });
    entry.extend_from_slice(&checksum(table, key, value).to_le_bytes());
    if split {
        entry.extend_from_slice(&disk_u32(value.len()).to_le_bytes());
        entry.extend_from_slice(&chunk_count(value.len()).to_le_bytes());
    } else {
        entry.extend_from_slice(value);
    }
    entry
}

/// The chunks that go with the entry, numbered; none for a value that fits into it.
pub(crate) fn chunks(value: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let split = if is_split(value.len()) { value } else { &[] };
    (0..).zip(split.chunks(ENTRY_BYTES_MAX))
}

/// Whether the value lies in its entry alone.
pub(crate) fn is_whole(value: &[u8]) -> bool {
    !is_split(value.len())
}

/// How many chunks a value of this length has.
pub(crate) fn chunk_count(value_bytes: usize) -> u32 {
    if is_split(value_bytes) { disk_u32(value_bytes.div_ceil(ENTRY_BYTES_MAX)) } else { 0 }
}

/// Where a chunk lies in the table of chunks. The key's length comes before the key, so that the chunks of one row
/// are never in between those of another.
pub(crate) fn chunk_key(table: Table, key: &[u8], index: u32) -> Vec<u8> {
    let mut chunk_key = Vec::with_capacity(1 + 4 + key.len() + 4);
    chunk_key.push(table.id());
    chunk_key.extend_from_slice(&disk_u32(key.len()).to_be_bytes());
    chunk_key.extend_from_slice(key);
    chunk_key.extend_from_slice(&index.to_be_bytes());
    chunk_key
}

/// An entry taken apart, its value not yet checked.
pub(crate) struct Entry<'a> {
    checksum: u32,
    body: Body<'a>,
}

enum Body<'a> {
    Whole(&'a [u8]),
    Split { bytes: usize, chunks: u32 },
}

impl<'a> Entry<'a> {
    /// `None` when these bytes were not written by [`entry`].
    fn parse(raw: &'a [u8]) -> Option<Entry<'a>> {
        let (&[format, layout, a, b, c, d], rest) = raw.split_first_chunk::<HEAD_BYTES>()?;
        if format != FORMAT {
            return None;
        }
        let body = match layout {
            LAYOUT_WHOLE => Body::Whole(rest),
            LAYOUT_SPLIT => parse_split(rest)?,
            _ => return None,
        };
        Some(Entry { checksum: u32::from_le_bytes([a, b, c, d]), body })
    }

    pub(crate) fn read(table: Table, key: &[u8], raw: &'a [u8]) -> Result<Entry<'a>, StoreError> {
        Entry::parse(raw).ok_or_else(|| StoreError::damaged(table, key))
    }

    /// Of table, key and value.
    pub(crate) fn checksum(&self) -> u32 {
        self.checksum
    }

    /// How many chunks lie beside the entry.
    pub(crate) fn chunk_count(&self) -> u32 {
        match self.body {
            Body::Whole(_) => 0,
            Body::Split { chunks, .. } => chunks,
        }
    }

    /// The value, put together and checked. `fetch` finds a chunk by its number.
    pub(crate) fn value<E: From<StoreError>>(
        &self,
        table: Table,
        key: &[u8],
        mut fetch: impl FnMut(u32, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let (value, bytes) = match self.body {
            Body::Whole(value) => (value.to_vec(), value.len()),
            Body::Split { bytes, chunks } => {
                let mut value = Vec::with_capacity(bytes);
                for index in 0..chunks {
                    fetch(index, &mut value)?;
                }
                (value, bytes)
            }
        };
        if value.len() == bytes && checksum(table, key, &value) == self.checksum {
            Ok(value)
        } else {
            Err(StoreError::damaged(table, key).into())
        }
    }
}

/// The two numbers must agree with each other and with the limit: nothing is allocated or deleted by a damaged one.
fn parse_split(rest: &[u8]) -> Option<Body<'_>> {
    let &[a, b, c, d, e, f, g, h] = <&[u8; 8]>::try_from(rest).ok()?;
    let bytes = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
    let chunks = u32::from_le_bytes([e, f, g, h]);
    let sound = is_split(bytes) && bytes <= VALUE_BYTES_MAX && chunks == chunk_count(bytes);
    sound.then_some(Body::Split { bytes, chunks })
}

fn is_split(value_bytes: usize) -> bool {
    value_bytes > WHOLE_BYTES_MAX
}

fn checksum(table: Table, key: &[u8], value: &[u8]) -> u32 {
    let key_bytes = disk_u32(key.len()).to_le_bytes();
    let head = crc32c::crc32c_append(crc32c::crc32c(&[table.id()]), &key_bytes);
    crc32c::crc32c_append(crc32c::crc32c_append(head, key), value)
}

/// Lengths are bounded by [`VALUE_BYTES_MAX`] and the key limit before they come here.
fn disk_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
