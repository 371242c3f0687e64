//! Passes a test run's output on as it comes and adds up what its test binaries say at their end. Judges nothing:
//! whether the run failed is cargo's word.

use std::fmt;
use std::io::{self, Read, Write};

/// Tests of all binaries together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, ignored } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored")
    }
}

/// What libtest begins a binary's last line with.
const RESULT: &str = "test result: ";
/// Enough of a line to know it: one without end, of a test that prints, is not kept.
const LINE_BYTES_MAX: usize = 1_024;
const CHUNK_BYTES: usize = 16 * 1_024;

/// Copies all of `from` to `to`, each piece at once: a test that hangs has told its name.
///
/// # Errors
/// One of the two broke.
pub(crate) fn pass_on(mut from: impl Read, mut to: impl Write) -> io::Result<Tally> {
    let mut counter = Counter::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = chunk.get(..read).unwrap_or_default();
        to.write_all(piece)?;
        to.flush()?;
        counter.take(piece);
    }
    counter.end_line();
    Ok(counter.tally)
}

#[derive(Default)]
struct Counter {
    tally: Tally,
    line: Vec<u8>,
}

impl Counter {
    fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            match byte {
                b'\n' => self.end_line(),
                _ if self.line.len() < LINE_BYTES_MAX => self.line.push(*byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        let said = line.strip_prefix(RESULT).and_then(tally_of).unwrap_or_default();
        self.tally.passed = self.tally.passed.saturating_add(said.passed);
        self.tally.failed = self.tally.failed.saturating_add(said.failed);
        self.tally.ignored = self.tally.ignored.saturating_add(said.ignored);
        self.line.clear();
    }
}

/// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s`
fn tally_of(result: &str) -> Option<Tally> {
    let (_, counts) = result.split_once(". ")?;
    let count = |word: &str| {
        let counted = counts.split("; ").find_map(|part| part.trim().strip_suffix(word))?;
        counted.trim_end().parse().ok()
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_BINARIES: &str = "
running 2 tests
test here::works ... ok
test there::fails ... FAILED
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.51s

running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 12.00s
";

    /// Gives its bytes so many at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let some = self.1.min(buffer.len());
            (&mut self.0).take(some as u64).read(buffer)
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        for piece in [1, 7, 4_096] {
            let mut copy = Vec::new();
            let tally = pass_on(Slow(text.as_bytes(), piece), &mut copy).unwrap();
            assert_eq!(String::from_utf8(copy).unwrap(), text, "{piece} bytes at a time");
            assert_eq!(tally.to_string(), expected, "{piece} bytes at a time");
        }
    }

    #[test]
    fn results_are_added_up_however_they_arrive() {
        check(TWO_BINARIES, "3 passed, 1 failed, 1 ignored");
        check("", "0 passed, 0 failed, 0 ignored");
        check(TWO_BINARIES.trim_end(), "3 passed, 1 failed, 1 ignored");
    }

    #[test]
    fn only_results_count() {
        check("the test result: ok. 5 passed; 0 failed; 0 ignored;\n", "0 passed, 0 failed, 0 ignored");
        check("test result: ok. many passed; 0 failed; 0 ignored;\n", "0 passed, 0 failed, 0 ignored");
        let long = "x".repeat(3 * LINE_BYTES_MAX);
        check(&format!("{long}\n{TWO_BINARIES}{long}"), "3 passed, 1 failed, 1 ignored");
    }
}
