//! What a power cut leaves of a disk: its steps taken again up to a moment, with what was durable then and of the rest
//! what a model lets through.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::disk::{Logged, Step};

/// What a system writes back at a time, and so what is there or not as a whole.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Files and folders with nothing left to sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub dirs: BTreeSet<PathBuf>,
}

/// What becomes of pages and names that were never synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// All of them are lost.
    Dropped,
    /// Each is there or not, by chance and independently of the others. A page that is there is as it was after one of
    /// the writes since the last sync; of a file that was cut the new length may be there or not.
    Halved,
}

impl Image {
    /// What is left of a disk that began as `self` and whose power went after these entries of its log.
    pub(crate) fn after_cut(&self, log: &[Logged], model: Model, chance: &mut Chance) -> Self {
        let mut replay = Replay::of(self);
        for logged in log {
            if let Logged::Step(step) = logged {
                replay.step(step);
            }
        }
        replay.cut(model, chance)
    }

    /// Writes what lies under one folder of the image into another, of the machine's own disk.
    pub(crate) fn write_to(&self, from: &Path, to: &Path) -> io::Result<()> {
        let inside = |path: &Path| path.strip_prefix(from).ok().map(|rest| to.join(rest));
        for dir in self.dirs.iter().filter_map(|dir| inside(dir)) {
            fs::create_dir_all(dir)?;
        }
        for (path, content) in &self.files {
            if let Some(path) = inside(path) {
                fs::write(path, content)?;
            }
        }
        Ok(())
    }
}

struct Replay {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    renamings: Vec<Renaming>,
    dirs: BTreeSet<PathBuf>,
}

#[derive(Default)]
struct File {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Since the last sync, in order.
    pending: Vec<Pending>,
}

enum Pending {
    /// A page as it was after a write.
    Page {
        start: usize,
        bytes: Vec<u8>,
    },
    SetLen(usize),
}

/// A change of names in one folder, which is there as a whole or not at all.
struct Renaming {
    gone: Option<PathBuf>,
    there: Option<(PathBuf, usize)>,
}

impl Renaming {
    fn is_in(&self, dir: &Path) -> bool {
        let path = self.there.as_ref().map(|(path, _)| path).or(self.gone.as_ref());
        path.is_some_and(|path| path.parent() == Some(dir))
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, usize>) {
        if let Some(gone) = self.gone {
            names.remove(&gone);
        }
        names.extend(self.there);
    }
}

impl Replay {
    fn of(image: &Image) -> Self {
        let file =
            |content: &Vec<u8>| File { cached: content.clone(), durable: content.clone(), pending: vec![] };
        let names: BTreeMap<_, _> = image.files.keys().cloned().zip(0..).collect();
        Self {
            files: image.files.values().map(file).collect(),
            durable_names: names.clone(),
            names,
            renamings: Vec::new(),
            dirs: image.dirs.clone(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::MakeDir(dir) => drop(self.dirs.insert(dir.clone())),
            Step::Create { path, file } => {
                self.files.resize_with(self.files.len().max(file.saturating_add(1)), File::default);
                self.names.insert(path.clone(), *file);
                self.renamings.push(Renaming { gone: None, there: Some((path.clone(), *file)) });
            }
            Step::Remove { path } => {
                self.names.remove(path);
                self.renamings.push(Renaming { gone: Some(path.clone()), there: None });
            }
            Step::Rename { from, to } => {
                let Some(file) = self.names.remove(from) else { return };
                self.names.insert(to.clone(), file);
                self.renamings.push(Renaming { gone: Some(from.clone()), there: Some((to.clone(), file)) });
            }
            Step::SyncDir(dir) => self.sync_dir(dir),
            Step::Write { file, offset, bytes } => self.with(*file, |file| file.write(*offset, bytes)),
            Step::SetLen { file, bytes } => self.with(*file, |file| file.set_len(*bytes)),
            Step::Sync { file } => self.with(*file, File::sync),
            Step::Forget { file } => self.with(*file, |file| file.pending.clear()),
            Step::Flip { file, offset } => self.with(*file, |file| file.flip(*offset)),
        }
    }

    fn with(&mut self, file: usize, change: impl FnOnce(&mut File)) {
        self.files.get_mut(file).map(change);
    }

    fn sync_dir(&mut self, dir: &Path) {
        let (here, elsewhere) =
            std::mem::take(&mut self.renamings).into_iter().partition(|name| name.is_in(dir));
        self.renamings = elsewhere;
        let here: Vec<Renaming> = here;
        here.into_iter().for_each(|renaming| renaming.apply(&mut self.durable_names));
    }

    fn cut(self, model: Model, chance: &mut Chance) -> Image {
        let mut names = self.durable_names;
        if model == Model::Halved {
            let kept = self.renamings.into_iter().filter(|_| chance.half());
            kept.for_each(|renaming| renaming.apply(&mut names));
        }
        let contents: Vec<Vec<u8>> = self.files.into_iter().map(|file| file.cut(model, chance)).collect();
        let content = |file: usize| contents.get(file).cloned().unwrap_or_default();
        Image {
            files: names.into_iter().map(|(path, file)| (path, content(file))).collect(),
            dirs: self.dirs,
        }
    }
}

impl File {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.cached, offset, bytes);
        let end = offset.saturating_add(bytes.len());
        for start in (offset / PAGE_BYTES * PAGE_BYTES..end).step_by(PAGE_BYTES) {
            let page_end = start.saturating_add(PAGE_BYTES).min(self.cached.len());
            let bytes = self.cached.get(start..page_end).unwrap_or_default().to_vec();
            self.pending.push(Pending::Page { start, bytes });
        }
    }

    fn set_len(&mut self, bytes: usize) {
        self.cached.resize(bytes, 0);
        self.pending.push(Pending::SetLen(bytes));
    }

    fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            pending.apply(&mut self.durable);
        }
    }

    fn flip(&mut self, offset: usize) {
        for content in [&mut self.cached, &mut self.durable] {
            if let Some(byte) = content.get_mut(offset) {
                *byte ^= 1;
            }
        }
    }

    fn cut(self, model: Model, chance: &mut Chance) -> Vec<u8> {
        let mut left = self.durable;
        if model == Model::Halved {
            let kept = chosen(&self.pending, chance);
            let pending = self.pending.into_iter().zip(0..).filter(|(_, place)| kept.contains(place));
            pending.for_each(|(pending, _)| pending.apply(&mut left));
        }
        left
    }
}

/// At most one version of each page, and the first few of the cuts.
fn chosen(pending: &[Pending], chance: &mut Chance) -> BTreeSet<usize> {
    let mut versions: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut cuts = Vec::new();
    for (place, pending) in pending.iter().enumerate() {
        match pending {
            Pending::Page { start, .. } => versions.entry(*start).or_default().push(place),
            Pending::SetLen(_) => cuts.push(place),
        }
    }
    cuts.truncate(chance.below(cuts.len().saturating_add(1)));
    let mut kept: BTreeSet<usize> = cuts.into_iter().collect();
    for versions in versions.into_values() {
        if chance.half() {
            kept.extend(versions.get(chance.below(versions.len())));
        }
    }
    kept
}

impl Pending {
    fn apply(self, content: &mut Vec<u8>) {
        match self {
            Self::Page { start, bytes } => put(content, start, &bytes),
            Self::SetLen(bytes) => content.resize(bytes, 0),
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset.saturating_add(bytes.len());
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
