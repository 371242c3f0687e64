//! A disk in memory that writes down every change, and that can be made to fail or to lie.
//!
//! It is what a journal runs on while a gate looks on; what a power cut would leave of it is worked out afterwards from
//! the list, in `image`. Decides nothing itself: when it fails and what it lies about is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub_journal::{Disk, Lock, Mode, SegmentFile};

use crate::image::Image;
use crate::promise::Promise;

/// `EIO` and `ENOSPC`, as Linux numbers them.
pub(crate) const EIO: i32 = 5;
pub(crate) const ENOSPC: i32 = 28;

/// A disk whose clones are the same one.
#[derive(Clone)]
pub struct LogDisk(Arc<Mutex<State>>);

struct State {
    /// By number, as the system sees them now; a file keeps its number through any rename.
    files: Vec<Vec<u8>>,
    names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    log: Vec<Logged>,
    lies: BTreeSet<Lie>,
    trouble: Option<Trouble>,
    calls: BTreeMap<Call, u64>,
    failures: u64,
    lock: Arc<()>,
}

/// In the order in which it happened.
#[derive(Clone, Debug)]
pub(crate) enum Logged {
    Step(Step),
    /// Said by the journal to whoever uses it, or asked of it.
    Promise(Promise),
}

/// One change of the disk.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    MakeDir(PathBuf),
    Create {
        path: PathBuf,
        file: usize,
    },
    Write {
        file: usize,
        offset: usize,
        bytes: Vec<u8>,
    },
    SetLen {
        file: usize,
        bytes: usize,
    },
    Sync {
        file: usize,
    },
    /// A sync failed: what was not on the platter is forgotten, and the system takes it for written.
    Forget {
        file: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    SyncDir(PathBuf),
    /// A bit of the platter itself.
    Flip {
        file: usize,
        offset: usize,
    },
}

/// What a lying disk says it has done, and has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lie {
    SyncData,
    SyncDir,
    Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// Whatever changes a file or a name.
    Write,
    /// Of a file or a folder.
    Sync,
}

/// The call that fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    pub(crate) call: Call,
    /// 1 is the next.
    pub(crate) nth: u64,
    pub(crate) errno: i32,
    pub(crate) lasting: Lasting,
    pub(crate) told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    Once,
    ForEver,
}

/// Whether the disk owns up to a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Error,
    Success,
}

/// What is to be done with a call.
enum Verdict {
    Do,
    Skip,
    Fail(io::Error),
}

impl LogDisk {
    pub(crate) fn new(lies: &[Lie]) -> Self {
        Self::with(&Image::default(), lies)
    }

    /// A disk that holds this, all of it durable, and does what it is told.
    #[must_use]
    pub fn holding(image: &Image) -> Self {
        Self::with(image, &[])
    }

    /// A disk that holds this, all of it durable.
    pub(crate) fn with(image: &Image, lies: &[Lie]) -> Self {
        let files = image.files.values().cloned().collect();
        let names = (0..).zip(image.files.keys()).map(|(file, path)| (path.clone(), file)).collect();
        Self(Arc::new(Mutex::new(State {
            files,
            names,
            dirs: image.dirs.clone(),
            log: Vec::new(),
            lies: lies.iter().copied().collect(),
            trouble: None,
            calls: BTreeMap::new(),
            failures: 0,
            lock: Arc::new(()),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fail(&self, trouble: Trouble) {
        let mut state = self.state();
        state.calls.clear();
        state.trouble = Some(trouble);
    }

    pub(crate) fn failures(&self) -> u64 {
        self.state().failures
    }

    pub(crate) fn promise(&self, promise: Promise) {
        self.state().log.push(Logged::Promise(promise));
    }

    pub(crate) fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut self.state().log)
    }

    /// What the system would show, whether durable or not.
    pub(crate) fn seen(&self) -> Image {
        let state = self.state();
        let content = |file: &usize| state.files.get(*file).cloned().unwrap_or_default();
        let files = state.names.iter().map(|(path, file)| (path.clone(), content(file))).collect();
        Image { files, dirs: state.dirs.clone() }
    }

    /// Turns over a bit behind the first place where `text` stands, in a file with this ending.
    pub(crate) fn flip_behind(&self, ending: &str, text: &[u8]) {
        let mut state = self.state();
        let files: Vec<usize> = state
            .names
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|end| end == ending))
            .map(|(_, file)| *file)
            .collect();
        for file in files {
            let Some(content) = state.files.get_mut(file) else { continue };
            let Some(at) = content.windows(text.len()).position(|window| window == text) else { continue };
            let offset = at.saturating_add(text.len());
            if let Some(byte) = content.get_mut(offset) {
                *byte ^= 1;
            }
            return state.step(Step::Flip { file, offset });
        }
    }
}

impl State {
    fn step(&mut self, step: Step) {
        self.log.push(Logged::Step(step));
    }

    fn meet(&mut self, call: Call) -> Verdict {
        let count = self.calls.entry(call).or_default();
        *count += 1;
        let Some(trouble) = self.trouble.filter(|trouble| trouble.call == call) else { return Verdict::Do };
        let is_hit = match trouble.lasting {
            Lasting::Once => *count == trouble.nth,
            Lasting::ForEver => *count >= trouble.nth,
        };
        if !is_hit {
            return Verdict::Do;
        }
        self.failures += 1;
        match trouble.told {
            Told::Error => Verdict::Fail(io::Error::from_raw_os_error(trouble.errno)),
            Told::Success => Verdict::Skip,
        }
    }

    /// `None` when the call is said to be done and is not.
    fn change(&mut self, call: Call) -> io::Result<Option<()>> {
        match self.meet(call) {
            Verdict::Do => Ok(Some(())),
            Verdict::Skip => Ok(None),
            Verdict::Fail(error) => Err(error),
        }
    }

    fn write(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let Some(content) = self.files.get_mut(file) else { return };
        let end = offset.saturating_add(bytes.len());
        if content.len() < end {
            content.resize(end, 0);
        }
        if let Some(place) = content.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
        self.step(Step::Write { file, offset, bytes: bytes.to_vec() });
    }

    fn set_len(&mut self, file: usize, bytes: usize) {
        if let Some(content) = self.files.get_mut(file) {
            content.resize(bytes, 0);
        }
        self.step(Step::SetLen { file, bytes });
    }

    fn create(&mut self, path: &Path) -> usize {
        let file = self.files.len();
        self.files.push(Vec::new());
        self.names.insert(path.to_owned(), file);
        self.step(Step::Create { path: path.to_owned(), file });
        file
    }
}

fn no_such_file() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn place(number: u64) -> io::Result<usize> {
    usize::try_from(number).map_err(io::Error::other)
}

impl Disk for LogDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.dirs.insert(dir.to_owned()) {
            state.step(Step::MakeDir(dir.to_owned()));
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        if !state.dirs.contains(dir) {
            return Err(no_such_file());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Lock>> {
        let state = self.state();
        Ok((Arc::strong_count(&state.lock) == 1).then(|| Box::new(Arc::clone(&state.lock)) as Lock))
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn SegmentFile>> {
        let mut state = self.state();
        let known = state.names.get(path).copied();
        let file = match (mode, known) {
            (Mode::Read | Mode::Write, known) => known.ok_or_else(no_such_file)?,
            (Mode::Create, known) => {
                // A file that is said to be there and is not would be noticed by the next call: it is made all the same.
                state.change(Call::Write)?;
                match known {
                    Some(file) => {
                        state.set_len(file, 0);
                        file
                    }
                    None => state.create(path),
                }
            }
        };
        Ok(Box::new(LogFile { disk: self.clone(), file }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.names.contains_key(path) {
            return Err(no_such_file());
        }
        if state.change(Call::Write)?.is_some() {
            state.names.remove(path);
            state.step(Step::Remove { path: path.to_owned() });
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let file = state.names.get(from).copied().ok_or_else(no_such_file)?;
        if state.change(Call::Write)?.is_some() {
            state.names.remove(from);
            state.names.insert(to.to_owned(), file);
            state.step(Step::Rename { from: from.to_owned(), to: to.to_owned() });
        }
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.change(Call::Sync)?.is_some() && !state.lies.contains(&Lie::SyncDir) {
            state.step(Step::SyncDir(dir.to_owned()));
        }
        Ok(())
    }
}

struct LogFile {
    disk: LogDisk,
    file: usize,
}

impl SegmentFile for LogFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        let content = state.files.get(self.file).map(Vec::as_slice).unwrap_or_default();
        let rest = content.get(place(offset)?..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..read), rest.get(..read)) {
            to.copy_from_slice(from);
        }
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let offset = place(offset)?;
        match state.meet(Call::Write) {
            Verdict::Do => state.write(self.file, offset, bytes),
            Verdict::Skip => {}
            Verdict::Fail(error) => {
                // A full disk takes what fits.
                let taken = bytes.get(..bytes.len() / 2).unwrap_or_default();
                state.write(self.file, offset, taken);
                return Err(error);
            }
        }
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let bytes = place(bytes)?;
        if state.change(Call::Write)?.is_some() && !state.lies.contains(&Lie::Cut) {
            state.set_len(self.file, bytes);
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files.get(self.file).map_or(0, Vec::len) as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let file = self.file;
        match state.meet(Call::Sync) {
            Verdict::Do if state.lies.contains(&Lie::SyncData) => {}
            Verdict::Do => state.step(Step::Sync { file }),
            Verdict::Skip => state.step(Step::Forget { file }),
            Verdict::Fail(error) => {
                state.step(Step::Forget { file });
                return Err(error);
            }
        }
        Ok(())
    }
}
