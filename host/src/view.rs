//! The view in use, as a store whose files can be swapped for others, or opened again after a failure, while the hub runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use hub_store::{Batch, DiskStore, Order, Range, Row, SledOptions, Store, StoreError, Table};

/// What a view that was put aside is called, behind a dot.
const DAMAGED: &str = "damaged";

/// Opens the view's files. Those that are damaged, or that know of records past `last`, are put aside, and the view is empty.
///
/// # Errors
/// The disk's, or the files are in use.
pub(crate) fn open_files(dir: &Path, options: &SledOptions, last: u64) -> Result<DiskStore, StoreError> {
    let problem = match DiskStore::open_within(dir, options, last) {
        Err(error) if error.asks_for_rebuild() => error,
        opened => return opened,
    };
    tracing::error!(%problem, "the view is put aside and built anew from the journal");
    put_aside(dir)?;
    DiskStore::open(dir, options)
}

/// In place of what was put aside before: only the latest tells a person anything.
fn put_aside(dir: &Path) -> Result<(), StoreError> {
    remove_damaged(dir).map_err(StoreError::Io)?;
    hub_store::move_aside(dir, DAMAGED).map(drop)
}

/// Views that were put aside because they were damaged hold what people are called as well.
///
/// # Errors
/// The disk's.
pub(crate) fn remove_damaged(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir.with_extension(DAMAGED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) struct View {
    dir: PathBuf,
    options: SledOptions,
    /// Absent after a failure, until it is opened again.
    current: RwLock<Option<DiskStore>>,
}

impl View {
    /// The view opened from this directory.
    pub(crate) fn new(dir: PathBuf, options: SledOptions, store: DiskStore) -> Self {
        Self { dir, options, current: RwLock::new(Some(store)) }
    }

    /// Puts a view that was built beside this one in its place and deletes the old files. Readers wait meanwhile; both must
    /// be at the same record, and nobody may commit.
    ///
    /// # Errors
    /// The disk's. What was there is used on if it can be.
    pub(crate) fn swap(&self, next: DiskStore) -> Result<(), StoreError> {
        next.flush()?;
        // The engine may not have its files renamed while it is open.
        drop(next);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = None;
        let finished = hub_store::finish_rebuild(&self.dir);
        *current = Some(DiskStore::open(&self.dir, &self.options)?);
        finished
    }

    /// Refuses all who read or write until the view is [in use](Self::put_in_use) again.
    pub(crate) fn close(&self) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The closed view's files, opened for whoever folds what they lack before anybody else reads it. `damaged` ones are put
    /// aside first, as [`open_files`] does with those it finds to be.
    ///
    /// # Errors
    /// As [`open_files`].
    pub(crate) fn open_closed(&self, last: u64, damaged: bool) -> Result<DiskStore, StoreError> {
        if damaged && self.dir.try_exists().map_err(StoreError::Io)? {
            put_aside(&self.dir)?;
        }
        open_files(&self.dir, &self.options, last)
    }

    /// Everybody reads this from now on.
    pub(crate) fn put_in_use(&self, store: DiskStore) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
    }

    fn read<T>(&self, question: impl FnOnce(&DiskStore) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let gone = || StoreError::Io(io::Error::other("the view failed and is being opened again"));
        question(current.as_ref().ok_or_else(gone)?)
    }
}

impl Store for View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|store| store.get(table, key))
    }

    fn scan(&self, table: Table, range: Range, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(|store| store.scan(table, range, order, limit))
    }

    fn count_in(&self, table: Table, range: Range, limit: usize) -> Result<usize, StoreError> {
        self.read(|store| store.count_in(table, range, limit))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.read(|store| store.commit(batch))
    }

    fn applied(&self) -> Result<u64, StoreError> {
        self.read(Store::applied)
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.read(|store| store.count(table))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.read(Store::flush)
    }
}
