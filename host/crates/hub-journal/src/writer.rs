//! The one thread that writes: takes what is queued, one write and one `fdatasync` per batch, then answers.
//!
//! Nothing is acknowledged before it is durable. After a failed write the file is cut back to what was durable and
//! the next batch tries again; after a failed sync nothing is tried any more (see `Setback`).

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::watch;

use crate::catalog::{Counters, Place, Segment, Shared, lock};
use crate::disk::{Disk, Lock, Mode, SegmentFile};
use crate::queue::{Group, Queue, Roll, Work};
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, segment_name};
use crate::{AppendError, Health, Seq, acknowledged};

/// A batch buffer larger than this is given back after use, so one large delivery does not hold memory for ever.
const BUFFER_KEPT_BYTES: usize = 8 * 1024 * 1024;

/// How often a journal that could not write looks whether it can.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// What has to fit before the hub says it is ready: a few typical deliveries, so that it does not change its mind at once.
const PROBE_BYTES: usize = 64 * 1024;

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) durable: watch::Sender<Seq>,
    pub(crate) active: Active,
    pub(crate) next: Seq,
    /// What is on disk as the newest acknowledged number.
    pub(crate) marked: Seq,
    /// Kept until the last batch is written.
    pub(crate) lock: Lock,
}

/// The segment being written.
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Box<dyn SegmentFile>,
    pub(crate) fill: Fill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    Open,
    /// Holds damage: kept as it is, and the next batch starts a new segment.
    Finished,
}

/// Why a batch was not written.
#[derive(Debug)]
pub(crate) struct Setback {
    doing: &'static str,
    segment: String,
    pub(crate) source: io::Error,
    lasting: Lasting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasting {
    /// The file is as it was before the batch: the next one may succeed, say when the disk has room again.
    UntilNextBatch,
    /// Until the journal is opened anew. After a failed sync the kernel may have marked the lost pages clean, so a
    /// second sync would succeed without their being on disk; only reading the file back tells what is there.
    UntilReopened,
}

impl Setback {
    fn reason(&self) -> String {
        let Self { doing, segment, source, lasting } = self;
        match lasting {
            Lasting::UntilNextBatch => format!("{doing} {segment}: {source}"),
            Lasting::UntilReopened => format!("{doing} {segment}: {source}; reopen the journal"),
        }
    }
}

/// Makes an empty segment whose name and header are durable.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    dir: &Path,
    header: SegmentHeader,
) -> Result<Box<dyn SegmentFile>, Setback> {
    let name = segment_name(header.first);
    let path = dir.join(&name);
    let made = (|| {
        let setback = |doing, lasting| {
            move |source| Setback { doing, segment: segment_name(header.first), source, lasting }
        };
        // Emptying a file of this name is safe: its records would have numbers that were never given out.
        let file =
            disk.open(&path, Mode::Create).map_err(setback("creating segment", Lasting::UntilNextBatch))?;
        file.write_all_at(&header.encode(), 0)
            .map_err(setback("writing the header of segment", Lasting::UntilNextBatch))?;
        file.sync_data().map_err(setback("syncing new segment", Lasting::UntilReopened))?;
        disk.sync_dir(dir).map_err(setback("syncing the folder of segment", Lasting::UntilReopened))?;
        Ok(file)
    })();
    if made.is_err() {
        // Best effort: a left-over without records is emptied by the next attempt or by recovery.
        disk.remove(&path).ok();
    }
    made
}

impl Writer {
    pub(crate) fn run(mut self) {
        let _abandon = AbandonOnExit(Arc::clone(&self.queue));
        let mut buffer = Vec::new();
        let mut broken: Option<String> = None;
        while let Some(work) = self.queue.take(PROBE_EVERY) {
            let batch = match work {
                Work::Batch(batch) => batch,
                Work::Roll(roll) => {
                    self.roll_on_request(roll, &mut broken);
                    continue;
                }
                Work::Idle => {
                    if broken.is_none() {
                        broken = self.probe();
                        self.mark_acknowledged();
                    }
                    continue;
                }
            };
            let written = match &broken {
                Some(reason) => Err(reason.clone()),
                None => self.write(&batch, &mut buffer).map_err(|setback| {
                    let reason = setback.reason();
                    if setback.lasting == Lasting::UntilReopened {
                        broken = Some(reason.clone());
                    }
                    reason
                }),
            };
            match written {
                Ok(end) => self.acknowledge(batch, end),
                Err(reason) => self.refuse(batch, reason),
            }
            if buffer.capacity() > BUFFER_KEPT_BYTES {
                buffer = Vec::new();
            }
        }
        if broken.is_none() {
            self.mark_acknowledged();
        }
        // Whoever is removing or rewriting a segment ends first: after this another process may have the journal.
        let _nobody_else_writes = lock(&self.shared.housekeeping);
        drop(self.lock);
    }

    /// Best effort: without it a damaged last record is taken for a torn one, as it would be after a crash.
    fn mark_acknowledged(&mut self) {
        let last = self.next.previous();
        if last == self.marked {
            return;
        }
        let Shared { disk, dir, salt, .. } = self.shared.as_ref();
        if acknowledged::write(disk.as_ref(), dir, *salt, last).is_ok() {
            self.marked = last;
        }
    }

    fn roll_on_request(&mut self, Roll { first, answer }: Roll, broken: &mut Option<String>) {
        let has_records = self.next > self.active.segment.first;
        let rolled = match broken {
            Some(reason) => Err(reason.clone()),
            None if self.active.segment.first != first || !has_records => Ok(()),
            None => self.roll().map_err(|setback| {
                let reason = setback.reason();
                // Otherwise health stays as it is: nothing that was to be appended has been refused.
                if setback.lasting == Lasting::UntilReopened {
                    *lock(&self.shared.health) = Health::Failed { reason: reason.clone() };
                    *broken = Some(reason.clone());
                }
                reason
            }),
        };
        answer.send(rolled).ok();
    }

    /// Asks whether there is room again when nobody appends: whoever looks at readiness sends nothing until there is.
    /// Answers why nothing may be written any more, if that is so.
    fn probe(&mut self) -> Option<String> {
        if *lock(&self.shared.health) == Health::Ok {
            return None;
        }
        let probed = match self.active.fill {
            Fill::Finished => self.roll(),
            Fill::Open => {
                let start = self.active.segment.bytes();
                let written = self.active.file.write_all_at(&[0; PROBE_BYTES], start);
                // Nobody reads beyond what is durable; a crash in between leaves a tail, which the next start cuts.
                let cut = self.active.file.set_len(start);
                match (written, cut) {
                    (Ok(()), Ok(())) => Ok(()),
                    (Err(source), Ok(())) => {
                        Err(self.setback("writing segment", source, Lasting::UntilNextBatch))
                    }
                    (_, Err(source)) => {
                        Err(self.setback("cutting back segment", source, Lasting::UntilReopened))
                    }
                }
            }
        };
        match probed {
            Ok(()) => *lock(&self.shared.health) = Health::Ok,
            Err(setback) => {
                let reason = setback.reason();
                *lock(&self.shared.health) = Health::Failed { reason: reason.clone() };
                return (setback.lasting == Lasting::UntilReopened).then_some(reason);
            }
        }
        None
    }

    /// Makes the batch durable, and answers where the segment now ends.
    fn write(&mut self, batch: &[Group], buffer: &mut Vec<u8>) -> Result<u64, Setback> {
        let batch_bytes: usize = batch.iter().map(|group| group.bytes).sum();
        if self.is_roll_due(batch_bytes) {
            self.roll()?;
        }
        self.encode(batch, batch_bytes, buffer);
        let start = self.active.segment.bytes();
        if let Err(source) = self.active.file.write_all_at(buffer, start) {
            return Err(self.cut_back(start, source));
        }
        self.count(|counters| &counters.syncs);
        if let Err(source) = self.active.file.sync_data() {
            // Cut so that whoever opens the file next does not take unsynced records from the page cache for
            // durable ones. If this fails too, the records that stay were never acknowledged.
            self.active.file.set_len(start).ok();
            return Err(self.setback("syncing segment", source, Lasting::UntilReopened));
        }
        Ok(start.saturating_add(buffer.len() as u64))
    }

    fn is_roll_due(&self, batch_bytes: usize) -> bool {
        let bytes = self.active.segment.bytes();
        let is_empty = bytes <= SEGMENT_HEADER_BYTES as u64;
        let would_be = bytes.saturating_add(batch_bytes as u64);
        self.active.fill == Fill::Finished || (!is_empty && would_be > self.shared.options.segment_bytes_max)
    }

    fn roll(&mut self) -> Result<(), Setback> {
        self.count(|counters| &counters.syncs);
        let header = SegmentHeader { salt: self.shared.salt, first: self.next, revision: 0 };
        let file = create_segment(self.shared.disk.as_ref(), &self.shared.dir, header)?;
        let bytes = SEGMENT_HEADER_BYTES as u64;
        let segment = Arc::new(Segment::new(&self.shared.dir, self.next, bytes, Some(Default::default())));
        self.shared.add_segment(Arc::clone(&segment));
        self.active = Active { segment, file, fill: Fill::Open };
        Ok(())
    }

    fn encode(&self, batch: &[Group], batch_bytes: usize, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.reserve(batch_bytes);
        let mut seq = self.next;
        for entry in batch.iter().flat_map(|group| &group.entries) {
            entry.encode(seq, self.shared.salt, buffer);
            seq = seq.next();
        }
    }

    fn cut_back(&self, durable_bytes: u64, source: io::Error) -> Setback {
        // Synced as well: the next batch may begin a new segment, and then nothing else would make the cut durable. After a
        // power cut whole records of this batch could stand in the old one, under numbers that were given out again.
        self.count(|counters| &counters.syncs);
        match self.active.file.set_len(durable_bytes).and_then(|()| self.active.file.sync_data()) {
            Ok(()) => self.setback("writing segment", source, Lasting::UntilNextBatch),
            Err(_) => self.setback("writing and cutting back segment", source, Lasting::UntilReopened),
        }
    }

    fn setback(&self, doing: &'static str, source: io::Error, lasting: Lasting) -> Setback {
        Setback { doing, segment: self.active.segment.name.clone(), source, lasting }
    }

    fn acknowledge(&mut self, batch: Vec<Group>, end: u64) {
        let mut place = Place { seq: self.next, offset: self.active.segment.bytes() };
        let records = batch.iter().flat_map(|group| &group.entries).map(|entry| {
            let here = place;
            place.seq = here.seq.next();
            place.offset = here.offset.saturating_add(entry.record_bytes() as u64);
            (here, entry.time_ns())
        });
        self.active.segment.extend(end, records);
        let last = place.seq.previous();
        Counters::add(&self.shared.counters.entries, last.get().saturating_sub(self.next.previous().get()));
        self.count(|counters| &counters.batches);
        *lock(&self.shared.health) = Health::Ok;
        self.durable.send_replace(last);
        let mut first = self.next;
        for group in batch {
            let entries = group.entries.len() as u64;
            // A caller that stopped waiting has its entry written all the same.
            group.answer.send(Ok(first)).ok();
            first = Seq::new(first.get().saturating_add(entries));
        }
        self.next = place.seq;
    }

    fn refuse(&self, batch: Vec<Group>, reason: String) {
        *lock(&self.shared.health) = Health::Failed { reason: reason.clone() };
        for group in batch {
            group.answer.send(Err(AppendError::Failed { reason: reason.clone() })).ok();
        }
    }

    fn count(&self, counter: impl FnOnce(&Counters) -> &AtomicU64) {
        Counters::add(counter(&self.shared.counters), 1);
    }
}

/// However the thread ends, callers are answered.
struct AbandonOnExit(Arc<Queue>);

impl Drop for AbandonOnExit {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
