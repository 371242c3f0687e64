//! The view in use, as a store whose files can be swapped for others while everybody reads on.

use std::io;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use hub_store::{Batch, Order, Range, Row, SledOptions, SledStore, Store, StoreError, Table};

pub(crate) struct View {
    dir: PathBuf,
    options: SledOptions,
    /// Absent when a swap failed half-way: then the hub has no view, and the next start settles it.
    current: RwLock<Option<SledStore>>,
}

impl View {
    /// The view opened from this directory.
    pub(crate) fn new(dir: PathBuf, options: SledOptions, store: SledStore) -> Self {
        Self { dir, options, current: RwLock::new(Some(store)) }
    }

    /// Puts a view that was built beside this one in its place and deletes the old files. Readers wait meanwhile; both must
    /// be at the same record, and nobody may commit.
    ///
    /// # Errors
    /// The disk's. What was there is used on if it can be.
    pub(crate) fn swap(&self, next: SledStore) -> Result<(), StoreError> {
        next.flush()?;
        // The engine may not have its files renamed while it is open.
        drop(next);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = None;
        let finished = hub_store::finish_rebuild(&self.dir);
        *current = Some(SledStore::open(&self.dir, &self.options)?);
        finished
    }

    fn read<T>(&self, question: impl FnOnce(&SledStore) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let gone = || StoreError::Io(io::Error::other("the view could not be swapped; restart the hub"));
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
