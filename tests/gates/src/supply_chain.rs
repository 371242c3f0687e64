//! What the product is built of: every package of the lock file comes from the registry with its checksum, the policy in
//! `.deny.toml` allows it, and every exception of the policy has a reason and an end.
//!
//! The policy is held by cargo-deny. Known weaknesses are looked up in RustSec's database, which it fetches; where that cannot
//! be reached the gate says so, and is red for it from the nightly level on.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use hub_model::Timestamp;
use serde::Deserialize;

use crate::gate::{Fault, Gate, Level, Setup};
use crate::report::Report;

const LOCK: &str = "Cargo.lock";
const POLICY: &str = ".deny.toml";
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// `cargo xtask gate` sees to it that it is there.
const CARGO_DENY: &str = "cargo-deny";
/// Before the day an exception ends, in its reason.
const UNTIL: &str = "until ";

const CHECKSUM: Fault = Fault("a package of the lock file has lost its checksum");
const ELSEWHERE: Fault = Fault("a package comes from elsewhere than the registry");
const ENDED: Fault = Fault("an exception has run out");
const BANNED: Fault = Fault("a banned crate is used");
const LICENCE: Fault = Fault("a licence is used that is not allowed");

pub(crate) const GATE: Gate = Gate {
    name: "supply-chain",
    says: "every dependency is one the policy allows, from the registry with its checksum; every exception has an end",
    run,
    faults: &[CHECKSUM, ELSEWHERE, ENDED, BANNED, LICENCE],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(failure) = look(setup, &mut report) {
        report.failures.push(failure);
    }
    report
}

fn look(setup: &Setup, report: &mut Report) -> Result<(), String> {
    check_lock(setup, report)?;
    check_exceptions(setup, report)?;
    check_policy(setup, report)
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

fn check_lock(setup: &Setup, report: &mut Report) -> Result<(), String> {
    let mut lock: Lock = read(Path::new(LOCK))?;
    let foreign = lock.package.iter_mut().find(|package| package.source.is_some());
    if let Some(package) = foreign {
        match setup.fault() {
            Some(CHECKSUM) => package.checksum = None,
            Some(ELSEWHERE) => package.source = Some("git+https://example.com/fork".to_owned()),
            _ => {}
        }
    }
    let foreign: Vec<&Package> = lock.package.iter().filter(|package| package.source.is_some()).collect();
    report.figure("packages of the lock file", lock.package.len() as u64);
    report.figure("of them from the registry, with a checksum", foreign.len() as u64);
    for Package { name, version, source, checksum } in foreign {
        if source.as_deref() != Some(REGISTRY) {
            report
                .failures
                .push(format!("{name} {version} is not from the registry: see its source in {LOCK}"));
        }
        if checksum.as_ref().is_none_or(|checksum| checksum.len() != 64) {
            report.failures.push(format!("{name} {version} has no SHA-256 in {LOCK}"));
        }
    }
    let resolved = ran(Command::new(cargo()).args(["metadata", "--locked", "--format-version", "1"]))?;
    if !resolved.status.success() {
        report
            .failures
            .push(format!("{LOCK} is not what the manifests ask for: {}", last_line(&resolved.stderr)));
    }
    Ok(())
}

/// What the policy lets pass although it should not.
#[derive(Deserialize)]
struct Policy {
    advisories: Advisories,
}

#[derive(Deserialize)]
struct Advisories {
    #[serde(default)]
    ignore: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    id: String,
    #[serde(default)]
    reason: String,
}

impl Exception {
    /// The day it ends, as `2027-06-30`.
    fn ends(&self) -> Option<&str> {
        let (_, behind) = self.reason.rsplit_once(UNTIL)?;
        let day = behind.get(..10)?;
        let is_day = day.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        is_day.then_some(day)
    }
}

fn check_exceptions(setup: &Setup, report: &mut Report) -> Result<(), String> {
    let policy: Policy = read(Path::new(POLICY))?;
    let today = if setup.has(ENDED) { "9999-01-01".to_owned() } else { today() };
    report.figure("exceptions of the policy", policy.advisories.ignore.len() as u64);
    for exception in &policy.advisories.ignore {
        let id = &exception.id;
        match exception.ends() {
            None => report
                .failures
                .push(format!("{id} is let pass without an end: write `{UNTIL}<day>` into its reason")),
            Some(end) if *end < *today => {
                report
                    .failures
                    .push(format!("{id} was let pass until {end}: look at it again, and say until when"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an exception of the policy ends on a day of the calendar")]
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)).to_string();
    now.get(..10).unwrap_or_default().to_owned()
}

fn check_policy(setup: &Setup, report: &mut Report) -> Result<(), String> {
    let deny = Deny::with_policy(setup)?;
    let checked = deny.check(&["bans", "licenses", "sources"])?;
    report.figure("kinds of rules held by cargo-deny", 3);
    report.failures.extend(checked);
    if setup.fault().is_some() {
        return Ok(());
    }
    let fetched = ran(Command::new(CARGO_DENY).args(["fetch", "db"]))?;
    let is_there = fetched.status.success();
    report.figure("databases of known weaknesses looked at", u64::from(is_there));
    if is_there {
        report.failures.extend(deny.check(&["advisories"])?);
    } else if setup.level != Level::Commit {
        report.failures.push(format!(
            "the database of known weaknesses is out of reach: {}",
            last_line(&fetched.stderr)
        ));
    }
    Ok(())
}

/// cargo-deny with a policy.
struct Deny {
    policy: PathBuf,
    _folder: tempfile::TempDir,
}

impl Deny {
    fn with_policy(setup: &Setup) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(told)?;
        let policy = folder.path().join("deny.toml");
        let text = fs::read_to_string(POLICY).map_err(told)?;
        fs::write(&policy, planted(setup, text)?).map_err(told)?;
        Ok(Self { policy, _folder: folder })
    }

    /// What it has to say against the tree.
    fn check(&self, what: &[&str]) -> Result<Vec<String>, String> {
        let output = ran(Command::new(CARGO_DENY)
            .args(["--locked", "--color", "never", "--config"])
            .arg(&self.policy)
            .args(["check", "--hide-inclusion-graph"])
            .args(what))?;
        if output.status.success() {
            return Ok(Vec::new());
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let errors = text.lines().filter(|line| line.starts_with("error"));
        let mut errors: Vec<String> = errors.map(str::to_owned).collect();
        if errors.is_empty() {
            errors.push(format!("cargo-deny: {}", last_line(&output.stderr)));
        }
        Ok(errors)
    }
}

/// The policy, or one that what is there must fail.
fn planted(setup: &Setup, policy: String) -> Result<String, String> {
    let (from, to) = match setup.fault() {
        Some(BANNED) => ("deny = [", "deny = [\n    { crate = \"serde\" },"),
        Some(LICENCE) => ("\"MIT\", ", ""),
        _ => return Ok(policy),
    };
    let changed = policy.replacen(from, to, 1);
    if changed == policy { Err(format!("{POLICY} has no {from}")) } else { Ok(changed) }
}

fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {}", file.display(), error.message()))
}

fn ran(command: &mut Command) -> Result<Output, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().map_err(|error| format!("{name} could not be started: {error}"))
}

fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

fn told(error: impl std::error::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::Exception;

    #[test]
    fn an_exception_ends_on_the_day_its_reason_names() {
        let ends = |reason: &str| {
            let exception = Exception { id: String::new(), reason: reason.to_owned() };
            exception.ends().map(str::to_owned)
        };
        assert_eq!(ends("old, and sees our own rows only; until 2027-06-30").as_deref(), Some("2027-06-30"));
        assert_eq!(ends("until it is mended; until 2027-06-30, or earlier").as_deref(), Some("2027-06-30"));
        for endless in ["", "until", "until it is mended", "until 2027-6-30", "until 30.06.2027"] {
            assert_eq!(ends(endless), None, "{endless}");
        }
    }
}
