//! The same journal on the machine's own file system.

use super::{check_exact, fill, small_segments};
use crate::{Change, Journal, OpenError, Options, Seq};

#[test]
fn a_journal_in_a_new_folder_is_kept_locked_and_found_again() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data/journal");
    let (journal, _) = Journal::open(&dir, small_segments(2_000)).unwrap();
    fill(&journal, 1..=100);
    assert!(matches!(Journal::open(&dir, Options::default()), Err(OpenError::Locked { .. })));
    let (reading, recovery) = Journal::open_read_only(&dir, Options::default()).unwrap();
    assert_eq!(recovery.last, Seq::new(100));
    check_exact(&reading, 1..=100);
    drop(journal);

    let (journal, recovery) = Journal::open(&dir, small_segments(2_000)).unwrap();
    assert_eq!(
        (recovery.first, recovery.last, recovery.torn_bytes_cut),
        (Some(Seq::new(1)), Seq::new(100), 0)
    );
    fill(&journal, 101..=120);
    check_exact(&journal, 1..=120);
    let retired = journal.retain(super::time(50)).unwrap();
    assert!(retired.segments > 0);
    let left = std::fs::read_dir(&dir).unwrap().filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "seg"))
    });
    assert_eq!(left.count() as u64, journal.stats().segments);
}

#[test]
fn a_torn_file_is_cut_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    fill(&Journal::open(dir.path(), Options::default()).unwrap().0, 1..=10);
    // As after a crash: nothing says that the last record was acknowledged.
    std::fs::remove_file(dir.path().join(crate::segment::ACKNOWLEDGED_NAME)).unwrap();
    let path = dir.path().join(crate::segment::segment_name(Seq::new(1)));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let (journal, recovery) = Journal::open(dir.path(), Options::default()).unwrap();
    assert_eq!(recovery.last, Seq::new(9));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.len() as u64 - 1 - recovery.torn_bytes_cut);
    fill(&journal, 10..=10);
    drop(journal);
    assert_eq!(std::fs::read(&path).unwrap(), whole, "the same entry gives the same bytes");
}

#[test]
fn a_journal_that_is_not_there_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Journal::open_read_only(&dir.path().join("none"), Options::default());
    assert!(matches!(missing, Err(OpenError::Io { .. })));
    let (empty, recovery) = Journal::open_read_only(dir.path(), Options::default()).unwrap();
    assert_eq!((recovery.first, recovery.last), (None, Seq::ZERO));
    assert!(empty.reader(Seq::ZERO).next().unwrap().is_none());
}

#[test]
fn rewritten_bytes_are_gone_from_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path(), small_segments(2_000)).unwrap();
    fill(&journal, 1..=60);
    let mut underway = journal.reader(Seq::new(1));
    underway.next().unwrap().unwrap();
    let files_with = |text: &[u8]| {
        let files =
            std::fs::read_dir(dir.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(text.len()).any(|window| window == text)).count()
    };
    assert_eq!((files_with(b"entry 2;"), files_with(b"entry 60;")), (1, 1));
    let numbers = [2, 60].map(Seq::new).into();
    let to = |_: Seq, _: &crate::Entry| Change::To { kind: 9, payload: b"nobody".to_vec() };
    let rewritten = journal.rewrite(&numbers, to, |_| {}).unwrap();
    assert_eq!((rewritten.segments, rewritten.changed), (2, 2));
    assert_eq!((files_with(b"entry 2;"), files_with(b"entry 60;")), (0, 0));
    assert_eq!(underway.next().unwrap().unwrap().payload, b"nobody");
    drop(journal);
    let (journal, recovery) = Journal::open(dir.path(), small_segments(2_000)).unwrap();
    assert_eq!((recovery.last, recovery.damage.len()), (Seq::new(60), 0));
    for number in 3..=59 {
        assert_eq!(journal.read(Seq::new(number)).unwrap(), super::as_record(number, super::entry(number)));
    }
    assert_eq!(journal.read(Seq::new(60)).unwrap().payload, b"nobody");
}
