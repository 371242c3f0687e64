//! A durable, append-only journal: numbered records in segment files.
//!
//! Owns what is on disk and when it counts as durable. Knows bytes and sequence numbers only: never looks into a
//! payload, never asks for the time. The only crate that syncs files to disk.
//!
//! - An append is answered after `fdatasync`, not before; waiting appends share one.
//! - A record is read back exactly as it was appended, or the error says that it cannot be.
//! - A torn tail is cut at open; damage anywhere else is reported and put aside, and reading goes on after it.
//! - Payloads can be replaced for ever: afterwards no file holds the old bytes, and no reader gives them.
//!
//! The map: `segment` the bytes, `disk` the file operations, `scan` the walk over a segment, `catalog` what all sides
//! share, `queue` and `writer` the way in, `reader` the way out, `recover`, `acknowledged`, `quarantine`, `retain`,
//! `rewrite` and `aside` the housekeeping.

mod acknowledged;
mod aside;
mod catalog;
mod disk;
mod quarantine;
mod queue;
mod reader;
mod recover;
mod retain;
mod rewrite;
mod scan;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::catalog::{POINT_CHUNK_BYTES, Shared, lock};
use crate::queue::{Group, Queue, block_on};
use crate::recover::Opened;
use crate::segment::Prepared;

pub use crate::disk::{Disk, Lock, Mode, RealDisk, SegmentFile};
pub use crate::reader::{ReadError, Reader};
pub use crate::recover::{Damage, OpenError, Recovery};
pub use crate::retain::{RetainError, Retired};
pub use crate::rewrite::{Change, Holding, Progress, RewriteError, Rewritten};

/// The number of a record. The first is 1; zero stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(u64);

impl Seq {
    pub const ZERO: Self = Self(0);

    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    pub const fn get(self) -> u64 {
        self.0
    }

    /// Stays at the greatest number there is, which no journal reaches.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Stays at zero.
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is appended. Kind and time mean nothing to the journal, except that retention compares times.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: u8,
    pub time_ns: i64,
    pub payload: Vec<u8>,
}

/// What is read back.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub seq: Seq,
    pub kind: u8,
    pub time_ns: i64,
    pub payload: Vec<u8>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, time_ns, payload } = self;
        write!(f, "Entry {{ kind: {kind}, time_ns: {time_ns}, payload: {} bytes }}", payload.len())
    }
}

impl fmt::Debug for Record {
    /// The length only: payloads hold personal data, and debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, kind, time_ns, payload } = self;
        write!(
            f,
            "Record {{ seq: {seq}, kind: {kind}, time_ns: {time_ns}, payload: {} bytes }}",
            payload.len()
        )
    }
}

/// Limits. No value makes the journal panic; odd ones only make it slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// A new segment is begun rather than grow past this. One append that is larger gets a segment of its own.
    pub segment_bytes_max: u64,
    /// Largest payload, before packing.
    pub record_bytes_max: u32,
    /// Entries that may wait for the writer; past it an append is `Busy`.
    pub queue_entries_max: usize,
    /// Bytes that may wait for the writer.
    pub queue_bytes_max: usize,
    /// Entries that share one write and one sync.
    pub batch_entries_max: usize,
    /// Bytes that share one write and one sync.
    pub batch_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // Opening walks one segment: 64 MiB take tens of milliseconds, and 400 days stay a few hundred files.
            segment_bytes_max: 64 * 1024 * 1024,
            // Twice the largest body a provider sends us with its attachments inlined.
            record_bytes_max: 16 * 1024 * 1024,
            // Some seconds of a slow disk at sale-day rates; past it the provider retries.
            queue_entries_max: 4_096,
            // Four of the largest records, or all 4,096 entries at 16 kB.
            queue_bytes_max: 64 * 1024 * 1024,
            // A sync costs the same for one as for many; this bounds how long the first waiter waits for the last.
            batch_entries_max: 1_024,
            // Written in a few milliseconds, so one batch does not hold up the next.
            batch_bytes_max: 4 * 1024 * 1024,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The queue is full: try again later.
    #[error("journal queue is full")]
    Busy,
    #[error("entry of {bytes} bytes is larger than the {bytes_max} bytes allowed")]
    TooLarge { bytes: u64, bytes_max: u64 },
    /// Not written. `reason` names the operation, the segment and the system's error.
    #[error("journal cannot write: {reason}")]
    Failed { reason: String },
    #[error("journal is open for reading only")]
    ReadOnly,
    #[error("journal is closed")]
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// The last batch was not written. The next append tries again, unless the reason says to reopen.
    Failed {
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    pub segments: u64,
    /// Durable bytes in all segments.
    pub bytes: u64,
    pub first: Option<Seq>,
    pub last: Seq,
    /// Time of the oldest readable record, as its entry gave it.
    pub oldest_time_ns: Option<i64>,
    /// Since opening: batches made durable, syncs of segment files, entries made durable.
    pub batches: u64,
    pub fsyncs: u64,
    pub entries: u64,
    /// Entries waiting for the writer.
    pub queued: u64,
}

/// A journal that is open. Clones are handles to the same one; the last to go closes it.
#[derive(Clone)]
pub struct Journal {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    intake: Option<Intake>,
}

/// The way to the writer thread.
struct Intake {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Opens or creates the journal in `dir`, for this process alone.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery), OpenError> {
        Self::open_on(Arc::new(RealDisk), dir, options)
    }

    /// Opens a journal that may be in use, as it is at this moment. Takes no lock and changes nothing.
    pub fn open_read_only(dir: &Path, options: Options) -> Result<(Self, Recovery), OpenError> {
        Self::open_read_only_on(Arc::new(RealDisk), dir, options)
    }

    /// Like `open`, on another disk than the machine's: one of the gates' that fail, forget and lie.
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<(Self, Recovery), OpenError> {
        let Opened { shared, recovery, writer } = recover::open(disk, dir, options)?;
        let intake = match writer {
            None => None,
            Some(writer) => {
                let queue = Arc::clone(&writer.queue);
                let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(|| writer.run());
                let thread = thread.map_err(|source| {
                    let path = shared.dir.clone();
                    OpenError::Io { doing: "starting the writer thread for", path, source }
                })?;
                Some(Intake { queue, thread: Mutex::new(Some(thread)) })
            }
        };
        Ok((Self { handle: Arc::new(Handle { shared, intake }) }, recovery))
    }

    pub(crate) fn open_read_only_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), OpenError> {
        let Opened { shared, recovery, .. } = recover::open_read_only(disk, dir, options)?;
        Ok((Self { handle: Arc::new(Handle { shared, intake: None }) }, recovery))
    }

    /// Queues the entry now; the future resolves when it is durable. Dropping the future does not take it back.
    pub fn append(
        &self,
        entry: Entry,
    ) -> impl Future<Output = Result<Seq, AppendError>> + Send + 'static + use<> {
        let submitted = self.submit(vec![entry]);
        async move { answered(submitted?).await }
    }

    /// Like `append`, with consecutive numbers. All are acknowledged or none; a crash before that may leave the
    /// first few.
    pub fn append_all(
        &self,
        entries: Vec<Entry>,
    ) -> impl Future<Output = Result<Vec<Seq>, AppendError>> + Send + 'static + use<> {
        let count = entries.len() as u64;
        let submitted = (count > 0).then(|| self.submit(entries));
        async move {
            let Some(submitted) = submitted else { return Ok(Vec::new()) };
            let first = answered(submitted?).await?.get();
            Ok((first..first.saturating_add(count)).map(Seq::new).collect())
        }
    }

    /// Like `append`, waiting on this thread. Not for async code.
    pub fn append_blocking(&self, entry: Entry) -> Result<Seq, AppendError> {
        block_on(self.append(entry), None).unwrap_or(Err(AppendError::Closed))
    }

    /// Everything up to this number is on disk.
    pub fn durable(&self) -> Seq {
        self.handle.shared.durable()
    }

    /// Resolves once something after `after` is durable, with the newest number that is. A journal that is closed or
    /// open for reading only gains nothing more: then it resolves at once, with a number that is not after `after`.
    pub fn wait_durable(&self, after: Seq) -> impl Future<Output = Seq> + Send + 'static + use<> {
        let mut durable = self.handle.shared.durable.clone();
        async move {
            let reached = durable.wait_for(|seq| *seq > after).await.map(|seq| *seq).ok();
            reached.unwrap_or_else(|| *durable.borrow())
        }
    }

    /// Like `wait_durable`, on this thread, at most for `timeout`.
    pub fn wait_durable_blocking(&self, after: Seq, timeout: Duration) -> Seq {
        let deadline = Instant::now().checked_add(timeout);
        block_on(self.wait_durable(after), deadline).unwrap_or_else(|| self.durable())
    }

    /// One record. The first read in an older segment walks all of it once to index it.
    pub fn read(&self, seq: Seq) -> Result<Record, ReadError> {
        if seq == Seq::ZERO {
            return Err(ReadError::Missing { seq });
        }
        let mut reader = Reader::with_chunk(Arc::clone(&self.handle.shared), seq, POINT_CHUNK_BYTES);
        reader.next()?.ok_or(ReadError::Missing { seq })
    }

    /// Reads forward from `from`. A reader does not keep the journal open for writing.
    pub fn reader(&self, from: Seq) -> Reader {
        Reader::new(Arc::clone(&self.handle.shared), from)
    }

    pub fn health(&self) -> Health {
        lock(&self.handle.shared.health).clone()
    }

    /// All damage known so far: found at open, and since then by reading.
    pub fn damage(&self) -> Vec<Damage> {
        self.handle.shared.damage()
    }

    pub fn stats(&self) -> Stats {
        let shared = &self.handle.shared;
        let segments = shared.segments();
        let counters = &shared.counters;
        Stats {
            segments: segments.len() as u64,
            bytes: segments.iter().map(|segment| segment.bytes()).sum(),
            first: shared.first(),
            last: shared.durable(),
            oldest_time_ns: segments.first().and_then(|oldest| shared.first_time_ns(oldest).ok().flatten()),
            batches: counters.batches.load(Ordering::Relaxed),
            fsyncs: counters.syncs.load(Ordering::Relaxed),
            entries: counters.entries.load(Ordering::Relaxed),
            queued: self.handle.intake.as_ref().map_or(0, |intake| intake.queue.entries() as u64),
        }
    }

    /// Removes the oldest segments while all their records are older than `before_time_ns`. Never the last one.
    pub fn retain(&self, before_time_ns: i64) -> Result<Retired, RetainError> {
        retain::retain(&self.handle.shared, before_time_ns)
    }

    /// The segments that `rewrite` would have to read for these numbers, and mostly write: from memory, oldest first.
    pub fn segments_holding(&self, numbers: &BTreeSet<Seq>) -> Vec<Holding> {
        rewrite::holdings(&self.handle.shared, numbers)
    }

    /// Replaces the payloads (and kinds) of the records with these numbers for ever; each is asked for once, in order,
    /// as it stands. Number and time stay. Waits on this thread while it reads and writes whole segments, so not for
    /// async code; appends, reads and retention go on meanwhile.
    ///
    /// The segment being written is finished first if it holds one of the records, so many numbers at once make fewer
    /// small segments than one by one. The disk needs room for one more segment.
    ///
    /// A reader gets the old or the new payload, and once this has returned only the new one. Another process that
    /// has a segment open goes on with the old one until it opens it anew. After an error or a crash the caller asks
    /// again, with a `replace` that leaves alone what it has replaced already. `replace` must neither rewrite nor
    /// retain nor close this journal: it is called with the segment held.
    pub fn rewrite(
        &self,
        numbers: &BTreeSet<Seq>,
        mut replace: impl FnMut(Seq, &Entry) -> Change,
        mut progress: impl FnMut(Progress),
    ) -> Result<Rewritten, RewriteError> {
        let intake = self.handle.intake.as_ref().ok_or(RewriteError::ReadOnly)?;
        rewrite::rewrite(&self.handle.shared, &intake.queue, numbers, &mut replace, &mut progress)
    }

    /// Removes files from the quarantine folder by their names in `Rewritten::copies_left`, and answers those that
    /// were there.
    pub fn remove_copies(&self, names: &BTreeSet<String>) -> Result<Vec<String>, RewriteError> {
        let intake = self.handle.intake.as_ref().ok_or(RewriteError::ReadOnly)?;
        rewrite::remove_copies(&self.handle.shared, &intake.queue, names)
    }

    /// Writes what is queued, ends the writer and gives up the lock. Reading goes on; appending is `Closed`.
    pub fn close(&self) {
        self.handle.close();
    }

    fn submit(
        &self,
        entries: Vec<Entry>,
    ) -> Result<oneshot::Receiver<Result<Seq, AppendError>>, AppendError> {
        let intake = self.handle.intake.as_ref().ok_or(AppendError::ReadOnly)?;
        let entries = self.prepare(entries)?;
        let bytes = entries.iter().map(Prepared::record_bytes).sum();
        let (answer, answered) = oneshot::channel();
        intake.queue.push(Group { entries, bytes, answer })?;
        Ok(answered)
    }

    /// Packs and checks on the caller's thread, so that the writer only copies and writes.
    fn prepare(&self, entries: Vec<Entry>) -> Result<Vec<Prepared>, AppendError> {
        let options = &self.handle.shared.options;
        let mut bytes_left = options.segment_bytes_max.max(u64::from(options.record_bytes_max));
        let group_bytes_max = bytes_left;
        let mut prepared = Vec::with_capacity(entries.len());
        for entry in entries {
            let bytes = entry.payload.len() as u64;
            let record_bytes_max = u64::from(options.record_bytes_max);
            if bytes > record_bytes_max {
                return Err(AppendError::TooLarge { bytes, bytes_max: record_bytes_max });
            }
            let too_large = AppendError::TooLarge {
                bytes: group_bytes_max.saturating_add(1),
                bytes_max: group_bytes_max,
            };
            bytes_left = bytes_left.checked_sub(bytes).ok_or_else(|| too_large.clone())?;
            prepared.push(Prepared::new(entry).ok_or(too_large)?);
        }
        Ok(prepared)
    }
}

impl Handle {
    fn close(&self) {
        let Some(intake) = &self.intake else { return };
        intake.queue.close();
        // Held while joining: whoever calls second also returns only when all is written.
        let mut thread = lock(&intake.thread);
        if let Some(thread) = thread.take() {
            // A panic of the writer has been reported by the panic hook, and its callers by `Closed`.
            thread.join().ok();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

async fn answered(answer: oneshot::Receiver<Result<Seq, AppendError>>) -> Result<Seq, AppendError> {
    answer.await.unwrap_or(Err(AppendError::Closed))
}
