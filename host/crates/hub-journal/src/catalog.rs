//! What the writer, the readers and retention share: which segments there are, how far each is durable, and health.
//!
//! The writer alone makes things durable and only then says so here, in this order: extent of the segment, durable
//! sequence number, waiters. Whoever has seen a sequence number as durable therefore finds its bytes.
//!
//! Rewriting puts another file in the place of a finished segment. File, extent and index change together under the
//! segment's lock, and its *revision* with them: whoever has an older file open sees that and opens anew.
//!
//! Locks are taken in this order: housekeeping, a segment's extent, damage.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::watch;

use crate::disk::{Disk, Mode, SegmentFile};
use crate::scan::{Frame, Scanner, Step, Stretch, Window};
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, segment_name};
use crate::{Damage, Health, Options, Seq, quarantine};

/// Whole segments are read in pieces of this size: large enough that the disk streams, small enough to forget.
pub(crate) const SCAN_CHUNK_BYTES: usize = 256 * 1024;
/// One index entry per so many records: a look-up walks at most these, some 30 kB of typical deliveries.
const INDEX_RECORDS: u64 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
}

pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) salt: u32,
    pub(crate) access: Access,
    pub(crate) durable: watch::Receiver<Seq>,
    pub(crate) health: Mutex<Health>,
    pub(crate) counters: Counters,
    /// Held while a segment is being removed or rewritten, so that two calls do not race for the same one.
    pub(crate) housekeeping: Mutex<()>,
    /// In order of their first sequence number.
    segments: RwLock<Vec<Arc<Segment>>>,
    damage: Mutex<Vec<Damage>>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) batches: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) entries: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

/// Whether damage was on record before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    New,
    Quarantined,
}

impl Shared {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        options: Options,
        salt: u32,
        access: Access,
        durable: watch::Receiver<Seq>,
    ) -> Self {
        Self {
            disk,
            dir,
            options,
            salt,
            access,
            durable,
            health: Mutex::new(Health::Ok),
            counters: Counters::default(),
            housekeeping: Mutex::new(()),
            segments: RwLock::default(),
            damage: Mutex::default(),
        }
    }

    pub(crate) fn durable(&self) -> Seq {
        *self.durable.borrow()
    }

    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add_segment(&self, segment: Arc<Segment>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        let place = segments.partition_point(|other| other.first < segment.first);
        segments.insert(place, segment);
    }

    pub(crate) fn remove_segment(&self, first: Seq) {
        self.segments
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|segment| segment.first != first);
    }

    /// The segment in whose range `seq` falls; `None` when it is older than all of them.
    pub(crate) fn segment_of(&self, seq: Seq) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first <= seq);
        after.checked_sub(1).and_then(|place| segments.get(place)).cloned()
    }

    /// Whether the segment has not been retired.
    pub(crate) fn has_segment(&self, first: Seq) -> bool {
        self.segment_of(first).is_some_and(|segment| segment.first == first)
    }

    pub(crate) fn segment_after(&self, first: Seq) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.iter().find(|segment| segment.first > first).cloned()
    }

    pub(crate) fn first(&self) -> Option<Seq> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().map(|segment| segment.first).filter(|first| *first <= self.durable())
    }

    /// Opens the segment at a place at or before `seq`, and says which revision of it was opened. The first look into
    /// a finished segment walks all of it.
    pub(crate) fn scanner_near(
        &self,
        segment: &Segment,
        seq: Seq,
        chunk_bytes: usize,
    ) -> io::Result<(Scanner, u32)> {
        let mut extent = lock(&segment.extent);
        loop {
            let revision = segment.revision();
            let start = segment.start();
            let place = if seq == segment.first {
                start
            } else {
                self.survey(segment, &mut extent)?.nearest(seq).unwrap_or(start)
            };
            let file = self.open_current(segment, &mut extent)?;
            if segment.revision() == revision {
                return Ok((self.scanner(file, place, chunk_bytes), revision));
            }
        }
    }

    pub(crate) fn scanner(&self, file: Box<dyn SegmentFile>, from: Place, chunk_bytes: usize) -> Scanner {
        Scanner::new(Window::new(file, chunk_bytes), self.salt, from.offset, from.seq)
    }

    /// What this process writes it knows; what another one writes is looked at whenever a file is opened.
    fn open_current(&self, segment: &Segment, extent: &mut Extent) -> io::Result<Box<dyn SegmentFile>> {
        let file = self.disk.open(&segment.path, Mode::Read)?;
        if self.access == Access::ReadOnly {
            let front = read_front(file.as_ref(), SEGMENT_HEADER_BYTES)?;
            let revision = SegmentHeader::decode(&front).map_or(segment.revision(), |header| header.revision);
            if revision != segment.revision() {
                // Only finished segments are rewritten, so all of the file counts.
                *extent = Extent { bytes: file.len()?, survey: None, first_time_ns: None };
                segment.revision.store(revision, Ordering::Release);
                self.forget_damage(segment);
            }
        }
        Ok(file)
    }

    /// Newest time among the whole records; `None` when there is none.
    pub(crate) fn newest_time_ns(&self, segment: &Segment) -> io::Result<Option<i64>> {
        Ok(self.survey(segment, &mut lock(&segment.extent))?.newest_time_ns)
    }

    /// Time of the first whole record, found without walking further than to it.
    pub(crate) fn first_time_ns(&self, segment: &Segment) -> io::Result<Option<i64>> {
        let mut extent = lock(&segment.extent);
        if extent.first_time_ns.is_none() {
            let file = self.open_current(segment, &mut extent)?;
            let mut scanner = self.scanner(file, segment.start(), POINT_CHUNK_BYTES);
            extent.first_time_ns = loop {
                match scanner.step(extent.bytes)? {
                    Step::Record(frame) => break Some(frame.header.time_ns),
                    Step::Damage(_) => {}
                    Step::Tail { .. } | Step::End => break None,
                }
            };
        }
        Ok(extent.first_time_ns)
    }

    fn survey<'a>(&self, segment: &Segment, extent: &'a mut Extent) -> io::Result<&'a Survey> {
        if extent.survey.is_none() {
            let file = self.open_current(segment, extent)?;
            let mut scanner = self.scanner(file, segment.start(), SCAN_CHUNK_BYTES);
            let walk = Walk::over(&mut scanner, extent.bytes)?;
            for stretch in walk.damage {
                self.report(segment, segment.revision(), stretch);
            }
            extent.survey = Some(walk.survey);
        }
        Ok(extent.survey.get_or_insert_default())
    }

    /// Puts damage on record and its bytes aside. What cannot be put aside stays new, to be tried again. `None` when
    /// the segment has been rewritten since this revision: the bytes that were damaged are no longer there.
    pub(crate) fn report(&self, segment: &Segment, revision: u32, stretch: Stretch) -> Option<Standing> {
        let damage = segment.damage(stretch);
        let mut known = lock(&self.damage);
        if segment.revision() != revision {
            return None;
        }
        let listed =
            known.iter().any(|other| other.segment == damage.segment && other.offset == damage.offset);
        match self.access {
            Access::ReadWrite if listed => return Some(Standing::Quarantined),
            Access::ReadWrite => {
                if quarantine::keep(self.disk.as_ref(), &self.dir, &damage).is_ok() {
                    known.push(damage);
                }
            }
            Access::ReadOnly if listed => {}
            Access::ReadOnly => known.push(damage),
        }
        Some(Standing::New)
    }

    /// Puts a rewritten segment in the place of the old one, for this process's readers at the same moment.
    pub(crate) fn replace(&self, segment: &Segment, aside: &Path, successor: Successor) -> io::Result<()> {
        let mut extent = lock(&segment.extent);
        let mut damage = lock(&self.damage);
        self.disk.rename(aside, &segment.path)?;
        let Successor { revision, walk } = successor;
        segment.revision.store(revision, Ordering::Release);
        *extent = Extent { bytes: walk.end, survey: Some(walk.survey), first_time_ns: None };
        damage.retain(|damage| damage.segment != segment.name);
        // The numbers whose bytes were left out.
        damage.extend(walk.damage.into_iter().map(|stretch| segment.damage(stretch)));
        Ok(())
    }

    /// Damage that recovery has put aside already.
    pub(crate) fn record_damage(&self, damage: &[Damage]) {
        lock(&self.damage).extend_from_slice(damage);
    }

    pub(crate) fn forget_damage(&self, segment: &Segment) {
        lock(&self.damage).retain(|damage| damage.segment != segment.name);
    }

    pub(crate) fn damage(&self) -> Vec<Damage> {
        lock(&self.damage).clone()
    }
}

/// Finding one record reads this much at a time: an index step of typical records fits.
pub(crate) const POINT_CHUNK_BYTES: usize = 32 * 1024;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: Seq,
    pub(crate) offset: u64,
}

pub(crate) struct Segment {
    pub(crate) first: Seq,
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    extent: Mutex<Extent>,
    /// Which writing of the segment the extent is about. Changed with the locks of extent and damage held.
    revision: AtomicU32,
}

/// What stands in a segment written anew.
pub(crate) struct Successor {
    pub(crate) revision: u32,
    pub(crate) walk: Walk,
}

struct Extent {
    /// Durable bytes; what lies beyond is nobody's.
    bytes: u64,
    /// Always there for the segment being written.
    survey: Option<Survey>,
    first_time_ns: Option<i64>,
}

impl Segment {
    pub(crate) fn new(dir: &Path, first: Seq, bytes: u64, survey: Option<Survey>) -> Self {
        let name = segment_name(first);
        let path = dir.join(&name);
        let extent = Mutex::new(Extent { bytes, survey, first_time_ns: None });
        Self { first, name, path, extent, revision: AtomicU32::new(0) }
    }

    pub(crate) fn at_revision(self, revision: u32) -> Self {
        Self { revision: AtomicU32::new(revision), ..self }
    }

    pub(crate) fn revision(&self) -> u32 {
        self.revision.load(Ordering::Acquire)
    }

    pub(crate) fn start(&self) -> Place {
        Place { seq: self.first, offset: SEGMENT_HEADER_BYTES as u64 }
    }

    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.extent).bytes
    }

    /// `None` when the segment has been rewritten since this revision.
    pub(crate) fn bytes_at(&self, revision: u32) -> Option<u64> {
        let extent = lock(&self.extent);
        (self.revision() == revision).then_some(extent.bytes)
    }

    /// Takes in what has just become durable.
    pub(crate) fn extend(&self, bytes: u64, records: impl Iterator<Item = (Place, i64)>) {
        let mut extent = lock(&self.extent);
        extent.bytes = bytes;
        let survey = extent.survey.get_or_insert_default();
        for (place, time_ns) in records {
            survey.note(place, time_ns);
        }
    }

    pub(crate) fn damage(&self, stretch: Stretch) -> Damage {
        Damage {
            segment: self.name.clone(),
            offset: stretch.offset,
            bytes: stretch.bytes,
            missing: stretch.missing,
        }
    }
}

/// What one walk over a segment leaves in memory: a sparse index and the newest time.
#[derive(Default)]
pub(crate) struct Survey {
    index: Vec<Place>,
    records: u64,
    newest_time_ns: Option<i64>,
}

impl Survey {
    fn note(&mut self, place: Place, time_ns: i64) {
        if self.records.is_multiple_of(INDEX_RECORDS) {
            self.index.push(place);
        }
        self.records = self.records.saturating_add(1);
        self.newest_time_ns = self.newest_time_ns.max(Some(time_ns));
    }

    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    fn nearest(&self, seq: Seq) -> Option<Place> {
        let after = self.index.partition_point(|place| place.seq <= seq);
        after.checked_sub(1).and_then(|at| self.index.get(at)).copied()
    }
}

/// A walk over a whole segment.
pub(crate) struct Walk {
    pub(crate) survey: Survey,
    pub(crate) damage: Vec<Stretch>,
    /// Where the last whole record ends.
    pub(crate) end: u64,
    /// The number after the last whole record's.
    pub(crate) next: Seq,
}

impl Walk {
    pub(crate) fn over(scanner: &mut Scanner, limit: u64) -> io::Result<Self> {
        let mut survey = Survey::default();
        let mut damage = Vec::new();
        loop {
            match scanner.step(limit)? {
                Step::Record(Frame { offset, header }) => {
                    survey.note(Place { seq: header.seq, offset }, header.time_ns);
                }
                Step::Damage(stretch) => damage.push(stretch),
                Step::Tail { .. } | Step::End => break,
            }
        }
        Ok(Self { survey, damage, end: scanner.offset(), next: scanner.expected() })
    }
}

/// Reads the front of a file, fewer bytes where it is shorter.
pub(crate) fn read_front(file: &dyn SegmentFile, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while let Some(space) = bytes.get_mut(filled..).filter(|space| !space.is_empty()) {
        match file.read_at(space, filled as u64)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Nothing is left half-changed under these locks, so a panic elsewhere does not make the data wrong.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
