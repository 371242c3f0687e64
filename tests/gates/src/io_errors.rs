//! The n-th write or sync fails, once or for ever. What the hub as a whole makes of it is tested with the hub.

use std::time::Duration;

use crate::chance::Chance;
use crate::disk::{Call, EIO, ENOSPC, Lasting, Lie, LogDisk, Logged, Told, Trouble};
use crate::gate::{FAULT_SHARE, Fault, Gate, Setup};
use crate::image::{Image, Model};
use crate::parallel::{self, NoAnswer};
use crate::promise::{Broken, Promised};
use crate::report::Report;
use crate::workload::{Appended, Pace, Workload, open};

/// Which call fails, at most.
const NTH_MAX: u64 = 400;
/// Histories for each call that fails.
const HISTORIES: [u64; 3] = [1, 5, 20];
/// What is done once a call has failed.
const ACTS_AFTER: usize = 12;
/// A history that has not met its failure by then has fewer calls of that kind.
const ACTS_MAX: usize = 2_000;
/// From the first append to the last check; a disk in memory answers at once.
const HANG: Duration = Duration::from_secs(5);

const CUT_BACK: Fault = Fault("what a failed write has left is not cut off");
const WRITE_ERROR: Fault = Fault("a write that failed counts as done");
const SYNC_ERROR: Fault = Fault("a sync that failed counts as done");

pub(crate) const GATE: Gate = Gate {
    name: "io-errors",
    says: "whichever write or sync fails, nothing is acknowledged by it, nothing hangs, and nothing acknowledged is lost",
    run,
    faults: &[CUT_BACK, WRITE_ERROR, SYNC_ERROR],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    let troubles = troubles(setup);
    let lies: &[Lie] = if setup.has(CUT_BACK) { &[Lie::Cut] } else { &[] };
    let cases = troubles.len() as u64 * setup.cases(HISTORIES);
    let outcomes = parallel::each(cases, |case| {
        let place = usize::try_from(case).unwrap_or_default() % troubles.len();
        let trouble = *troubles.get(place)?;
        let chance = Chance::of(setup.seed, case);
        let outcome = parallel::within(HANG, move || one_case(trouble, lies, chance));
        Some((trouble, outcome))
    });
    let mut sum = Tally::default();
    for (trouble, outcome) in outcomes.into_iter().flatten() {
        let failure = match outcome {
            Ok(Ok(tally)) => {
                sum.add(&tally);
                continue;
            }
            Ok(Err(Broken(what))) => what,
            Err(NoAnswer::Late) => format!("hangs for more than {} s", HANG.as_secs()),
            Err(NoAnswer::Panicked) => "panics".to_owned(),
        };
        report.failures.push(format!("{trouble:?}: {failure}"));
    }
    report.figure("histories in which a call fails", cases);
    report.figure("of them the failure was met", sum.met);
    report.figure("appends refused", sum.refused);
    report.figure("openings refused", sum.openings_refused);
    report.figure("acknowledged records looked for", sum.acknowledged);
    report.figure("images opened afterwards", sum.images);
    report
}

fn troubles(setup: &Setup) -> Vec<Trouble> {
    let told = |call| match call {
        Call::Write if setup.has(WRITE_ERROR) => Told::Success,
        Call::Sync if setup.has(SYNC_ERROR) => Told::Success,
        Call::Write | Call::Sync => Told::Error,
    };
    let mut troubles = Vec::new();
    let step = if setup.fault().is_some() { FAULT_SHARE } else { 1 };
    for nth in (1..=NTH_MAX).step_by(usize::try_from(step).unwrap_or(1)) {
        for call in [Call::Write, Call::Sync] {
            for errno in [EIO, ENOSPC] {
                for lasting in [Lasting::Once, Lasting::ForEver] {
                    troubles.push(Trouble { call, nth, errno, lasting, told: told(call) });
                }
            }
        }
    }
    troubles
}

#[derive(Default)]
struct Tally {
    met: u64,
    refused: u64,
    openings_refused: u64,
    acknowledged: u64,
    images: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.met += other.met;
        self.refused += other.refused;
        self.openings_refused += other.openings_refused;
        self.acknowledged += other.acknowledged;
        self.images += other.images;
    }
}

fn one_case(trouble: Trouble, lies: &[Lie], mut chance: Chance) -> Result<Tally, Broken> {
    let mut tally = Tally::default();
    let disk = LogDisk::new(lies);
    disk.fail(trouble);
    let promised = match open(&disk) {
        Ok((journal, _)) => {
            let chance = Chance(chance.next());
            let mut workload = Workload::new(&disk, journal, Promised::default(), chance, Pace::OneByOne)?;
            until_after_it(&mut workload, &disk, trouble, &mut tally)?;
            workload.finish()
        }
        Err(_) => {
            tally.openings_refused += 1;
            Promised::default()
        }
    };
    tally.met += u64::from(disk.failures() > 0);
    let seen = disk.seen();
    let log = disk.take_log();
    for image in afterwards(seen, &log, &mut chance) {
        tally.images += 1;
        tally.acknowledged += promised.last();
        healed(&image, promised.clone(), Chance(chance.next()))?;
    }
    Ok(tally)
}

/// Nothing is acknowledged by a call that failed, nor while they go on failing, nor after a failed sync.
fn until_after_it(
    workload: &mut Workload<'_>,
    disk: &LogDisk,
    trouble: Trouble,
    tally: &mut Tally,
) -> Result<(), Broken> {
    let mut left = ACTS_AFTER;
    let (mut is_shut, mut may_be_shut) = (false, false);
    for _ in 0..ACTS_MAX {
        let before = disk.failures();
        let appended = workload.try_act();
        let met = disk.failures() > before;
        let is_bound_to_fail = met || is_shut || (before > 0 && trouble.lasting == Lasting::ForEver);
        match appended {
            Some(Appended::All) if is_bound_to_fail => {
                return Err(Broken(format!(
                    "record {} is acknowledged after a failure",
                    workload.promised.last()
                )));
            }
            Some(Appended::Refused(error)) => {
                tally.refused += 1;
                if !is_bound_to_fail && !may_be_shut {
                    return Err(Broken(format!("an append is refused without a failure: {error}")));
                }
                is_shut |= met && trouble.call == Call::Sync;
            }
            Some(Appended::All) => {}
            // A failed erasure may have been one of the journal's own syncs.
            None => may_be_shut |= met && trouble.call == Call::Sync,
        }
        if disk.failures() > 0 {
            left = left.saturating_sub(1);
        }
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// The process is killed, or the power goes.
fn afterwards(seen: Image, log: &[Logged], chance: &mut Chance) -> [Image; 3] {
    let cut = |model, chance: &mut Chance| Image::default().after_cut(log, model, chance);
    [seen, cut(Model::Dropped, chance), cut(Model::Halved, chance)]
}

/// The disk works again: everything promised is there, and the journal goes on.
fn healed(image: &Image, mut promised: Promised, chance: Chance) -> Result<(), Broken> {
    let disk = LogDisk::with(image, &[]);
    let (journal, recovery) = open(&disk)?;
    promised.check(&journal, &recovery, &disk.seen())?;
    let mut workload = Workload::new(&disk, journal, promised, chance, Pace::OneByOne)?;
    workload.append_or_break()?;
    drop(workload.finish());
    Ok(())
}
