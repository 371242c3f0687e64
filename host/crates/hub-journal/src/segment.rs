//! The bytes on disk: segment header, record header, payload packing, file names. Version 1.
//!
//! Pure functions over byte slices; never touches a file. All integers are little-endian.
//!
//! ```text
//! segment  magic 8 | version 4 | salt 4 | first seq 8 | revision 4 | crc32c of the 28 before 4        = 32
//! record   magic 4 | payload crc32c 4 | stored bytes 4 | raw bytes 4 | kind 1 | flags 1 | zero 2
//!          | seq 8 | time 8 | crc32c of salt and the 36 before 4                                        = 40, then payload
//! identity magic 8 | version 4 | salt 4 | crc32c of the 16 before 4                                     = 20
//! acknowledged  magic 8 | version 4 | salt 4 | seq 8 | crc32c of the 24 before 4                        = 28
//! ```
//!
//! The record header has a checksum of its own, so a length is believed only after it is proven, and a damaged
//! payload costs exactly its own record. The *revision* counts how often the segment was written anew (`rewrite.rs`):
//! another process that reads along sees by it that its index no longer fits. The *salt* is drawn once per journal and
//! mixed into the record checksum: a payload that contains the image of a record cannot pass for one when a damaged
//! stretch is searched for the next record.

use crc32c::{crc32c, crc32c_append};

use crate::{Entry, Seq};

pub(crate) const FORMAT_VERSION: u32 = 1;
pub(crate) const SEGMENT_HEADER_BYTES: usize = 32;
pub(crate) const RECORD_HEADER_BYTES: usize = 40;
pub(crate) const IDENTITY_BYTES: usize = 20;
pub(crate) const IDENTITY_NAME: &str = "journal.id";
pub(crate) const ACKNOWLEDGED_BYTES: usize = 28;
pub(crate) const ACKNOWLEDGED_NAME: &str = "journal.acknowledged";
pub(crate) const LOCK_NAME: &str = "journal.lock";
pub(crate) const QUARANTINE_DIR: &str = "quarantine";
const ASIDE_SUFFIX: &str = ".rewriting";

/// Not UTF-8, so text payloads never look like the start of a record.
pub(crate) const RECORD_MAGIC: [u8; 4] = [0xFF, b'R', b'c', 0xFE];
const SEGMENT_MAGIC: [u8; 8] = *b"OHJRNSEG";
const IDENTITY_MAGIC: [u8; 8] = *b"OHJRNLID";
const ACKNOWLEDGED_MAGIC: [u8; 8] = *b"OHJRNACK";

const FLAG_LZ4: u8 = 1;
/// Below this the saving does not pay for the time: a small JSON body shrinks by less than a disk sector.
const PACK_BYTES_MIN: usize = 512;
/// No journal gets there, one by one; a number beyond was never given, and there would be none after it.
const SEQ_MAX: u64 = u64::MAX / 2;
/// LZ4 cannot do better than 255 to 1, so a larger claim is a lie and must not size a buffer.
const LZ4_RATIO_MAX: u64 = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) salt: u32,
    pub(crate) first: Seq,
    pub(crate) revision: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    Damaged,
    /// Written whole, by a version of this program that came later.
    Newer {
        version: u32,
    },
}

impl SegmentHeader {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        out.extend(SEGMENT_MAGIC);
        out.extend(FORMAT_VERSION.to_le_bytes());
        out.extend(self.salt.to_le_bytes());
        out.extend(self.first.get().to_le_bytes());
        out.extend(self.revision.to_le_bytes());
        out.extend(crc32c(&out).to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let mut fields =
            Fields(sealed(bytes, SEGMENT_HEADER_BYTES, &SEGMENT_MAGIC).ok_or(HeaderFault::Damaged)?);
        let version = fields.u32().ok_or(HeaderFault::Damaged)?;
        if version != FORMAT_VERSION {
            return Err(HeaderFault::Newer { version });
        }
        let salt = fields.u32().ok_or(HeaderFault::Damaged)?;
        let first = fields.seq().ok_or(HeaderFault::Damaged)?;
        let revision = fields.u32().ok_or(HeaderFault::Damaged)?;
        Ok(Self { salt, first, revision })
    }
}

pub(crate) fn encode_identity(salt: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(IDENTITY_BYTES);
    out.extend(IDENTITY_MAGIC);
    out.extend(FORMAT_VERSION.to_le_bytes());
    out.extend(salt.to_le_bytes());
    out.extend(crc32c(&out).to_le_bytes());
    out
}

pub(crate) fn decode_identity(bytes: &[u8]) -> Option<u32> {
    let mut fields = Fields(sealed(bytes, IDENTITY_BYTES, &IDENTITY_MAGIC)?);
    fields.u32().filter(|version| *version == FORMAT_VERSION)?;
    fields.u32()
}

pub(crate) fn encode_acknowledged(salt: u32, last: Seq) -> Vec<u8> {
    let mut out = Vec::with_capacity(ACKNOWLEDGED_BYTES);
    out.extend(ACKNOWLEDGED_MAGIC);
    out.extend(FORMAT_VERSION.to_le_bytes());
    out.extend(salt.to_le_bytes());
    out.extend(last.get().to_le_bytes());
    out.extend(crc32c(&out).to_le_bytes());
    out
}

/// `None` unless it was written whole, for this journal.
pub(crate) fn decode_acknowledged(bytes: &[u8], salt: u32) -> Option<Seq> {
    let mut fields = Fields(sealed(bytes, ACKNOWLEDGED_BYTES, &ACKNOWLEDGED_MAGIC)?);
    fields.u32().filter(|version| *version == FORMAT_VERSION)?;
    fields.u32().filter(|of| *of == salt)?;
    fields.seq()
}

/// What stands between magic and checksum, when both are right.
fn sealed<'a>(bytes: &'a [u8], len: usize, magic: &[u8]) -> Option<&'a [u8]> {
    let (body, crc) = bytes.get(..len)?.split_last_chunk::<4>()?;
    if crc32c(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    body.strip_prefix(magic)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Lz4,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) payload_crc: u32,
    pub(crate) stored_bytes: u32,
    pub(crate) raw_bytes: u32,
    pub(crate) kind: u8,
    pub(crate) packing: Packing,
    pub(crate) seq: Seq,
    pub(crate) time_ns: i64,
}

impl RecordHeader {
    pub(crate) fn encode(&self, salt: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend(RECORD_MAGIC);
        out.extend(self.payload_crc.to_le_bytes());
        out.extend(self.stored_bytes.to_le_bytes());
        out.extend(self.raw_bytes.to_le_bytes());
        let flags = match self.packing {
            Packing::Plain => 0,
            Packing::Lz4 => FLAG_LZ4,
        };
        out.extend([self.kind, flags, 0, 0]);
        out.extend(self.seq.get().to_le_bytes());
        out.extend(self.time_ns.to_le_bytes());
        let crc = crc32c_append(salt, out.get(start..).unwrap_or_default());
        out.extend(crc.to_le_bytes());
    }

    /// `None` unless every byte of it is as written for this journal.
    pub(crate) fn decode(bytes: &[u8], salt: u32) -> Option<Self> {
        let (body, crc) = bytes.get(..RECORD_HEADER_BYTES)?.split_last_chunk::<4>()?;
        let fields = body.strip_prefix(&RECORD_MAGIC)?;
        if crc32c_append(salt, body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut fields = Fields(fields);
        let payload_crc = fields.u32()?;
        let stored_bytes = fields.u32()?;
        let raw_bytes = fields.u32()?;
        let [kind, flags, _, _] = fields.take::<4>()?;
        let packing = match flags {
            0 => Packing::Plain,
            FLAG_LZ4 => Packing::Lz4,
            _ => return None,
        };
        let seq = fields.seq()?;
        let time_ns = i64::from_le_bytes(fields.take()?);
        Some(Self { payload_crc, stored_bytes, raw_bytes, kind, packing, seq, time_ns })
    }

    /// Header and payload together.
    pub(crate) fn record_bytes(&self) -> u64 {
        RECORD_HEADER_BYTES as u64 + u64::from(self.stored_bytes)
    }

    /// The payload as it was appended; `None` if it cannot be.
    pub(crate) fn unpack(&self, stored: &[u8]) -> Option<Vec<u8>> {
        match self.packing {
            Packing::Plain => (self.raw_bytes == self.stored_bytes).then(|| stored.to_vec()),
            Packing::Lz4 => {
                if u64::from(self.raw_bytes) > u64::from(self.stored_bytes) * LZ4_RATIO_MAX {
                    return None;
                }
                let raw_bytes = usize::try_from(self.raw_bytes).ok()?;
                let raw = lz4_flex::block::decompress(stored, raw_bytes).ok()?;
                (raw.len() == raw_bytes).then_some(raw)
            }
        }
    }
}

/// An entry ready to be written: all that costs time is done before the writer sees it.
#[derive(Debug)]
pub(crate) struct Prepared {
    kind: u8,
    time_ns: i64,
    packing: Packing,
    raw_bytes: u32,
    stored_bytes: u32,
    payload_crc: u32,
    payload: Vec<u8>,
}

impl Prepared {
    /// `None` when the payload is longer than the format can say.
    pub(crate) fn new(entry: Entry) -> Option<Self> {
        let raw_bytes = u32::try_from(entry.payload.len()).ok()?;
        let (packing, payload) = pack(entry.payload);
        let stored_bytes = u32::try_from(payload.len()).ok()?;
        let payload_crc = crc32c(&payload);
        let (kind, time_ns) = (entry.kind, entry.time_ns);
        Some(Self { kind, time_ns, packing, raw_bytes, stored_bytes, payload_crc, payload })
    }

    pub(crate) fn record_bytes(&self) -> usize {
        RECORD_HEADER_BYTES.saturating_add(self.payload.len())
    }

    pub(crate) fn time_ns(&self) -> i64 {
        self.time_ns
    }

    pub(crate) fn encode(&self, seq: Seq, salt: u32, out: &mut Vec<u8>) {
        let header = RecordHeader {
            payload_crc: self.payload_crc,
            stored_bytes: self.stored_bytes,
            raw_bytes: self.raw_bytes,
            kind: self.kind,
            packing: self.packing,
            seq,
            time_ns: self.time_ns,
        };
        header.encode(salt, out);
        out.extend_from_slice(&self.payload);
    }
}

fn pack(payload: Vec<u8>) -> (Packing, Vec<u8>) {
    if payload.len() <= PACK_BYTES_MIN {
        return (Packing::Plain, payload);
    }
    let packed = lz4_flex::block::compress(&payload);
    if packed.len() < payload.len() { (Packing::Lz4, packed) } else { (Packing::Plain, payload) }
}

/// A segment being written anew; not the name of a segment, so that a left-over is never taken for one.
pub(crate) fn aside_name(first: Seq) -> String {
    format!("{:020}{ASIDE_SUFFIX}", first.get())
}

pub(crate) fn is_aside_name(name: &str) -> bool {
    numbered(name, ASIDE_SUFFIX).is_some()
}

pub(crate) fn segment_name(first: Seq) -> String {
    format!("{:020}.seg", first.get())
}

/// The first sequence number a file name stands for; `None` for files that are not segments.
pub(crate) fn parse_segment_name(name: &str) -> Option<Seq> {
    numbered(name, ".seg")
}

fn numbered(name: &str, suffix: &str) -> Option<Seq> {
    let digits = name.strip_suffix(suffix)?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|first| (1..=SEQ_MAX).contains(first)).map(Seq::new)
}

/// Reads fixed-width fields from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// `None` where it is none that was ever given.
    fn seq(&mut self) -> Option<Seq> {
        self.take().map(u64::from_le_bytes).filter(|number| *number <= SEQ_MAX).map(Seq::new)
    }
}
