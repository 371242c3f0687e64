//! The hub killed at random moments under load: nothing it acknowledged is lost, and every effect happens once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hub_gates::{Fault, Gate, Report, Setup};

use super::sale::Sale;
use crate::day::dice::Dice;

/// How often it is killed.
const KILLS: [u64; 3] = [50, 2_000, 10_000];
/// The hub lives so long between two kills: long enough to fold and to act, short enough to have much in hand.
const LIFE_MS: std::ops::Range<u64> = 20..400;
/// With the fault planted, how the disk was at one kill is put back at a later one.
const COPIED_AT: u64 = 2;
const PUT_BACK_AT: u64 = 6;

const OLD_DISK: Fault = Fault("what was synced is not on the disk after the kill");

pub(crate) const GATE: Gate = Gate {
    name: "kill",
    says: "a hub that is killed at any moment loses nothing it acknowledged, and does nothing twice",
    run,
    faults: &[OLD_DISK],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(error) = super::on_runtime(killed(setup, &mut report)) {
        report.failures.push(format!("the hub could not be tried: {error:#}"));
    }
    report
}

async fn killed(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let mut dice = Dice::new(setup.seed);
    let mut sale = Sale::open().await?;
    let mut starts = Vec::new();
    let kills = setup.cases(KILLS);
    for kill in 1..=kills {
        tokio::time::sleep(Duration::from_millis(dice.within(LIFE_MS))).await;
        sale.stage.kill().await?;
        if setup.has(OLD_DISK) {
            forget(sale.stage.dir(), kill)?;
        }
        let began = Instant::now();
        sale.reopen().await.with_context(|| format!("after kill {kill}"))?;
        starts.push(began.elapsed());
    }
    let records = sale.stage.admin()?.status().await?.journal.last;
    let (people, failures) = sale.close().await?;
    starts.sort();
    report.figure("kills", kills);
    report.figure("people who ordered", people);
    report.figure("records in the journal at the last start", records);
    for (name, at) in [
        ("ms until ready, half of the starts", starts.len() / 2),
        ("ms until ready, the longest", starts.len().saturating_sub(1)),
    ] {
        let taken = starts.get(at).copied().unwrap_or_default();
        report.figure(name, u64::try_from(taken.as_millis()).unwrap_or(u64::MAX));
    }
    report.failures.extend(failures);
    Ok(())
}

/// Copies the data at one kill, and puts the copy back at a later one.
fn forget(dir: &Path, kill: u64) -> anyhow::Result<()> {
    let (data, copy) = (dir.join("data"), dir.join("data-before"));
    match kill {
        COPIED_AT => copied(&data, &copy),
        PUT_BACK_AT => {
            std::fs::remove_dir_all(&data)?;
            copied(&copy, &data)
        }
        _ => Ok(()),
    }
}

fn copied(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copied(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
