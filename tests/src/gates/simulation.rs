//! Hours of a shop under one seeded scheduler and one clock that is turned by hand: people act at the simulated providers,
//! webhooks come twice, late and out of order, calls fail before or after they acted, providers are down, clocks are set, the
//! hub crashes between any two steps, with its view or without. Each seed is told twice and has to tell the same; in the end
//! the model is the providers' truth, and whatever rules asked for happened once.

mod hub;
mod story;

use anyhow::{Context as _, ensure};
use hub_gates::parallel::each;
use hub_gates::{Fault, Gate, Report, Setup};

use story::{Lacks, Story, Told};

const SEEDS: [u64; 3] = [100, 2_000, 10_000];

/// Of so many effects at most one may be left to a person, because nothing at the provider tells whether it happened.
const ASKED_ONE_IN: u64 = 100;

const NO_JOURNAL: Fault = Fault("a crash loses what was acknowledged");
const NO_ATTEMPT: Fault = Fault("nothing is written down before a provider is called");
const CHANCE: Fault = Fault("what happens depends on more than the seed");

pub(crate) const GATE: Gate = Gate {
    name: "simulation",
    says: "whatever order things happen in, the model is the providers' truth in the end; the same seed tells the same",
    run,
    faults: &[NO_JOURNAL, NO_ATTEMPT, CHANCE],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    let seeds = setup.cases(SEEDS);
    let mut all = Told::default();
    for case in each(seeds, |number| twice(setup, setup.seed.wrapping_add(number))) {
        match case {
            Ok(case) => all.add(case),
            Err(error) => report.failures.push(format!("{error:#}")),
        }
    }
    report.figure("seeds, each told twice", seeds);
    report.figure("simulated hours", all.minutes / 60);
    report.figure("steps", all.steps);
    report.figure("records", all.records);
    report.figure("effects that happened", all.effects);
    report.figure("of them a person is asked about", all.unknown);
    report.figure("crashes", all.crashes);
    report.figure("of them while a provider was answering", all.cut_short);
    report.figure("calls that failed on purpose", all.faults);
    report.figure("times a clock was set", all.clocks);
    report.failures.append(&mut all.wrong);
    if all.unknown * ASKED_ONE_IN > all.effects {
        report.failures.push("people are asked about too many effects".to_owned());
    }
    report
}

/// Tells the story of a seed twice.
fn twice(setup: &Setup, seed: u64) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let lacks = Lacks { journal: setup.has(NO_JOURNAL), attempt: setup.has(NO_ATTEMPT) };
    super::on_runtime(async {
        let again = seed ^ u64::from(setup.has(CHANCE));
        told = Story::begin(seed).await?.tell(lacks).await?;
        let again = Story::begin(again).await?.tell(lacks).await?;
        ensure!(told.digest == again.digest, "it was told otherwise the second time");
        Ok(())
    })
    .with_context(|| format!("seed {seed}"))?;
    told.wrong.iter_mut().for_each(|wrong| *wrong = format!("seed {seed}: {wrong}"));
    Ok(told)
}
