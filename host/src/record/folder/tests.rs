use super::*;

fn entry(file: &str) -> Entry {
    let (kind, provider) = ("webhook".to_owned(), "shopify".to_owned());
    Entry { file: file.to_owned(), kind, topic: None, provider, shape: None }
}

#[test]
fn only_a_new_folder_or_a_recording_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let check = |name: &str, is_taken: bool| {
        let opened = Folder::open(&dir.path().join(name));
        assert_eq!(matches!(opened, Err(FolderError::Taken(_))), is_taken, "{name}: {opened:?}");
    };
    check("new/and/deep", false);
    check("new/and/deep", false);
    // Its own subfolders make it something else.
    check("new", true);
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    check("empty", false);
    std::fs::create_dir(dir.path().join("photos")).unwrap();
    std::fs::write(dir.path().join("photos/cat.jpeg"), "meow").unwrap();
    check("photos", true);
    assert_eq!(std::fs::read_dir(dir.path().join("photos")).unwrap().count(), 1, "nothing was added");
}

#[test]
fn what_is_not_understood_is_not_continued() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["{", "[]", r#"{"version": 2, "connections": {}, "runs": []}"#] {
        std::fs::write(dir.path().join(ABOUT), text).unwrap();
        let opened = Folder::open(dir.path());
        assert!(matches!(opened, Err(FolderError::Unreadable(_))), "{text}: {opened:?}");
        assert_eq!(std::fs::read_to_string(dir.path().join(ABOUT)).unwrap(), text);
    }
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Folder::open(&file), Err(FolderError::Disk(..))));
}

#[test]
fn a_further_run_adds_to_files_and_index() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Folder::open(dir.path()).unwrap();
    let file = first.free("shop", "", "1");
    assert_eq!(file, "shop/1.json");
    assert_eq!(first.write(entry(&file), "{}").unwrap(), Written::Yes);
    first.write_index().unwrap();
    let mut second = Folder::open(dir.path()).unwrap();
    let file = second.free("shop", "", "1");
    assert_eq!(file, "shop/1-2.json");
    second.write(entry(&file), "{}").unwrap();
    second.pause().unwrap();
    let files: Vec<String> = second.read_index().unwrap().into_iter().map(|entry| entry.file).collect();
    assert_eq!(files, [ABOUT, "shop/1.json", "shop/1-2.json"]);
}

#[test]
fn a_recording_does_not_grow_for_ever() {
    let check = |limits: Limits, expected: usize| {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        folder.limits = limits;
        let written = (0..9)
            .map(|number| folder.write(entry(&format!("shop/{number}.json")), "12345").unwrap())
            .take_while(|written| *written == Written::Yes)
            .count();
        assert_eq!(written, expected, "{limits:?}");
        assert_eq!(std::fs::read_dir(dir.path().join("shop")).unwrap().count(), expected);
    };
    check(Limits { files: 2, bytes: 1_000 }, 2);
    check(Limits { files: 9, bytes: 19 }, 3);
}

#[test]
fn others_may_not_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let mut folder = Folder::open(&dir.path().join("rec")).unwrap();
    folder.write(entry("shop/1.json"), "{}").unwrap();
    for (path, mode) in
        [("rec", 0o700), ("rec/shop", 0o700), ("rec/shop/1.json", 0o600), ("rec/recording.json", 0o600)]
    {
        let found = std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
}
