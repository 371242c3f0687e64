//! Tests of the whole journal, most of them on a disk in memory that fails and forgets on request.

mod mem_disk;

mod damage;
mod faults;
mod housekeeping;
mod intake;
mod random;
mod reading;
mod real_disk;
mod recovery;
mod rewriting;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Entry, Journal, Options, ReadError, Record, Recovery, Seq};
use mem_disk::MemDisk;

fn dir() -> &'static Path {
    Path::new("/journal")
}

fn small_segments(segment_bytes_max: u64) -> Options {
    Options { segment_bytes_max, ..Options::default() }
}

fn open(disk: &MemDisk, options: Options) -> (Journal, Recovery) {
    Journal::open_on(Arc::new(disk.clone()), dir(), options).unwrap()
}

/// An entry whose every field follows from its number. Every third is long and repeats itself, so it is packed.
fn entry(number: u64) -> Entry {
    let text = format!("entry {number};");
    let payload = if number.is_multiple_of(3) { text.repeat(90) } else { text };
    Entry { kind: u8::try_from(number % 251).unwrap(), time_ns: time(number), payload: payload.into_bytes() }
}

fn time(number: u64) -> i64 {
    i64::try_from(number).unwrap() * 1_000
}

fn fill(journal: &Journal, numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        assert_eq!(journal.append_blocking(entry(number)), Ok(Seq::new(number)));
    }
}

fn as_record(seq: u64, entry: Entry) -> Record {
    Record { seq: Seq::new(seq), kind: entry.kind, time_ns: entry.time_ns, payload: entry.payload }
}

/// What a reader says, from `from` until it has nothing more.
fn read_all(journal: &Journal, from: u64) -> Vec<Result<Record, ReadError>> {
    let mut reader = journal.reader(Seq::new(from));
    std::iter::from_fn(|| reader.next().transpose()).collect()
}

/// Every number given is answered with its own record, by a reader and one by one.
fn check_exact(journal: &Journal, numbers: std::ops::RangeInclusive<u64>) {
    let read: Vec<_> = read_all(journal, *numbers.start()).into_iter().map(Result::unwrap).collect();
    let expected: Vec<_> = numbers.clone().map(|number| as_record(number, entry(number))).collect();
    assert_eq!(read, expected);
    for number in numbers {
        assert_eq!(journal.read(Seq::new(number)).unwrap(), as_record(number, entry(number)));
    }
}

fn segment_paths(disk: &MemDisk) -> Vec<PathBuf> {
    disk.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "seg")).collect()
}

fn quarantined_files(disk: &MemDisk) -> Vec<PathBuf> {
    disk.files().into_iter().filter(|path| path.parent() == Some(&dir().join("quarantine"))).collect()
}

/// Offset and length of every record of an undamaged segment, read from the length fields.
fn records_in(segment: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = crate::segment::SEGMENT_HEADER_BYTES;
    while at < segment.len() {
        let stored = u32::from_le_bytes(segment[at + 8..at + 12].try_into().unwrap());
        let end = at + crate::segment::RECORD_HEADER_BYTES + usize::try_from(stored).unwrap();
        ranges.push(at..end);
        at = end;
    }
    ranges
}
