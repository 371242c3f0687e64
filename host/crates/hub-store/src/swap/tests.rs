//! A rebuilt view takes the place of the old one, whenever the process dies.

use tempfile::TempDir;

use super::*;
use crate::conformance::{batch, put};
use crate::{SledOptions, SledStore, Store, Table};

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir, &SledOptions::default()).unwrap()
}

fn write(dir: &Path, applied: u64) {
    open(dir).commit(batch(applied, [put(Table::Meta, b"a", b"1")])).unwrap();
}

/// An old view at 1 and a rebuilt one at 2, both closed.
fn rebuilt() -> (TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("view");
    write(&dir, 1);
    write(&begin_rebuild(&dir).unwrap(), 2);
    drop(pack_rebuild(&dir, &SledOptions::default()).unwrap());
    (home, dir)
}

fn names(home: &TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_rebuilt_view_replaces_the_old_one() {
    let (home, dir) = rebuilt();
    assert_eq!(open(&dir).applied().unwrap(), 1);
    finish_rebuild(&dir).unwrap();
    assert_eq!(names(&home), ["view"]);
    assert_eq!(open(&dir).applied().unwrap(), 2);
}

#[test]
fn a_rebuilt_view_needs_no_old_one() {
    let (home, dir) = rebuilt();
    move_aside(&dir, "damaged-7").unwrap();
    finish_rebuild(&dir).unwrap();
    assert_eq!(names(&home), ["view", "view.damaged-7"]);
    assert_eq!(open(&dir).applied().unwrap(), 2);
}

#[test]
fn a_crash_after_the_first_rename_is_settled_by_open() {
    let (home, dir) = rebuilt();
    fs::rename(&dir, home.path().join("view.old")).unwrap();
    assert_eq!(open(&dir).applied().unwrap(), 2);
    assert_eq!(names(&home), ["view"]);
}

#[test]
fn a_crash_after_the_second_rename_is_settled_by_open() {
    let (home, dir) = rebuilt();
    fs::rename(&dir, home.path().join("view.old")).unwrap();
    fs::rename(home.path().join("view.next"), &dir).unwrap();
    assert_eq!(open(&dir).applied().unwrap(), 2);
    assert_eq!(names(&home), ["view"]);
}

#[test]
fn an_abandoned_rebuild_is_started_over() {
    let (home, dir) = rebuilt();
    assert_eq!(open(&dir).applied().unwrap(), 1);
    write(&begin_rebuild(&dir).unwrap(), 3);
    assert_eq!(names(&home), ["view", "view.draft"]);
    let draft = begin_rebuild(&dir).unwrap();
    assert_eq!(names(&home), ["view"]);
    assert!(matches!(finish_rebuild(&dir), Err(StoreError::Io(_))));
    assert_eq!(open(&draft).applied().unwrap(), 0);
}

#[test]
fn an_open_view_is_not_moved() {
    let (_home, dir) = rebuilt();
    let store = open(&dir);
    assert!(matches!(finish_rebuild(&dir), Err(StoreError::Locked)));
    assert!(matches!(move_aside(&dir, "aside"), Err(StoreError::Locked)));
    drop(store);
    let store = open(&beside(&dir, "next").unwrap());
    assert!(matches!(finish_rebuild(&dir), Err(StoreError::Locked)));
    assert!(matches!(begin_rebuild(&dir), Err(StoreError::Locked)));
    drop(store);
    finish_rebuild(&dir).unwrap();
    let store = open(&begin_rebuild(&dir).unwrap());
    assert!(matches!(pack_rebuild(&dir, &SledOptions::default()), Err(StoreError::Locked)));
    assert!(matches!(begin_rebuild(&dir), Err(StoreError::Locked)));
    drop(store);
}

#[test]
fn a_label_names_a_new_sibling() {
    let (_home, dir) = rebuilt();
    for label in ["", "draft", "next", "old", "../elsewhere", "a/b", "a.b"] {
        assert!(matches!(move_aside(&dir, label), Err(StoreError::Io(_))), "{label}");
    }
    fs::create_dir(beside(&dir, "taken").unwrap()).unwrap();
    assert!(matches!(move_aside(&dir, "taken"), Err(StoreError::Io(_))));
    assert_eq!(open(&move_aside(&dir, "aside").unwrap()).applied().unwrap(), 1);
}
