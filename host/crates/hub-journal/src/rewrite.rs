//! Replaces the payloads of some records for ever, while the journal is appended to and read.
//!
//! A segment that holds one of them is written anew aside, synced, read back, renamed over the old one, and the folder
//! synced; number and time of every record stay. A crash leaves each segment old or new, and whoever asked asks again:
//! what is as asked already is not written twice. Only finished segments are rewritten, so the writer rolls first
//! where one of the records is in the segment it writes.
//!
//! Damaged bytes are never carried over. Those of the numbers asked for are gone afterwards, from quarantine too; those
//! of other records are put into quarantine first, as ever.

use std::collections::BTreeSet;
use std::io;
use std::ops::RangeInclusive;
use std::sync::MutexGuard;

use tokio::sync::oneshot;

use crate::aside::{Aside, Written};
use crate::catalog::{SCAN_CHUNK_BYTES, Segment, Shared, lock, read_front};
use crate::disk::{Mode, SegmentFile};
use crate::queue::{Queue, Roll, block_on};
use crate::scan::{Frame, Scanner, Step, Stretch};
use crate::segment::{Prepared, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::{Entry, Seq, aside, quarantine};

/// What becomes of a record.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    Keep,
    To {
        kind: u8,
        payload: Vec<u8>,
    },
    /// The record is not understood: its segment stays as it is, and the rewriting ends.
    Stop,
}

/// A segment that holds some of the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holding {
    pub first: Seq,
    pub last: Seq,
    /// How many of the numbers asked about.
    pub numbers: u64,
    /// All that has to be read and written to change them.
    pub bytes: u64,
}

/// Told after each segment, when its old bytes are gone for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    pub segments_done: u64,
    pub segments: u64,
    pub bytes_done: u64,
    pub bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewritten {
    /// Segments written anew.
    pub segments: u64,
    pub changed: u64,
    /// Records that were as asked already.
    pub unchanged: u64,
    /// Numbers whose record is damaged, so that nobody could be asked; their bytes are gone.
    pub damaged: Vec<Seq>,
    /// Numbers that are not in the journal: retired, or never given out.
    pub absent: Vec<Seq>,
    /// Files in the quarantine folder that held bytes of the numbers, and are removed.
    pub copies_removed: Vec<String>,
    /// Files that are still there. Their names give other numbers or none, but damage may have mixed anything into
    /// them: whoever must be sure looks at them, or removes them with `Journal::remove_copies`.
    pub copies_left: Vec<String>,
}

/// In every case the segment named, and those not reached, are as they were or wholly rewritten. Ask again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    #[error("journal is open for reading only")]
    ReadOnly,
    #[error("journal is closed")]
    Closed,
    #[error("rewriting was stopped at record {seq}")]
    Stopped { seq: Seq },
    #[error("new payload of record {seq} has {bytes} bytes, more than the {bytes_max} allowed")]
    TooLarge { seq: Seq, bytes: u64, bytes_max: u64 },
    #[error("finishing the segment being written: {reason}")]
    Roll { reason: String },
    #[error("{doing} {name}")]
    Io { doing: &'static str, name: String, source: io::Error },
    /// The disk gave back something else than what was written; the old segment is kept.
    #[error("what was written in place of segment {segment} does not read back")]
    NotAsWritten { segment: String },
}

pub(crate) type Replace<'a> = dyn FnMut(Seq, &Entry) -> Change + 'a;

/// From memory; oldest first.
pub(crate) fn holdings(shared: &Shared, numbers: &BTreeSet<Seq>) -> Vec<Holding> {
    let durable = shared.durable();
    let segments = shared.segments();
    let lasts = segments.iter().skip(1).map(|following| following.first.previous()).chain([durable]);
    let mut holdings = Vec::new();
    for (segment, last) in segments.iter().zip(lasts) {
        // What is not durable yet has no number that anybody could ask for.
        let last = last.min(durable);
        if segment.first > last {
            continue;
        }
        let held = numbers.range(segment.first..=last).count() as u64;
        if held > 0 {
            holdings.push(Holding { first: segment.first, last, numbers: held, bytes: segment.bytes() });
        }
    }
    holdings
}

pub(crate) fn rewrite(
    shared: &Shared,
    queue: &Queue,
    numbers: &BTreeSet<Seq>,
    replace: &mut Replace<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rewritten, RewriteError> {
    {
        let _one_at_a_time = housekeep(shared, queue)?;
        aside::clear(shared.disk.as_ref(), &shared.dir)
            .map_err(io_error("removing left-overs from", "the folder"))?;
    }
    let holdings = holdings(shared, numbers);
    let mut done = Rewritten { absent: absent(numbers, &holdings), ..Rewritten::default() };
    let bytes = holdings.iter().map(|holding| holding.bytes).sum();
    let segments = holdings.len() as u64;
    let mut so_far = Progress { segments_done: 0, segments, bytes_done: 0, bytes };
    for holding in &holdings {
        finish_segment(shared, queue, holding.first)?;
        rewrite_segment(shared, queue, numbers, holding, replace, &mut done)?;
        so_far.segments_done = so_far.segments_done.saturating_add(1);
        so_far.bytes_done = so_far.bytes_done.saturating_add(holding.bytes);
        progress(so_far);
    }
    // Last: from now on no reader finds these bytes to put aside.
    let _one_at_a_time = housekeep(shared, queue)?;
    let sorted = quarantine::forget_numbers(shared.disk.as_ref(), &shared.dir, numbers)
        .map_err(io_error("removing copies from", "quarantine"))?;
    Ok(Rewritten { copies_removed: sorted.removed, copies_left: sorted.left, ..done })
}

/// Removes copies by name, and answers those that were there.
pub(crate) fn remove_copies(
    shared: &Shared,
    queue: &Queue,
    names: &BTreeSet<String>,
) -> Result<Vec<String>, RewriteError> {
    let _one_at_a_time = housekeep(shared, queue)?;
    quarantine::remove(shared.disk.as_ref(), &shared.dir, |name| names.contains(name))
        .map(|sorted| sorted.removed)
        .map_err(io_error("removing copies from", "quarantine"))
}

/// Held for one segment, so that retention and closing wait no longer. Checked with it held: who closes the journal
/// takes it too before another process may write.
fn housekeep<'a>(shared: &'a Shared, queue: &Queue) -> Result<MutexGuard<'a, ()>, RewriteError> {
    let guard = lock(&shared.housekeeping);
    if queue.is_closed() { Err(RewriteError::Closed) } else { Ok(guard) }
}

fn absent(numbers: &BTreeSet<Seq>, holdings: &[Holding]) -> Vec<Seq> {
    let mut holdings = holdings.iter().peekable();
    let is_absent = |seq: &Seq| {
        while holdings.next_if(|holding| holding.last < *seq).is_some() {}
        holdings.peek().is_none_or(|holding| *seq < holding.first)
    };
    numbers.iter().copied().filter(is_absent).collect()
}

/// In order with appends, by the thread that writes.
fn finish_segment(shared: &Shared, queue: &Queue, first: Seq) -> Result<(), RewriteError> {
    if shared.segment_after(first).is_some() {
        return Ok(());
    }
    let (answer, answered) = oneshot::channel();
    queue.roll(Roll { first, answer }).map_err(|_| RewriteError::Closed)?;
    match block_on(answered, None) {
        Some(Ok(rolled)) => rolled.map_err(|reason| RewriteError::Roll { reason }),
        _ => Err(RewriteError::Closed),
    }
}

fn rewrite_segment(
    shared: &Shared,
    queue: &Queue,
    numbers: &BTreeSet<Seq>,
    holding: &Holding,
    replace: &mut Replace<'_>,
    done: &mut Rewritten,
) -> Result<(), RewriteError> {
    let _one_at_a_time = housekeep(shared, queue)?;
    let wanted = numbers.range(holding.first..=holding.last).copied();
    let Some(segment) = shared.segment_of(holding.first).filter(|segment| segment.first == holding.first)
    else {
        done.absent.extend(wanted);
        return Ok(());
    };
    // The segment may have grown between the question and being finished.
    let last = shared.segment_after(segment.first).map_or(holding.last, |after| after.first.previous());
    let last_wanted = wanted.last().unwrap_or(last);
    let copying = Copying {
        shared,
        segment: &segment,
        last,
        last_wanted,
        numbers,
        replace,
        done: &mut *done,
        others: Vec::new(),
        records: 0,
        aside: None,
    };
    if let Some(written) = copying.run()? {
        written.take_place(shared, &segment)?;
        done.segments = done.segments.saturating_add(1);
    }
    // Also when nothing was changed: an earlier call may have renamed and then failed here.
    shared.disk.sync_dir(&shared.dir).map_err(io_error("syncing the folder of segment", &segment.name))
}

/// One walk over a segment. Nothing is written until the first thing that must change, which mostly spares segments
/// that are as asked already.
struct Copying<'a, 'b> {
    shared: &'a Shared,
    segment: &'a Segment,
    last: Seq,
    last_wanted: Seq,
    numbers: &'a BTreeSet<Seq>,
    replace: &'b mut Replace<'b>,
    done: &'b mut Rewritten,
    /// Damage where none of the numbers stood, met before the first change.
    others: Vec<Stretch>,
    /// Records that stay, changed or not.
    records: u64,
    aside: Option<Aside<'a>>,
}

impl<'a> Copying<'a, '_> {
    fn run(mut self) -> Result<Option<Written<'a>>, RewriteError> {
        let mut scanner = self.shared.scanner(self.open()?, self.segment.start(), SCAN_CHUNK_BYTES);
        let limit = self.segment.bytes();
        while self.aside.is_some() || scanner.expected() <= self.last_wanted {
            match scanner.step(limit).map_err(self.failed("reading segment"))? {
                Step::Record(frame) => self.record(&mut scanner, &frame)?,
                Step::Damage(stretch) => self.damage(stretch)?,
                Step::Tail { offset, bytes } => {
                    self.damage(Stretch { offset, bytes, missing: self.missing_from(scanner.expected()) })?;
                    break;
                }
                Step::End => {
                    let missing = self.missing_from(scanner.expected());
                    self.damage(Stretch { offset: limit, bytes: 0, missing })?;
                    break;
                }
            }
        }
        let records = self.records;
        self.aside.take().map(|aside| aside.finish(self.shared, self.segment, records)).transpose()
    }

    fn missing_from(&self, expected: Seq) -> Option<RangeInclusive<Seq>> {
        (expected <= self.last).then_some(expected..=self.last)
    }

    fn record(&mut self, scanner: &mut Scanner, frame: &Frame) -> Result<(), RewriteError> {
        let header = frame.header;
        let stored = scanner.payload(frame).map_err(self.failed("reading segment"))?;
        if header.seq <= self.last_wanted && self.numbers.contains(&header.seq) {
            let Some(payload) = header.unpack(stored) else {
                self.begin(frame.offset)?;
                self.done.damaged.push(header.seq);
                return Ok(());
            };
            let entry = Entry { kind: header.kind, time_ns: header.time_ns, payload };
            if let Some(new) = self.ask(header.seq, &entry)? {
                self.begin(frame.offset)?;
                self.records = self.records.saturating_add(1);
                return self.put(|salt, out| new.encode(header.seq, salt, out));
            }
        }
        self.records = self.records.saturating_add(1);
        self.put(|salt, out| {
            header.encode(salt, out);
            out.extend_from_slice(stored);
        })
    }

    /// The record as it is to be; `None` when it is so already.
    fn ask(&mut self, seq: Seq, entry: &Entry) -> Result<Option<Prepared>, RewriteError> {
        let (kind, payload) = match (self.replace)(seq, entry) {
            Change::Stop => return Err(RewriteError::Stopped { seq }),
            Change::To { kind, payload } if kind != entry.kind || payload != entry.payload => (kind, payload),
            Change::To { .. } | Change::Keep => {
                self.done.unchanged = self.done.unchanged.saturating_add(1);
                return Ok(None);
            }
        };
        let bytes = payload.len() as u64;
        let bytes_max = u64::from(self.shared.options.record_bytes_max);
        let too_large = RewriteError::TooLarge { seq, bytes, bytes_max };
        if bytes > bytes_max {
            return Err(too_large);
        }
        self.done.changed = self.done.changed.saturating_add(1);
        Prepared::new(Entry { kind, time_ns: entry.time_ns, payload }).map(Some).ok_or(too_large)
    }

    /// Bytes that are no record: not carried over, and kept as evidence unless one of the numbers stood there.
    fn damage(&mut self, stretch: Stretch) -> Result<(), RewriteError> {
        let missing = stretch.missing.iter().cloned();
        let wanted: Vec<Seq> = missing.flat_map(|missing| self.numbers.range(missing)).copied().collect();
        if stretch.bytes > 0 {
            match (wanted.is_empty(), &self.aside) {
                (false, _) => self.begin(stretch.offset)?,
                (true, Some(_)) => self.keep(stretch)?,
                (true, None) => self.others.push(stretch),
            }
        }
        self.done.damaged.extend(wanted);
        Ok(())
    }

    fn keep(&self, stretch: Stretch) -> Result<(), RewriteError> {
        quarantine::keep(self.shared.disk.as_ref(), &self.shared.dir, &self.segment.damage(stretch))
            .map_err(self.failed("putting aside damaged bytes of segment"))
    }

    /// Starts writing, with all whole records before `upto`.
    fn begin(&mut self, upto: u64) -> Result<(), RewriteError> {
        if self.aside.is_some() {
            return Ok(());
        }
        let old = self.open()?;
        let front = read_front(old.as_ref(), SEGMENT_HEADER_BYTES).map_err(self.failed("reading segment"))?;
        let revision = SegmentHeader::decode(&front).map_or(0, |header| header.revision);
        let header = SegmentHeader {
            salt: self.shared.salt,
            first: self.segment.first,
            revision: revision.max(self.segment.revision()).wrapping_add(1),
        };
        let mut aside = Aside::create(self.shared, header).map_err(self.failed("creating what replaces"))?;
        let mut from = SEGMENT_HEADER_BYTES as u64;
        for stretch in std::mem::take(&mut self.others) {
            aside.copy(old.as_ref(), from..stretch.offset).map_err(self.failed("writing what replaces"))?;
            from = stretch.offset.saturating_add(stretch.bytes);
            self.keep(stretch)?;
        }
        aside.copy(old.as_ref(), from..upto).map_err(self.failed("writing what replaces"))?;
        self.aside = Some(aside);
        Ok(())
    }

    /// Nothing to do before `begin`, which copies.
    fn put(&mut self, encode: impl FnOnce(u32, &mut Vec<u8>)) -> Result<(), RewriteError> {
        let Some(aside) = &mut self.aside else { return Ok(()) };
        aside.put(|out| encode(self.shared.salt, out)).map_err(self.failed("writing what replaces"))
    }

    fn open(&self) -> Result<Box<dyn SegmentFile>, RewriteError> {
        self.shared.disk.open(&self.segment.path, Mode::Read).map_err(self.failed("opening segment"))
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> RewriteError + use<> {
        io_error(doing, &self.segment.name)
    }
}

pub(crate) fn io_error(doing: &'static str, name: &str) -> impl FnOnce(io::Error) -> RewriteError + use<> {
    let name = name.to_owned();
    move |source| RewriteError::Io { doing, name, source }
}
