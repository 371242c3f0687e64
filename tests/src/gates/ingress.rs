//! Nobody gets a delivery in who cannot sign it, and nothing that is signed brings the hub down: every way of signing that a
//! connector declares under changes written down and under changes by chance, how long a refusal takes, bodies of every shape
//! and a crowd of slow clients at a whole hub.

mod cases;
mod mutants;
mod shapes;
mod signed;
mod slow;
mod timing;

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Context as _;
use hub_gates::parallel;
use hub_gates::{Fault, Gate, Report, Setup};
use hub_runtime::manifest::{Signature, SignedPart};

use crate::day::dice::Dice;
use signed::{KEY, Way};

/// Mutants of each way of signing, in thousands.
const MUTANTS_THOUSANDS: [u64; 3] = [50, 1_000, 1_000];
const THOUSAND: u64 = 1_000;

const BODY: Fault = Fault("the body is not part of what is checked");
const ANY_KEY: Fault = Fault("an old key is never taken away");
const AGE: Fault = Fault("the age of a delivery is not checked");

pub(crate) const GATE: Gate = Gate {
    name: "ingress",
    says: "a changed delivery is not believed, how long a refusal takes tells nothing, no body and no crowd brings the hub down",
    run,
    faults: &[BODY, ANY_KEY, AGE, timing::EARLY, slow::NO_END],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(error) = run_all(setup, &mut report) {
        report.failures.push(format!("the gate could not be run: {error:#}"));
    }
    report
}

fn run_all(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let ways = ways(setup)?;
    report.figure("ways of signing that connectors declare", ways.len() as u64);
    try_cases(setup, &ways, report)?;
    try_mutants(setup, &ways, report)?;
    timing::try_all(setup, &ways, report)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if setup.fault().is_none() {
        runtime.block_on(shapes::try_all(report))?;
    }
    if setup.fault().is_none_or(|fault| fault == slow::NO_END) {
        runtime.block_on(slow::try_all(setup, report))?;
    }
    Ok(())
}

fn ways(setup: &Setup) -> anyhow::Result<Vec<Way>> {
    let mut ways = signed::ways()?;
    if setup.has(BODY) {
        for way in &mut ways {
            if let Signature::Hmac(hmac) = &mut way.scheme {
                hmac.signed.retain(|part| *part != SignedPart::Body);
            }
        }
    }
    Ok(ways)
}

fn try_cases(setup: &Setup, ways: &[Way], report: &mut Report) -> anyhow::Result<()> {
    let cases = cases::all();
    for way in ways {
        for case in &cases {
            let mut delivery = case.delivery(way)?;
            spoil(setup, &mut delivery);
            let said = delivery.checked();
            if said.is_ok() != case.is_believed(way)? {
                report.failures.push(format!("cases.txt:{}: {} says {said:?}", case.line, way.name));
            }
        }
    }
    report.figure("changes of each that are written down", cases.len() as u64);
    Ok(())
}

/// Takes out the protections that are planted as missing.
fn spoil(setup: &Setup, delivery: &mut signed::Signed) {
    if setup.has(ANY_KEY) {
        delivery.keys.push(KEY.to_owned());
    }
    if setup.has(AGE) {
        delivery.tolerance = Some(0);
    }
}

/// Of a thousand mutants.
#[derive(Default)]
struct Tally {
    judged: u64,
    failures: Vec<String>,
}

fn try_mutants(setup: &Setup, ways: &[Way], report: &mut Report) -> anyhow::Result<()> {
    let thousands = setup.cases(MUTANTS_THOUSANDS);
    let start = std::time::Instant::now();
    let tallies = parallel::each(thousands * ways.len() as u64, |number| {
        let way = ways.get(usize::try_from(number).unwrap_or_default() % ways.len().max(1))?;
        let tried = catch_unwind(AssertUnwindSafe(|| a_thousand(setup, way, number)));
        Some(tried.unwrap_or_else(|_| Tally {
            failures: vec![format!("{}: a panic among the mutants of thousand {number}", way.name)],
            ..Tally::default()
        }))
    });
    let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut judged = 0;
    for tally in tallies {
        let tally = tally.context("there is no way of signing")?;
        judged += tally.judged;
        report.failures.extend(tally.failures);
    }
    let mutants = thousands * THOUSAND * ways.len() as u64;
    report.figure("mutants", mutants);
    report.figure("of them changed in what is signed", judged);
    report.figure("mutants a second", mutants * 1_000 / milliseconds.max(1));
    Ok(())
}

fn a_thousand(setup: &Setup, way: &Way, number: u64) -> Tally {
    let mut tally = Tally::default();
    let Ok(right) = way.signed(0) else {
        tally.failures.push(format!("{} cannot be signed", way.name));
        return tally;
    };
    let mut dice = Dice::new(setup.seed ^ number.rotate_left(32));
    for mutant in 0..THOUSAND {
        let mut delivery = right.clone();
        let changed = mutants::mutate(&mut delivery, &mut dice);
        if mutants::is_same(way, &right, &delivery) {
            continue;
        }
        tally.judged += 1;
        spoil(setup, &mut delivery);
        if delivery.checked().is_ok() {
            tally.failures.push(format!(
                "{}: mutant {mutant} of thousand {number} is believed, changed in {}",
                way.name,
                changed.join(" and ")
            ));
        }
    }
    tally
}
