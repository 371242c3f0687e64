//! The file that is to take the place of a segment: written aside, synced, read back, renamed.
//!
//! Until it is in place the old segment is untouched, and whatever ends the work removes the file. What goes into it is
//! decided in `rewrite.rs`.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::catalog::{Counters, SCAN_CHUNK_BYTES, Segment, Shared, Successor, Walk};
use crate::disk::{Disk, Mode, SegmentFile};
use crate::rewrite::{RewriteError, io_error};
use crate::segment::{SegmentHeader, aside_name, is_aside_name};

/// Removes what a crash, or a removal that failed, has left aside.
pub(crate) fn clear(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    for name in disk.list(dir)?.iter().filter(|name| is_aside_name(name)) {
        disk.remove(&dir.join(name))?;
    }
    Ok(())
}

/// The file that will take a segment's place. Dropped before that, it is removed.
pub(crate) struct Aside<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    file: Box<dyn SegmentFile>,
    header: SegmentHeader,
    buffer: Vec<u8>,
    flushed: u64,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Aside,
    InPlace,
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        if self.standing == Standing::Aside {
            // Best effort: what stays is removed by the next call, or when the journal is opened.
            self.disk.remove(&self.path).ok();
        }
    }
}

impl<'a> Aside<'a> {
    pub(crate) fn create(shared: &'a Shared, header: SegmentHeader) -> io::Result<Self> {
        let disk = shared.disk.as_ref();
        let path = shared.dir.join(aside_name(header.first));
        let file = disk.open(&path, Mode::Create)?;
        Ok(Self { disk, path, file, header, buffer: header.encode(), flushed: 0, standing: Standing::Aside })
    }

    pub(crate) fn put(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        encode(&mut self.buffer);
        self.flush_if_full()
    }

    /// As it stands in the old file.
    pub(crate) fn copy(&mut self, from: &dyn SegmentFile, range: Range<u64>) -> io::Result<()> {
        let mut at = range.start;
        while at < range.end {
            let want = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(SCAN_CHUNK_BYTES);
            let held = self.buffer.len();
            self.buffer.resize(held.saturating_add(want), 0);
            let read = from.read_at(self.buffer.get_mut(held..).unwrap_or_default(), at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.truncate(held.saturating_add(read));
            at = at.saturating_add(read as u64);
            self.flush_if_full()?;
        }
        Ok(())
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < SCAN_CHUNK_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.buffer, self.flushed)?;
        self.flushed = self.flushed.saturating_add(self.buffer.len() as u64);
        self.buffer.clear();
        // One large record does not hold memory for the rest of the segment.
        self.buffer.shrink_to(SCAN_CHUNK_BYTES);
        Ok(())
    }

    /// Makes it durable, and reads it back before anything is destroyed.
    pub(crate) fn finish(
        mut self,
        shared: &Shared,
        segment: &Segment,
        records: u64,
    ) -> Result<Written<'a>, RewriteError> {
        let failed = |doing| io_error(doing, &segment.name);
        self.flush().map_err(failed("writing what replaces"))?;
        Counters::add(&shared.counters.syncs, 1);
        self.file.sync_data().map_err(failed("syncing what replaces"))?;
        let file = self.disk.open(&self.path, Mode::Read).map_err(failed("opening what replaces"))?;
        let mut scanner = shared.scanner(file, segment.start(), SCAN_CHUNK_BYTES);
        let walk = Walk::over(&mut scanner, self.flushed).map_err(failed("reading what replaces"))?;
        let only_gaps = walk.damage.iter().all(|stretch| stretch.bytes == 0);
        if walk.end != self.flushed || walk.survey.records() != records || !only_gaps {
            return Err(RewriteError::NotAsWritten { segment: segment.name.clone() });
        }
        Ok(Written { aside: self, walk })
    }
}

/// Whole and durable, but still aside.
pub(crate) struct Written<'a> {
    aside: Aside<'a>,
    walk: Walk,
}

impl Written<'_> {
    pub(crate) fn take_place(self, shared: &Shared, segment: &Segment) -> Result<(), RewriteError> {
        let Self { mut aside, walk } = self;
        let successor = Successor { revision: aside.header.revision, walk };
        shared
            .replace(segment, &aside.path, successor)
            .map_err(io_error("putting the new one in the place of segment", &segment.name))?;
        aside.standing = Standing::InPlace;
        Ok(())
    }
}
