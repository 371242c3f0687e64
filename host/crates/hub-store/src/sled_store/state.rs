//! Owns the one row that is written with every batch: how far the view is, and what each table holds.
//!
//! A table's [`Tally`] counts its rows and sums their checksums. When sled finds a page damaged it may fall back to
//! an older one without a word; every row on it then looks sound, and only the tally tells.
//!
//! On disk: `format: u8, crc32c: u32`, then `applied: u64` and per table `id: u8, rows: u64, sum: u64`,
//! little-endian.

use std::collections::BTreeMap;

use crate::Table;

/// Raised when the layout of any table in the engine changes; an older view is then rebuilt.
pub(super) const FORMAT: u8 = 2;

const TALLY_BYTES: usize = 17;

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct State {
    pub(super) applied: u64,
    tables: BTreeMap<Table, Tally>,
}

/// Why a state row cannot be used.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Unreadable {
    Format(u8),
    Damaged,
}

/// What a table holds, as far as it can be kept up row by row and in any order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Tally {
    pub(super) rows: u64,
    sum: u64,
}

impl Tally {
    pub(super) fn add(&mut self, checksum: u32) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(spread(checksum));
    }

    pub(super) fn remove(&mut self, checksum: u32) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(spread(checksum));
    }
}

/// Spreads a checksum over 64 bits (the finish of SplitMix64), so that the differences of two pairs of rows do not
/// cancel out: those of the checksums themselves would, CRC being linear.
fn spread(checksum: u32) -> u64 {
    let mixed = u64::from(checksum).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl State {
    pub(super) fn tally(&self, table: Table) -> Tally {
        self.tables.get(&table).copied().unwrap_or_default()
    }

    pub(super) fn set_tally(&mut self, table: Table, tally: Tally) {
        self.tables.insert(table, tally);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = self.applied.to_le_bytes().to_vec();
        for (table, tally) in &self.tables {
            body.push(table.id());
            body.extend_from_slice(&tally.rows.to_le_bytes());
            body.extend_from_slice(&tally.sum.to_le_bytes());
        }
        let mut row = vec![FORMAT];
        row.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        row.extend_from_slice(&body);
        row
    }

    pub(super) fn decode(row: &[u8]) -> Result<State, Unreadable> {
        let (&[format, a, b, c, d], body) = row.split_first_chunk::<5>().ok_or(Unreadable::Damaged)?;
        if format != FORMAT {
            return Err(Unreadable::Format(format));
        }
        if crc32c::crc32c(body) != u32::from_le_bytes([a, b, c, d]) {
            return Err(Unreadable::Damaged);
        }
        let (applied, tallies) = body.split_first_chunk::<8>().ok_or(Unreadable::Damaged)?;
        let tables = tallies.chunks(TALLY_BYTES).map(decode_tally).collect::<Option<_>>();
        Ok(State { applied: u64::from_le_bytes(*applied), tables: tables.ok_or(Unreadable::Damaged)? })
    }
}

fn decode_tally(tally: &[u8]) -> Option<(Table, Tally)> {
    let (&[id], tally) = tally.split_first_chunk::<1>()?;
    let (rows, sum) = tally.split_first_chunk::<8>()?;
    let tally = Tally { rows: u64::from_le_bytes(*rows), sum: u64::from_le_bytes(sum.try_into().ok()?) };
    Some((Table::from_id(id)?, tally))
}
