//! Owns the question whether the machine may have stopped since the view's files were last known to be whole.
//!
//! sled syncs nothing, so a power cut leaves of its files what it likes: one that opens and answers may lack rows, or have
//! old ones. A process that was killed costs nothing, the system still has what it wrote. The two are told apart by the
//! name that Linux gives each of its runs; where there is none, the machine may have stopped every time.

use std::fs;
use std::io;
use std::path::Path;

/// The file in the view's directory that names the run in which all rows were there.
const MARK: &str = "boot";

const NAME_OF_THIS_RUN: &str = "/proc/sys/kernel/random/boot_id";

fn this_run() -> Option<String> {
    fs::read_to_string(NAME_OF_THIS_RUN).ok().filter(|name| !name.trim().is_empty())
}

/// Whether the files have been known to be whole since the machine started.
pub(super) fn is_same_run(dir: &Path) -> bool {
    let marked = fs::read_to_string(dir.join(MARK)).ok();
    marked.is_some() && marked == this_run()
}

/// They are whole now.
pub(super) fn mark(dir: &Path) -> io::Result<()> {
    match this_run() {
        Some(name) => fs::write(dir.join(MARK), name),
        None => Ok(()),
    }
}
