//! Promises about the source itself; every message says the fix.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            rust_files(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for dir in ["host", "plugin-sdk", "plugins", "xtask", "tests"] {
        rust_files(&root().join(dir), &mut files);
    }
    files.sort();
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap().display().to_string();
    files.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn check(wrong: &[String], fix: &str) {
    assert!(wrong.is_empty(), "{fix}:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_owns() {
    let is_tests = |name: &str| name.ends_with("tests.rs") || name.contains("/tests/");
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(name, text)| !is_tests(name) && !text.trim_start().starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    check(&wrong, "begin each of these files with a `//!` that says what it owns");
}

#[test]
fn an_engine_is_named_in_one_crate() {
    let check_engine = |engine: &str, home: &str| {
        let used = [format!("use {engine}"), format!("{engine}::")];
        let wrong: Vec<String> = sources()
            .into_iter()
            .filter(|(name, _)| !name.starts_with(home) && !name.starts_with("tests/it/tidy"))
            .filter(|(_, text)| {
                text.lines().any(|line| {
                    let code = line.split("//").next().unwrap_or_default();
                    used.iter().any(|used| code.contains(used.as_str()))
                })
            })
            .map(|(name, _)| name)
            .collect();
        check(&wrong, &format!("only {home} names {engine}; go through its trait"));
    };
    check_engine("sled", "host/crates/hub-store/");
    check_engine("wasmtime", "host/crates/hub-runtime/");
}

#[test]
fn pure_crates_ask_nothing_of_the_world() {
    let pure = ["host/crates/hub-model/", "host/crates/hub-rules/", "host/crates/hub-fold/"];
    let worldly = ["std::fs", "std::net", "std::thread", "SystemTime", "Instant::now", "std::env", "tokio::"];
    let is_test =
        |name: &str| name.contains("/tests/") || name.ends_with("tests.rs") || name.contains("/examples/");
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| pure.iter().any(|home| name.starts_with(home)) && !is_test(name))
        .flat_map(|(name, text)| {
            let found: Vec<String> = worldly
                .iter()
                .filter(|word| text.contains(**word))
                .map(|word| format!("{name}: {word}"))
                .collect();
            found
        })
        .collect();
    check(&wrong, "these crates are told the time and handed their data; move the call to host");
}

#[test]
fn host_modules_point_one_way() {
    // config and clock know no stage; stages know neither app nor cli.
    let later = ["crate::app", "crate::cli", "crate::replay"];
    let wiring = ["app.rs", "cli", "replay", "admin", "main.rs", "lib.rs"];
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter_map(|(name, text)| Some((name.strip_prefix("host/src/")?.to_owned(), text)))
        .filter(|(name, _)| !wiring.iter().any(|wiring| name.starts_with(wiring)))
        .filter(|(_, text)| later.iter().any(|later| text.contains(later)))
        .map(|(name, _)| name)
        .collect();
    check(&wrong, "a stage does not know the wiring above it; hand it what it needs");
}

#[test]
fn calls_leave_through_one_function() {
    // Who opens connections, sends datagrams, asks for names, or starts a program that might.
    let ways = [
        "reqwest",
        "TcpStream",
        "TcpSocket",
        "UdpSocket",
        "UnixStream",
        "UnixDatagram",
        "lookup_host",
        "ToSocketAddrs",
        "to_socket_addrs",
        "client::conn",
        "client::legacy",
        "hyper_rustls",
        "wasmtime_wasi_http",
        "process::Command",
    ];
    // The egress function; the command line, which talks to the operator's own hub and has components built.
    let homes = ["host/src/egress", "host/src/cli/", "host/crates/hub-build/"];
    let is_product = |name: &str| {
        name.starts_with("host/") || name.starts_with("plugin-sdk/") || name.starts_with("plugins/")
    };
    let wrong: Vec<String> = product(is_product)
        .filter(|(name, _)| !homes.iter().any(|home| name.starts_with(home)))
        .flat_map(|(name, text)| lines_with(&name, &text, &ways))
        .collect();
    check(&wrong, "only host/src/egress.rs opens connections; go through `Acting` in host/src/acting.rs");

    let sends: Vec<String> = product(|name| name.starts_with("host/src/egress"))
        .flat_map(|(name, text)| {
            lines_with(&name, &text, &[".execute(", ".connect(", "reqwest::get", "Client::new"])
        })
        .collect();
    let [send] = sends.as_slice() else { panic!("one line in host/src/egress.rs sends requests: {sends:?}") };
    assert!(send.starts_with("host/src/egress.rs:"), "the line that sends belongs into Egress::send: {send}");

    let callers: BTreeSet<String> = product(|name| name.starts_with("host/src/"))
        .filter(|(name, text)| {
            !name.starts_with("host/src/egress") && !lines_with(name, text, &["Egress"]).is_empty()
        })
        .map(|(name, _)| name)
        .collect();
    let known = [
        "host/src/acting.rs",
        "host/src/app.rs",
        "host/src/app/lone.rs",
        "host/src/app/lone/egress.rs",
        "host/src/app/lone/plugins.rs",
    ];
    let known: BTreeSet<String> = known.map(str::to_owned).into();
    assert_eq!(
        callers, known,
        "who calls out goes through `Acting`, which asks the throttle and records first"
    );
}

#[test]
fn no_library_of_the_hub_calls_out_by_itself() {
    let clients = [
        "attohttpc",
        "awc",
        "curl",
        "hickory-resolver",
        "isahc",
        "lettre",
        "minreq",
        "opentelemetry-otlp",
        "surf",
        "tokio-tungstenite",
        "tungstenite",
        "ureq",
        "wasmtime-wasi-http",
    ];
    let mut manifests = vec![root().join("host/Cargo.toml"), root().join("plugin-sdk/Cargo.toml")];
    for entry in std::fs::read_dir(root().join("host/crates")).unwrap() {
        manifests.push(entry.unwrap().path().join("Cargo.toml"));
    }
    let mut wrong = Vec::new();
    for manifest in manifests {
        let text = std::fs::read_to_string(&manifest).unwrap();
        let is_host = manifest.ends_with("host/Cargo.toml");
        for line in text.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if clients.contains(&name) || (name == "reqwest" && !is_host) {
                wrong.push(format!("{}: {name}", manifest.display()));
            }
        }
    }
    check(&wrong, "calls go through host/src/egress.rs, whose addresses are checked; use reqwest there");
}

/// The product's own sources, without tests and what builds it.
fn product(is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = (String, String)> {
    let is_test = |name: &str| {
        name.ends_with("tests.rs")
            || name.ends_with("build.rs")
            || ["/tests/", "/benches/", "/examples/"].iter().any(|dir| name.contains(dir))
    };
    sources().into_iter().filter(move |(name, _)| is_meant(name) && !is_test(name))
}

/// `file:line: word` for each line of code with one of the words.
fn lines_with(name: &str, text: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        found.extend(
            words.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}:{number}: {word}")),
        );
    }
    found
}

#[test]
fn unsafe_code_stands_in_named_places_alone() {
    // Compiled code is read back from the hub's own folder; see there.
    let known = BTreeSet::from(["host/crates/hub-runtime/src/cache.rs".to_owned()]);
    let marks = ["unsafe_code", "unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
    let found: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(name, text)| name != "tests/it/tidy.rs" && !lines_with(name, text, &marks).is_empty())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(found, known, "do without unsafe code, or name the place here with the reason");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [["FIX", "ME"].concat(), ["TO", "DO"].concat(), ["XX", "X"].concat()];
    let wrong: Vec<String> = sources()
        .into_iter()
        .flat_map(|(name, text)| {
            let found: Vec<String> = (1..)
                .zip(text.lines())
                .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark.as_str())))
                .map(|(number, _)| format!("{name}:{number}"))
                .collect();
            found
        })
        .collect();
    check(&wrong, "do it, or say in an issue why not");
}

#[test]
fn the_top_level_is_what_it_should_be() {
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "host",
        "plugin-sdk",
        "plugins",
        "tests",
        "wit",
        "xtask",
    ];
    let mut found: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !["target", "data"].contains(&name.as_str()))
        .collect();
    found.sort();
    assert_eq!(found, expected, "the top level has a fixed shape; put the file into the folder that owns it");
}
