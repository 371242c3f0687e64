//! The hub asked to stop at random moments under load: it ends by itself in time, and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use hub_gates::{Fault, Gate, Report, Setup};
use rustix::process::Signal;

use super::sale::Sale;
use crate::day::dice::Dice;

/// How often it is asked to stop.
const STOPS: [u64; 3] = [24, 500, 2_000];
const LIFE_MS: std::ops::Range<u64> = 20..400;
const ENDED_WITHIN: Duration = Duration::from_secs(30);

const NOT_CAUGHT: Fault = Fault("the signal to stop is not caught");

pub(crate) const GATE: Gate = Gate {
    name: "drain",
    says: "a hub that is asked to stop finishes what it has in hand, ends within 30 s and loses nothing",
    run,
    faults: &[NOT_CAUGHT],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(error) = super::on_runtime(drained(setup, &mut report)) {
        report.failures.push(format!("the hub could not be tried: {error:#}"));
    }
    report
}

async fn drained(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let mut dice = Dice::new(setup.seed);
    let mut sale = Sale::open().await?;
    let mut longest = Duration::ZERO;
    let stops = setup.cases(STOPS);
    // What a process does with a signal that it does not catch is end at once.
    let signal = if setup.has(NOT_CAUGHT) { Signal::KILL } else { Signal::TERM };
    for stop in 1..=stops {
        tokio::time::sleep(Duration::from_millis(dice.within(LIFE_MS))).await;
        let began = Instant::now();
        sale.stage.stop_by(signal).await.with_context(|| format!("stop {stop}"))?;
        longest = longest.max(began.elapsed());
        sale.reopen().await.with_context(|| format!("after stop {stop}"))?;
    }
    let (people, failures) = sale.close().await?;
    report.figure("stops", stops);
    report.figure("people who ordered", people);
    report
        .figure("ms until it had ended, the longest", u64::try_from(longest.as_millis()).unwrap_or(u64::MAX));
    if longest > ENDED_WITHIN {
        report.failures.push(format!("it took {longest:?} to end, more than {ENDED_WITHIN:?}"));
    }
    report.failures.extend(failures);
    Ok(())
}
