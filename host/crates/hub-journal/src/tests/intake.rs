//! Appending: sharing a sync, refusing what does not fit, closing.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::mem_disk::MemDisk;
use super::{as_record, check_exact, entry, fill, open};
use crate::queue::block_on;
use crate::{AppendError, Entry, Options, Seq};

fn wait<T>(future: impl Future<Output = T>) -> T {
    block_on(future, None).unwrap()
}

#[test]
fn appends_that_wait_share_one_sync() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    let before = disk.syncs();
    disk.shut_gate();
    let first = journal.append(entry(1));
    disk.wait_for_held_sync();
    let others: Vec<_> = (2..=100).map(|number| journal.append(entry(number))).collect();
    assert_eq!((journal.stats().queued, journal.durable()), (99, Seq::ZERO));
    disk.open_gate();
    assert_eq!(wait(first), Ok(Seq::new(1)));
    for (number, other) in (2..).zip(others) {
        assert_eq!(wait(other), Ok(Seq::new(number)));
    }
    assert_eq!(disk.syncs() - before, 2, "one for the first, one for all that waited meanwhile");
    let stats = journal.stats();
    assert_eq!((stats.batches, stats.fsyncs, stats.entries, stats.queued), (2, 2, 100, 0));
    check_exact(&journal, 1..=100);
}

#[test]
fn nothing_is_acknowledged_or_readable_before_its_sync() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    disk.shut_gate();
    let mut append = pin!(journal.append(entry(1)));
    let mut durable = pin!(journal.wait_durable(Seq::ZERO));
    disk.wait_for_held_sync();
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(append.as_mut().poll(&mut context), Poll::Pending);
    assert_eq!(durable.as_mut().poll(&mut context), Poll::Pending);
    assert!(journal.reader(Seq::new(1)).next().unwrap().is_none());
    assert_eq!(journal.wait_durable_blocking(Seq::ZERO, Duration::ZERO), Seq::ZERO);
    disk.open_gate();
    assert_eq!(wait(append), Ok(Seq::new(1)));
    assert_eq!(wait(durable), Seq::new(1));
    assert_eq!(journal.wait_durable_blocking(Seq::ZERO, Duration::MAX), Seq::new(1));
}

#[test]
fn a_full_queue_is_busy_at_once_and_takes_again_later() {
    for options in [
        Options { queue_entries_max: 3, ..Options::default() },
        Options { queue_bytes_max: entry_bytes() * 3, ..Options::default() },
    ] {
        let disk = MemDisk::default();
        let (journal, _) = open(&disk, options);
        disk.shut_gate();
        let writing = journal.append(entry(1));
        disk.wait_for_held_sync();
        let queued: Vec<_> = [2, 4, 5].map(|number| journal.append(entry(number))).into();
        let at_once = Some(std::time::Instant::now());
        assert_eq!(block_on(journal.append(entry(7)), at_once), Some(Err(AppendError::Busy)));
        disk.open_gate();
        assert_eq!(wait(writing), Ok(Seq::new(1)));
        assert!(queued.into_iter().all(|append| wait(append).is_ok()));
        assert_eq!(wait(journal.append(entry(8))), Ok(Seq::new(5)));
    }
}

fn entry_bytes() -> usize {
    crate::segment::RECORD_HEADER_BYTES + entry(1).payload.len()
}

#[test]
fn a_group_gets_consecutive_numbers_in_one_batch() {
    let disk = MemDisk::default();
    let (journal, _) =
        open(&disk, Options { queue_entries_max: 2, batch_entries_max: 2, ..Options::default() });
    assert_eq!(wait(journal.append_all(Vec::new())), Ok(Vec::new()));
    let seqs = wait(journal.append_all((1..=50).map(entry).collect())).unwrap();
    assert_eq!(seqs, (1..=50).map(Seq::new).collect::<Vec<_>>());
    assert_eq!(journal.stats().batches, 1);
    check_exact(&journal, 1..=50);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_queued() {
    let disk = MemDisk::default();
    let options = Options { record_bytes_max: 100, segment_bytes_max: 1_000, ..Options::default() };
    let (journal, _) = open(&disk, options);
    let sized = |bytes| Entry { kind: 1, time_ns: 1, payload: vec![7; bytes] };
    assert_eq!(
        journal.append_blocking(sized(101)),
        Err(AppendError::TooLarge { bytes: 101, bytes_max: 100 })
    );
    assert_eq!(journal.append_blocking(sized(100)), Ok(Seq::new(1)));
    let group = (0..11).map(|_| sized(100)).collect();
    assert!(matches!(wait(journal.append_all(group)), Err(AppendError::TooLarge { bytes_max: 1_000, .. })));
    assert_eq!((journal.durable(), journal.stats().queued), (Seq::new(1), 0));
}

#[test]
fn closing_writes_what_is_queued_and_lets_the_next_in() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    disk.shut_gate();
    let appends: Vec<_> = (1..=5).map(|number| journal.append(entry(number))).collect();
    let closing = std::thread::spawn({
        let journal = journal.clone();
        move || journal.close()
    });
    disk.wait_for_held_sync();
    disk.open_gate();
    closing.join().unwrap();
    for (number, append) in (1..).zip(appends) {
        assert_eq!(wait(append), Ok(Seq::new(number)));
    }
    assert_eq!(journal.append_blocking(entry(6)), Err(AppendError::Closed));
    assert_eq!(wait(journal.wait_durable(Seq::new(5))), Seq::new(5), "nobody waits for ever");
    check_exact(&journal, 1..=5);
    fill(&open(&disk, Options::default()).0, 6..=7);
}

#[test]
fn threads_may_append_at_once_and_each_gets_its_own_number() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, super::small_segments(2_000));
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                let numbers = thread * 50..thread * 50 + 50;
                numbers.map(|n| (journal.append_blocking(entry(n)).unwrap(), n)).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut appended: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    appended.sort_unstable();
    assert_eq!(appended.len(), 400);
    for (expected, (seq, number)) in (1..).zip(appended) {
        assert_eq!(seq, Seq::new(expected));
        assert_eq!(journal.read(seq).unwrap(), as_record(expected, entry(number)));
    }
}

#[test]
fn the_last_handle_to_go_closes_and_readers_do_not_hold_it_open() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    fill(&journal, 1..=2);
    let mut reader = journal.reader(Seq::new(1));
    let clone = journal.clone();
    drop(journal);
    let in_use = crate::Journal::open_on(Arc::new(disk.clone()), super::dir(), Options::default());
    assert!(matches!(in_use, Err(crate::OpenError::Locked { .. })));
    drop(clone);
    fill(&open(&disk, Options::default()).0, 3..=3);
    assert_eq!(reader.next().unwrap().unwrap().seq, Seq::new(1));
}
