//! A disk in memory that forgets what was never synced, fails on request, can hold a sync up, and can remember every
//! moment between two changes.
//!
//! A failed sync drops the dirty pages as Linux does: a later sync of the same file does not bring them back.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::disk::{Disk, Lock, Mode, SegmentFile};

/// Smaller than a real sector, so that small records are torn too.
const SECTOR_BYTES: usize = 16;

#[derive(Clone, Default)]
pub(super) struct MemDisk(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    gate: Condvar,
    lock: Arc<()>,
}

#[derive(Default)]
struct State {
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    inodes: Vec<Inode>,
    writes: u64,
    syncs: u64,
    /// All changes: files made, written, cut, synced, renamed or removed.
    steps: u64,
    history: Option<History>,
    faults: Faults,
    gate: Gate,
    held_syncs: u64,
}

#[derive(Clone, Default)]
struct Inode {
    cached: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<Range<usize>>,
}

struct History {
    promised: Arc<AtomicU64>,
    moments: Vec<Moment>,
}

/// The disk as it was just before a step.
pub(super) struct Moment {
    /// What the counter given to `remember` said.
    pub(super) promised: u64,
    pub(super) disk: MemDisk,
}

/// Counted from now: 1 is the next call.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) write: Option<WriteFault>,
    pub(super) sync: Option<u64>,
    pub(super) set_len: bool,
    pub(super) step: Option<StepFault>,
}

/// A step that leaves everything as it was.
#[derive(Clone, Copy)]
pub(super) struct StepFault {
    pub(super) nth: u64,
    pub(super) kind: io::ErrorKind,
    pub(super) then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Healed,
    /// All that come after it fail too.
    Failing,
}

#[derive(Clone, Copy)]
pub(super) struct WriteFault {
    pub(super) nth: u64,
    /// Bytes that reach the file before the error.
    pub(super) kept: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Open,
    Shut,
}

impl MemDisk {
    pub(super) fn set_faults(&self, faults: Faults) {
        let mut state = self.0.state.lock().unwrap();
        state.writes = 0;
        state.syncs = 0;
        state.steps = 0;
        state.faults = faults;
    }

    pub(super) fn steps(&self) -> u64 {
        self.0.state.lock().unwrap().steps
    }

    /// From now on each moment is kept, with what `promised` says then.
    pub(super) fn remember(&self, promised: Arc<AtomicU64>) {
        self.0.state.lock().unwrap().history = Some(History { promised, moments: Vec::new() });
    }

    /// Ends with the present one.
    pub(super) fn take_moments(&self) -> Vec<Moment> {
        let mut state = self.0.state.lock().unwrap();
        state.keep_moment();
        state.history.take().map(|history| history.moments).unwrap_or_default()
    }

    pub(super) fn syncs(&self) -> u64 {
        self.0.state.lock().unwrap().syncs
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.0.state.lock().unwrap().names.keys().cloned().collect()
    }

    pub(super) fn contents(&self, path: &Path) -> Vec<u8> {
        let state = self.0.state.lock().unwrap();
        state.inodes[state.names[path]].cached.clone()
    }

    /// As if the file had always been so.
    pub(super) fn set_contents(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.0.state.lock().unwrap();
        let inode = state.names[path];
        state.inodes[inode] = Inode { cached: bytes.clone(), durable: bytes, dirty: Vec::new() };
    }

    pub(super) fn delete(&self, path: &Path) {
        let mut state = self.0.state.lock().unwrap();
        state.names.remove(path);
        state.durable_names.remove(path);
    }

    /// Lets no sync finish until `open_gate`.
    pub(super) fn shut_gate(&self) {
        self.0.state.lock().unwrap().gate = Gate::Shut;
    }

    pub(super) fn open_gate(&self) {
        self.0.state.lock().unwrap().gate = Gate::Open;
        self.0.gate.notify_all();
    }

    pub(super) fn wait_for_held_sync(&self) {
        let state = self.0.state.lock().unwrap();
        drop(self.0.gate.wait_while(state, |state| state.held_syncs == 0).unwrap());
    }

    /// What another process finds after this one was killed: all that was written.
    pub(super) fn after_kill(&self) -> Self {
        let state = self.0.state.lock().unwrap();
        let inodes = state
            .inodes
            .iter()
            .map(|inode| Inode { durable: inode.cached.clone(), dirty: Vec::new(), ..inode.clone() })
            .collect();
        Self::image(state.names.clone(), state.dirs.clone(), inodes)
    }

    /// What is found after the power went: all that was synced, and of the rest what chance lets through.
    pub(super) fn after_power_cut(&self, seed: u64) -> Self {
        let state = self.0.state.lock().unwrap();
        let mut chance = Chance(seed | 1);
        let mut names = state.durable_names.clone();
        for (name, inode) in &state.names {
            if names.get(name) != Some(inode) && chance.half() {
                names.insert(name.clone(), *inode);
            }
        }
        names.retain(|name, _| state.names.contains_key(name) || chance.half());
        let inodes = state.inodes.iter().map(|inode| inode.torn(&mut chance)).collect();
        Self::image(names, state.dirs.clone(), inodes)
    }

    fn image(names: BTreeMap<PathBuf, usize>, dirs: BTreeSet<PathBuf>, inodes: Vec<Inode>) -> Self {
        let state = State { durable_names: names.clone(), names, dirs, inodes, ..State::default() };
        Self(Arc::new(Inner { state: Mutex::new(state), ..Inner::default() }))
    }
}

impl Inode {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        self.dirty.push(offset..end);
    }

    fn set_len(&mut self, len: usize) {
        self.cached.resize(len, 0);
        self.dirty.retain_mut(|range| {
            range.end = range.end.min(len);
            range.start < range.end
        });
    }

    fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for range in self.dirty.drain(..) {
            self.durable[range.clone()].copy_from_slice(&self.cached[range]);
        }
    }

    fn torn(&self, chance: &mut Chance) -> Self {
        let mut found = self.durable.clone();
        if self.cached.len() < found.len() && chance.half() {
            found.truncate(self.cached.len());
        }
        for start in self.dirty.iter().flat_map(|range| range.clone().step_by(SECTOR_BYTES)) {
            let end = (start + SECTOR_BYTES).min(self.cached.len());
            if chance.half() {
                if found.len() < end {
                    found.resize(end, 0);
                }
                found[start..end].copy_from_slice(&self.cached[start..end]);
            }
        }
        Self { cached: found.clone(), durable: found, dirty: Vec::new() }
    }
}

/// Small, repeatable randomness.
struct Chance(u64);

impl Chance {
    fn half(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 63 == 1
    }
}

fn no_such_file() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for MemDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.state.lock().unwrap().dirs.insert(dir.to_owned());
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.0.state.lock().unwrap();
        if !state.dirs.contains(dir) {
            return Err(no_such_file());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Lock>> {
        let lock = &self.0.lock;
        Ok((Arc::strong_count(lock) == 1).then(|| Box::new(Arc::clone(lock)) as Lock))
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn SegmentFile>> {
        let mut state = self.0.state.lock().unwrap();
        if mode == Mode::Create {
            state.step()?;
        }
        let inode = match (mode, state.names.get(path).copied()) {
            (Mode::Read | Mode::Write, None) => return Err(no_such_file()),
            (Mode::Read | Mode::Write, Some(inode)) => inode,
            (Mode::Create, Some(inode)) => {
                state.inodes[inode].set_len(0);
                inode
            }
            (Mode::Create, None) => {
                state.inodes.push(Inode::default());
                let inode = state.inodes.len() - 1;
                state.names.insert(path.to_owned(), inode);
                inode
            }
        };
        Ok(Box::new(MemFile { disk: self.clone(), inode }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.state.lock().unwrap();
        state.step()?;
        state.names.remove(path).map(|_| ()).ok_or_else(no_such_file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.state.lock().unwrap();
        state.step()?;
        let inode = state.names.remove(from).ok_or_else(no_such_file)?;
        state.names.insert(to.to_owned(), inode);
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.0.state.lock().unwrap();
        state.step()?;
        state.count_sync()?;
        let State { names, durable_names, .. } = &mut *state;
        durable_names.retain(|path, _| path.parent() != Some(dir));
        let inside = names.iter().filter(|(path, _)| path.parent() == Some(dir));
        durable_names.extend(inside.map(|(path, inode)| (path.clone(), *inode)));
        Ok(())
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        self.keep_moment();
        self.steps += 1;
        match self.faults.step {
            Some(StepFault { nth, kind, then })
                if self.steps == nth || (self.steps > nth && then == Then::Failing) =>
            {
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }

    fn keep_moment(&mut self) {
        let Some(history) = &mut self.history else { return };
        let state = State {
            names: self.names.clone(),
            durable_names: self.durable_names.clone(),
            dirs: self.dirs.clone(),
            inodes: self.inodes.clone(),
            ..State::default()
        };
        let disk = MemDisk(Arc::new(Inner { state: Mutex::new(state), ..Inner::default() }));
        history.moments.push(Moment { promised: history.promised.load(Ordering::SeqCst), disk });
    }

    fn count_sync(&mut self) -> io::Result<()> {
        self.syncs += 1;
        if self.faults.sync == Some(self.syncs) {
            Err(io::Error::other("sync failed on request"))
        } else {
            Ok(())
        }
    }
}

struct MemFile {
    disk: MemDisk,
    inode: usize,
}

impl SegmentFile for MemFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.0.state.lock().unwrap();
        let bytes = &state.inodes[self.inode].cached;
        let start = usize::try_from(offset).unwrap().min(bytes.len());
        let read = buffer.len().min(bytes.len() - start);
        buffer[..read].copy_from_slice(&bytes[start..start + read]);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.0.state.lock().unwrap();
        state.step()?;
        state.writes += 1;
        let fault = state.faults.write.filter(|fault| fault.nth == state.writes);
        let kept = fault.map_or(bytes.len(), |fault| fault.kept.min(bytes.len()));
        state.inodes[self.inode].write(&bytes[..kept], usize::try_from(offset).unwrap());
        if fault.is_some() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.0.state.lock().unwrap();
        state.step()?;
        if state.faults.set_len {
            return Err(io::Error::other("set_len failed on request"));
        }
        state.inodes[self.inode].set_len(usize::try_from(bytes).unwrap());
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.0.state.lock().unwrap().inodes[self.inode].cached.len() as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        let Inner { state, gate, .. } = &*self.disk.0;
        let mut state = state.lock().unwrap();
        state.held_syncs += 1;
        gate.notify_all();
        let mut state = gate.wait_while(state, |state| state.gate == Gate::Shut).unwrap();
        state.held_syncs -= 1;
        let counted = state.step().and_then(|()| state.count_sync());
        let inode = &mut state.inodes[self.inode];
        match counted {
            Ok(()) => inode.sync(),
            Err(_) => inode.dirty.clear(),
        }
        counted
    }
}
