//! A crash at every step of an effect's life, told by a seed. The dispatcher, the journal, the view, the connectors and HTTP
//! are the hub's own, the providers are the simulator's; the test stands in between: it folds what is journalled, holds a
//! request or its answer on the way, and drops everything at the step it is about. What is left are the files a killed
//! process leaves. (`crash` kills the process itself, at moments nobody chose.)
//!
//! Afterwards the simulator's records are laid beside the hub's ledger: keyed and probed actions have happened exactly
//! once, natural ones are as if they had, and an unsafe one whose outcome is not known waits for a person.
//!
//! `HUB_CRASH_RUNS` says how many runs (140 without), `HUB_SEED` the first one's seed; a failure names its own.

mod deed;
mod life;
mod plan;
mod run;
mod wire;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hub_tests::support::number;

use self::plan::{Plan, Step};
use self::run::{Ended, Theatre, run};

/// Each action at each step twice: half a minute.
const RUNS: u64 = 140;
const SEED: u64 = 20_261_123;
/// Each has providers, folder and hub of its own; most of a run is waiting for the disk.
const WORKERS: usize = 4;

/// What the runs of a grade and a step came to.
#[derive(Clone, Copy, Default)]
struct Tally {
    runs: u64,
    once: u64,
    parked: u64,
    again: u64,
}

#[test]
fn a_crash_at_any_step_leaves_each_effect_done_once_or_with_a_person() {
    let runs = number("HUB_CRASH_RUNS").unwrap_or(RUNS);
    let seed = number("HUB_SEED").unwrap_or(SEED);
    eprintln!("HUB_SEED={seed} HUB_CRASH_RUNS={runs}");
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let tallies = Mutex::new(BTreeMap::new());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let theatre = Theatre::open();
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= runs {
                        return;
                    }
                    let plan = Plan::drawn(seed.wrapping_add(number));
                    let _told = ToldOnPanic(&plan);
                    match run(&theatre, &plan) {
                        Ok(ended) => count(&mut tallies.lock().unwrap(), &plan, ended),
                        Err(what) => wrong.lock().unwrap().push(format!("{what}\n  {plan}")),
                    }
                }
            });
        }
    });
    let tallies = tallies.into_inner().unwrap();
    eprintln!("{}{runs} runs in {:.1?}", table(&tallies), began.elapsed());
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {runs} runs:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where a run panics, its plan is told as well.
struct ToldOnPanic<'a>(&'a Plan);

impl Drop for ToldOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("panicked in {}", self.0);
        }
    }
}

fn count(tallies: &mut BTreeMap<(String, Step), Tally>, plan: &Plan, ended: Ended) {
    let grade = format!("{:?}", plan.deed.grade).to_lowercase();
    let tally = tallies.entry((grade, plan.step)).or_default();
    tally.runs += 1;
    tally.again += u64::from(ended.has_crashed_again);
    match ended.is_with_a_person {
        true => tally.parked += 1,
        false => tally.once += 1,
    }
}

fn table(tallies: &BTreeMap<(String, Step), Tally>) -> String {
    let mut text =
        format!("{:<8} {:<10} {:>5} {:>6} {:>5} {:>7}\n", "grade", "step", "runs", "again", "once", "parked");
    for ((grade, step), Tally { runs, again, once, parked }) in tallies {
        let step = format!("{step:?}").to_lowercase();
        writeln!(text, "{grade:<8} {step:<10} {runs:>5} {again:>6} {once:>5} {parked:>7}").unwrap();
    }
    text
}
