//! Disks that fail: nothing is acknowledged that is not there, and nothing that was acknowledged is lost.

use super::mem_disk::{Faults, MemDisk, WriteFault};
use super::{as_record, entry, open, read_all, small_segments};
use crate::{AppendError, Entry, Health, Journal, Seq};

const ENTRIES: u64 = 14;

/// Small enough that rolls happen within a few entries, so that their writes and syncs are hit too.
const SEGMENT_BYTES: u64 = 300;

/// Appends all entries and answers those that were acknowledged, in order.
fn append_each(journal: &Journal, mut after: impl FnMut(u64, &Result<Seq, AppendError>)) -> Vec<Entry> {
    let mut acknowledged = Vec::new();
    for number in 1..=ENTRIES {
        let outcome = journal.append_blocking(entry(number));
        after(number, &outcome);
        if let Ok(seq) = outcome {
            acknowledged.push(entry(number));
            assert_eq!(seq.get(), acknowledged.len() as u64, "numbers of failed entries are given out again");
        }
    }
    acknowledged
}

fn check_holds(journal: &Journal, acknowledged: &[Entry]) {
    let read: Vec<_> = read_all(journal, 1).into_iter().map(Result::unwrap).collect();
    let expected: Vec<_> =
        (1..).zip(acknowledged).map(|(seq, entry)| as_record(seq, entry.clone())).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_full_disk_fails_the_batch_and_heals() {
    let mut failures = 0;
    for nth in 1..40 {
        for kept in [0, 1, 50, usize::MAX] {
            let disk = MemDisk::default();
            let (journal, _) = open(&disk, small_segments(SEGMENT_BYTES));
            disk.set_faults(Faults { write: Some(WriteFault { nth, kept }), ..Faults::default() });
            let mut failed = 0;
            let acknowledged = append_each(&journal, |_, outcome| match outcome {
                Ok(_) => assert_eq!(journal.health(), Health::Ok),
                Err(AppendError::Failed { reason }) => {
                    failed += 1;
                    assert!(reason.contains("segment 0"), "names the segment: {reason}");
                    assert_eq!(journal.health(), Health::Failed { reason: reason.clone() });
                }
                Err(other) => panic!("{other}"),
            });
            assert_eq!(acknowledged.len() as u64 + failed, ENTRIES);
            assert!(failed <= 1, "one fault costs one batch");
            failures += failed;
            check_holds(&journal, &acknowledged);
            check_holds(&open(&disk.after_kill(), small_segments(SEGMENT_BYTES)).0, &acknowledged);
            for seed in 1..6 {
                check_holds(
                    &open(&disk.after_power_cut(seed), small_segments(SEGMENT_BYTES)).0,
                    &acknowledged,
                );
            }
        }
    }
    assert!(failures > 60, "entries and rolls were hit: {failures}");
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_until_reopened() {
    let mut poisoned = 0;
    for nth in 1..40 {
        for set_len in [false, true] {
            let disk = MemDisk::default();
            let (journal, _) = open(&disk, small_segments(SEGMENT_BYTES));
            disk.set_faults(Faults { sync: Some(nth), set_len, ..Faults::default() });
            let mut failed_at = None;
            let acknowledged = append_each(&journal, |number, outcome| match outcome {
                Ok(_) => assert_eq!(failed_at, None, "no acknowledgement after a failed sync"),
                Err(_) => failed_at = failed_at.or(Some(number)),
            });
            if failed_at.is_some() {
                poisoned += 1;
                assert!(matches!(journal.health(), Health::Failed { reason } if reason.contains("reopen")));
            }
            check_holds(&journal, &acknowledged);
            for seed in 1..6 {
                let (after, recovery) = open(&disk.after_power_cut(seed), small_segments(SEGMENT_BYTES));
                assert!(recovery.last.get() >= acknowledged.len() as u64, "sync {nth}, seed {seed}");
                for (seq, entry) in (1..).zip(&acknowledged) {
                    assert_eq!(after.read(Seq::new(seq)).unwrap(), as_record(seq, entry.clone()));
                }
            }
            drop(journal);
            disk.set_faults(Faults::default());
            let (journal, recovery) = open(&disk, small_segments(SEGMENT_BYTES));
            if !set_len {
                check_holds(&journal, &acknowledged);
            }
            let seq = journal.append_blocking(entry(99)).unwrap();
            assert_eq!(seq, recovery.last.next());
            let (after, _) = open(&disk.after_power_cut(nth), small_segments(SEGMENT_BYTES));
            assert_eq!(
                after.read(seq).unwrap(),
                as_record(seq.get(), entry(99)),
                "sync {nth}: held after reopening"
            );
        }
    }
    assert!(poisoned > 30, "batches, rolls and folders were hit: {poisoned}");
}

#[test]
fn a_cut_is_durable_before_the_next_batch_which_may_begin_another_segment() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(SEGMENT_BYTES));
    disk.set_faults(Faults { write: Some(WriteFault { nth: 1, kept: usize::MAX }), ..Faults::default() });
    assert!(journal.append_blocking(entry(1)).is_err());
    assert_eq!(disk.syncs(), 1, "the whole record that was refused cannot come back");
    disk.set_faults(Faults {
        write: Some(WriteFault { nth: 1, kept: 0 }),
        sync: Some(1),
        ..Faults::default()
    });
    assert!(journal.append_blocking(entry(1)).is_err());
    assert!(matches!(journal.health(), Health::Failed { reason } if reason.contains("reopen")));
}

#[test]
fn a_segment_that_cannot_be_cut_back_is_not_written_again() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(SEGMENT_BYTES));
    let write = Some(WriteFault { nth: 2, kept: 20 });
    disk.set_faults(Faults { write, set_len: true, ..Faults::default() });
    let acknowledged = append_each(&journal, |number, outcome| assert_eq!(outcome.is_ok(), number == 1));
    check_holds(&journal, &acknowledged);
    drop(journal);
    disk.set_faults(Faults::default());
    check_holds(&open(&disk, small_segments(SEGMENT_BYTES)).0, &acknowledged);
}
