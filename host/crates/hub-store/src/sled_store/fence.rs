//! Owns the line between the engine and us: no panic, no type and no message of the engine's crosses it.
//!
//! sled 0.34 panics on files it finds damaged, and its errors and panics may print keys. After the first failure
//! its locks and its half-written batch are in an unknown state, so the fence stays shut and every later call is
//! refused at once. What it cannot catch is a panic in a thread of sled's own: the call that waits for that thread
//! may then fail late or, at worst, wait for ever; only a restart helps.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::StoreError;

/// What stops a piece of work behind the fence.
pub(super) enum Fault {
    /// The engine cannot be relied on any more.
    Engine(sled::Error),
    /// A row is bad, or the request is; the engine itself is fine.
    Row(StoreError),
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Fault {
        Fault::Engine(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Row(error)
    }
}

#[derive(Debug, Default)]
pub(super) struct Fence {
    shut: AtomicBool,
}

impl Fence {
    /// Does `work` with the engine; shuts the fence if the engine fails in it.
    pub(super) fn run<T>(&self, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
        if self.is_shut() {
            return Err(StoreError::Engine { message: "failed earlier, reopen or rebuild the view" });
        }
        // Unwind safety: what the work leaves half done is not looked at again, the fence is shut first.
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(Fault::Row(error))) => Err(error),
            Ok(Err(Fault::Engine(error))) => {
                self.shut.store(true, Ordering::Release);
                Err(without_details(error))
            }
            Err(_panic) => {
                self.shut.store(true, Ordering::Release);
                Err(StoreError::Engine { message: "panicked" })
            }
        }
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Acquire)
    }
}

/// Keeps what kind of error it is and drops the engine's words.
fn without_details(error: sled::Error) -> StoreError {
    let message = match error {
        sled::Error::Io(error) if is_damage(error.kind()) => "found its file damaged",
        sled::Error::Io(error) => return StoreError::Io(error),
        sled::Error::Corruption { .. } => "found its file damaged",
        sled::Error::CollectionNotFound(_) => "misses a table",
        sled::Error::Unsupported(_) => "does not support this file or call",
        sled::Error::ReportableBug(_) => "found a mistake of its own",
    };
    StoreError::Engine { message }
}

/// A file that is too short or that makes no sense is not a disk that fails.
fn is_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}
