//! Copies damaged bytes aside, so that repairing or retiring a segment never destroys the only evidence.
//!
//! Copies hold whatever the records held, personal data included: retention removes them with their segment.

use std::io;
use std::path::{Path, PathBuf};

use crate::Damage;
use crate::catalog::SCAN_CHUNK_BYTES;
use crate::disk::{Disk, Mode};
use crate::segment::QUARANTINE_DIR;

/// Writes `quarantine/<segment>-<offset>.bytes`; over an older copy of the same place, if there is one.
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
    let folder = dir.join(QUARANTINE_DIR);
    let names = match disk.list(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        names => names?,
    };
    let prefix = copy_prefix(segment);
    for name in names.iter().filter(|name| name.starts_with(&prefix)) {
        disk.remove(&folder.join(name))?;
    }
    disk.sync_dir(&folder)
}

fn copy_path(folder: &Path, damage: &Damage) -> PathBuf {
    folder.join(format!("{}{:012}.bytes", copy_prefix(&damage.segment), damage.offset))
}

fn copy_prefix(segment: &str) -> String {
    format!("{}-", segment.strip_suffix(".seg").unwrap_or(segment))
}
