//! The power goes at any step of a journal's life, and again while it recovers or right after; and a view's files, which
//! nobody syncs, are left in any mixture of what they once were.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hub_journal::Journal;

use crate::chance::Chance;
use crate::disk::{Lie, LogDisk, Logged};
use crate::gate::{Fault, Gate, Setup};
use crate::image::{Image, Model};
use crate::parallel;
use crate::promise::{Broken, Promised};
use crate::report::Report;
use crate::view;
use crate::workload::{Pace, Workload, dir, open, options};

/// Images of a journal's folder.
const IMAGES: [u64; 3] = [1_000, 5_000, 20_000];
/// Images of a view's folder.
const VIEW_IMAGES: [u64; 3] = [150, 750, 3_000];
const ACTS: usize = 70;
const ACTS_AFTER: usize = 5;
/// Of one history; each is two images, since the power goes a second time.
const CUTS: u64 = 10;
/// Every so many first images are opened on the machine's own disk as well.
const REAL_EVERY: u64 = 8;

const DATA_SYNC: Fault = Fault("fdatasync does nothing");
const DIR_SYNC: Fault = Fault("syncing a folder does nothing");
pub(crate) const AHEAD_CHECK: Fault = Fault("a view may know more than its journal");

pub(crate) const GATE: Gate = Gate {
    name: "power-cut",
    says: "whenever the power goes, the journal opens, and nothing acknowledged is lost, changed or invented",
    run,
    faults: &[DATA_SYNC, DIR_SYNC, AHEAD_CHECK],
};

/// What was done with one history.
#[derive(Default)]
struct Tally {
    images: u64,
    real: u64,
    acknowledged: u64,
    torn: u64,
    damaged: u64,
    failures: Vec<String>,
}

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if setup.fault() != Some(AHEAD_CHECK) {
        journals(setup, &mut report);
    }
    if setup.fault().is_none_or(|fault| fault == AHEAD_CHECK) {
        view::power_cuts(setup, setup.cases(VIEW_IMAGES), &mut report);
    }
    report
}

fn journals(setup: &Setup, report: &mut Report) {
    let histories = setup.cases(IMAGES) / (CUTS * 2);
    let tallies = parallel::each(histories, |history| one_history(setup, history));
    let sum = |part: fn(&Tally) -> u64| tallies.iter().map(part).sum();
    report.figure("histories of a journal", histories);
    report.figure("images of its folder opened", sum(|tally| tally.images));
    report.figure("of them on the machine's own disk too", sum(|tally| tally.real));
    report.figure("acknowledged records looked for", sum(|tally| tally.acknowledged));
    report.figure("images with a torn tail", sum(|tally| tally.torn));
    report.figure("images with damaged records", sum(|tally| tally.damaged));
    report.failures.extend(tallies.into_iter().flat_map(|tally| tally.failures));
}

fn lies(setup: &Setup) -> Vec<Lie> {
    let lies = [(DATA_SYNC, Lie::SyncData), (DIR_SYNC, Lie::SyncDir)];
    lies.into_iter().filter(|(fault, _)| setup.has(*fault)).map(|(_, lie)| lie).collect()
}

fn one_history(setup: &Setup, history: u64) -> Tally {
    let mut tally = Tally::default();
    let mut chance = Chance::of(setup.seed, history);
    let lies = lies(setup);
    let log = match lived(&lies, Chance(chance.next())) {
        Ok(log) => log,
        Err(Broken(what)) => {
            tally.failures.push(format!("history {history}: with the power on, {what}"));
            return tally;
        }
    };
    for number in 0..CUTS {
        let model = if number.is_multiple_of(2) { Model::Dropped } else { Model::Halved };
        let cut = chance.below(log.len().saturating_add(1));
        let real = (history * CUTS + number).is_multiple_of(REAL_EVERY);
        let case = Case { lies: &lies, model, real };
        if let Err(Broken(what)) = case.check(&log, cut, &mut chance, &mut tally) {
            tally.failures.push(format!("history {history}, cut {number} at step {cut}, {model:?}: {what}"));
        }
    }
    tally
}

/// A journal's life with the power on.
fn lived(lies: &[Lie], chance: Chance) -> Result<Vec<Logged>, Broken> {
    let disk = LogDisk::new(lies);
    let (journal, _) = open(&disk)?;
    let mut workload = Workload::new(&disk, journal, Promised::default(), chance, Pace::AtOnce)?;
    workload.run(ACTS)?;
    drop(workload.finish());
    Ok(disk.take_log())
}

/// The promises given until then, on top of earlier ones.
fn promised(mut earlier: Promised, log: &[Logged]) -> Promised {
    for logged in log {
        if let Logged::Promise(promise) = logged {
            earlier.take(promise);
        }
    }
    earlier
}

struct Case<'a> {
    lies: &'a [Lie],
    model: Model,
    real: bool,
}

impl Case<'_> {
    fn check(
        &self,
        log: &[Logged],
        cut: usize,
        chance: &mut Chance,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        let before = log.get(..cut).unwrap_or_default();
        let promised_then = promised(Promised::default(), before);
        let image = Image::default().after_cut(before, self.model, chance);
        if self.real {
            tally.real += 1;
            opened_on_the_machine(&image, promised_then.clone())?;
        }
        let again = self.opened(&image, promised_then.clone(), Chance(chance.next()), tally)?;
        let cut = chance.below(again.len().saturating_add(1));
        let before = again.get(..cut).unwrap_or_default();
        let image = image.after_cut(before, self.model, chance);
        let second = self.opened(&image, promised(promised_then, before), Chance(chance.next()), tally);
        second.map(drop).map_err(|Broken(what)| Broken(format!("after a second cut at step {cut}: {what}")))
    }

    /// Opens the journal, holds it to its word and goes on with it. Answers what happened on its disk.
    fn opened(
        &self,
        image: &Image,
        mut promised: Promised,
        chance: Chance,
        tally: &mut Tally,
    ) -> Result<Vec<Logged>, Broken> {
        let disk = LogDisk::with(image, self.lies);
        let (journal, recovery) = open(&disk)?;
        tally.images += 1;
        tally.torn += u64::from(recovery.torn_bytes_cut > 0);
        tally.acknowledged += promised.last();
        let shown = promised.check(&journal, &recovery, &disk.seen())?;
        tally.damaged += u64::from(!journal.damage().is_empty());
        shown.into_iter().for_each(|promise| disk.promise(promise));
        let mut workload = Workload::new(&disk, journal, promised, chance, Pace::AtOnce)?;
        workload.run(ACTS_AFTER)?;
        let mut promised = workload.finish();
        let (journal, recovery) = open(&disk)?;
        promised.check(&journal, &recovery, &disk.seen())?;
        drop(journal);
        Ok(disk.take_log())
    }
}

/// The same image in a folder of the machine's, opened by the product as it is.
fn opened_on_the_machine(image: &Image, mut promised: Promised) -> Result<(), Broken> {
    let on_disk = |error: io::Error| Broken(format!("the machine's own disk fails: {error}"));
    let folder = tempfile::tempdir().map_err(on_disk)?;
    image.write_to(dir(), folder.path()).map_err(on_disk)?;
    let (journal, recovery) = Journal::open(folder.path(), options())
        .map_err(|error| Broken(format!("the journal does not open on the machine's disk: {error}")))?;
    let mut files = Image::default();
    read_into(folder.path(), &mut files).map_err(on_disk)?;
    promised.check(&journal, &recovery, &files).map(drop)
}

fn read_into(dir: &Path, image: &mut Image) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            read_into(&path, image)?;
        } else {
            image.files.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(())
}
