//! Walks the records of one segment and says, byte for byte, what is whole and what is not.
//!
//! Recovery, the sparse index and readers all use this one walk, so they cannot disagree. It reads only: what to do
//! about damage is decided by its callers.

use std::io;
use std::ops::RangeInclusive;

use crc32c::crc32c;

use crate::Seq;
use crate::disk::SegmentFile;
use crate::segment::{RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Record(Frame),
    /// Bytes that are no record, with a whole record after them.
    Damage(Stretch),
    /// Bytes that are no record, and nothing whole up to the limit.
    Tail {
        offset: u64,
        bytes: u64,
    },
    /// The limit was reached between two records.
    End,
}

/// A whole record: header and payload have been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) header: RecordHeader,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// Records that stood here, when the numbering has a gap.
    pub(crate) missing: Option<RangeInclusive<Seq>>,
}

pub(crate) struct Scanner {
    window: Window,
    salt: u32,
    offset: u64,
    expected: Seq,
}

enum Candidate {
    Whole(RecordHeader),
    /// The header is proven, so its length is right; the payload is not as written.
    PayloadDamaged {
        end: u64,
    },
    NoRecord,
}

impl Scanner {
    /// Starts at `offset`, where the record `expected` should be.
    pub(crate) fn new(window: Window, salt: u32, offset: u64, expected: Seq) -> Self {
        Self { window, salt, offset, expected }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn expected(&self) -> Seq {
        self.expected
    }

    /// The next thing before `limit`. After `Tail` and `End` it stays where it is, so a later call with a higher
    /// limit goes on from there.
    pub(crate) fn step(&mut self, limit: u64) -> io::Result<Step> {
        if self.offset >= limit {
            return Ok(Step::End);
        }
        let start = self.offset;
        let resume = match self.candidate(start, limit)? {
            Candidate::Whole(header) if header.seq == self.expected => {
                self.offset = start.saturating_add(header.record_bytes());
                self.expected = header.seq.next();
                return Ok(Step::Record(Frame { offset: start, header }));
            }
            Candidate::Whole(header) if header.seq > self.expected => start,
            Candidate::Whole(header) => start.saturating_add(header.record_bytes()),
            Candidate::PayloadDamaged { end } => end,
            Candidate::NoRecord => start.saturating_add(1),
        };
        match self.next_whole(resume, limit)? {
            Some((offset, seq)) => {
                let missing = (seq > self.expected).then(|| self.expected..=seq.previous());
                self.offset = offset;
                self.expected = seq;
                Ok(Step::Damage(Stretch { offset: start, bytes: offset.saturating_sub(start), missing }))
            }
            None => Ok(Step::Tail { offset: start, bytes: limit.saturating_sub(start) }),
        }
    }

    /// The stored payload of a record that `step` has just returned.
    pub(crate) fn payload(&mut self, frame: &Frame) -> io::Result<&[u8]> {
        let offset = frame.offset.saturating_add(RECORD_HEADER_BYTES as u64);
        let len = usize::try_from(frame.header.stored_bytes).unwrap_or(usize::MAX);
        self.window.bytes(offset, len, offset.saturating_add(len as u64))
    }

    fn candidate(&mut self, offset: u64, limit: u64) -> io::Result<Candidate> {
        let bytes = self.window.bytes(offset, RECORD_HEADER_BYTES, limit)?;
        let Some(header) = RecordHeader::decode(bytes, self.salt) else {
            return Ok(Candidate::NoRecord);
        };
        let end = offset.saturating_add(header.record_bytes());
        // Checked before a buffer is sized by it: a record never reaches past the limit.
        if end > limit {
            return Ok(Candidate::NoRecord);
        }
        let payload = self.payload(&Frame { offset, header })?;
        let whole =
            payload.len() as u64 == u64::from(header.stored_bytes) && crc32c(payload) == header.payload_crc;
        Ok(if whole { Candidate::Whole(header) } else { Candidate::PayloadDamaged { end } })
    }

    /// The nearest whole record at or after `from` that continues the numbering.
    fn next_whole(&mut self, from: u64, limit: u64) -> io::Result<Option<(u64, Seq)>> {
        let mut at = from;
        while let Some(found) = self.window.find(&RECORD_MAGIC, at, limit)? {
            at = match self.candidate(found, limit)? {
                Candidate::Whole(header) if header.seq >= self.expected => {
                    return Ok(Some((found, header.seq)));
                }
                Candidate::Whole(header) => found.saturating_add(header.record_bytes()),
                Candidate::PayloadDamaged { end } => end,
                Candidate::NoRecord => found.saturating_add(1),
            };
        }
        Ok(None)
    }
}

/// A sliding view of a file, read in chunks. Never reads past the limit it is given, so what it holds stays true
/// even when a failed batch beyond the limit is cut off and written anew.
pub(crate) struct Window {
    file: Box<dyn SegmentFile>,
    chunk_bytes: usize,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(crate) fn new(file: Box<dyn SegmentFile>, chunk_bytes: usize) -> Self {
        Self { file, chunk_bytes, start: 0, bytes: Vec::new() }
    }

    /// `len` bytes at `offset`, fewer where limit or file end first.
    pub(crate) fn bytes(&mut self, offset: u64, len: usize, limit: u64) -> io::Result<&[u8]> {
        let len = len.min(usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX));
        let held_end = self.start.saturating_add(self.bytes.len() as u64);
        if offset < self.start || offset.saturating_add(len as u64) > held_end {
            self.refill(offset, len, limit)?;
        }
        let held = self.held(offset);
        Ok(held.get(..len).unwrap_or(held))
    }

    /// Where `pattern` next begins, at or after `from`.
    fn find(&mut self, pattern: &[u8; 4], from: u64, limit: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        loop {
            if self.bytes(at, pattern.len(), limit)?.len() < pattern.len() {
                return Ok(None);
            }
            let held = self.held(at);
            if let Some(place) = held.windows(pattern.len()).position(|four| four == pattern) {
                return Ok(Some(at.saturating_add(place as u64)));
            }
            // The last three bytes may be the beginning of a match.
            at = at.saturating_add((held.len() + 1).saturating_sub(pattern.len()) as u64);
        }
    }

    fn held(&self, offset: u64) -> &[u8] {
        let skip = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.bytes.get(skip..).unwrap_or_default()
    }

    fn refill(&mut self, offset: u64, len: usize, limit: u64) -> io::Result<()> {
        let keep = if offset < self.start { 0 } else { self.held(offset).len() };
        self.bytes.drain(..self.bytes.len().saturating_sub(keep));
        self.start = offset;
        let room = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let target = len.max(self.chunk_bytes).min(room);
        let mut filled = self.bytes.len();
        self.bytes.resize(target.max(filled), 0);
        let outcome = loop {
            let Some(space) = self.bytes.get_mut(filled..).filter(|space| !space.is_empty()) else {
                break Ok(());
            };
            match self.file.read_at(space, offset.saturating_add(filled as u64)) {
                Ok(0) => break Ok(()),
                Ok(read) => filled = filled.saturating_add(read),
                Err(error) => break Err(error),
            }
        };
        self.bytes.truncate(filled);
        outcome
    }
}
