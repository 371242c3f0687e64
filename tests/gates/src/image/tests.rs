//! The models of a power cut, on a disk of a few bytes.

use std::path::Path;

use hub_journal::{Disk, Mode, SegmentFile};

use super::*;
use crate::disk::{Call, EIO, Lasting, LogDisk, Told, Trouble};

fn dir() -> &'static Path {
    Path::new("/d")
}

fn made(disk: &LogDisk, name: &str, content: &[u8]) -> Box<dyn SegmentFile> {
    disk.create_dir(dir()).unwrap();
    let file = disk.open(&dir().join(name), Mode::Create).unwrap();
    file.write_all_at(content, 0).unwrap();
    file
}

/// What the file may be after a cut, over many chances; `None` where it is not there.
fn left(log: &[Logged], name: &str, model: Model) -> BTreeSet<Option<Vec<u8>>> {
    let image = |seed| Image::default().after_cut(log, model, &mut Chance(seed));
    (0..64).map(|seed| image(seed).files.remove(&dir().join(name))).collect()
}

#[test]
fn without_a_sync_nothing_need_be_there() {
    let disk = LogDisk::new(&[]);
    made(&disk, "a", b"new");
    let log = disk.take_log();
    assert_eq!(left(&log, "a", Model::Dropped), [None].into());
    assert_eq!(left(&log, "a", Model::Halved), [None, Some(vec![]), Some(b"new".to_vec())].into());
}

#[test]
fn a_synced_file_with_a_synced_name_is_there() {
    let disk = LogDisk::new(&[]);
    made(&disk, "a", b"new").sync_data().unwrap();
    disk.sync_dir(dir()).unwrap();
    let log = disk.take_log();
    for model in [Model::Dropped, Model::Halved] {
        assert_eq!(left(&log, "a", model), [Some(b"new".to_vec())].into());
    }
}

#[test]
fn pages_come_one_by_one_and_each_as_it_was_after_some_write() {
    let disk = LogDisk::new(&[]);
    let file = made(&disk, "a", &[b'-'; 2 * PAGE_BYTES]);
    file.sync_data().unwrap();
    disk.sync_dir(dir()).unwrap();
    file.write_all_at(b"1", 0).unwrap();
    file.write_all_at(b"2", 0).unwrap();
    file.write_all_at(b"3", PAGE_BYTES as u64).unwrap();
    let first_bytes = |content: Option<Vec<u8>>| {
        let content = content.unwrap();
        (char::from(content[0]), char::from(content[PAGE_BYTES]))
    };
    let seen: BTreeSet<_> = left(&disk.take_log(), "a", Model::Halved).into_iter().map(first_bytes).collect();
    let expected = ['-', '1', '2'].into_iter().flat_map(|first| [(first, '-'), (first, '3')]).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_cut_that_is_not_synced_may_leave_what_was_cut() {
    let disk = LogDisk::new(&[]);
    let file = made(&disk, "a", b"kept");
    file.sync_data().unwrap();
    disk.sync_dir(dir()).unwrap();
    file.write_all_at(b"kept and more", 0).unwrap();
    file.set_len(4).unwrap();
    let seen = left(&disk.take_log(), "a", Model::Halved);
    assert_eq!(seen, [Some(b"kept".to_vec()), Some(b"kept and more".to_vec())].into());
}

#[test]
fn what_a_failed_sync_forgot_no_later_one_brings_back() {
    let disk = LogDisk::new(&[]);
    let file = made(&disk, "a", b"old");
    file.sync_data().unwrap();
    disk.sync_dir(dir()).unwrap();
    file.write_all_at(b"new", 0).unwrap();
    let trouble = Trouble { call: Call::Sync, nth: 1, errno: EIO, lasting: Lasting::Once, told: Told::Error };
    disk.fail(trouble);
    assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(EIO));
    file.sync_data().unwrap();
    assert_eq!(left(&disk.take_log(), "a", Model::Halved), [Some(b"old".to_vec())].into());
    assert_eq!(disk.seen().files[&dir().join("a")], b"new", "the system goes on showing it");
}

#[test]
fn a_renaming_is_there_as_a_whole_or_not_at_all() {
    let disk = LogDisk::new(&[]);
    made(&disk, "a", b"new").sync_data().unwrap();
    disk.sync_dir(dir()).unwrap();
    disk.rename(&dir().join("a"), &dir().join("b")).unwrap();
    let log = disk.take_log();
    for seed in 0..16 {
        let image = Image::default().after_cut(&log, Model::Halved, &mut Chance(seed));
        assert_eq!(image.files.into_values().collect::<Vec<_>>(), [b"new"]);
    }
}
