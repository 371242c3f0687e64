//! The few file operations the journal needs, behind two small traits.
//!
//! Nothing else in this crate opens, writes or syncs a file, so a test disk can fail the n-th write, lose what was
//! never synced, or count syncs. Holds no policy: what a failure means is decided in `writer.rs` and `recover.rs`.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Held for as long as the journal may write; dropping it lets the next process in.
pub type Lock = Box<dyn Any + Send + Sync>;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Read,
    /// To read and write what is there.
    Write,
    /// Makes the file, or empties the one that is there.
    Create,
}

/// Folders and names.
pub trait Disk: Send + Sync {
    /// Makes the folder and its parents, and makes their names durable.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// `None` when somebody else holds it.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn SegmentFile>>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// In the place of a file of the new name, if there is one: at every moment one of the two is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes created, renamed and removed names durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file. Positional, so that one handle never depends on another's place in the file.
#[expect(clippy::len_without_is_empty, reason = "a length is asked for, and never whether there is one")]
pub trait SegmentFile: Send + Sync {
    /// Bytes read; zero at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    fn len(&self) -> io::Result<u64>;
    fn sync_data(&self) -> io::Result<()>;
}

/// The machine's own file system.
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let missing: Vec<&Path> =
            dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        fs::create_dir_all(dir)?;
        for made in missing {
            let parent = made.parent().filter(|path| !path.as_os_str().is_empty());
            self.sync_dir(parent.unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn SegmentFile>> {
        let file = match mode {
            Mode::Read => File::open(path)?,
            Mode::Write => OpenOptions::new().read(true).write(true).open(path)?,
            Mode::Create => {
                OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?
            }
        };
        Ok(Box::new(file))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

impl SegmentFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match FileExt::read_at(self, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        File::set_len(self, bytes)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }
}
