//! Payloads as providers document and send them, where they lie beside the project: every one is understood, or kept
//! with a word on why not, and neither order nor repetition changes what they come to. They are not ours to hand on,
//! so without them there is nothing to check.

use std::path::PathBuf;
use std::process::Command;

use hub_tests::support::binaries;
use serde::Deserialize;

/// Two orders of arrival, each with some deliveries twice.
const SEEDS: [&str; 2] = ["7", "20260301"];
const DUPLICATE_PERCENT: &str = "40";

#[derive(Deserialize)]
struct Outcome {
    deliveries: Vec<Fate>,
    totals: Totals,
    digest: String,
}

#[derive(Debug, Deserialize)]
struct Fate {
    file: String,
    outcome: String,
    events: u32,
    ignored: u32,
    unknown: u32,
    malformed: u32,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Totals {
    delivered: usize,
    duplicates: usize,
    processed: usize,
    events: u64,
    customers: u64,
}

#[test]
fn samples_are_understood_in_any_order() {
    let Some(samples) = samples() else {
        eprintln!("no samples beside the project: nothing to check");
        return;
    };
    let recorded = replay(&samples, &[]);
    check_fates(&recorded);
    assert!(recorded.totals.processed > 0 && recorded.totals.events > 0, "{:?}", recorded.totals);
    for seed in SEEDS {
        let shuffled = replay(&samples, &["--shuffle", seed, "--duplicate", DUPLICATE_PERCENT]);
        check_fates(&shuffled);
        let Totals { delivered, duplicates, processed, customers, .. } = shuffled.totals;
        assert!(duplicates > recorded.totals.duplicates, "seed {seed}: nothing came twice");
        assert_eq!(delivered, processed + duplicates, "seed {seed}: something was lost");
        assert_eq!(processed, recorded.totals.processed, "seed {seed}");
        assert_eq!(customers, recorded.totals.customers, "seed {seed}");
        assert_eq!(shuffled.digest, recorded.digest, "seed {seed}: the order of arrival matters");
    }
}

fn samples() -> Option<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    dir.join("index.json").is_file().then_some(dir)
}

fn replay(samples: &std::path::Path, more: &[&str]) -> Outcome {
    let mut command = Command::new(binaries::omnihub().unwrap());
    command.arg("replay").arg("--deliveries").arg(samples).args(["--json", "--digest"]).args(more);
    let output = command.arg("--plugins").arg(binaries::components().unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{more:?}: {}: {said}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A connector that traps, gives up or is refused leaves its delivery parked; one that says nothing drops it in silence.
fn check_fates(outcome: &Outcome) {
    let wrong: Vec<String> = outcome.deliveries.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), outcome.deliveries.len(), wrong.join("\n"));
}

fn wrong(fate: &Fate) -> Option<String> {
    let reason = fate.reason.as_deref().unwrap_or("no reason");
    match fate.outcome.as_str() {
        // Recorded as an answer or an error of a provider, not as a delivery.
        "skipped" => None,
        "processed" if fate.malformed > 0 => Some(format!("{}: {} malformed", fate.file, fate.malformed)),
        "processed" if fate.events + fate.ignored + fate.unknown == 0 => {
            Some(format!("{}: silent", fate.file))
        }
        "processed" => None,
        other => Some(format!("{}: {other}: {reason}", fate.file)),
    }
}
