//! The newest number known to be acknowledged, in a small file of its own.
//!
//! It tells a torn tail, which nobody was promised, from a last record that a bad sector has made unreadable: the one is
//! cut in silence, the other is damage. Written when nothing has come for a moment and when the journal is closed, so that
//! it costs no append anything; what was acknowledged later than it says is told from a tear by nothing.

use std::io;
use std::path::Path;

use crate::Seq;
use crate::catalog::read_front;
use crate::disk::{Disk, Mode};
use crate::segment::{ACKNOWLEDGED_BYTES, ACKNOWLEDGED_NAME, decode_acknowledged, encode_acknowledged};

/// Zero where nothing is known: no such file, or one that is damaged or of another journal.
pub(crate) fn read(disk: &dyn Disk, dir: &Path, salt: u32) -> Seq {
    let front = disk
        .open(&dir.join(ACKNOWLEDGED_NAME), Mode::Read)
        .and_then(|file| read_front(file.as_ref(), ACKNOWLEDGED_BYTES));
    front.ok().and_then(|bytes| decode_acknowledged(&bytes, salt)).unwrap_or(Seq::ZERO)
}

/// In place: the file is smaller than a sector, and a torn one is as good as none.
pub(crate) fn write(disk: &dyn Disk, dir: &Path, salt: u32, last: Seq) -> io::Result<()> {
    let path = dir.join(ACKNOWLEDGED_NAME);
    let (file, is_new) = match disk.open(&path, Mode::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (disk.open(&path, Mode::Create)?, true),
        opened => (opened?, false),
    };
    file.write_all_at(&encode_acknowledged(salt, last), 0)?;
    file.sync_data()?;
    if is_new { disk.sync_dir(dir) } else { Ok(()) }
}
