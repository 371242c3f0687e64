//! Where secrets may stand, and that none of them shows.

use std::io::Write as _;

use super::*;

fn check_file(content: &[u8]) -> Result<Vec<String>, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key"), content).unwrap();
    resolved("file:key", dir.path(), None)
}

fn check_env(value: Option<&str>) -> Result<Vec<String>, String> {
    resolved("env:SHOP_KEY", Path::new("."), value)
}

fn resolved(place: &str, base_dir: &Path, value: Option<&str>) -> Result<Vec<String>, String> {
    let place: SecretRef = place.parse().unwrap();
    let secrets = place.resolve_with(base_dir, |name| {
        assert_eq!(name, "SHOP_KEY");
        value.map(OsString::from)
    });
    match secrets {
        Ok(secrets) => Ok(secrets.iter().map(|secret| secret.expose().to_owned()).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_line_is_a_secret() {
    let one = Ok(vec!["s3cret".to_owned()]);
    assert_eq!(check_file(b"s3cret"), one);
    assert_eq!(check_file(b"s3cret\n"), one);
    assert_eq!(check_file(b"s3cret\r\n"), one);
    assert_eq!(check_file(b"\n\n  \ns3cret\n\n"), one);
    assert_eq!(check_env(Some("s3cret")), one);
    assert_eq!(check_file(b"new\nold\n"), Ok(vec!["new".to_owned(), "old".to_owned()]));
    assert_eq!(check_env(Some("new\nold")), Ok(vec!["new".to_owned(), "old".to_owned()]));
    assert_eq!(check_file(b" a b \n"), Ok(vec![" a b ".to_owned()]));
}

#[test]
fn what_cannot_be_a_secret_is_named_without_its_text() {
    let told = |result: Result<Vec<String>, String>, what: &str| {
        let text = result.unwrap_err();
        assert!(text.contains(what) && !text.contains("s3cret"), "{text}");
    };
    told(check_file(b""), "empty");
    told(check_file(b" \n\t\n"), "empty");
    told(check_file(b"s3cret\xff"), "not UTF-8");
    told(check_file(b"s3cret\0\n"), "control character");
    told(check_file(&[b'a'; 64 * 1024 + 1]), "larger than 65536");
    told(check_file("s3cret\n".repeat(9).as_bytes()), "more than 8");
    told(check_env(None), "env:SHOP_KEY: the environment variable is not set");
    told(check_env(Some("")), "empty");
    let dir = tempfile::tempdir().unwrap();
    told(resolved("file:absent", dir.path(), None), "file:absent: there is no such file");
    told(resolved("file:.", dir.path(), None), "not a regular file");
}

#[test]
fn a_file_may_have_an_absolute_path() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"s3cret\n").unwrap();
    let place = SecretRef::File(file.path().to_owned());
    let secrets = place.resolve(Path::new("elsewhere")).unwrap();
    assert_eq!(secrets.iter().map(Secret::expose).collect::<Vec<_>>(), ["s3cret"]);
}

#[test]
fn only_two_forms_are_places() {
    assert_eq!("env:A_1".parse::<SecretRef>().unwrap(), SecretRef::Env("A_1".into()));
    assert_eq!("file:run/keys/a b".parse::<SecretRef>().unwrap(), SecretRef::File("run/keys/a b".into()));
    let texts = [
        "",
        "s3cret",
        "ENV:A",
        " env:A",
        "env:",
        "env:1A",
        "env:A-s3cret",
        "env:A=s3cret",
        "env:A ",
        "file:",
    ];
    for text in texts.into_iter().chain(["file: ", "file:a\nb", "vault:s3cret", "https://s3cret"]) {
        let error = text.parse::<SecretRef>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{text:?} gives {error}");
    }
}

#[test]
fn a_secret_is_not_shown() {
    let secret = Secret::new("s3cret").unwrap();
    assert_eq!(format!("{secret:?} {:#?}", vec![secret.clone()]).matches("s3cret").count(), 0);
    assert!(matches!(Secret::new(""), Err(SecretError::Empty)));
}
