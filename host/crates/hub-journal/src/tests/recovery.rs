//! Opening again after any kind of stop.

use std::sync::Arc;

use super::mem_disk::MemDisk;
use super::{check_exact, dir, fill, open, records_in, segment_paths, small_segments};
use crate::segment::{
    ACKNOWLEDGED_NAME, SEGMENT_HEADER_BYTES, SegmentHeader, encode_acknowledged, encode_identity,
    segment_name,
};
use crate::{Health, Journal, OpenError, Options, Seq};

#[test]
fn an_empty_journal_starts_at_one() {
    let disk = MemDisk::default();
    let (journal, recovery) = open(&disk, Options::default());
    assert_eq!((recovery.first, recovery.last, recovery.torn_bytes_cut), (None, Seq::ZERO, 0));
    assert_eq!((journal.durable(), journal.health()), (Seq::ZERO, Health::Ok));
    assert!(journal.reader(Seq::ZERO).next().unwrap().is_none());
    fill(&journal, 1..=3);
    check_exact(&journal, 1..=3);
}

#[test]
fn a_new_segment_is_whole_before_it_is_used() {
    let disk = MemDisk::default();
    let (_journal, _) = open(&disk, Options::default());
    for seed in 1..10 {
        let image = disk.after_power_cut(seed);
        assert_eq!(segment_paths(&image).len(), 1);
        let (_, recovery) = open(&image, Options::default());
        assert_eq!((recovery.torn_bytes_cut, recovery.damage.len()), (0, 0));
    }
}

#[test]
fn numbers_go_on_after_reopening() {
    let disk = MemDisk::default();
    for round in 0..5 {
        let (journal, recovery) = open(&disk, small_segments(300));
        assert_eq!(recovery.last, Seq::new(round * 7));
        fill(&journal, round * 7 + 1..=round * 7 + 7);
        check_exact(&journal, 1..=round * 7 + 7);
    }
    assert!(segment_paths(&disk).len() > 5, "small segments were rolled");
}

#[test]
fn a_tail_torn_at_any_byte_costs_only_what_was_torn() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    fill(&journal, 1..=6);
    // Not closed: nothing says that these were acknowledged.
    let disk = disk.after_kill();
    let path = segment_paths(&disk).pop().unwrap();
    let whole = disk.contents(&path);
    let records = records_in(&whole);
    assert_eq!(records.len(), 6);

    for cut in 0..=whole.len() {
        let image = disk.after_kill();
        image.set_contents(&path, whole[..cut].to_vec());
        let kept = records.iter().filter(|record| record.end <= cut).count() as u64;
        let kept_bytes = match records.iter().rfind(|record| record.end <= cut) {
            Some(record) => record.end,
            None if cut >= SEGMENT_HEADER_BYTES => SEGMENT_HEADER_BYTES,
            None => 0,
        };
        let (journal, recovery) = open(&image, Options::default());
        assert_eq!((recovery.last, recovery.damage.len()), (Seq::new(kept), 0), "cut at {cut}");
        assert_eq!(recovery.torn_bytes_cut, (cut - kept_bytes) as u64, "cut at {cut}");
        fill(&journal, kept + 1..=kept + 1);
        drop(journal);
        let (journal, recovery) = open(&image.after_power_cut(7), Options::default());
        assert_eq!((recovery.last, recovery.torn_bytes_cut), (Seq::new(kept + 1), 0), "cut at {cut}");
        check_exact(&journal, 1..=kept + 1);
    }
}

#[test]
fn a_tail_that_was_acknowledged_is_damage_at_any_byte() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=6);
    let path = segment_paths(&disk).pop().unwrap();
    let whole = disk.contents(&path);
    for cut in 0..whole.len() {
        let image = disk.after_kill();
        image.set_contents(&path, whole[..cut].to_vec());
        let kept = records_in(&whole).iter().filter(|record| record.end <= cut).count() as u64;
        let lost = Seq::new(kept + 1)..=Seq::new(6);
        for opening in 0..3_u64 {
            let (journal, recovery) = open(&image, Options::default());
            assert_eq!(recovery.last, Seq::new(6 + opening), "cut at {cut}: no number is given out twice");
            for (number, outcome) in (1..).zip(super::read_all(&journal, 1)) {
                match outcome {
                    Ok(record) => assert_eq!(record, super::as_record(number, super::entry(number))),
                    Err(error) => assert!(lost.contains(&Seq::new(number)), "cut at {cut}: {error}"),
                }
            }
            let named = journal.damage().into_iter().find_map(|damage| damage.missing);
            assert_eq!(named.as_ref(), Some(&lost), "cut at {cut}, opening {opening}");
            fill(&journal, 7 + opening..=7 + opening);
        }
    }
}

#[test]
fn a_mark_of_another_journal_or_a_damaged_one_says_nothing() {
    for mark in [encode_acknowledged(1, Seq::new(9)), vec![0xA5; 28], Vec::new()] {
        let disk = MemDisk::default();
        fill(&open(&disk, Options::default()).0, 1..=2);
        disk.set_contents(&dir().join(ACKNOWLEDGED_NAME), mark);
        let (journal, recovery) = open(&disk, Options::default());
        assert_eq!((recovery.last, recovery.damage.len()), (Seq::new(2), 0));
        check_exact(&journal, 1..=2);
    }
}

#[test]
fn a_tail_of_zeros_or_noise_is_cut() {
    for filler in [0_u8, 0xFF, b'R'] {
        let disk = MemDisk::default();
        fill(&open(&disk, Options::default()).0, 1..=4);
        let path = segment_paths(&disk).pop().unwrap();
        let mut bytes = disk.contents(&path);
        bytes.resize(bytes.len() + 5_000, filler);
        disk.set_contents(&path, bytes);
        let (journal, recovery) = open(&disk, Options::default());
        assert_eq!((recovery.last, recovery.torn_bytes_cut), (Seq::new(4), 5_000));
        check_exact(&journal, 1..=4);
    }
}

#[test]
fn a_tail_too_long_for_one_batch_is_put_aside_before_it_is_cut() {
    let disk = MemDisk::default();
    let options = Options { batch_bytes_max: 1_000, ..Options::default() };
    fill(&open(&disk, options.clone()).0, 1..=4);
    let path = segment_paths(&disk).pop().unwrap();
    let mut bytes = disk.contents(&path);
    let end = bytes.len();
    bytes.resize(end + 1_001, 0xA5);
    disk.set_contents(&path, bytes);
    let (journal, recovery) = open(&disk, options);
    assert_eq!((recovery.torn_bytes_cut, recovery.damage.len()), (1_001, 1));
    let copies = super::quarantined_files(&disk);
    assert_eq!(disk.contents(&copies[0]), vec![0xA5; 1_001]);
    fill(&journal, 5..=6);
    check_exact(&journal, 1..=6);
}

#[test]
fn a_long_tail_in_a_segment_without_records_is_put_aside_and_the_segment_begun_again() {
    let disk = MemDisk::default();
    let options = Options { batch_bytes_max: 1_000, ..Options::default() };
    drop(open(&disk, options.clone()));
    let path = segment_paths(&disk).pop().unwrap();
    let mut bytes = disk.contents(&path);
    bytes.resize(bytes.len() + 1_001, 0xA5);
    disk.set_contents(&path, bytes);
    let (journal, recovery) = open(&disk, options);
    assert_eq!((recovery.torn_bytes_cut, recovery.damage.len()), (1_001, 1));
    assert_eq!(super::quarantined_files(&disk).len(), 1);
    fill(&journal, 1..=3);
    check_exact(&journal, 1..=3);
    assert_eq!(journal.stats().segments, 1);
}

#[test]
fn records_left_by_a_killed_process_are_synced_before_they_count() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=2);
    let path = segment_paths(&disk).pop().unwrap();
    let durable = disk.contents(&path);
    let grown = {
        let other = disk.after_kill();
        fill(&open(&other, Options::default()).0, 3..=3);
        other.contents(&path)
    };
    // Record 3 is in the page cache only, as after a kill between write and sync.
    let file = crate::disk::Disk::open(&disk, &path, crate::disk::Mode::Write).unwrap();
    file.write_all_at(&grown[durable.len()..], durable.len() as u64).unwrap();
    let (journal, recovery) = open(&disk, Options::default());
    assert_eq!(recovery.last, Seq::new(3));
    let (after, _) = open(&disk.after_power_cut(0x5EED), Options::default());
    check_exact(&after, 1..=3);
    drop(journal);
}

#[test]
fn the_identity_is_found_again_in_the_headers_and_written_anew() {
    let disk = MemDisk::default();
    fill(&open(&disk, small_segments(200)).0, 1..=6);
    let identity = dir().join("journal.id");
    let original = disk.contents(&identity);
    disk.delete(&identity);
    check_exact(&open(&disk, small_segments(200)).0, 1..=6);
    assert_eq!(disk.contents(&identity), original);

    for path in segment_paths(&disk) {
        let mut bytes = disk.contents(&path);
        bytes[9] ^= 1;
        disk.set_contents(&path, bytes);
    }
    let (journal, recovery) = open(&disk.after_kill(), small_segments(200));
    assert_eq!(recovery.damage.len(), segment_paths(&disk).len(), "each damaged header is reported");
    check_exact(&journal, 1..=6);

    disk.delete(&identity);
    let refused = Journal::open_on(Arc::new(disk.clone()), dir(), Options::default()).err().unwrap();
    assert!(matches!(refused, OpenError::Unrecognised { .. }), "{refused}");
}

#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=3);
    let path = dir().join(segment_name(Seq::new(1)));
    let bytes = disk.contents(&path);

    let other_journal = disk.after_kill();
    let salt = SegmentHeader::decode(&bytes).unwrap().salt;
    other_journal.set_contents(&dir().join("journal.id"), encode_identity(salt ^ 1));
    let refused = Journal::open_on(Arc::new(other_journal.clone()), dir(), Options::default()).err().unwrap();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    assert_eq!(other_journal.contents(&path), bytes);

    let newer = disk.after_kill();
    let mut header = bytes[..28].to_vec();
    header[8] = 2;
    header.extend(crc32c::crc32c(&header).to_le_bytes());
    newer.set_contents(&path, [header.as_slice(), &bytes[32..]].concat());
    let refused = Journal::open_on(Arc::new(newer), dir(), Options::default()).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { version: 2, .. }), "{refused}");
}

#[test]
fn records_keep_kind_time_and_any_bytes() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, Options::default());
    let payloads =
        [vec![], vec![0; 1], vec![0; 100_000], (0..=255).cycle().take(70_001).collect(), vec![0xFF; 513]];
    for (place, payload) in payloads.iter().enumerate() {
        let entry = crate::Entry { kind: 255, time_ns: i64::MIN + place as i64, payload: payload.clone() };
        journal.append_blocking(entry).unwrap();
    }
    drop(journal);
    let (journal, _) = open(&disk, Options::default());
    for (place, payload) in payloads.iter().enumerate() {
        let record = journal.read(Seq::new(place as u64 + 1)).unwrap();
        assert_eq!((record.kind, record.time_ns, &record.payload), (255, i64::MIN + place as i64, payload));
    }
    assert!(journal.stats().bytes < 80_000, "100,000 zeros are packed");
}
