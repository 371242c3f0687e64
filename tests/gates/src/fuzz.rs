//! Bytes that an engine makes up, led by which code they reach, against every place where bytes come in: the targets of
//! `tests/fuzz`. At commit level those whose code was changed by the last commit or since.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::gate::{Fault, Gate, Level, Setup};
use crate::parallel;
use crate::report::Report;

/// Inputs of each target.
const RUNS: [u64; 3] = [1_000_000, 5_000_000, 20_000_000];
/// An input that takes longer is a finding.
const SECONDS_MAX: u64 = 10;
const INPUT_BYTES_MAX: u64 = 4_096;
const TARGETS_DIR: &str = "tests/fuzz";
/// What cargo-fuzz builds for where it is not told otherwise.
const BUILT: &str = "x86_64-unknown-linux-gnu/release";

const NEEDLE: Fault = Fault("a target breaks at one input of four thousand million");

pub(crate) const GATE: Gate = Gate {
    name: "fuzz",
    says: "whatever bytes come in, they are answered or refused: no panic, no hang, no promise broken",
    run,
    faults: &[NEEDLE],
};

struct Target {
    name: &'static str,
    /// Folders of inputs to begin with; none where they are bytes that nobody would write.
    seeds: &'static [&'static str],
    /// Where the code lies that it tries.
    code: &'static [&'static str],
    needs: Needs,
}

/// What it is built with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    /// A few crates of our own, in a minute.
    Little,
    /// The host and its sandbox.
    Hub,
}

const TARGETS: [Target; 8] = [
    Target {
        name: "journal",
        seeds: &[],
        code: &["host/crates/hub-journal/src", "tests/fuzz/src/journal.rs"],
        needs: Needs::Little,
    },
    Target {
        name: "record",
        seeds: &[],
        code: &["host/crates/hub-fold/src/record", "host/crates/hub-model/src", "tests/fuzz/src/record.rs"],
        needs: Needs::Little,
    },
    Target {
        name: "rules",
        seeds: &["tests/golden/rules/ok", "tests/golden/rules/bad", "host/templates"],
        code: &["host/crates/hub-rules/src", "tests/fuzz/src/rules.rs"],
        needs: Needs::Little,
    },
    Target {
        name: "address",
        seeds: &[],
        code: &["host/src/egress", "tests/fuzz/src/address.rs"],
        needs: Needs::Hub,
    },
    Target {
        name: "config",
        seeds: &["tests/fuzz/seeds/config"],
        code: &["host/src/config", "host/src/secret", "tests/fuzz/src/config.rs"],
        needs: Needs::Hub,
    },
    Target {
        name: "lifting",
        seeds: &["tests/fuzz/seeds/lifting"],
        code: &["host/crates/hub-runtime/src", "wit", "tests/fuzz/src/lifting.rs"],
        needs: Needs::Hub,
    },
    Target {
        name: "query",
        seeds: &["tests/fuzz/seeds/query"],
        code: &["host/src/admin", "tests/fuzz/src/query.rs"],
        needs: Needs::Hub,
    },
    Target {
        name: "signature",
        seeds: &[],
        code: &["host/src/signature", "tests/fuzz/src/signature.rs"],
        needs: Needs::Hub,
    },
];

/// Breaks on purpose.
const PLANTED: Target = Target { name: "planted", seeds: &[], code: &[], needs: Needs::Little };

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(failure) = try_all(setup, &mut report) {
        report.failures.push(failure);
    }
    report
}

fn try_all(setup: &Setup, report: &mut Report) -> Result<(), String> {
    let targets = chosen(setup);
    report.figure("places where bytes come in", TARGETS.len() as u64);
    report.figure("of them tried", targets.len() as u64);
    let kinds: BTreeSet<Needs> = targets.iter().map(|target| target.needs).collect();
    for needs in kinds {
        build(needs, targets.iter().filter(|target| target.needs == needs))?;
    }
    let executed = Mutex::new(0);
    let found = parallel::each(targets.len() as u64, |number| {
        let target = targets.get(usize::try_from(number).unwrap_or(usize::MAX))?;
        match fuzz(target, setup) {
            Ok(runs) => {
                *executed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += runs;
                None
            }
            Err(failure) => Some(format!("{}: {failure}", target.name)),
        }
    });
    report.figure("inputs", executed.into_inner().unwrap_or_default());
    report.failures.extend(found.into_iter().flatten());
    Ok(())
}

fn chosen(setup: &Setup) -> Vec<&'static Target> {
    if setup.has(NEEDLE) {
        return vec![&PLANTED];
    }
    if setup.level != Level::Commit {
        return TARGETS.iter().collect();
    }
    let files = changed();
    let is_changed =
        |target: &&Target| files.iter().any(|file| target.code.iter().any(|place| file.starts_with(place)));
    TARGETS.iter().filter(is_changed).collect()
}

/// The files that the last commit changed, and those changed since. Where there is no history nothing is known to have changed,
/// and the nightly level tries all.
fn changed() -> Vec<String> {
    let told = Command::new("git").args(["diff", "--name-only", "HEAD~1"]).stderr(Stdio::null()).output();
    let text = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// cargo-fuzz counts every branch of what it builds, so that has a folder of its own.
fn target_dir() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    target.join("fuzz")
}

fn build<'a>(needs: Needs, targets: impl Iterator<Item = &'a &'static Target>) -> Result<(), String> {
    for target in targets {
        let mut build = Command::new("cargo-fuzz");
        build.args(["fuzz", "build", "--fuzz-dir", TARGETS_DIR, "--sanitizer", "none", "--target-dir"]);
        build.arg(target_dir()).args(["--features", "libfuzzer"]);
        if needs == Needs::Little {
            build.arg("--no-default-features");
        }
        let built = build.arg(target.name).stdout(Stdio::null()).status();
        let built = built.map_err(|error| format!("cargo-fuzz could not be started: {error}"))?;
        if !built.success() {
            return Err(format!("{} could not be built", target.name));
        }
    }
    Ok(())
}

/// Gives the number of inputs.
fn fuzz(target: &Target, setup: &Setup) -> Result<u64, String> {
    let told = |error: std::io::Error| error.to_string();
    let corpus = tempfile::tempdir().map_err(told)?;
    let found = target_dir().join("found");
    fs::create_dir_all(&found).map_err(told)?;
    let runs = setup.cases(RUNS);
    let engine = Command::new(target_dir().join(BUILT).join(target.name))
        .arg(format!("-runs={runs}"))
        .arg(format!("-seed={}", setup.seed % u64::from(u32::MAX)))
        .arg(format!("-timeout={SECONDS_MAX}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-artifact_prefix={}/{}-", found.display(), target.name))
        .arg("-print_final_stats=1")
        .arg(corpus.path())
        .args(target.seeds)
        .output()
        .map_err(told)?;
    let said = String::from_utf8_lossy(&engine.stderr);
    if engine.status.success() {
        return Ok(executed(&said).unwrap_or_default());
    }
    let reason = said.lines().skip_while(|line| !line.contains("panicked at")).take(2);
    let reason = reason.collect::<Vec<_>>().join(" ");
    let file = said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, file)| file);
    Err(format!("{reason} (input: {})", file.unwrap_or("not kept")))
}

fn executed(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}
