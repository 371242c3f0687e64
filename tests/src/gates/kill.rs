//! The hub killed at random moments under load: nothing it acknowledged is lost, and every effect happens once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hub_gates::{Fault, Gate, Level, Report, Setup};

use super::sale::Sale;
use crate::day::dice::Dice;

/// How often it is killed.
const KILLS: [u64; 3] = [50, 2_000, 10_000];
/// The hub lives so long between two kills: long enough to fold and to act, short enough to have much in hand.
const LIFE_MS: std::ops::Range<u64> = 20..400;
/// One kill in so many comes while the hub is starting again: what recovers can be killed, too.
const IN_START_EVERY: u64 = 3;
/// How far a start gets that is killed; a whole one takes about as long.
const START_MS: std::ops::Range<u64> = 1..200;
/// A hub that was built for speed is to be ready again within this.
const READY_WITHIN: Duration = Duration::from_secs(2);
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
    let mut in_start = 0;
    let kills = setup.cases(KILLS);
    for kill in 1..=kills {
        tokio::time::sleep(Duration::from_millis(dice.within(LIFE_MS))).await;
        sale.stage.kill().await?;
        if setup.has(OLD_DISK) {
            forget(sale.stage.dir(), kill)?;
        }
        if kill.is_multiple_of(IN_START_EVERY) {
            in_start += u64::from(killed_in_start(&mut sale, dice.within(START_MS)).await?);
        }
        let began = Instant::now();
        sale.reopen().await.with_context(|| format!("after kill {kill}"))?;
        starts.push(began.elapsed());
    }
    let records = sale.stage.admin()?.status().await?.journal.last;
    let (people, failures) = sale.close().await?;
    starts.sort();
    report.figure("kills", kills);
    report.figure("and while it was starting again", in_start);
    report.figure("people who ordered", people);
    report.figure("records in the journal at the last start", records);
    for (name, at) in [
        ("ms until ready, half of the starts", starts.len() / 2),
        ("ms until ready, the longest", starts.len().saturating_sub(1)),
    ] {
        let taken = starts.get(at).copied().unwrap_or_default();
        report.figure(name, u64::try_from(taken.as_millis()).unwrap_or(u64::MAX));
    }
    let longest = starts.last().copied().unwrap_or_default();
    if setup.level != Level::Commit && longest > READY_WITHIN {
        report.failures.push(format!("once it was ready only after {longest:?}, more than {READY_WITHIN:?}"));
    }
    report.failures.extend(failures);
    Ok(())
}

/// Starts the hub and kills it after so long; `false` when it was ready by then.
async fn killed_in_start(sale: &mut Sale, after_ms: u64) -> anyhow::Result<bool> {
    let started = tokio::time::timeout(Duration::from_millis(after_ms), sale.reopen()).await;
    let was_ready = sale.stage.hub().is_ok();
    // A start that is given up kills what it has started.
    if let Ok(started) = started {
        started?;
    }
    if was_ready {
        sale.stage.kill().await?;
    }
    Ok(!was_ready)
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
