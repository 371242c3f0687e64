//! Owns the view on disk as its users see it: sled, and before it in memory what was committed last.
//!
//! What a row costs in sled hardly depends on how many are written at once, so it is not written for each batch: the
//! fold writes the row of a customer or a delivery several times within moments, and only the last is worth a page. A
//! process that dies loses what waits, as it does sled's own latest second; [`Store::applied`] is then where the engine
//! stands.

use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use crate::batch::{Latest, check_forwards};
use crate::waiting::Waiting;
use crate::{Batch, Before, Order, Range, Row, SledOptions, SledStore, Store, StoreError, Table};

/// Of memory, whatever the number of rows: a few are very long.
const WAITING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A [`Store`] in a directory of its own.
///
/// Dropping it flushes and closes; when the drop returns the directory can be opened again or moved.
pub struct DiskStore {
    engine: SledStore,
    waiting: RwLock<Waiting>,
    /// Held by whoever changes what waits or what the engine has.
    writing: Mutex<()>,
    waiting_rows_max: usize,
}

impl DiskStore {
    /// As [`SledStore::open`].
    ///
    /// # Errors
    /// The disk's, or the files are in use, damaged or of another version.
    pub fn open(dir: &Path, options: &SledOptions) -> Result<DiskStore, StoreError> {
        DiskStore::over(SledStore::open(dir, options)?, options)
    }

    /// As [`SledStore::open_within`].
    ///
    /// # Errors
    /// As [`DiskStore::open`], or the view is of another journal.
    pub fn open_within(dir: &Path, options: &SledOptions, last: u64) -> Result<DiskStore, StoreError> {
        DiskStore::over(SledStore::open_within(dir, options, last)?, options)
    }

    pub(crate) fn over(engine: SledStore, options: &SledOptions) -> Result<DiskStore, StoreError> {
        let waiting = RwLock::new(Waiting::at(engine.applied()?));
        let waiting_rows_max = options.waiting_rows_max;
        Ok(DiskStore { engine, waiting, writing: Mutex::default(), waiting_rows_max })
    }

    /// As [`SledStore::verify`], of all that is committed.
    ///
    /// # Errors
    /// The store's, or a row is damaged, lost or out of date.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.hand_over()?;
        self.engine.verify()
    }

    /// Nothing can panic half way through a change of what waits, so a poisoned lock guards a whole one.
    fn waiting(&self) -> RwLockReadGuard<'_, Waiting> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits to the engine.
    fn hand_over(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_waiting()
    }

    /// Called by whoever is [writing](DiskStore::writing). If it fails, all of it still waits. Readers wait meanwhile, as
    /// the engine lets them: whoever counts sees a row here or there and not twice.
    fn write_waiting(&self) -> Result<(), StoreError> {
        let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
        if waiting.rows() > 0 || waiting.applied != self.engine.applied()? {
            self.engine.commit(waiting.batch())?;
            *waiting = Waiting::at(waiting.applied);
        }
        Ok(())
    }

    /// Looks up what the engine has where the writer does not say.
    fn look_below(&self, latest: &mut Latest) -> Result<(), StoreError> {
        let waiting = self.waiting();
        for (table, changes) in latest {
            for (key, written) in changes.iter_mut().filter(|(_, written)| written.before == Before::Unknown)
            {
                if waiting.get(*table, key).is_none() {
                    let below = self.engine.get(*table, key)?;
                    written.before = below.map_or(Before::Nothing, Before::Row);
                }
            }
        }
        Ok(())
    }
}

impl Store for DiskStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let waiting = self.waiting();
        match waiting.get(table, key) {
            Some(row) => Ok(row.map(<[u8]>::to_vec)),
            None => self.engine.get(table, key),
        }
    }

    fn scan(&self, table: Table, range: Range, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        let waiting = self.waiting();
        let (_, gone) = waiting.come_and_gone(table, &range);
        let below = self.engine.scan(table, range.clone(), order, limit.saturating_add(gone))?;
        Ok(waiting.lay_over(below, table, &range, order, limit))
    }

    fn count_in(&self, table: Table, range: Range, limit: usize) -> Result<usize, StoreError> {
        let waiting = self.waiting();
        let (come, gone) = waiting.come_and_gone(table, &range);
        let below = self.engine.count_in(table, range, limit.saturating_add(gone))?;
        Ok((below.saturating_sub(gone) + come).min(limit))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let applied = batch.applied;
        let mut latest = batch.latest()?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        check_forwards(self.waiting().applied, applied)?;
        let is_full = {
            let waiting = self.waiting();
            waiting.rows() >= self.waiting_rows_max || waiting.bytes() >= WAITING_BYTES_MAX
        };
        if is_full {
            self.write_waiting()?;
        }
        self.look_below(&mut latest)?;
        self.waiting.write().unwrap_or_else(PoisonError::into_inner).take_in(applied, latest);
        Ok(())
    }

    fn applied(&self) -> Result<u64, StoreError> {
        // An engine that has failed is asked for what it refuses.
        self.engine.applied()?;
        Ok(self.waiting().applied)
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        let waiting = self.waiting();
        let (come, gone) = waiting.come_and_gone(table, &Range::all());
        let below = self.engine.count(table)?;
        Ok((below + come as u64).saturating_sub(gone as u64))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.hand_over()?;
        self.engine.flush()
    }
}

impl Drop for DiskStore {
    /// What cannot be written now is folded again by whoever opens the view next.
    fn drop(&mut self) {
        let _folded_again = self.hand_over();
    }
}
