//! Opens a journal: finds its segments, walks the last one, cuts a torn tail, reports damage.
//!
//! Earlier segments are trusted by their name until they are read, only their headers are checked, so opening costs
//! one segment however long the journal is. A read-only opening changes nothing on disk.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::catalog::{Access, SCAN_CHUNK_BYTES, Segment, Shared, Walk, read_front};
use crate::disk::{Disk, Lock, Mode, SegmentFile};
use crate::queue::Queue;
use crate::scan::{Scanner, Stretch, Window};
use crate::segment::{
    HeaderFault, IDENTITY_BYTES, IDENTITY_NAME, LOCK_NAME, SEGMENT_HEADER_BYTES, SegmentHeader,
    decode_identity, encode_identity, parse_segment_name, segment_name,
};
use crate::writer::{Active, Fill, Setback, Writer, create_segment};
use crate::{Options, Seq, acknowledged, aside, quarantine};

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The oldest record; `None` in an empty journal.
    pub first: Option<Seq>,
    /// The newest record; zero in a journal that never held one.
    pub last: Seq,
    /// Bytes after the last whole record: a batch that was being written when the machine stopped.
    pub torn_bytes_cut: u64,
    pub damage: Vec<Damage>,
}

/// A stretch of a segment that is not as it was written. Its bytes are copied to the `quarantine` folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub segment: String,
    pub offset: u64,
    pub bytes: u64,
    /// The records that stood there; `None` when no number is missing or none can be told.
    pub missing: Option<RangeInclusive<Seq>>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("journal in {dir} is in use by another process")]
    Locked { dir: PathBuf },
    #[error("segment {segment} is in format {version}, which this program does not know")]
    Newer { segment: String, version: u32 },
    #[error("segment {segment} does not belong to this journal")]
    Foreign { segment: String },
    /// Nothing is left that tells how its checksums were made.
    #[error("journal in {dir} has neither its identity file nor a readable segment header")]
    Unrecognised { dir: PathBuf },
    #[error("{doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) recovery: Recovery,
    /// Absent in a journal opened to be read only.
    pub(crate) writer: Option<Writer>,
}

pub(crate) fn open(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<Opened, OpenError> {
    disk.create_dir(dir).map_err(io_error("creating", dir))?;
    let lock = take_lock(disk.as_ref(), dir)?;
    aside::clear(disk.as_ref(), dir).map_err(io_error("removing left-overs of rewriting in", dir))?;
    let folder = Folder::read(disk.as_ref(), dir)?;
    let salt = match folder.salt(dir)? {
        Some(salt) => salt,
        None => draw_salt(),
    };
    if folder.identity != Some(salt) {
        write_identity(disk.as_ref(), dir, salt)?;
    }
    let mut found = Found::default();
    folder.check_headers(salt, &mut found)?;

    let marked = acknowledged::read(disk.as_ref(), dir, salt);
    let (active, next) = match folder.segments.last() {
        None => {
            found.damage.extend(all_lost(marked));
            (begin(disk.as_ref(), dir, salt, marked.next())?, marked.next())
        }
        Some(last) => resume(disk.as_ref(), dir, salt, &options, last, marked, &mut found)?,
    };

    let (durable, watching) = watch::channel(next.previous());
    let batch_bytes_max = batch_bytes_max(&options);
    let shared = Shared::new(disk, dir.to_owned(), options, salt, Access::ReadWrite, watching);
    folder.add_earlier(&shared);
    shared.add_segment(Arc::clone(&active.segment));
    shared.record_damage(&found.damage);
    let shared = Arc::new(shared);
    let queue = Arc::new(Queue::new(&shared.options, batch_bytes_max));
    let recovery = found.into_recovery(&shared);
    let writer = Writer { shared: Arc::clone(&shared), queue, durable, active, next, marked, lock };
    Ok(Opened { shared, recovery, writer: Some(writer) })
}

pub(crate) fn open_read_only(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<Opened, OpenError> {
    // Before the segments: whoever writes marks only what already stands in them.
    let early = read_identity(disk.as_ref(), dir)?.map(|salt| acknowledged::read(disk.as_ref(), dir, salt));
    let marked = early.unwrap_or(Seq::ZERO);
    let folder = Folder::read(disk.as_ref(), dir)?;
    // Without a single segment the salt is never used.
    let salt = folder.salt(dir)?.unwrap_or_default();
    let mut found = Found::default();
    folder.check_headers(salt, &mut found)?;
    let last = match folder.segments.last() {
        None => None,
        Some(last) => Some(inspect(disk.as_ref(), dir, salt, last, marked, &mut found)?),
    };
    if last.is_none() {
        found.damage.extend(all_lost(marked));
    }
    let durable = last.as_ref().map_or(marked, |last| last.walk.next.previous());
    let (_, watching) = watch::channel(durable);
    let shared = Shared::new(disk, dir.to_owned(), options, salt, Access::ReadOnly, watching);
    folder.add_earlier(&shared);
    if let Some(last) = last {
        let segment = Segment::new(dir, last.first, last.walk.end, Some(last.walk.survey));
        shared.add_segment(Arc::new(segment.at_revision(last.revision)));
    }
    shared.record_damage(&found.damage);
    let shared = Arc::new(shared);
    let recovery = found.into_recovery(&shared);
    Ok(Opened { shared, recovery, writer: None })
}

#[derive(Default)]
struct Found {
    torn_bytes_cut: u64,
    damage: Vec<Damage>,
}

impl Found {
    fn into_recovery(self, shared: &Shared) -> Recovery {
        let Self { torn_bytes_cut, damage } = self;
        Recovery { first: shared.first(), last: shared.durable(), torn_bytes_cut, damage }
    }
}

/// The files of a journal as they are found, headers included.
struct Folder {
    identity: Option<u32>,
    /// In order.
    segments: Vec<SegmentOnDisk>,
}

struct SegmentOnDisk {
    segment: Segment,
    header: Result<SegmentHeader, HeaderFault>,
}

impl Folder {
    fn read(disk: &dyn Disk, dir: &Path) -> Result<Self, OpenError> {
        let names = disk.list(dir).map_err(io_error("listing", dir))?;
        let mut firsts: Vec<Seq> = names.iter().filter_map(|name| parse_segment_name(name)).collect();
        firsts.sort_unstable();
        let mut segments = Vec::with_capacity(firsts.len());
        for first in firsts {
            let segment = Segment::new(dir, first, 0, None);
            match read_header(disk, &segment) {
                Ok((header, bytes)) => {
                    let revision = header.as_ref().map_or(0, |header| header.revision);
                    let segment = Segment::new(dir, first, bytes, None).at_revision(revision);
                    segments.push(SegmentOnDisk { segment, header });
                }
                // Retired by the process that writes, while we only read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error("reading", &segment.path)(error)),
            }
        }
        Ok(Self { identity: read_identity(disk, dir)?, segments })
    }

    /// From the identity file, else from any header; `None` where there is no journal yet.
    fn salt(&self, dir: &Path) -> Result<Option<u32>, OpenError> {
        let from_headers =
            || self.segments.iter().find_map(|found| found.header.as_ref().ok().map(|h| h.salt));
        match self.identity.or_else(from_headers) {
            None if !self.segments.is_empty() => Err(OpenError::Unrecognised { dir: dir.to_owned() }),
            salt => Ok(salt),
        }
    }

    /// Refuses what this program must not touch, and reports the damaged headers of all but the last segment.
    fn check_headers(&self, salt: u32, found: &mut Found) -> Result<(), OpenError> {
        for (place, SegmentOnDisk { segment, header }) in self.segments.iter().enumerate() {
            let is_last = place.saturating_add(1) == self.segments.len();
            match header {
                Ok(header) if header.salt == salt && header.first == segment.first => {}
                Ok(_) => return Err(OpenError::Foreign { segment: segment.name.clone() }),
                Err(HeaderFault::Newer { version }) => {
                    return Err(OpenError::Newer { segment: segment.name.clone(), version: *version });
                }
                Err(HeaderFault::Damaged) if is_last => {}
                Err(HeaderFault::Damaged) => found.damage.push(header_damage(segment)),
            }
        }
        Ok(())
    }

    fn add_earlier(self, shared: &Shared) {
        let mut segments = self.segments;
        segments.pop();
        for found in segments {
            shared.add_segment(Arc::new(found.segment));
        }
    }
}

/// The last segment after a walk over all of it.
struct Last {
    first: Seq,
    revision: u32,
    walk: Walk,
    fill: Fill,
    header_is_whole: bool,
    tail: Tail,
}

/// What the bytes after the last whole record were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// A batch that nobody was promised, as far as is known.
    Torn,
    /// Records that were acknowledged.
    Lost,
}

fn inspect(
    disk: &dyn Disk,
    dir: &Path,
    salt: u32,
    last: &SegmentOnDisk,
    acknowledged: Seq,
    found: &mut Found,
) -> Result<Last, OpenError> {
    let segment = &last.segment;
    let start = segment.start();
    let walked = disk.open(&segment.path, Mode::Read).and_then(|file| {
        let bytes = file.len()?;
        let mut scanner = Scanner::new(Window::new(file, SCAN_CHUNK_BYTES), salt, start.offset, start.seq);
        Ok((Walk::over(&mut scanner, bytes)?, bytes))
    });
    let (mut walk, bytes) = walked.map_err(io_error("reading", &dir.join(&segment.name)))?;
    let header_is_whole = last.header.is_ok();
    let mut fill = Fill::Open;
    if !header_is_whole && walk.survey.records() > 0 {
        found.damage.push(header_damage(segment));
        fill = Fill::Finished;
    }
    for stretch in walk.damage.drain(..) {
        found.damage.push(segment.damage(stretch));
        fill = Fill::Finished;
    }
    let torn_from = if header_is_whole || walk.survey.records() > 0 { walk.end } else { 0 };
    found.torn_bytes_cut = bytes.saturating_sub(torn_from);
    let mut tail = Tail::Torn;
    if acknowledged >= walk.next {
        let missing = Some(walk.next..=acknowledged);
        let stretch = Stretch { offset: torn_from, bytes: found.torn_bytes_cut, missing };
        found.damage.push(segment.damage(stretch));
        // Their numbers are not given out again.
        walk.next = acknowledged.next();
        (tail, fill) = (Tail::Lost, Fill::Finished);
    }
    Ok(Last { first: segment.first, revision: segment.revision(), walk, fill, header_is_whole, tail })
}

/// No segment is left of a journal that has acknowledged records.
fn all_lost(acknowledged: Seq) -> Option<Damage> {
    let first = Seq::ZERO.next();
    let missing = Some(first..=acknowledged);
    (acknowledged >= first).then(|| Damage { segment: segment_name(first), offset: 0, bytes: 0, missing })
}

/// Makes the last segment fit to be written: what is whole is made durable, what is torn is cut.
fn resume(
    disk: &dyn Disk,
    dir: &Path,
    salt: u32,
    options: &Options,
    on_disk: &SegmentOnDisk,
    acknowledged: Seq,
    found: &mut Found,
) -> Result<(Active, Seq), OpenError> {
    let mut last = inspect(disk, dir, salt, on_disk, acknowledged, found)?;
    let next = last.walk.next;
    if last.tail == Tail::Torn && found.torn_bytes_cut > batch_bytes_max(options) as u64 {
        report_long_tail(on_disk, &mut last, found);
    }
    for damage in &found.damage {
        // Before anything is cut. Best effort: on a full disk the damage is still reported.
        quarantine::keep(disk, dir, damage).ok();
    }
    if last.walk.survey.records() == 0 && (!last.header_is_whole || last.fill == Fill::Finished) {
        // Never got as far as its first record: it is begun again. What would follow it has the same first number, so
        // it cannot be finished either.
        return Ok((begin(disk, dir, salt, last.first)?, next));
    }
    let path = &on_disk.segment.path;
    let file = disk.open(path, Mode::Write).map_err(io_error("opening", path))?;
    if found.torn_bytes_cut > 0 {
        file.set_len(last.walk.end).map_err(io_error("cutting the torn tail of", path))?;
    }
    // After a kill the records may be in the page cache only, and from now on they count as durable.
    file.sync_data().map_err(io_error("syncing", path))?;
    disk.sync_dir(dir).map_err(io_error("syncing", dir))?;
    let segment = Segment::new(dir, last.first, last.walk.end, Some(last.walk.survey));
    let segment = Arc::new(segment.at_revision(last.revision));
    Ok((Active { segment, file, fill: last.fill }, next))
}

/// One batch is all that a crash tears, as long as no single append is larger; a longer tail was probably
/// acknowledged once, so its bytes are put aside before they are cut.
fn report_long_tail(on_disk: &SegmentOnDisk, last: &mut Last, found: &mut Found) {
    let tail = Stretch { offset: last.walk.end, bytes: found.torn_bytes_cut, missing: None };
    found.damage.push(on_disk.segment.damage(tail));
    last.fill = Fill::Finished;
}

fn begin(disk: &dyn Disk, dir: &Path, salt: u32, first: Seq) -> Result<Active, OpenError> {
    let segment = Segment::new(dir, first, SEGMENT_HEADER_BYTES as u64, Some(Default::default()));
    let setback = |setback: Setback| io_error("creating", &segment.path)(setback.source);
    let file = create_segment(disk, dir, SegmentHeader { salt, first, revision: 0 }).map_err(setback)?;
    Ok(Active { segment: Arc::new(segment), file, fill: Fill::Open })
}

/// A batch fits into an empty segment, however small segments are.
fn batch_bytes_max(options: &Options) -> usize {
    let room = options.segment_bytes_max.saturating_sub(SEGMENT_HEADER_BYTES as u64);
    options.batch_bytes_max.min(usize::try_from(room).unwrap_or(usize::MAX))
}

fn take_lock(disk: &dyn Disk, dir: &Path) -> Result<Lock, OpenError> {
    let path = dir.join(LOCK_NAME);
    let lock = disk.lock(&path).map_err(io_error("locking", &path))?;
    lock.ok_or_else(|| OpenError::Locked { dir: dir.to_owned() })
}

type HeaderAndLength = (Result<SegmentHeader, HeaderFault>, u64);

fn read_header(disk: &dyn Disk, segment: &Segment) -> io::Result<HeaderAndLength> {
    let file = disk.open(&segment.path, Mode::Read)?;
    let front = read_front(file.as_ref(), SEGMENT_HEADER_BYTES)?;
    Ok((SegmentHeader::decode(&front), file.len()?))
}

fn header_damage(segment: &Segment) -> Damage {
    segment.damage(Stretch { offset: 0, bytes: SEGMENT_HEADER_BYTES as u64, missing: None })
}

fn read_identity(disk: &dyn Disk, dir: &Path) -> Result<Option<u32>, OpenError> {
    let path = dir.join(IDENTITY_NAME);
    match disk.open(&path, Mode::Read).and_then(|file| read_front(file.as_ref(), IDENTITY_BYTES)) {
        Ok(bytes) => Ok(decode_identity(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("reading", &path)(error)),
    }
}

fn write_identity(disk: &dyn Disk, dir: &Path, salt: u32) -> Result<(), OpenError> {
    let path = dir.join(IDENTITY_NAME);
    let write = || -> io::Result<()> {
        let file: Box<dyn SegmentFile> = disk.open(&path, Mode::Create)?;
        file.write_all_at(&encode_identity(salt), 0)?;
        file.sync_data()?;
        disk.sync_dir(dir)
    };
    write().map_err(io_error("writing", &path))
}

/// Unpredictable to whoever sends payloads; the standard library's hash keys are, and need no further crate.
fn draw_salt() -> u32 {
    let [a, b, c, d, ..] = RandomState::new().hash_one(IDENTITY_NAME).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Io { doing, path, source }
}
