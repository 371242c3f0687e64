//! Owns the view on disk, in sled 0.34: one tree with a section per table, one for the chunks of long values and one
//! for the [`State`] row that every batch writes along.
//!
//! sled may lose its latest second in a crash and may find its file damaged or panic over it. The first only moves
//! [`Store::applied`] back; the others come out as an error that [asks for a
//! rebuild](StoreError::asks_for_rebuild). A machine that stopped may have left a file that opens and lacks rows, so the
//! first to open it after a start reads all of them. Nothing in here tries to repair.

mod boot;
mod fence;
mod pack;
mod section;
mod state;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use sled::{IVec, Tree};

use self::fence::{Fault, Fence};
use self::section::Section;
use self::state::{State, Tally, Unreadable};
use crate::batch::{Before, Latest, Written, check_forwards};
use crate::chunk::{self, Entry};
use crate::swap::{self, Lock};
use crate::{Batch, Order, Range, Row, Store, StoreError, Table};

/// sled's own default, 1 GiB, is a ceiling it fills. A put under a random key costs 17 µs with 32 MiB, 13 µs with
/// 128 MiB and 31 µs with 8 MiB (`examples/commit_rate.rs`, 256,000 rows).
const CACHE_BYTES_DEFAULT: u64 = 32 * 1024 * 1024;

/// What a crash makes the fold do again. sled syncs its file each time, on the disk the journal also syncs to, so
/// not oftener than needed.
const FLUSH_EVERY_DEFAULT: Duration = Duration::from_secs(1);

/// Closing waits for sled's threads, and one of those that panicked never answers. Past this the handle is left
/// behind, file lock and all, rather than the process kept from stopping.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(30);

/// How often a close looks whether sled's last thread has let go of the file.
const CLOSE_POLL: Duration = Duration::from_millis(1);

/// A batch that failed half way may come back half from disk. This file says so to the next [`SledStore::open`].
const TORN_MARK: &str = "torn";

/// Rows held at once while all are read.
const VERIFIED_AT_ONCE: usize = 1_000;

const LOST_ROWS: &str = "lost rows, or kept old ones";
const WRONG_BEFORE: &str = "holds another row than its writer says";

const ROW_TREE: &str = "rows";
const STATE_TREE_OF_FORMAT_1: &[u8] = b"state";
const STATE_KEY: &[u8] = b"state";

/// Rows that wait at most before the engine is given them. Twice as many are not written again much less often.
const WAITING_ROWS_MAX_DEFAULT: usize = 4_096;

/// How to open a [`DiskStore`](crate::DiskStore).
#[derive(Clone, Debug)]
pub struct SledOptions {
    /// The most memory pages may take.
    pub cache_bytes: u64,
    /// How often what the engine has is handed to the disk without being asked.
    pub flush_every: Duration,
    /// How many rows may wait in memory for being written at once.
    pub waiting_rows_max: usize,
}

impl Default for SledOptions {
    fn default() -> SledOptions {
        SledOptions {
            cache_bytes: CACHE_BYTES_DEFAULT,
            flush_every: FLUSH_EVERY_DEFAULT,
            waiting_rows_max: WAITING_ROWS_MAX_DEFAULT,
        }
    }
}

/// A [`Store`] in a directory of its own, which gives the engine each batch by itself.
///
/// Dropping it flushes and closes; when the drop returns the directory can be opened again or moved.
pub struct SledStore {
    dir: PathBuf,
    fence: Fence,
    /// Readers share it and a commit holds it alone: a scan, or a value and its chunks, are then of one batch.
    state: RwLock<State>,
    /// There until the store is dropped.
    engine: Option<Engine>,
}

impl SledStore {
    /// Opens the view of a journal that ends at `last`. One that knows more is of another journal, or of one that has lost
    /// what it promised: it asks for a rebuild.
    pub fn open_within(dir: &Path, options: &SledOptions, last: u64) -> Result<SledStore, StoreError> {
        let store = SledStore::open(dir, options)?;
        let applied = store.applied()?;
        if applied > last { Err(StoreError::Ahead { applied, last }) } else { Ok(store) }
    }

    /// Opens the view in `dir`, or makes an empty one. Ends a swap that a crash interrupted. Where the machine may have
    /// stopped since the last time, all rows are [verified](SledStore::verify) first.
    pub fn open(dir: &Path, options: &SledOptions) -> Result<SledStore, StoreError> {
        swap::settle(dir)?;
        if swap::lock_of(dir)? == Lock::Held {
            return Err(StoreError::Locked);
        }
        if dir.join(TORN_MARK).try_exists().map_err(StoreError::Io)? {
            return Err(StoreError::Engine { message: "failed half way through a batch, rebuild the view" });
        }
        let fence = Fence::default();
        let engine = fence.run(|| Engine::open(dir, options))?;
        // From here on `Drop` closes the engine, also when its content is refused.
        let mut store =
            SledStore { dir: dir.to_owned(), fence, state: RwLock::default(), engine: Some(engine) };
        store.state = RwLock::new(store.fence.run(|| store.engine().read_state())?);
        if !boot::is_same_run(dir) {
            store.verify()?;
            boot::mark(dir).map_err(StoreError::Io)?;
        }
        Ok(store)
    }

    /// Reads every row and holds them against what was committed: finds the damage, and the rows that are sound but
    /// lost or out of date, that single reads may never meet.
    pub fn verify(&self) -> Result<(), StoreError> {
        let state = self.shared();
        self.fence.run(|| {
            let mut chunks = 0;
            for table in Table::ALL.iter().copied() {
                chunks += self.engine().verify_table(table, state.tally(table))?;
            }
            if self.engine().chunks.count()? != chunks {
                return Err(Fault::Row(StoreError::Engine { message: "holds chunks of no row" }));
            }
            Ok(())
        })
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine is there until drop")
    }

    /// A commit replaces the state in one move after everything that may panic, so a poisoned lock guards a whole one.
    fn shared(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`SledStore::shared`], for whoever changes it.
    fn alone(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers on disk that the engine failed inside a batch: the part it had written may survive without the
    /// rest. If even this small file cannot be written the disk is as broken as the view.
    fn mark_torn(&self) -> io::Result<()> {
        fs::write(self.dir.join(TORN_MARK), b"")
    }
}

impl Store for SledStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let _whole = self.shared();
        self.fence.run(|| {
            let engine = self.engine();
            let entry = engine.rows(table).get(key)?;
            entry.map(|entry| engine.value(table, key, &entry)).transpose()
        })
    }

    fn scan(&self, table: Table, range: Range, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let _whole = self.shared();
        self.fence.run(|| self.engine().scan(table, &range, order, limit))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let applied = batch.applied;
        let latest = batch.latest()?;
        let mut state = self.alone();
        check_forwards(state.applied, applied)?;
        let done = self.fence.run(|| self.engine().commit(&state, applied, latest));
        if done.is_err() && self.fence.is_shut() {
            self.mark_torn().map_err(StoreError::Io)?;
        }
        *state = done?;
        Ok(())
    }

    fn applied(&self) -> Result<u64, StoreError> {
        let state = self.shared();
        self.fence.run(|| Ok(state.applied))
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        let state = self.shared();
        self.fence.run(|| Ok(state.tally(table).rows))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.fence.run(|| {
            self.engine().db.flush()?;
            Ok(())
        })
    }
}

impl Drop for SledStore {
    /// Closes the engine on a thread of its own, so that one of sled's that never answers cannot hold up the caller.
    fn drop(&mut self) {
        let Some(engine) = self.engine.take() else { return };
        let dir = self.dir.clone();
        let (closed, wait) = mpsc::channel::<()>();
        let close = move || {
            drop(engine);
            wait_until_free(&dir);
            // Nobody listens any more when the wait was given up.
            drop(closed);
        };
        if thread::Builder::new().name("view close".to_owned()).spawn(close).is_ok() {
            // The sender is only ever dropped: whatever the answer, the wait is over.
            let _over = wait.recv_timeout(CLOSE_WAIT_MAX);
        }
    }
}

/// A pool thread of sled's may hold the file for a moment after the last handle is gone.
fn wait_until_free(dir: &Path) {
    let polls_max = CLOSE_WAIT_MAX.as_millis() / CLOSE_POLL.as_millis();
    for _ in 0..polls_max {
        match swap::lock_of(dir) {
            Ok(Lock::Held) => thread::sleep(CLOSE_POLL),
            Ok(Lock::Free) | Err(_) => return,
        }
    }
}

/// sled's handles. Everything in here may panic and is called behind the [`Fence`].
///
/// All rows lie in one tree, so that what is filed under one id can lie together; see [`Section`]. A put costs about what
/// it does in a transaction over a tree for each table (`examples/commit_rate.rs` measures both).
struct Engine {
    db: sled::Db,
    rows: Tree,
    tables: BTreeMap<Table, Section>,
    chunks: Section,
    state: Section,
}

impl Engine {
    fn open(dir: &Path, options: &SledOptions) -> Result<Engine, Fault> {
        let flush_every = u64::try_from(options.flush_every.as_millis()).unwrap_or(u64::MAX).max(1);
        let db = sled::Config::new()
            .path(dir)
            .cache_capacity(options.cache_bytes)
            .flush_every_ms(Some(flush_every))
            .mode(sled::Mode::LowSpace)
            .open()?;
        let rows = db.open_tree(ROW_TREE)?;
        let table = |table: &Table| (*table, Section::of_table(&rows, *table));
        let tables = Table::ALL.iter().map(table).collect();
        let (chunks, state) = (Section::chunks(&rows), Section::state(&rows));
        Ok(Engine { db, tables, chunks, state, rows })
    }

    fn rows(&self, table: Table) -> &Section {
        self.tables.get(&table).expect("every table is opened with the store")
    }

    /// Reads the state row and checks it, as far as that is cheap, against the tables.
    fn read_state(&self) -> Result<State, Fault> {
        if self.db.tree_names().iter().any(|name| *name == STATE_TREE_OF_FORMAT_1) {
            return Err(Fault::Row(StoreError::Format { found: 1, known: state::FORMAT }));
        }
        let state = match self.state.get(STATE_KEY)? {
            Some(row) => State::decode(&row).map_err(refuse_state)?,
            None => State::default(),
        };
        let mut is_grouped_empty = true;
        for (table, rows) in &self.tables {
            let is_expected_empty = state.tally(*table).rows == 0;
            // To see that a grouped table is empty takes a walk through the others.
            is_grouped_empty &= !rows.is_grouped() || is_expected_empty;
            if !(rows.is_grouped() && is_expected_empty) && rows.is_empty()? != is_expected_empty {
                return Err(Fault::Row(StoreError::Engine { message: LOST_ROWS }));
            }
        }
        if is_grouped_empty && !Section::are_groups_empty(&self.rows)? {
            return Err(Fault::Row(StoreError::Engine { message: LOST_ROWS }));
        }
        Ok(state)
    }

    fn value(&self, table: Table, key: &[u8], raw: &[u8]) -> Result<Vec<u8>, Fault> {
        Entry::read(table, key, raw)?.value(table, key, |index, value| {
            let part = self.chunks.get(&chunk::chunk_key(table, key, index))?;
            value.extend_from_slice(&part.ok_or_else(|| StoreError::damaged(table, key))?);
            Ok(())
        })
    }

    fn scan(&self, table: Table, range: &Range, order: Order, limit: usize) -> Result<Vec<Row>, Fault> {
        let rows = self.rows(table).scan(range, order, limit)?.into_iter();
        rows.map(|(key, entry)| self.value(table, &key, &entry).map(|value| (key, value))).collect()
    }

    /// Answers how many chunks the table's rows have.
    fn verify_table(&self, table: Table, expected: Tally) -> Result<u64, Fault> {
        let mut tally = Tally::default();
        let mut chunks = 0;
        let mut range = Range::all();
        loop {
            let rows = self.rows(table).scan(&range, Order::Ascending, VERIFIED_AT_ONCE)?;
            for (key, raw) in &rows {
                self.value(table, key, raw)?;
                let entry = Entry::read(table, key, raw)?;
                tally.add(entry.checksum());
                chunks += u64::from(entry.chunk_count());
            }
            let Some((last, _)) = rows.last().filter(|_| rows.len() == VERIFIED_AT_ONCE) else { break };
            range.from = [last.as_slice(), &[0]].concat();
        }
        if tally == expected {
            Ok(chunks)
        } else {
            Err(Fault::Row(StoreError::Engine { message: LOST_ROWS }))
        }
    }

    /// Writes all of it and the state that follows at once: after a crash either everything is there or nothing.
    fn commit(&self, state: &State, applied: u64, latest: Latest) -> Result<State, Fault> {
        let mut writing = Writing { engine: self, batch: sled::Batch::default() };
        let mut next = state.clone();
        next.applied = applied;
        for (table, changes) in latest {
            next.set_tally(table, writing.table(table, changes, state.tally(table))?);
        }
        writing.batch.insert(self.state.key(STATE_KEY), next.encode());
        self.rows.apply_batch(writing.batch)?;
        Ok(next)
    }
}

fn refuse_state(unreadable: Unreadable) -> StoreError {
    match unreadable {
        Unreadable::Format(found) => StoreError::Format { found, known: state::FORMAT },
        Unreadable::Damaged => StoreError::Engine { message: "found its state row damaged" },
    }
}

/// A batch in the making.
struct Writing<'a> {
    engine: &'a Engine,
    batch: sled::Batch,
}

impl Writing<'_> {
    /// Takes in one table's changes and answers what the table holds afterwards.
    fn table(
        &mut self,
        table: Table,
        changes: Vec<(Vec<u8>, Written)>,
        mut tally: Tally,
    ) -> Result<Tally, Fault> {
        let rows = self.engine.rows(table);
        for (key, Written { value, before }) in changes {
            let old = entry_before(rows, table, &key, before)?;
            let new = value.as_deref().map(|value| chunk::entry(table, &key, value));
            if old.as_deref() == new.as_deref() && value.as_deref().is_none_or(chunk::is_whole) {
                // Folding a record again writes what is there already; that costs no log.
                continue;
            }
            let mut chunk_count_old = 0;
            if let Some(old) = &old {
                let old = Entry::read(table, &key, old)?;
                tally.remove(old.checksum());
                chunk_count_old = old.chunk_count();
            }
            if let Some(new) = &new {
                tally.add(Entry::read(table, &key, new)?.checksum());
            }
            match new {
                Some(entry) => self.batch.insert(rows.key(&key), entry),
                None => self.batch.remove(rows.key(&key)),
            }
            self.chunks(table, &key, value.as_deref().unwrap_or_default(), chunk_count_old);
        }
        Ok(tally)
    }

    /// Writes the chunks of `value` and removes those that the value before it had more.
    fn chunks(&mut self, table: Table, key: &[u8], value: &[u8], chunk_count_old: u32) {
        let chunks = &self.engine.chunks;
        for (index, part) in chunk::chunks(value) {
            self.batch.insert(chunks.key(&chunk::chunk_key(table, key, index)), part);
        }
        for index in chunk::chunk_count(value.len())..chunk_count_old {
            self.batch.remove(chunks.key(&chunk::chunk_key(table, key, index)));
        }
    }
}

/// The entry that is there, from what the writer knows or by looking.
fn entry_before(rows: &Section, table: Table, key: &[u8], before: Before) -> Result<Option<IVec>, Fault> {
    let known = match before {
        Before::Unknown => return Ok(rows.get(key)?),
        Before::Nothing => None,
        Before::Row(value) => Some(IVec::from(chunk::entry(table, key, &value))),
    };
    if cfg!(debug_assertions) && rows.get(key)? != known {
        return Err(Fault::Row(StoreError::Engine { message: WRONG_BEFORE }));
    }
    Ok(known)
}
