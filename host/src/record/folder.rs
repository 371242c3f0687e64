//! A recording on disk: which folder may become one, its files, its index, and how much it may grow. Files appear whole
//! or not at all, and only their owner may read them: masked is not public.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file that makes a folder a recording.
pub(crate) const ABOUT: &str = "recording.json";
const INDEX: &str = "index.json";
/// The folder of a connection's calls.
pub(crate) const CALLS: &str = "calls";
pub(crate) const VERSION: u32 = 1;

/// A failing case has a few, a day of a shop some ten thousand; a forgotten recording ends here.
pub(super) const FILES_MAX: usize = 100_000;
/// Beside the journal on the same disk, so that it cannot take the journal's room without end.
pub(super) const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The index is written anew when it has grown by a tenth, and while it is short with every pause.
const INDEX_SHORT: usize = 1_000;
const INDEX_GROWTH: usize = 10;

/// What a recording says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) version: u32,
    /// What a replay needs to know of them.
    pub(crate) connections: BTreeMap<String, AboutConnection>,
    /// Each has a key of its own: the same customer has another stand-in in each.
    pub(crate) runs: Vec<Run>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AboutConnection {
    pub(crate) connector: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_country: Option<String>,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, String>,
}

/// From a start of the hub to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) began: String,
    pub(crate) deliveries: u64,
    pub(crate) calls: u64,
    /// Heard and not written: too much at once, no room, or a disk that failed.
    pub(crate) missed: u64,
    /// Whether the hub ended in order; otherwise the figures are older than the files.
    pub(crate) complete: bool,
}

/// A line of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) file: String,
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<String>,
    pub(super) provider: String,
    /// Of a body that is not JSON, what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shape: Option<String>,
}

/// Why a folder is not recorded into.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("{0} holds something else than a recording")]
    Taken(String),
    #[error("{0} is a recording of a newer omnihub, or its {ABOUT} is damaged")]
    Unreadable(String),
    #[error("{0}: {1}")]
    Disk(String, #[source] io::Error),
}

/// Whether there was room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    Full,
}

/// A folder that is being recorded into.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
    pub(super) about: About,
    index: Vec<Entry>,
    indexed: usize,
    /// Of one run.
    pub(super) limits: Limits,
    files: usize,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Folder {
    /// A new recording in a folder that is new or empty, or a further run in one that is there.
    ///
    /// # Errors
    /// The folder is something else, or cannot be used.
    pub(crate) fn open(dir: &Path) -> Result<Self, FolderError> {
        let disk = |error| FolderError::Disk(dir.display().to_string(), error);
        private_dir(dir).map_err(disk)?;
        let mut folder = Self {
            dir: dir.to_owned(),
            about: About::default(),
            index: Vec::new(),
            indexed: 0,
            limits: Limits { files: FILES_MAX, bytes: BYTES_MAX },
            files: 0,
            bytes: 0,
        };
        match About::of(dir)? {
            Some(about) => {
                folder.about = about;
                folder.index = folder.read_index().unwrap_or_default();
            }
            None if std::fs::read_dir(dir).map_err(disk)?.next().is_some() => {
                return Err(FolderError::Taken(dir.display().to_string()));
            }
            None => folder.note(ABOUT, "recording", "omnihub"),
        }
        folder.about.version = VERSION;
        folder.write_about().map_err(disk)?;
        Ok(folder)
    }

    #[must_use]
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn note(&mut self, file: &str, kind: &str, provider: &str) {
        let entry = Entry {
            file: file.into(),
            kind: kind.into(),
            topic: None,
            provider: provider.into(),
            shape: None,
        };
        self.index.push(entry);
    }

    /// Where the next file of this name goes: one that is there came from another journal and stays.
    pub(super) fn free(&self, connection: &str, below: &str, name: &str) -> String {
        let file = |copy: u32| match copy {
            1 => format!("{connection}/{below}{name}.json"),
            copy => format!("{connection}/{below}{name}-{copy}.json"),
        };
        (1..).map(file).find(|file| !self.dir.join(file).exists()).unwrap_or_else(|| file(0))
    }

    /// Writes one file of the recording.
    pub(super) fn write(&mut self, entry: Entry, text: &str) -> io::Result<Written> {
        let bytes = self.bytes.saturating_add(text.len() as u64);
        if self.files >= self.limits.files || bytes > self.limits.bytes {
            return Ok(Written::Full);
        }
        let path = self.dir.join(&entry.file);
        if let Some(dir) = path.parent() {
            private_dir(dir)?;
        }
        write_whole(&path, text)?;
        self.files += 1;
        self.bytes = bytes;
        self.index.push(entry);
        Ok(Written::Yes)
    }

    /// Writes the index if that is worth it.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        let new = self.index.len().saturating_sub(self.indexed);
        let is_due = self.index.len() < INDEX_SHORT || new >= self.index.len() / INDEX_GROWTH;
        if new > 0 && is_due { self.write_index() } else { Ok(()) }
    }

    pub(super) fn write_about(&self) -> io::Result<()> {
        write_whole(&self.dir.join(ABOUT), &serde_json::to_string_pretty(&self.about)?)
    }

    pub(super) fn write_index(&mut self) -> io::Result<()> {
        let lines = self.index.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        write_whole(&self.dir.join(INDEX), &format!("[{}]\n", lines.join(",\n")))?;
        self.indexed = self.index.len();
        Ok(())
    }

    fn read_index(&self) -> Option<Vec<Entry>> {
        serde_json::from_slice(&std::fs::read(self.dir.join(INDEX)).ok()?).ok()
    }
}

impl About {
    /// What the folder says; `None` when it is no recording of a hub's.
    ///
    /// # Errors
    /// It says something this version does not understand.
    pub(crate) fn of(dir: &Path) -> Result<Option<Self>, FolderError> {
        let path = dir.join(ABOUT);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FolderError::Disk(path.display().to_string(), error)),
        };
        let about: Option<Self> = serde_json::from_slice(&text).ok();
        let about = about.filter(|about| about.version <= VERSION);
        about.map(Some).ok_or_else(|| FolderError::Unreadable(dir.display().to_string()))
    }
}

fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    std::fs::rename(&aside, path)
}

#[cfg(test)]
mod tests;
