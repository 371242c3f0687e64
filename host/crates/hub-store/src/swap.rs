//! Owns the directory of a view as a whole: built anew beside the old one and put in its place, or moved aside.
//!
//! A rebuild is folded in `<dir>.draft` and packed from there into `<dir>.next`, which is closed and takes the place of
//! `<dir>` by two renames; the old view waits under `<dir>.old` in between and is then deleted, since an erasure counts on
//! it being gone. A crash at any point is settled by the next open. Nothing here syncs: a view that a power cut damaged is
//! built again.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::{DiskStore, SledOptions, SledStore, StoreError};

/// sled's file, which it locks while the view is open.
const ENGINE_FILE: &str = "db";

/// Where to build the view anew: an empty place beside `dir`. What an abandoned rebuild left there is deleted.
///
/// # Errors
/// The disk's, or a rebuild is under way.
pub fn begin_rebuild(dir: &Path) -> Result<PathBuf, StoreError> {
    settle(dir)?;
    let (draft, next) = (beside(dir, "draft")?, beside(dir, "next")?);
    require_free(&draft)?;
    require_free(&next)?;
    remove(&draft)?;
    remove(&next)?;
    Ok(draft)
}

/// Copies the closed view that was built where [`begin_rebuild`] said into files of less than half the size, deletes it,
/// and opens the copy: for what the journal has taken in meanwhile, and for [`finish_rebuild`] once it is closed.
///
/// # Errors
/// The disk's, or what was built is damaged. The view in use is as it was.
pub fn pack_rebuild(dir: &Path, options: &SledOptions) -> Result<DiskStore, StoreError> {
    let (draft, next) = (beside(dir, "draft")?, beside(dir, "next")?);
    let packed = SledStore::open(&next, options)?;
    packed.fill_from(&SledStore::open(&draft, options)?)?;
    remove(&draft)?;
    DiskStore::over(packed, options)
}

/// Puts the rebuilt and packed view in the place of the old one and deletes the old one. Both must be closed.
///
/// # Errors
/// The disk's, a view is open, or there is none to put in place. The view in use is as it was.
pub fn finish_rebuild(dir: &Path) -> Result<(), StoreError> {
    let (next, old) = (beside(dir, "next")?, beside(dir, "old")?);
    require_free(dir)?;
    require_free(&next)?;
    if !exists(&next)? {
        return Err(StoreError::Io(io::Error::new(
            io::ErrorKind::NotFound,
            "no rebuilt view to put in place",
        )));
    }
    settle(dir)?;
    if exists(dir)? {
        rename(dir, &old)?;
    }
    rename(&next, dir)?;
    remove(&old)
}

/// Renames a closed view to `<dir>.<label>`, so that a person can look at it, and answers where it is now.
/// `label` must not name another directory, nor one of a rebuild's.
pub fn move_aside(dir: &Path, label: &str) -> Result<PathBuf, StoreError> {
    let taken = matches!(label, "" | "draft" | "next" | "old");
    if taken || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(StoreError::Io(io::Error::new(io::ErrorKind::InvalidInput, "not a label for a view")));
    }
    let aside = beside(dir, label)?;
    require_free(dir)?;
    if exists(&aside)? {
        return Err(StoreError::Io(io::ErrorKind::AlreadyExists.into()));
    }
    rename(dir, &aside)?;
    Ok(aside)
}

/// Ends what a crash interrupted in [`finish_rebuild`]. There is an old view only after the new one was complete.
pub(crate) fn settle(dir: &Path) -> Result<(), StoreError> {
    let (next, old) = (beside(dir, "next")?, beside(dir, "old")?);
    if !exists(&old)? {
        return Ok(());
    }
    if !exists(dir)? {
        rename(if exists(&next)? { &next } else { &old }, dir)?;
    }
    remove(&old)
}

/// Whether a view is open, here or in another process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lock {
    Free,
    Held,
}

pub(crate) fn lock_of(dir: &Path) -> Result<Lock, StoreError> {
    let file = match File::open(dir.join(ENGINE_FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lock::Free),
        Err(error) => return Err(StoreError::Io(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Lock::Free),
        Err(TryLockError::WouldBlock) => Ok(Lock::Held),
        Err(TryLockError::Error(error)) => Err(StoreError::Io(error)),
    }
}

fn require_free(dir: &Path) -> Result<(), StoreError> {
    match lock_of(dir)? {
        Lock::Free => Ok(()),
        Lock::Held => Err(StoreError::Locked),
    }
}

/// `<dir>.<label>`, in the same directory and so on the same disk.
fn beside(dir: &Path, label: &str) -> Result<PathBuf, StoreError> {
    let no_name =
        || StoreError::Io(io::Error::new(io::ErrorKind::InvalidInput, "the view's directory has no name"));
    let mut name: OsString = dir.file_name().ok_or_else(no_name)?.to_owned();
    name.push(".");
    name.push(label);
    Ok(dir.with_file_name(name))
}

fn exists(dir: &Path) -> Result<bool, StoreError> {
    dir.try_exists().map_err(StoreError::Io)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::Io)
}

fn remove(dir: &Path) -> Result<(), StoreError> {
    if exists(dir)? { fs::remove_dir_all(dir).map_err(StoreError::Io) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
