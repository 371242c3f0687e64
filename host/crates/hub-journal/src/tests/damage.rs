//! Bits that flip, bytes that vanish, lengths that lie: every record is exact or reported, never wrong.

use super::mem_disk::MemDisk;
use super::{
    as_record, check_exact, dir, entry, fill, open, quarantined_files, read_all, records_in, segment_paths,
    small_segments,
};
use crate::segment::{Packing, Prepared, RECORD_HEADER_BYTES, RecordHeader, SegmentHeader, segment_name};
use crate::{Entry, Journal, Options, ReadError, Seq};

/// Three segments, twelve records.
fn small_journal() -> MemDisk {
    let disk = MemDisk::default();
    fill(&open(&disk, small_segments(300)).0, 1..=12);
    assert_eq!(segment_paths(&disk).len(), 3);
    disk
}

#[test]
fn no_single_flipped_bit_gives_a_wrong_record_or_a_silent_loss() {
    let disk = small_journal();
    let mut lost_in_total = 0;
    let mut record_bits = 0;
    for path in disk.files() {
        let whole = disk.contents(&path);
        if path.extension().is_some_and(|end| end == "seg") {
            record_bits += records_in(&whole).into_iter().map(|record| record.len() as u64 * 8).sum::<u64>();
        }
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let image = disk.after_kill();
            image.set_contents(&path, bytes);
            lost_in_total += check_one_flip(&image, &format!("{} bit {bit}", path.display()));
        }
    }
    assert_eq!(lost_in_total, record_bits, "a flip inside a record costs that record, any other costs none");
}

/// Answers how many of the twelve records are lost.
fn check_one_flip(image: &MemDisk, place: &str) -> u64 {
    let (journal, recovery) = open(image, small_segments(300));
    let last = recovery.last.get();
    assert_eq!(last, 12, "{place}: closed in peace, so that not even the last record is taken for torn");
    let (mut answered, mut lost) = (0, 0);
    for (number, outcome) in (1..).zip(read_all(&journal, 1)) {
        answered = number;
        match outcome {
            Ok(record) => assert_eq!(record, as_record(number, entry(number)), "{place}"),
            Err(ReadError::Damaged { seq, .. } | ReadError::Quarantined { seq }) => {
                assert_eq!(seq.get(), number, "{place}");
                assert!(matches!(journal.read(seq), Err(ReadError::Quarantined { .. })), "{place}");
                assert!(!quarantined_files(image).is_empty(), "{place}");
                lost += 1;
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }
    assert_eq!(answered, last, "{place}: every number is answered once");
    let seq = journal.append_blocking(entry(100)).unwrap();
    assert_eq!(journal.read(seq).unwrap(), as_record(last + 1, entry(100)), "{place}");
    lost
}

#[test]
fn damage_amid_the_last_segment_is_put_aside_and_read_over() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=8);
    let path = segment_paths(&disk).pop().unwrap();
    let mut bytes = disk.contents(&path);
    let records = records_in(&bytes);
    let hole = records[3].start + 2..records[4].end - 3;
    bytes[hole].fill(0);
    let stretch = records[3].start..records[5].start;
    disk.set_contents(&path, bytes.clone());

    let (journal, recovery) = open(&disk, Options::default());
    let [damage] = recovery.damage.as_slice() else { panic!("{:?}", recovery.damage) };
    assert_eq!((damage.offset, damage.bytes), (stretch.start as u64, stretch.len() as u64));
    assert_eq!(damage.missing, Some(Seq::new(4)..=Seq::new(5)));
    let copies = quarantined_files(&disk);
    assert_eq!(disk.contents(&copies[0]), bytes[stretch]);
    fill(&journal, 9..=10);
    assert_eq!(segment_paths(&disk).len(), 2, "a damaged segment is not written to again");
    drop(journal);

    let (journal, _) = open(&disk, Options::default());
    for (number, outcome) in (1..=10).zip(read_all(&journal, 1)) {
        match outcome {
            Ok(record) => assert_eq!(record, as_record(number, entry(number))),
            Err(error) => {
                assert!(matches!(error, ReadError::Damaged { seq, .. } if seq.get() == number), "{error}")
            }
        }
    }
    assert!(matches!(journal.read(Seq::new(4)), Err(ReadError::Quarantined { .. })));
    assert_eq!(journal.read(Seq::new(6)).unwrap(), as_record(6, entry(6)));
}

#[test]
fn an_earlier_segment_that_lost_its_end_is_reported_number_by_number() {
    let disk = small_journal();
    let path = segment_paths(&disk).remove(0);
    let bytes = disk.contents(&path);
    let records = records_in(&bytes);
    for cut in 32..bytes.len() {
        let image = disk.after_kill();
        image.set_contents(&path, bytes[..cut].to_vec());
        let kept = records.iter().filter(|record| record.end <= cut).count();
        let (journal, recovery) = open(&image, small_segments(300));
        assert_eq!((recovery.last, recovery.torn_bytes_cut), (Seq::new(12), 0));
        let answers = read_all(&journal, 1);
        assert_eq!(answers.len(), 12);
        let lost: Vec<usize> =
            (1..).zip(&answers).filter(|(_, answer)| answer.is_err()).map(|(n, _)| n).collect();
        assert_eq!(lost, (kept + 1..=records.len()).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!(journal.damage().len(), 1);
    }
}

#[test]
fn a_record_image_inside_a_payload_is_never_taken_for_a_record() {
    for salt_is_known in [false, true] {
        let disk = MemDisk::default();
        let (journal, _) = open(&disk, Options::default());
        fill(&journal, 1..=1);
        let path = dir().join(segment_name(Seq::new(1)));
        let salt = SegmentHeader::decode(&disk.contents(&path)).unwrap().salt;
        let forged = Entry { kind: 9, time_ns: 9, payload: b"forged".to_vec() };
        let mut image = Vec::new();
        let guess = if salt_is_known { salt } else { salt ^ 0x1234_5678 };
        Prepared::new(forged).unwrap().encode(Seq::new(2), guess, &mut image);
        journal.append_blocking(Entry { kind: 1, time_ns: 1, payload: image }).unwrap();
        fill(&journal, 3..=4);
        drop(journal);

        let mut bytes = disk.contents(&path);
        let carrier = records_in(&bytes)[1].clone();
        bytes[carrier.start] ^= 1;
        disk.set_contents(&path, bytes);
        let (journal, _) = open(&disk, Options::default());
        // Knowing the salt, which is never sent anywhere, the forgery would work: so this test can fail.
        assert_eq!(journal.read(Seq::new(2)).is_ok(), salt_is_known);
        assert_eq!(journal.read(Seq::new(3)).unwrap(), as_record(3, entry(3)));
    }
}

#[test]
fn a_length_that_lies_is_not_believed() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=3);
    let path = segment_paths(&disk).pop().unwrap();
    let mut bytes = disk.contents(&path);
    let salt = SegmentHeader::decode(&bytes).unwrap().salt;
    // Even with a right checksum.
    lying_header(u32::MAX, u32::MAX, Packing::Plain).encode(salt, &mut bytes);
    disk.set_contents(&path, bytes);
    let (journal, recovery) = open(&disk, Options::default());
    assert_eq!((recovery.last, recovery.torn_bytes_cut), (Seq::new(3), RECORD_HEADER_BYTES as u64));
    check_exact(&journal, 1..=3);

    assert_eq!(lying_header(10, u32::MAX, Packing::Lz4).unpack(&[0; 10]), None);
    assert_eq!(lying_header(10, 2_000, Packing::Lz4).unpack(&[0xFF; 10]), None);
    let packed = lz4_flex::block::compress(&[0; 1_000]);
    let packed_bytes = u32::try_from(packed.len()).unwrap();
    assert_eq!(lying_header(packed_bytes, 1_000, Packing::Lz4).unpack(&packed), Some(vec![0; 1_000]));
    assert_eq!(lying_header(packed_bytes, 1_001, Packing::Lz4).unpack(&packed), None);
    assert_eq!(lying_header(packed_bytes, 999, Packing::Lz4).unpack(&packed), None);
    assert_eq!(lying_header(10, 11, Packing::Plain).unpack(&[0; 10]), None);
}

#[test]
fn a_number_that_was_never_given_is_damage() {
    let disk = MemDisk::default();
    fill(&open(&disk, Options::default()).0, 1..=3);
    let path = segment_paths(&disk).pop().unwrap();
    let mut bytes = disk.contents(&path);
    let salt = SegmentHeader::decode(&bytes).unwrap().salt;
    // Even with a right checksum: after the greatest there would be none for the next record.
    let last = RecordHeader { seq: Seq::new(u64::MAX - 1), ..lying_header(0, 0, Packing::Plain) };
    last.encode(salt, &mut bytes);
    disk.set_contents(&path, bytes);
    let (journal, recovery) = open(&disk, Options::default());
    assert_eq!((recovery.last, recovery.torn_bytes_cut), (Seq::new(3), RECORD_HEADER_BYTES as u64));
    check_still_appends(&journal);
}

fn lying_header(stored_bytes: u32, raw_bytes: u32, packing: Packing) -> RecordHeader {
    RecordHeader { payload_crc: 0, stored_bytes, raw_bytes, kind: 1, packing, seq: Seq::new(4), time_ns: 0 }
}

#[test]
fn a_reader_that_is_underway_reports_damage_and_goes_on() {
    let disk = MemDisk::default();
    let (journal, _) = open(&disk, small_segments(400));
    fill(&journal, 1..=20);
    let mut reader = journal.reader(Seq::new(1));
    assert_eq!(reader.next().unwrap().unwrap().seq, Seq::new(1));
    let paths = segment_paths(&disk);
    for path in &paths[1..] {
        let mut bytes = disk.contents(path);
        let first = records_in(&bytes)[0].clone();
        bytes[first.end - 1] ^= 0x80;
        disk.set_contents(path, bytes);
    }
    let rest: Vec<_> = std::iter::from_fn(|| reader.next().transpose()).collect();
    assert_eq!(rest.len(), 19);
    let damaged = rest.iter().filter(|answer| matches!(answer, Err(ReadError::Damaged { .. }))).count();
    assert_eq!(damaged, paths.len() - 1);
    assert_eq!(journal.damage().len(), paths.len() - 1);
    check_still_appends(&journal);
}

fn check_still_appends(journal: &Journal) {
    let seq = journal.append_blocking(entry(77)).unwrap();
    assert_eq!(journal.read(seq).unwrap(), as_record(seq.get(), entry(77)));
}
