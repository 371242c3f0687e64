//! Reads records in order, while the journal is being written and across segments.
//!
//! Every sequence number asked for is answered exactly once: with its record or with the reason why not. Never
//! returns a record that is not as it was appended, and never one that is not durable.

use std::io;
use std::sync::Arc;

use crate::catalog::{SCAN_CHUNK_BYTES, Segment, Shared, Standing};
use crate::scan::{Frame, Scanner, Step, Stretch};
use crate::{Record, Seq};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not written yet, or retired.
    #[error("record {seq} is not in the journal")]
    Missing { seq: Seq },
    /// Known to be damaged; its bytes are in the quarantine folder, unless it was to be rewritten.
    #[error("record {seq} is damaged and in quarantine")]
    Quarantined { seq: Seq },
    /// Found to be damaged just now.
    #[error("record {seq} is damaged, in segment {segment} at byte {offset}")]
    Damaged { seq: Seq, segment: String, offset: u64 },
    #[error("reading the journal near record {seq}")]
    Io { seq: Seq, source: io::Error },
}

/// A place in the journal that moves forward.
pub struct Reader {
    shared: Arc<Shared>,
    next: Seq,
    cursor: Option<Cursor>,
    lost: Option<Lost>,
    chunk_bytes: usize,
}

struct Cursor {
    segment: Arc<Segment>,
    revision: u32,
    scanner: Scanner,
}

/// Records from the reader's place through this one are gone.
struct Lost {
    through: Seq,
    segment: String,
    offset: u64,
    standing: Standing,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, from: Seq) -> Self {
        Self::with_chunk(shared, from, SCAN_CHUNK_BYTES)
    }

    pub(crate) fn with_chunk(shared: Arc<Shared>, from: Seq, chunk_bytes: usize) -> Self {
        let next = from.max(Seq::ZERO.next());
        Self { shared, next, cursor: None, lost: None, chunk_bytes }
    }

    /// The number the next call is about.
    pub fn position(&self) -> Seq {
        self.next
    }

    /// The next record; `None` when all that is durable has been read, for now.
    ///
    /// After an error the next call goes on with the following record, except after `Io`, where it tries the same
    /// one again. Where retention has removed records the first of them is reported `Missing` and the reader goes
    /// on with the oldest there is.
    #[expect(
        clippy::should_implement_trait,
        reason = "not an iterator: it goes on after `None` and after errors"
    )]
    pub fn next(&mut self) -> Result<Option<Record>, ReadError> {
        loop {
            if self.next > self.shared.durable() {
                return Ok(None);
            }
            if let Some(error) = self.lost_error() {
                self.next = self.next.next();
                return Err(error);
            }
            if self.cursor.is_none() && !self.enter_segment()? {
                return Err(self.skip_retired());
            }
            if let Some(record) = self.advance()? {
                return Ok(Some(record));
            }
        }
    }

    /// One step of the walk; `None` when it has not led to the wanted record yet.
    fn advance(&mut self) -> Result<Option<Record>, ReadError> {
        let seq = self.next;
        let Some(cursor) = &mut self.cursor else { return Ok(None) };
        let Some(limit) = cursor.segment.bytes_at(cursor.revision) else {
            // Rewritten: the open file still holds what is to be gone.
            self.cursor = None;
            return Ok(None);
        };
        match cursor.scanner.step(limit).map_err(|source| ReadError::Io { seq, source })? {
            Step::Record(frame) if frame.header.seq < seq => Ok(None),
            Step::Record(frame) => {
                self.next = frame.header.seq.next();
                cursor.record(&frame).map(Some)
            }
            Step::Damage(stretch) => {
                self.lose(stretch);
                Ok(None)
            }
            Step::Tail { offset, bytes } => {
                self.leave_segment(offset, bytes);
                Ok(None)
            }
            Step::End => {
                self.leave_segment(limit, 0);
                Ok(None)
            }
        }
    }

    /// Puts the cursor at or before the wanted record; `false` when the record is older than the journal.
    fn enter_segment(&mut self) -> Result<bool, ReadError> {
        let seq = self.next;
        let Some(segment) = self.shared.segment_of(seq) else { return Ok(false) };
        match self.shared.scanner_near(&segment, seq, self.chunk_bytes) {
            Ok((scanner, revision)) => self.cursor = Some(Cursor { segment, revision, scanner }),
            // Retired between looking up and opening: the next round finds it gone.
            Err(_) if !self.shared.has_segment(segment.first) => {}
            Err(source) => return Err(ReadError::Io { seq, source }),
        }
        Ok(true)
    }

    fn skip_retired(&mut self) -> ReadError {
        let seq = self.next;
        self.next = self.shared.first().unwrap_or(seq.next()).max(seq.next());
        ReadError::Missing { seq }
    }

    /// The walk came to the end of a segment without the wanted record: it is in the next one, or it is gone.
    fn leave_segment(&mut self, offset: u64, bytes: u64) {
        let Some(cursor) = &self.cursor else { return };
        let after = self.shared.segment_after(cursor.segment.first);
        // Asked after `after`: retention takes the oldest first, so while this segment is there its successor is the
        // one that was written after it. Otherwise what follows may have been retired, which is no damage.
        if !self.shared.has_segment(cursor.segment.first) {
            self.cursor = None;
            return;
        }
        let through = after.map_or_else(|| self.shared.durable(), |segment| segment.first.previous());
        let expected = cursor.scanner.expected();
        if expected <= through {
            self.lose(Stretch { offset, bytes, missing: Some(expected..=through) });
        }
        self.cursor = None;
    }

    fn lose(&mut self, stretch: Stretch) {
        let Some(cursor) = &self.cursor else { return };
        let offset = stretch.offset;
        let through = stretch.missing.as_ref().map(|missing| *missing.end());
        let Some(standing) = self.shared.report(&cursor.segment, cursor.revision, stretch) else {
            self.cursor = None;
            return;
        };
        if let Some(through) = through.filter(|through| *through >= self.next) {
            self.lost = Some(Lost { through, segment: cursor.segment.name.clone(), offset, standing });
        }
    }

    fn lost_error(&mut self) -> Option<ReadError> {
        let seq = self.next;
        let lost = self.lost.take_if(|lost| lost.through < seq);
        drop(lost);
        self.lost.as_ref().map(|lost| match lost.standing {
            Standing::Quarantined => ReadError::Quarantined { seq },
            Standing::New => ReadError::Damaged { seq, segment: lost.segment.clone(), offset: lost.offset },
        })
    }
}

impl Cursor {
    fn record(&mut self, frame: &Frame) -> Result<Record, ReadError> {
        let header = frame.header;
        let seq = header.seq;
        let stored = self.scanner.payload(frame).map_err(|source| ReadError::Io { seq, source })?;
        match header.unpack(stored) {
            Some(payload) => Ok(Record { seq, kind: header.kind, time_ns: header.time_ns, payload }),
            None => Err(ReadError::Damaged { seq, segment: self.segment.name.clone(), offset: frame.offset }),
        }
    }
}
