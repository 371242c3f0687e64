//! Rewriting: what is to be gone is gone from every file, and nothing else is lost, whatever happens meanwhile.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;

use super::mem_disk::{Faults, MemDisk, StepFault, Then};
use super::{
    as_record, check_exact, dir, entry, fill, open, quarantined_files, read_all, records_in, segment_paths,
    small_segments, time,
};
use crate::catalog::Standing;
use crate::disk::{Disk, Mode};
use crate::scan::Stretch;
use crate::segment::{is_aside_name, parse_segment_name};
use crate::{Change, Entry, Journal, Options, Progress, ReadError, Record, RewriteError, Rewritten, Seq};

/// What a record becomes: nothing, less, and more than it was.
fn gone(number: u64) -> Entry {
    let payload = match number % 4 {
        0 => Vec::new(),
        1 => b"gone".to_vec(),
        2 => (0..700).map(|place| u8::try_from(place * number % 249).unwrap()).collect(),
        _ => format!("gone, number {number}. ").repeat(80).into_bytes(),
    };
    Entry { kind: 251, time_ns: time(number), payload }
}

fn seqs(numbers: impl IntoIterator<Item = u64>) -> BTreeSet<Seq> {
    numbers.into_iter().map(Seq::new).collect()
}

fn erase(journal: &Journal, numbers: &BTreeSet<Seq>) -> Result<Rewritten, RewriteError> {
    let replace = |seq: Seq, old: &Entry| {
        assert!(*old == entry(seq.get()) || *old == gone(seq.get()), "asked with the record as it stands");
        let Entry { kind, payload, .. } = gone(seq.get());
        Change::To { kind, payload }
    };
    journal.rewrite(numbers, replace, |_| {})
}

fn is_erased(record: &Record) -> bool {
    let number = record.seq.get();
    let erased = *record == as_record(number, gone(number));
    assert!(erased || *record == as_record(number, entry(number)), "{record:?} is neither old nor new");
    erased
}

/// The files where an entry's bytes are found. Its text stands plain at the front, packed or not.
fn files_with(disk: &MemDisk, number: u64) -> usize {
    let text = format!("entry {number};").into_bytes();
    let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text);
    disk.files().into_iter().filter(|path| holds(disk.contents(path))).count()
}

fn aside_files(disk: &MemDisk) -> usize {
    disk.files()
        .iter()
        .filter(|path| path.file_name().is_some_and(|n| is_aside_name(n.to_str().unwrap())))
        .count()
}

fn check_erased(disk: &MemDisk, journal: &Journal, numbers: &BTreeSet<Seq>, through: u64) {
    let expected: Vec<_> = (1..=through)
        .map(|number| {
            let erased = numbers.contains(&Seq::new(number));
            as_record(number, if erased { gone(number) } else { entry(number) })
        })
        .collect();
    let read: Vec<_> = read_all(journal, 1).into_iter().map(Result::unwrap).collect();
    assert_eq!(read, expected);
    for record in expected {
        let number = record.seq.get();
        assert_eq!(journal.read(record.seq).unwrap(), record);
        assert_eq!(files_with(disk, number) == 0, numbers.contains(&record.seq), "bytes of {number}");
    }
    assert_eq!(aside_files(disk), 0);
    let bytes: usize = segment_paths(disk).iter().map(|path| disk.contents(path).len()).sum();
    assert_eq!(journal.stats().bytes, bytes as u64);
}

/// However a test ends, its threads do.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn chosen_records_are_replaced_while_others_append_and_read(
        segment_bytes in 100..4_000_u64,
        before in 1..150_u64,
        meanwhile in 0..60_u64,
        chosen in vec(1..10_000_u64, 1..30),
        seed in any::<u64>(),
    ) {
        let disk = MemDisk::default();
        let (journal, _) = open(&disk, small_segments(segment_bytes));
        fill(&journal, 1..=before);
        let numbers = seqs(chosen.into_iter().map(|number| 1 + number % before));
        let mut underway = journal.reader(Seq::new(1));
        underway.next().unwrap().unwrap();

        let done = AtomicBool::new(false);
        let rewritten = std::thread::scope(|scope| {
            let _ends_the_loops = SetOnDrop(&done);
            scope.spawn(|| fill(&journal, before + 1..=before + meanwhile));
            scope.spawn(|| while !done.load(Ordering::SeqCst) {
                for answer in read_all(&journal, 1) {
                    is_erased(&answer.unwrap());
                }
            });
            scope.spawn(|| while !done.load(Ordering::SeqCst) {
                for number in (1..=before).rev() {
                    is_erased(&journal.read(Seq::new(number)).unwrap());
                }
            });
            let rewritten = erase(&journal, &numbers);
            let rest: Vec<_> = std::iter::from_fn(|| underway.next().transpose()).collect();
            for record in rest.into_iter().map(Result::unwrap) {
                assert_eq!(is_erased(&record), numbers.contains(&record.seq), "an open reader keeps nothing");
            }
            rewritten
        }).unwrap();
        prop_assert_eq!(rewritten.changed, numbers.len() as u64);
        prop_assert_eq!(rewritten.unchanged, 0);
        let through = before + meanwhile;
        check_erased(&disk, &journal, &numbers, through);

        let again = erase(&journal, &numbers).unwrap();
        let unchanged = numbers.len() as u64;
        prop_assert_eq!(again, Rewritten { unchanged, ..Rewritten::default() });
        journal.close();
        for image in [disk.after_kill(), disk.after_power_cut(seed)] {
            let (journal, recovery) = open(&image, small_segments(segment_bytes));
            prop_assert_eq!((recovery.last, recovery.torn_bytes_cut, recovery.damage.len()), (Seq::new(through), 0, 0));
            check_erased(&image, &journal, &numbers, through);
            fill(&journal, through + 1..=through + 3);
            journal.retain(time(before)).unwrap();
            let first = journal.stats().first.unwrap();
            prop_assert_eq!(journal.stats().oldest_time_ns, Some(time(first.get())));
            prop_assert!(read_all(&journal, first.get()).into_iter().all(|answer| answer.is_ok()));
        }
    }
}

/// Every record is there, old or new, and those of one segment alike; answers how many of the numbers are new.
fn check_each_segment_old_or_new(disk: &MemDisk, journal: &Journal, numbers: &BTreeSet<Seq>) -> usize {
    let firsts: Vec<Seq> = segment_paths(disk).iter().map(|path| first_of(path)).collect();
    let mut seen = std::collections::BTreeMap::new();
    for seq in numbers {
        let erased = is_erased(&journal.read(*seq).unwrap());
        let segment = firsts.iter().rfind(|first| *first <= seq).unwrap();
        assert_eq!(*seen.entry(segment).or_insert(erased), erased, "record {seq} is unlike its segment");
    }
    numbers.iter().filter(|seq| is_erased(&journal.read(**seq).unwrap())).count()
}

#[test]
fn a_crash_at_any_step_leaves_each_segment_old_or_new_and_nothing_promised_is_lost() {
    const BEFORE: u64 = 24;
    const THROUGH: u64 = 34;
    let options = small_segments(350);
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, options.clone());
    fill(&journal, 1..=BEFORE);
    let numbers = seqs([1, 2, 9, 10, 11, 17, 23, 24]);
    let promised = Arc::new(AtomicU64::new(BEFORE));
    disk.remember(Arc::clone(&promised));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in BEFORE + 1..=THROUGH {
                journal.append_blocking(entry(number)).unwrap();
                promised.store(number, Ordering::SeqCst);
            }
        });
        erase(&journal, &numbers).unwrap();
    });
    check_erased(&disk, &journal, &numbers, THROUGH);
    let moments = disk.take_moments();
    assert!(moments.len() > 30, "{} steps", moments.len());

    let mut half_done = 0;
    for (seed, moment) in (1..).zip(&moments) {
        let cuts = (0..3).map(|round| moment.disk.after_power_cut(seed * 8 + round));
        for image in cuts.chain([moment.disk.after_kill()]) {
            let (journal, recovery) = open(&image, options.clone());
            assert!(recovery.last.get() >= moment.promised);
            assert_eq!(aside_files(&image), 0, "left-overs are removed at open");
            let erased = check_each_segment_old_or_new(&image, &journal, &numbers);
            half_done += usize::from(erased > 0 && erased < numbers.len());
            for number in 1..=moment.promised {
                is_erased(&journal.read(Seq::new(number)).unwrap());
            }

            let rewritten = erase(&journal, &numbers).unwrap();
            assert_eq!(
                (rewritten.changed, rewritten.unchanged),
                ((numbers.len() - erased) as u64, erased as u64)
            );
            let seq = journal.append_blocking(entry(recovery.last.get() + 1)).unwrap();
            assert_eq!(seq, recovery.last.next());
            for image in [image.after_power_cut(seed), image.after_kill()] {
                let (journal, _) = open(&image, options.clone());
                assert_eq!(check_each_segment_old_or_new(&image, &journal, &numbers), numbers.len());
                assert!(numbers.iter().all(|seq| files_with(&image, seq.get()) == 0));
                for number in (1..=moment.promised).filter(|number| !numbers.contains(&Seq::new(*number))) {
                    assert_eq!(journal.read(Seq::new(number)).unwrap(), as_record(number, entry(number)));
                }
            }
        }
    }
    assert!(half_done > 20, "crashes between two segments: {half_done}");
}

#[test]
fn a_disk_that_fails_at_any_step_costs_nothing_but_asking_again() {
    let mut failures = 0;
    for (kind, then) in [
        (ErrorKind::StorageFull, Then::Healed),
        (ErrorKind::StorageFull, Then::Failing),
        (ErrorKind::Other, Then::Healed),
        (ErrorKind::Other, Then::Failing),
    ] {
        for nth in 1.. {
            if !check_failing_step(StepFault { nth, kind, then }) {
                break;
            }
            failures += 1;
        }
    }
    assert!(failures > 4 * 15, "files, writes, syncs, renames and the roll were hit: {failures}");
}

/// Answers whether there was such a step.
fn check_failing_step(fault: StepFault) -> bool {
    let StepFault { nth, then, .. } = fault;
    let options = small_segments(700);
    let disk = MemDisk::default();
    let (mut journal, _) = open(&disk, options.clone());
    fill(&journal, 1..=24);
    damage_record(&disk, 3);
    assert!(journal.read(Seq::new(3)).is_err());
    let numbers = seqs([1, 2, 3, 11, 24]);
    let there = seqs([1, 2, 11, 24]);
    disk.set_faults(Faults { step: Some(fault), ..Faults::default() });
    let outcome = erase(&journal, &numbers);
    let was_hit = disk.steps() >= nth;
    disk.set_faults(Faults::default());
    assert_eq!(outcome.is_err(), was_hit, "step {nth}: {outcome:?}");
    check_each_segment_old_or_new(&disk, &journal, &there);
    if then == Then::Healed {
        assert_eq!(aside_files(&disk), 0, "step {nth}");
    }
    let appended = journal.append_blocking(entry(25));
    match outcome {
        // Its segment could not be synced, so the journal takes nothing more, as ever.
        Err(RewriteError::Roll { reason }) if reason.contains("reopen") => {
            appended.unwrap_err();
            drop(journal);
            journal = open(&disk, options.clone()).0;
            fill(&journal, 25..=25);
        }
        _ => assert_eq!(appended.unwrap(), Seq::new(25), "step {nth}"),
    }

    let rewritten = erase(&journal, &numbers).unwrap();
    assert_eq!(
        (rewritten.changed + rewritten.unchanged, rewritten.damaged),
        (4, seqs([3]).into_iter().collect())
    );
    assert!(quarantined_files(&disk).is_empty() && aside_files(&disk) == 0);
    assert!(numbers.iter().all(|seq| files_with(&disk, seq.get()) == 0), "step {nth}");
    let (journal, _) = open(&disk.after_power_cut(nth), options);
    for number in (1..=25).filter(|number| *number != 3) {
        let record = journal.read(Seq::new(number)).unwrap();
        assert_eq!(is_erased(&record), numbers.contains(&record.seq));
    }
    was_hit
}

/// Spoils the record's first byte; the text in it stays readable.
fn damage_record(disk: &MemDisk, number: u64) {
    let holds = |path: &&std::path::PathBuf| first_of(path) <= Seq::new(number);
    let path = segment_paths(disk).iter().rfind(holds).unwrap().clone();
    let mut bytes = disk.contents(&path);
    let place = usize::try_from(number - first_of(&path).get()).unwrap();
    let record = records_in(&bytes)[place].clone();
    bytes[record.start] ^= 1;
    disk.set_contents(&path, bytes);
}

fn first_of(segment: &std::path::Path) -> Seq {
    parse_segment_name(segment.file_name().unwrap().to_str().unwrap()).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copies {
    MadeBefore,
    NotMadeYet,
}

#[test]
fn damaged_bytes_of_the_numbers_go_and_those_of_others_are_kept_as_evidence() {
    for copies in [Copies::MadeBefore, Copies::NotMadeYet] {
        // The first change is a lost record, a lost record after one of others', a whole record, the end.
        for wanted in [&[1, 5, 6][..], &[5, 6], &[6, 9], &[]] {
            for end in [false, true] {
                check_damaged(copies, wanted, end);
            }
        }
    }
}

fn check_damaged(copies: Copies, wanted: &[u64], with_end: bool) {
    let disk = MemDisk::default();
    // Two segments; what is damaged at the end of the first is followed by no record.
    let (journal, _) = open(&disk, small_segments(800));
    fill(&journal, 1..=16);
    let end_of_first = first_of(&segment_paths(&disk)[1]).previous().get();
    let damaged = seqs([1, 3, 5, end_of_first]);
    for seq in &damaged {
        damage_record(&disk, seq.get());
    }
    let numbers = seqs(wanted.iter().copied().chain(with_end.then_some(end_of_first)));
    if copies == Copies::MadeBefore {
        read_all(&journal, 1);
        assert_eq!(quarantined_files(&disk).len(), damaged.len());
    }
    let rewritten = erase(&journal, &numbers).unwrap();
    let lost: Vec<Seq> = damaged.intersection(&numbers).copied().collect();
    let changed = (numbers.len() - lost.len()) as u64;
    assert_eq!((rewritten.segments, rewritten.changed), (u64::from(!numbers.is_empty()), changed));
    assert_eq!(rewritten.damaged, lost);
    let removed = if copies == Copies::MadeBefore { lost.len() } else { 0 };
    assert_eq!(rewritten.copies_removed.len(), removed);
    let evidence: Vec<_> =
        rewritten.copies_left.iter().map(|name| dir().join("quarantine").join(name)).collect();
    assert_eq!(quarantined_files(&disk), evidence);
    for seq in &numbers {
        assert_eq!(files_with(&disk, seq.get()), 0, "{copies:?}: {seq}");
    }
    for seq in damaged.difference(&numbers).filter(|_| !numbers.is_empty()) {
        assert_eq!(files_with(&disk, seq.get()), 1, "only the copy is left of {seq}");
        assert!(rewritten.copies_left.iter().any(|name| name.contains(&format!(".{seq}-{seq}."))));
    }

    let (reopened, recovery) = open(&disk.after_kill(), small_segments(800));
    assert!(recovery.damage.is_empty());
    for journal in [&journal, &reopened] {
        let answers = read_all(journal, 1);
        assert_eq!(answers.len(), 16);
        for (seq, answer) in (1..).map(Seq::new).zip(answers) {
            match answer {
                Ok(record) => assert_eq!(is_erased(&record), numbers.contains(&record.seq)),
                Err(ReadError::Damaged { seq: at, .. } | ReadError::Quarantined { seq: at }) => {
                    assert!(at == seq && damaged.contains(&seq));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(numbers.iter().all(|seq| files_with(&disk, seq.get()) == 0), "nothing was put aside by reading");

    let again = erase(&journal, &numbers).unwrap();
    assert_eq!((again.segments, again.unchanged, again.damaged), (0, changed, lost));
    let names: BTreeSet<String> =
        again.copies_left.iter().cloned().chain(["../journal.id".to_owned()]).collect();
    assert_eq!(journal.remove_copies(&names).unwrap(), again.copies_left);
    assert!(quarantined_files(&disk).is_empty());
    assert_eq!((journal.stats().oldest_time_ns, journal.stats().segments), (Some(time(2)), 2));
}

#[test]
fn a_reader_underway_in_damage_does_not_take_new_bytes_for_old() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(2_000));
    fill(&journal, 1..=20);
    damage_record(&disk, 7);
    let mut reader = journal.reader(Seq::new(1));
    for _ in 1..=6 {
        reader.next().unwrap().unwrap();
    }
    erase(&journal, &seqs([2, 4])).unwrap();
    assert!(matches!(reader.next(), Err(ReadError::Quarantined { seq }) if seq == Seq::new(7)));
    for number in 8..=20 {
        assert_eq!(reader.next().unwrap().unwrap(), as_record(number, entry(number)));
    }
    assert_eq!(quarantined_files(&disk).len(), 1);
}

#[test]
fn damage_found_in_the_old_file_is_not_looked_for_in_the_new_one() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(2_000));
    fill(&journal, 1..=20);
    let shared = &journal.handle.shared;
    let segment = shared.segment_of(Seq::new(1)).unwrap();
    let before = segment.revision();
    erase(&journal, &seqs([2])).unwrap();
    let found = Stretch { offset: 32, bytes: 100, missing: Some(Seq::new(1)..=Seq::new(2)) };
    assert_eq!(shared.report(&segment, before, found.clone()), None);
    assert!(journal.damage().is_empty() && quarantined_files(&disk).is_empty());
    assert_eq!(shared.report(&segment, segment.revision(), found), Some(Standing::New));
    assert_eq!(quarantined_files(&disk).len(), 1);
}

#[test]
fn another_process_that_reads_along_gets_old_or_new_and_no_error() {
    let disk = MemDisk::default();
    let options = small_segments(2_000);
    let (journal, _) = open(&disk, options.clone());
    fill(&journal, 1..=60);
    let (reading, _) = Journal::open_read_only_on(Arc::new(disk.clone()), dir(), options).unwrap();
    for number in (1..=60).rev() {
        reading.read(Seq::new(number)).unwrap();
    }
    let mut underway = reading.reader(Seq::new(1));
    underway.next().unwrap().unwrap();

    let mut numbers = BTreeSet::new();
    for round in [vec![3, 40, 60], vec![4, 41], vec![5, 59]] {
        let more = seqs(round);
        erase(&journal, &more).unwrap();
        numbers.extend(more);
        for number in (1..=60).rev() {
            let record = reading.read(Seq::new(number)).unwrap();
            assert_eq!(is_erased(&record), numbers.contains(&record.seq), "opened anew: {number}");
        }
        assert_eq!(reading.stats().oldest_time_ns, Some(time(1)));
    }
    let rest: Vec<_> = std::iter::from_fn(|| underway.next().transpose()).collect();
    assert_eq!(rest.len(), 59);
    for answer in rest {
        is_erased(&answer.unwrap());
    }
    assert!(reading.damage().is_empty());
    assert!(matches!(erase(&reading, &numbers), Err(RewriteError::ReadOnly)));
    assert!(matches!(reading.remove_copies(&BTreeSet::new()), Err(RewriteError::ReadOnly)));
}

#[test]
fn the_segment_being_written_is_finished_first_and_once() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    fill(&journal, 1..=10);
    assert_eq!(erase(&journal, &seqs([3])).unwrap().segments, 1);
    assert_eq!(journal.stats().segments, 2);
    assert_eq!(erase(&journal, &seqs([4, 10])).unwrap().segments, 1);
    assert_eq!(journal.stats().segments, 2, "an empty one is not finished again");
    fill(&journal, 11..=12);
    check_erased(&disk, &journal, &seqs([3, 4, 10]), 12);

    disk.shut_gate();
    let appended = journal.append(entry(13));
    disk.wait_for_held_sync();
    std::thread::scope(|scope| {
        let erasing = scope.spawn(|| erase(&journal, &seqs([11])));
        disk.open_gate();
        assert_eq!(erasing.join().unwrap().unwrap().changed, 1);
    });
    assert_eq!(crate::queue::block_on(appended, None), Some(Ok(Seq::new(13))));
    assert_eq!(journal.stats().segments, 3);
    check_erased(&disk, &journal, &seqs([3, 4, 10, 11]), 13);
}

#[test]
fn what_is_refused_changes_nothing() {
    let disk = MemDisk::default();
    let options = Options { record_bytes_max: 2_000, ..small_segments(900) };
    let (journal, _) = open(&disk, options);
    fill(&journal, 1..=30);
    let files: Vec<_> = disk.files().into_iter().map(|path| (disk.contents(&path), path)).collect();
    let numbers = seqs([1, 2]);

    let first_then = |second: Change| {
        let replace = |seq: Seq, _: &Entry| match seq.get() {
            1 => Change::To { kind: 1, payload: Vec::new() },
            _ => second.clone(),
        };
        journal.rewrite(&numbers, replace, |_| {}).unwrap_err()
    };
    let stopped = first_then(Change::Stop);
    assert!(matches!(stopped, RewriteError::Stopped { seq } if seq == Seq::new(2)));
    let large = first_then(Change::To { kind: 1, payload: vec![0; 2_001] });
    assert!(matches!(large, RewriteError::TooLarge { seq, bytes: 2_001, .. } if seq == Seq::new(2)));
    let kept = journal.rewrite(&numbers, |_, _| Change::Keep, |_| {}).unwrap();
    assert_eq!((kept.segments, kept.changed, kept.unchanged), (0, 0, 2));
    let beyond = erase(&journal, &seqs([0, 31, u64::MAX])).unwrap();
    assert_eq!(beyond.absent, [Seq::ZERO, Seq::new(31), Seq::new(u64::MAX)]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let replace = |seq: Seq, _: &Entry| match seq.get() {
            1 => Change::To { kind: 1, payload: Vec::new() },
            _ => panic!("a caller's mistake"),
        };
        journal.rewrite(&numbers, replace, |_| {})
    }));
    assert!(panicked.is_err());
    let files_after: Vec<_> = disk.files().into_iter().map(|path| (disk.contents(&path), path)).collect();
    assert!(files == files_after);

    journal.close();
    assert!(matches!(erase(&journal, &numbers), Err(RewriteError::Closed)));
    check_exact(&journal, 1..=30);
}

#[test]
fn retention_and_rewriting_get_along() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(700));
    fill(&journal, 1..=40);
    let retired = journal.retain(time(15)).unwrap().up_to.get();
    let rewritten = erase(&journal, &seqs([1, retired, retired + 1, 30])).unwrap();
    assert_eq!((rewritten.changed, rewritten.absent), (2, vec![Seq::new(1), Seq::new(retired)]));
    assert!(journal.read(Seq::new(retired + 1)).is_ok_and(|record| is_erased(&record)));
    let through = journal.retain(time(35)).unwrap().up_to;
    assert!(through > Seq::new(retired));
    assert!(matches!(journal.read(Seq::new(retired + 1)), Err(ReadError::Missing { .. })));
    assert_eq!(journal.stats().oldest_time_ns, Some(time(through.get() + 1)));

    // Retired by somebody else between two segments of one call.
    let left = seqs([through.get() + 1, 40]);
    let mut retiring = Some(&journal);
    let mut seen = 0;
    let replace = |seq: Seq, _: &Entry| {
        seen += 1;
        Change::To { kind: 7, payload: seq.to_string().into_bytes() }
    };
    let rewritten = journal.rewrite(&left, replace, |_| {
        if let Some(journal) = retiring.take() {
            journal.retain(i64::MAX).unwrap();
        }
    });
    assert_eq!((rewritten.unwrap().changed, seen), (2, 2));
}

#[test]
fn progress_and_what_is_held_tell_how_much_there_is_to_do() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(700));
    fill(&journal, 1..=60);
    let numbers = seqs([1, 2, 20, 40, 41, 60, 61, 900]);
    let held = journal.segments_holding(&numbers);
    assert_eq!(held.iter().map(|holding| holding.numbers).sum::<u64>(), 6);
    for holding in &held {
        assert!(numbers.range(holding.first..=holding.last).next().is_some());
        let path = dir().join(crate::segment::segment_name(holding.first));
        assert_eq!(holding.bytes, disk.contents(&path).len() as u64);
    }
    let mut told: Vec<Progress> = Vec::new();
    let to = |_: Seq, _: &Entry| Change::To { kind: 1, payload: Vec::new() };
    let rewritten = journal.rewrite(&numbers, to, |progress| told.push(progress)).unwrap();
    assert_eq!((rewritten.segments, rewritten.changed), (held.len() as u64, 6));
    assert_eq!(rewritten.absent, [Seq::new(61), Seq::new(900)]);
    assert_eq!(told.len(), held.len());
    let mut bytes_done = 0;
    for ((place, progress), holding) in (1..).zip(told).zip(&held) {
        bytes_done += holding.bytes;
        let bytes = held.iter().map(|holding| holding.bytes).sum();
        assert_eq!(
            progress,
            Progress { segments_done: place, segments: held.len() as u64, bytes_done, bytes }
        );
    }
    assert!(journal.segments_holding(&seqs([61])).is_empty());
}

#[test]
fn records_larger_than_a_chunk_are_carried_over_and_replaced() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    let mut state = 1_u32;
    let mut noise = |bytes: usize| -> Vec<u8> {
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(bytes).collect()
    };
    let entries: Vec<_> = (0..9)
        .map(|time_ns| Entry {
            kind: 1,
            time_ns,
            payload: noise(100_000 * usize::try_from(time_ns).unwrap()),
        })
        .collect();
    for entry in &entries {
        journal.append_blocking(entry.clone()).unwrap();
    }
    let other = noise(700_000);
    let to = |_: Seq, _: &Entry| Change::To { kind: 2, payload: other.clone() };
    journal.rewrite(&seqs([4, 9]), to, |_| {}).unwrap();
    for (seq, old) in (1..).zip(entries) {
        let changed = Entry { kind: 2, time_ns: old.time_ns, payload: other.clone() };
        let expected = if [4, 9].contains(&seq) { changed } else { old };
        assert!(journal.read(Seq::new(seq)).unwrap() == as_record(seq, expected));
    }
}

#[test]
fn what_a_crash_left_aside_is_removed_at_open_and_before_rewriting() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(700));
    fill(&journal, 1..=20);
    let path = dir().join(crate::segment::aside_name(Seq::new(1)));
    let leave = || Disk::open(&disk, &path, Mode::Create).unwrap().write_all_at(b"entry 1;", 0).unwrap();
    leave();
    erase(&journal, &BTreeSet::new()).unwrap();
    assert_eq!(aside_files(&disk), 0);
    leave();
    drop(journal);
    let (reading, _) =
        Journal::open_read_only_on(Arc::new(disk.clone()), dir(), small_segments(700)).unwrap();
    check_exact(&reading, 1..=20);
    assert_eq!(aside_files(&disk), 1, "a reader changes nothing");
    check_exact(&open(&disk, small_segments(700)).0, 1..=20);
    assert_eq!(aside_files(&disk), 0);
}

#[test]
fn a_damaged_segment_header_is_made_whole() {
    let disk = MemDisk::default();
    fill(&open(&disk, small_segments(700)).0, 1..=20);
    let path = segment_paths(&disk).remove(0);
    let mut bytes = disk.contents(&path);
    bytes[9] ^= 1;
    disk.set_contents(&path, bytes);
    let (journal, recovery) = open(&disk, small_segments(700));
    assert_eq!(recovery.damage.len(), 1);
    erase(&journal, &seqs([2])).unwrap();
    assert!(journal.damage().is_empty());
    journal.close();
    let (journal, recovery) = open(&disk.after_power_cut(1), small_segments(700));
    assert!(recovery.damage.is_empty());
    check_exact(&journal, 3..=20);
}
