//! What a gate is, and the list of them.

use std::str::FromStr;

use crate::report::Report;
use crate::{bit_rot, io_errors, power_cut};

/// How much is tried: before each commit, each night, before a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Commit,
    Night,
    Release,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "commit" => Ok(Self::Commit),
            "night" => Ok(Self::Night),
            "release" => Ok(Self::Release),
            other => Err(format!("level {other} is none of commit, night, release")),
        }
    }
}

/// How a gate is run.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub level: Level,
    pub seed: u64,
    /// The protection that is taken out, to see that the gate notices.
    pub(crate) fault: Option<Fault>,
}

impl Setup {
    #[must_use]
    pub fn new(level: Level, seed: u64) -> Self {
        Self { level, seed, fault: None }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// One of a few numbers of cases, by level; to see whether a fault is noticed, fewer do.
    pub(crate) fn cases(&self, [commit, night, release]: [u64; 3]) -> u64 {
        match (self.fault, self.level) {
            (Some(_), _) => commit.div_ceil(FAULT_SHARE),
            (None, Level::Commit) => commit,
            (None, Level::Night) => night,
            (None, Level::Release) => release,
        }
    }

    /// Whether this part of a gate is run: a fault is looked for where it is.
    pub(crate) fn runs(&self, part: Part) -> bool {
        self.fault.is_none_or(|fault| fault.part() == part)
    }
}

/// With a planted fault one case in so many of the commit level is run.
pub(crate) const FAULT_SHARE: u64 = 4;

/// What a gate damages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Journal,
    View,
}

/// A protection that can be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk says that a file is synced, and it is not.
    DataSync,
    /// The disk says that names are synced, and they are not.
    DirSync,
    /// What a failed write has left in the file is not cut off.
    CutBack,
    /// A view that knows more than its journal is trusted.
    AheadCheck,
    /// A write fails and says nothing.
    WriteError,
    /// A sync fails and says nothing.
    SyncError,
    /// A changed record comes with a checksum that fits.
    RecordChecksum,
    /// Nothing says which records were acknowledged.
    AcknowledgedMark,
}

impl Fault {
    fn part(self) -> Part {
        match self {
            Self::AheadCheck => Part::View,
            _ => Part::Journal,
        }
    }

    pub(crate) fn says(self) -> &'static str {
        match self {
            Self::DataSync => "fdatasync does nothing",
            Self::DirSync => "syncing a folder does nothing",
            Self::CutBack => "what a failed write has left is not cut off",
            Self::AheadCheck => "a view may know more than its journal",
            Self::WriteError => "a write that failed counts as done",
            Self::SyncError => "a sync that failed counts as done",
            Self::RecordChecksum => "a changed record passes its checksum",
            Self::AcknowledgedMark => "the mark of what was acknowledged is missing",
        }
    }
}

/// A promise of the product, and the machinery that tries to catch it out.
pub struct Gate {
    pub name: &'static str,
    /// What must hold, in a line.
    pub says: &'static str,
    pub run: fn(&Setup) -> Report,
    /// What it must notice the lack of.
    pub(crate) faults: &'static [Fault],
}

pub const GATES: [Gate; 3] = [
    Gate {
        name: "power-cut",
        says: "whenever the power goes, the journal opens, and nothing acknowledged is lost, changed or invented",
        run: power_cut::run,
        faults: &[Fault::DataSync, Fault::DirSync, Fault::AheadCheck],
    },
    Gate {
        name: "io-errors",
        says: "whichever write or sync fails, nothing is acknowledged by it, nothing hangs, and nothing acknowledged is lost",
        run: io_errors::run,
        faults: &[Fault::CutBack, Fault::WriteError, Fault::SyncError],
    },
    Gate {
        name: "bit-rot",
        says: "whichever bit turns over, nothing wrong is served, nothing is lost in silence, and no process is aborted",
        run: bit_rot::run,
        faults: &[Fault::RecordChecksum, Fault::AcknowledgedMark],
    },
];
