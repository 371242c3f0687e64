//! Reading forward and by number.

use std::time::Duration;

use super::mem_disk::MemDisk;
use super::{as_record, check_exact, entry, fill, open, read_all, segment_paths, small_segments};
use crate::disk::{Disk, Mode};
use crate::scan::Window;
use crate::{Options, ReadError, Seq};

#[test]
fn a_reader_follows_the_writer_across_segments() {
    const ENTRIES: u64 = 600;
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(500));
    let writing = std::thread::spawn({
        let journal = journal.clone();
        move || {
            let appends: Vec<_> = (1..=ENTRIES).map(|number| journal.append(entry(number))).collect();
            for append in appends {
                crate::queue::block_on(append, None).unwrap().unwrap();
            }
        }
    });
    let mut reader = journal.reader(Seq::new(1));
    let mut read = 0;
    while read < ENTRIES {
        let durable = journal.wait_durable_blocking(Seq::new(read), Duration::MAX);
        while let Some(record) = reader.next().unwrap() {
            read += 1;
            assert_eq!(record, as_record(read, entry(read)));
        }
        assert!(read >= durable.get(), "all that was durable before the loop has been read");
    }
    writing.join().unwrap();
    assert!(segment_paths(&disk).len() > 20);
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn any_number_is_found_through_the_index() {
    let disk = MemDisk::default();
    fill(&open(&disk, small_segments(9_000)).0, 1..=500);
    let (journal, _) = open(&disk, small_segments(9_000));
    fill(&journal, 501..=900);
    for number in (1..=900).rev() {
        assert_eq!(journal.read(Seq::new(number)).unwrap(), as_record(number, entry(number)));
    }
    for from in [1, 63, 64, 65, 66, 499, 500, 501, 899, 900] {
        check_exact(&journal, from..=900);
    }
}

#[test]
fn numbers_that_do_not_exist_are_missing() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    fill(&journal, 1..=3);
    for number in [0, 4, 5, u64::MAX] {
        let missing = journal.read(Seq::new(number));
        assert!(matches!(missing, Err(ReadError::Missing { seq }) if seq.get() == number));
    }
    assert!(read_all(&journal, 4).is_empty());
    assert_eq!(read_all(&journal, 0).len(), 3);
}

#[test]
fn a_record_larger_than_the_reading_chunk_is_read_whole() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    })
    .take(1_000_000)
    .collect();
    let large = crate::Entry { kind: 1, time_ns: 1, payload: noise };
    for _ in 0..3 {
        journal.append_blocking(large.clone()).unwrap();
    }
    let read: Vec<_> = read_all(&journal, 1).into_iter().map(Result::unwrap).collect();
    assert_eq!(read.len(), 3);
    for (seq, record) in (1..).zip(read) {
        assert!(record == as_record(seq, large.clone()));
    }
}

#[test]
fn bytes_beyond_the_limit_are_never_held() {
    let disk = MemDisk::default();
    let path = super::dir().join("file");
    let file = Disk::open(&disk, &path, Mode::Create).unwrap();
    file.write_all_at(&[1; 100], 0).unwrap();
    let mut window = Window::new(Disk::open(&disk, &path, Mode::Read).unwrap(), 64);
    assert_eq!(window.bytes(10, 20, 50).unwrap(), [1; 20]);
    // A batch that failed is cut off and another one takes its place.
    file.set_len(50).unwrap();
    file.write_all_at(&[2; 50], 50).unwrap();
    assert_eq!(window.bytes(45, 10, 100).unwrap(), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    assert_eq!(window.bytes(95, 10, 100).unwrap(), [2; 5], "and none are made up at the end");
}
