//! Copies damaged bytes aside, so that repairing or retiring a segment never destroys the only evidence.
//!
//! Copies hold whatever the records held, personal data included: retention removes them with their segment, rewriting
//! those of the numbers it rewrites. A copy's name says which numbers stood there, where that can be told.

use std::collections::BTreeSet;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::catalog::SCAN_CHUNK_BYTES;
use crate::disk::{Disk, Mode};
use crate::segment::QUARANTINE_DIR;
use crate::{Damage, Seq};

/// Writes `quarantine/<segment>-<offset>.<from>-<through>.bytes`, without the numbers when none is missing; over an
/// older copy of the same place, if there is one.
pub(crate) fn keep(disk: &dyn Disk, dir: &Path, damage: &Damage) -> io::Result<()> {
    if damage.bytes == 0 {
        return Ok(());
    }
    let folder = dir.join(QUARANTINE_DIR);
    disk.create_dir(&folder)?;
    let source = disk.open(&dir.join(&damage.segment), Mode::Read)?;
    let copy = disk.open(&copy_path(&folder, damage), Mode::Create)?;
    let mut chunk = vec![0; SCAN_CHUNK_BYTES];
    let mut done = 0;
    while done < damage.bytes {
        let want = usize::try_from(damage.bytes - done).unwrap_or(usize::MAX).min(chunk.len());
        let Some(space) = chunk.get_mut(..want) else { break };
        let read = source.read_at(space, damage.offset.saturating_add(done))?;
        let Some(bytes) = space.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        copy.write_all_at(bytes, done)?;
        done = done.saturating_add(read as u64);
    }
    copy.sync_data()?;
    disk.sync_dir(&folder)
}

/// Removes the copies taken from one segment.
pub(crate) fn forget(disk: &dyn Disk, dir: &Path, segment: &str) -> io::Result<()> {
    let prefix = copy_prefix(segment);
    remove(disk, dir, |name| name.starts_with(&prefix)).map(|_| ())
}

/// Removes the copies of stretches where one of the numbers stood.
pub(crate) fn forget_numbers(disk: &dyn Disk, dir: &Path, numbers: &BTreeSet<Seq>) -> io::Result<Sorted> {
    let holds_one =
        |name: &str| copied_numbers(name).is_some_and(|copied| numbers.range(copied).next().is_some());
    remove(disk, dir, holds_one)
}

/// Names of copies.
#[derive(Default)]
pub(crate) struct Sorted {
    pub(crate) removed: Vec<String>,
    pub(crate) left: Vec<String>,
}

pub(crate) fn remove(disk: &dyn Disk, dir: &Path, which: impl Fn(&str) -> bool) -> io::Result<Sorted> {
    let folder = dir.join(QUARANTINE_DIR);
    let names = match disk.list(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Sorted::default()),
        names => names?,
    };
    let (removed, left): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| which(name));
    for name in &removed {
        disk.remove(&folder.join(name))?;
    }
    // Also when nothing was removed: an earlier call may have removed and then failed to sync.
    disk.sync_dir(&folder)?;
    Ok(Sorted { removed, left })
}

fn copy_path(folder: &Path, damage: &Damage) -> PathBuf {
    let numbers = match &damage.missing {
        Some(missing) => format!(".{}-{}", missing.start(), missing.end()),
        None => String::new(),
    };
    folder.join(format!("{}{:012}{numbers}.bytes", copy_prefix(&damage.segment), damage.offset))
}

/// The numbers that stood where the copy was taken; `None` when the name does not tell.
fn copied_numbers(name: &str) -> Option<RangeInclusive<Seq>> {
    let (_, numbers) = name.strip_suffix(".bytes")?.split_once('.')?;
    let (from, through) = numbers.split_once('-')?;
    let (from, through) = (Seq::new(from.parse().ok()?), Seq::new(through.parse().ok()?));
    (from <= through).then_some(from..=through)
}

fn copy_prefix(segment: &str) -> String {
    format!("{}-", segment.strip_suffix(".seg").unwrap_or(segment))
}
