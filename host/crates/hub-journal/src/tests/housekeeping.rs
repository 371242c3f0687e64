//! Retention, statistics and reading beside the process that writes.

use std::sync::Arc;

use super::mem_disk::MemDisk;
use super::{
    check_exact, dir, entry, fill, open, quarantined_files, read_all, records_in, segment_paths,
    small_segments, time,
};
use crate::{AppendError, Entry, Journal, Options, ReadError, RetainError, Retired, Seq};

#[test]
fn retention_removes_whole_old_segments_and_never_the_last() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(250));
    fill(&journal, 1..=30);
    let before = segment_paths(&disk).len() as u64;
    assert_eq!(journal.retain(time(1)).unwrap(), Retired { segments: 0, up_to: Seq::ZERO });

    let retired = journal.retain(time(20)).unwrap();
    assert!(retired.segments > 2 && retired.up_to < Seq::new(20));
    assert_eq!(segment_paths(&disk).len() as u64, before - retired.segments);
    let first = retired.up_to.next();
    let stats = journal.stats();
    assert_eq!((stats.first, stats.oldest_time_ns), (Some(first), Some(time(first.get()))));
    assert!(matches!(journal.read(Seq::new(1)), Err(ReadError::Missing { .. })));
    check_exact(&journal, first.get()..=30);

    let answers = read_all(&journal, 1);
    assert!(matches!(answers[0], Err(ReadError::Missing { seq }) if seq == Seq::new(1)));
    assert_eq!(
        answers.len() as u64,
        1 + 30 - retired.up_to.get(),
        "after one answer it goes on with what there is"
    );

    journal.retain(i64::MAX).unwrap();
    assert_eq!(segment_paths(&disk).len(), 1);
    let first = journal.stats().first;
    for seed in 1..10 {
        let (journal, recovery) = open(&disk.after_power_cut(seed), small_segments(250));
        assert_eq!(
            (recovery.first, recovery.last),
            (first, Seq::new(30)),
            "what is retired does not come back"
        );
        fill(&journal, 31..=40);
    }
}

#[test]
fn one_young_record_keeps_its_segment_and_all_after_it() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(250));
    fill(&journal, 1..=10);
    let late = Entry { time_ns: time(1_000), ..entry(11) };
    journal.append_blocking(late).unwrap();
    fill(&journal, 12..=30);
    let retired = journal.retain(time(1_000)).unwrap();
    assert!(retired.segments > 0 && retired.up_to < Seq::new(11));
    check_kept_from(&journal, 11);
}

fn check_kept_from(journal: &Journal, number: u64) {
    assert_eq!(journal.read(Seq::new(number)).unwrap().time_ns, time(1_000));
    assert_eq!(journal.retain(time(1_000)).unwrap().segments, 0);
}

#[test]
fn a_reader_underway_survives_retention() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(250));
    fill(&journal, 1..=30);
    let mut reader = journal.reader(Seq::new(1));
    assert_eq!(reader.next().unwrap().unwrap().seq, Seq::new(1));
    journal.retain(time(25)).unwrap();
    let rest: Vec<_> = std::iter::from_fn(|| reader.next().transpose()).collect();
    let missing = rest.iter().filter(|answer| matches!(answer, Err(ReadError::Missing { .. }))).count();
    assert_eq!(missing, 1, "the jump over what is gone is reported once");
    assert_eq!(rest.last().unwrap().as_ref().unwrap().seq, Seq::new(30));
}

#[test]
fn copies_in_quarantine_go_with_their_segment() {
    let disk = MemDisk::default();
    fill(&open(&disk, small_segments(250)).0, 1..=30);
    for path in segment_paths(&disk).iter().take(2) {
        let mut bytes = disk.contents(path);
        let first = records_in(&bytes)[0].clone();
        bytes[first.end - 1] ^= 1;
        disk.set_contents(path, bytes);
    }
    let (journal, _) = open(&disk, small_segments(250));
    read_all(&journal, 1);
    assert_eq!((quarantined_files(&disk).len(), journal.damage().len()), (2, 2));
    journal.retain(time(30)).unwrap();
    assert_eq!((quarantined_files(&disk).len(), journal.damage().len()), (0, 0));
}

#[test]
fn an_unreadable_segment_does_not_stop_retention() {
    let disk = MemDisk::default();
    fill(&open(&disk, small_segments(250)).0, 1..=30);
    let path = segment_paths(&disk).remove(0);
    let zeros = vec![0; disk.contents(&path).len()];
    disk.set_contents(&path, zeros);
    let (journal, recovery) = open(&disk, small_segments(250));
    assert_eq!(recovery.damage.len(), 1);
    assert_eq!(journal.retain(time(2)).unwrap().segments, 0, "as old as the record after it");
    assert!(journal.retain(time(30)).unwrap().segments > 1);
}

#[test]
fn reading_beside_the_writer_changes_nothing() {
    let disk = MemDisk::default();
    let (writer, _) = open(&disk, small_segments(250));
    fill(&writer, 1..=20);
    let last = segment_paths(&disk).pop().unwrap();
    let file = crate::disk::Disk::open(&disk, &last, crate::disk::Mode::Write).unwrap();
    let end = disk.contents(&last).len();
    file.write_all_at(b"a batch being written", end as u64).unwrap();
    let files: Vec<_> = disk.files().into_iter().map(|path| (disk.contents(&path), path)).collect();

    let (reading, recovery) =
        Journal::open_read_only_on(Arc::new(disk.clone()), dir(), small_segments(250)).unwrap();
    assert_eq!((recovery.first, recovery.last), (Some(Seq::new(1)), Seq::new(20)));
    assert_eq!(recovery.torn_bytes_cut, 21);
    check_exact(&reading, 1..=20);
    assert_eq!(reading.append_blocking(entry(21)), Err(AppendError::ReadOnly));
    assert!(matches!(reading.retain(i64::MAX), Err(RetainError::ReadOnly)));
    drop(reading);
    let files_after: Vec<_> = disk.files().into_iter().map(|path| (disk.contents(&path), path)).collect();
    assert!(files == files_after);
    fill(&writer, 21..=25);
}

#[test]
fn reading_only_reports_damage_without_writing() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=5);
    let path = segment_paths(&disk).pop().unwrap();
    let mut bytes = disk.contents(&path);
    let second = records_in(&bytes)[1].clone();
    bytes[second.end - 1] ^= 1;
    disk.set_contents(&path, bytes);
    let (reading, recovery) =
        Journal::open_read_only_on(Arc::new(disk.clone()), dir(), Options::default()).unwrap();
    assert_eq!((recovery.damage.len(), recovery.last), (1, Seq::new(5)));
    assert!(matches!(reading.read(Seq::new(2)), Err(ReadError::Damaged { .. })));
    assert!(quarantined_files(&disk).is_empty());
}
