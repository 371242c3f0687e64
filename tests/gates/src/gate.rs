//! What a gate is.

use std::str::FromStr;

use crate::report::Report;

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

    /// Whether this protection is to be missing.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// One of a few numbers of cases, by level; to see whether a fault is noticed, fewer do.
    #[must_use]
    pub fn cases(&self, [commit, night, release]: [u64; 3]) -> u64 {
        match (self.fault, self.level) {
            (Some(_), _) => commit.div_ceil(FAULT_SHARE),
            (None, Level::Commit) => commit,
            (None, Level::Night) => night,
            (None, Level::Release) => release,
        }
    }

    /// The protection that is missing, if any.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }
}

/// With a planted fault one case in so many of the commit level is run.
pub const FAULT_SHARE: u64 = 4;

/// A protection that can be taken out, by what is then the case: "fdatasync does nothing".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub &'static str);

/// A promise of the product, and the machinery that tries to catch it out.
pub struct Gate {
    pub name: &'static str,
    /// What must hold, in a line.
    pub says: &'static str,
    pub run: fn(&Setup) -> Report,
    /// What it must notice the lack of.
    pub faults: &'static [Fault],
}
