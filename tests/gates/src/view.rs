//! A view made from a history by the fold, damaged, and then opened as the hub does: whole or found out, and built anew where
//! it was found out.
//!
//! Each damaged view is looked at by a process of its own, since its engine may abort the one it is in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hub_fold::{Fold, FoldError, Record, Sequenced, view_digest};
use hub_journal::{Entry, Journal, Options, Seq};
use hub_model::Timestamp;
use hub_model::event::{self, Payload};
use hub_store::{MemoryStore, SledOptions, SledStore, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::gate::Setup;
use crate::image::PAGE_BYTES;
use crate::parallel;
use crate::power_cut::AHEAD_CHECK;
use crate::report::Report;
use crate::support;
use crate::support::events::{at, event, named, order};

/// Messages and orders besides a few days of everything.
const TOLD: usize = 700;
const CUSTOMERS: usize = 60;
/// Records to a commit: few, so that the engine's log has many pages out of use between those in use.
const BATCH: usize = 12;
/// Times at which the view is closed, its files are kept, and it is opened again: the engine then takes stock.
const MOMENTS: usize = 8;
/// A view is found out and built anew in less; the engine's threads may take half a minute to be given up.
const LOOK_MAX: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);
/// The file by which a view tells that the machine has not stopped since.
const BOOT_MARK: &str = "boot";
/// Where the process that looks is told what is true.
const TRUTH: &str = "truth.json";

/// A history: its journal, its view at several moments, and what is true after each commit.
struct Made {
    folder: tempfile::TempDir,
    moments: Vec<PathBuf>,
}

/// The digest of the view after each commit, by the record it is complete to.
#[derive(Serialize, Deserialize)]
struct Truth {
    digests: BTreeMap<u64, String>,
    /// What the journal ends with, for the view that is opened.
    last: u64,
}

impl Truth {
    fn end(&self) -> Option<&String> {
        self.digests.last_key_value().map(|(_, digest)| digest)
    }
}

/// What came of opening a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seen {
    /// Every row is true, and none is missing.
    Whole,
    /// Every row is true as of an earlier record; the fold goes on from there.
    Behind,
    /// Refused when it was opened, and built anew.
    AtOpen,
    /// Found out by reading rows, and built anew.
    ByReading,
}

/// What the process that looked has to say.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Seen(Seen),
    Wrong(String),
}

fn history() -> Vec<Sequenced> {
    let mut told = support::days::days();
    for number in 0..TOLD {
        let minute = 10_000 + i64::try_from(number).unwrap_or_default();
        let customer = number % CUSTOMERS;
        let phone = format!("+49151{customer:07}");
        told.push(if number.is_multiple_of(3) {
            let id = format!("customer:{customer}");
            let order = event::Order {
                buyer: Some(named(&[&id, &phone], "Somebody")),
                placed_at: Some(at(minute)),
                ..order(&format!("o{number}"))
            };
            support::told("shop", minute, vec![event("order.created", minute, Payload::Order(order))])
        } else {
            let id = format!("wa-id:49151{customer:07}");
            let text = format!("Where is parcel {number}? ").repeat(1 + number % 9);
            let said =
                support::message(&format!("m{number}"), minute, "whatsapp", "in", &[&id, &phone], &text);
            support::told("wa", minute, vec![event("message.received", minute, Payload::Interaction(said))])
        });
    }
    support::journal(&support::settings(&[]), told.iter())
}

impl Made {
    fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(told)?;
        let records = history();
        let (journal, _) = Journal::open(&folder.path().join("journal"), Options::default()).map_err(told)?;
        for Sequenced { at, record, .. } in &records {
            let entry = Entry { kind: record.kind(), time_ns: at.0, payload: record.encode() };
            journal.append_blocking(entry).map_err(told)?;
        }
        drop(journal);
        let (view, memory) = (folder.path().join("view"), MemoryStore::new());
        let mut store = SledStore::open(&view, &SledOptions::default()).map_err(told)?;
        let (mut fold, mut fold_in_memory) =
            (Fold::open(&store).map_err(told)?, Fold::open(&memory).map_err(told)?);
        let mut digests = BTreeMap::from([(0, view_digest(&memory).map_err(told)?)]);
        let mut moments = Vec::new();
        let batches = records.chunks(BATCH);
        let every = (batches.len() / MOMENTS).max(1);
        for (number, batch) in batches.enumerate() {
            fold.apply(&store, batch).map_err(told)?;
            fold_in_memory.apply(&memory, batch).map_err(told)?;
            digests.insert(memory.applied().map_err(told)?, view_digest(&memory).map_err(told)?);
            if number % every == every - 1 {
                drop(store);
                moments.push(copied(&view, &folder.path().join(format!("moment-{number}")))?);
                store = SledStore::open(&view, &SledOptions::default()).map_err(told)?;
            }
        }
        drop(store);
        moments.push(copied(&view, &folder.path().join("moment-end"))?);
        let made = Self { folder, moments };
        let last = records.last().map_or(0, |record| record.seq);
        made.write_truth(&made.root(), &Truth { digests, last })?;
        Ok(made)
    }

    fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn write_truth(&self, dir: &Path, truth: &Truth) -> Result<(), String> {
        fs::write(dir.join(TRUTH), serde_json::to_vec(truth).map_err(told)?).map_err(told)
    }

    fn truth(&self) -> Result<Truth, String> {
        read_truth(&self.root())
    }

    /// Makes a folder for one case, with the view in it that `damage` makes of the moments.
    fn case(
        &self,
        number: u64,
        damage: impl FnOnce(&[PathBuf], &Path) -> io::Result<()>,
        last: u64,
    ) -> Result<PathBuf, String> {
        let case = self.root().join(format!("case-{number}"));
        fs::create_dir_all(case.join("view")).map_err(told)?;
        damage(&self.moments, &case.join("view")).map_err(told)?;
        self.write_truth(&case, &Truth { last, ..self.truth()? })?;
        Ok(case)
    }
}

fn told(error: impl std::error::Error) -> String {
    error.to_string()
}

fn read_truth(dir: &Path) -> Result<Truth, String> {
    serde_json::from_slice(&fs::read(dir.join(TRUTH)).map_err(told)?).map_err(told)
}

fn copied(from: &Path, to: &Path) -> Result<PathBuf, String> {
    copy(from, to).map_err(told)?;
    Ok(to.to_owned())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Views as a power cut leaves them: of each file each page as it was at one of two moments, or never written.
pub(crate) fn power_cuts(setup: &Setup, images: u64, report: &mut Report) {
    let make = |made: &Made, number: u64| {
        let mut chance = Chance::of(setup.seed, number);
        let end = made.truth()?.last;
        // One in ten: a disk that lied has lost the journal's end, and the view is whole.
        let ahead = number % 10 == 9;
        let last = if ahead { chance.next() % end } else { end };
        let damage = |moments: &[PathBuf], view: &Path| {
            if ahead {
                moments.last().map_or(Ok(()), |end| copy(end, view))?;
            } else {
                mix(moments, view, &mut chance)?;
            }
            match fs::remove_file(view.join(BOOT_MARK)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        };
        made.case(number, damage, last)
    };
    run(setup, images, "views after a power cut", make, report);
}

/// Views with one bit turned over since the process before was stopped.
pub(crate) fn flips(setup: &Setup, flips: u64, report: &mut Report) {
    let make = |made: &Made, number: u64| {
        let mut chance = Chance::of(setup.seed, number);
        let damage = |moments: &[PathBuf], view: &Path| {
            let Some(end) = moments.last() else { return Ok(()) };
            copy(end, view)?;
            flip(view, &mut chance)
        };
        made.case(number, damage, made.truth()?.last)
    };
    run(setup, flips, "bits of views turned over", make, report);
}

fn files_in(dir: &Path, files: &mut BTreeSet<PathBuf>, under: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files_in(&path, files, under)?;
        } else if let Ok(name) = path.strip_prefix(under) {
            files.insert(name.to_owned());
        }
    }
    Ok(())
}

fn mix(moments: &[PathBuf], view: &Path, chance: &mut Chance) -> io::Result<()> {
    let early = chance.below(moments.len());
    let late = early + chance.below(moments.len() - early);
    let (Some(early), Some(late)) = (moments.get(early), moments.get(late)) else { return Ok(()) };
    let mut names = BTreeSet::new();
    files_in(early, &mut names, early)?;
    files_in(late, &mut names, late)?;
    for name in names {
        let content = |moment: &Path| match fs::read(moment.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            content => content.map(Some),
        };
        let (early, late) = (content(early)?, content(late)?);
        // A name of the one moment alone is there or not.
        if (early.is_none() || late.is_none()) && chance.half() {
            continue;
        }
        let (early, late) = (early.unwrap_or_default(), late.unwrap_or_default());
        let path = view.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, mixed(&early, &late, chance))?;
    }
    Ok(())
}

/// How many in a thousand of a file's late pages are there: half of them, as of a disk that lost all it held, up to nearly
/// all, as of one that was written back long ago but for the last.
const KEPT_PER_MILLE: [usize; 4] = [500, 900, 990, 999];

fn mixed(early: &[u8], late: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut mixed = early.to_vec();
    let kept = chance.pick(&KEPT_PER_MILLE).copied().unwrap_or(500);
    for start in (0..late.len()).step_by(PAGE_BYTES) {
        if chance.per_mille(kept) {
            let end = start.saturating_add(PAGE_BYTES).min(late.len());
            mixed.resize(mixed.len().max(end), 0);
            if let (Some(to), Some(from)) = (mixed.get_mut(start..end), late.get(start..end)) {
                to.copy_from_slice(from);
            }
        }
    }
    mixed
}

/// Any bit of what the engine has written, each as likely: its file is made large beforehand, and full of zeros.
fn flip(view: &Path, chance: &mut Chance) -> io::Result<()> {
    let mut names = BTreeSet::new();
    files_in(view, &mut names, view)?;
    names.remove(Path::new(BOOT_MARK));
    let mut contents = Vec::new();
    for name in names {
        let path = view.join(name);
        let content = fs::read(&path)?;
        let written: Vec<usize> =
            (0..).zip(&content).filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
        contents.push((path, content, written));
    }
    let mut at = chance.below(contents.iter().map(|(.., written)| written.len()).sum());
    for (path, mut content, written) in contents {
        match (at.checked_sub(written.len()), written.get(at)) {
            (Some(rest), _) => at = rest,
            (None, place) => {
                if let Some(byte) = place.and_then(|place| content.get_mut(*place)) {
                    *byte ^= 1 << chance.below(8);
                }
                return fs::write(path, content);
            }
        }
    }
    Ok(())
}

fn run(
    setup: &Setup,
    cases: u64,
    what: &'static str,
    make: impl Fn(&Made, u64) -> Result<PathBuf, String> + Sync,
    report: &mut Report,
) {
    let made = match Made::new() {
        Ok(made) => made,
        Err(error) => return report.failures.push(format!("the view of an undamaged disk: {error}")),
    };
    let outcomes = parallel::each(cases, |number| {
        let case = make(&made, number)?;
        let outcome = looked_at(&case, setup);
        fs::remove_dir_all(&case).map_err(told)?;
        outcome
    });
    let mut counts: BTreeMap<Seen, u64> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok((seen, took)) => {
                *counts.entry(seen).or_default() += 1;
                longest = longest.max(took);
            }
            Err(failure) => report.failures.push(format!("view {number}: {failure}")),
        }
    }
    let count = |seen| counts.get(&seen).copied().unwrap_or_default();
    report.figure(what, cases);
    report.figure("of them the view is whole", count(Seen::Whole));
    report.figure("whole as of an earlier record", count(Seen::Behind));
    report.figure("refused when opened", count(Seen::AtOpen));
    report.figure("found out by reading", count(Seen::ByReading));
    report.figure(
        "ms the longest took to be found out and built anew",
        longest.as_millis().try_into().unwrap_or(u64::MAX),
    );
}

/// Has another process look, which may end as it likes.
fn looked_at(case: &Path, setup: &Setup) -> Result<(Seen, Duration), String> {
    let start = Instant::now();
    let mut looking = Command::new(std::env::current_exe().map_err(told)?);
    looking.arg("look").arg(case);
    if setup.has(AHEAD_CHECK) {
        looking.arg("--trust-ahead");
    }
    let mut child =
        looking.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(told)?;
    let ended = waited_for(&mut child)?;
    let output = child.wait_with_output().map_err(told)?;
    if !ended {
        return Err(format!("hangs for more than {} s", LOOK_MAX.as_secs()));
    }
    match serde_json::from_slice(&output.stdout) {
        Ok(Said::Seen(seen)) => Ok((seen, start.elapsed())),
        Ok(Said::Wrong(what)) => Err(what),
        Err(_) => Err(format!("the process is aborted: {}", output.status)),
    }
}

/// Whether it ended by itself.
fn waited_for(child: &mut Child) -> Result<bool, String> {
    let start = Instant::now();
    while start.elapsed() < LOOK_MAX {
        if child.try_wait().map_err(told)?.is_some() {
            return Ok(true);
        }
        thread::sleep(POLL);
    }
    child.kill().map_err(told)?;
    Ok(false)
}

/// Whether a view that knows more than its journal is used all the same: only to see that a gate notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    Refused,
    Trusted,
}

/// What the other process does: opens the view in this folder as the hub does, and answers in JSON what it saw.
#[must_use]
pub fn look(case: &Path, ahead: Ahead) -> String {
    let said = opened(case, ahead).map_or_else(Said::Wrong, Said::Seen);
    serde_json::to_string(&said).unwrap_or_default()
}

fn opened(case: &Path, ahead: Ahead) -> Result<Seen, String> {
    let truth = read_truth(case)?;
    let view = case.join("view");
    let last = match ahead {
        Ahead::Refused => truth.last,
        Ahead::Trusted => u64::MAX,
    };
    let seen = match SledStore::open_within(&view, &SledOptions::default(), last) {
        Ok(store) => read(&store, &truth)?,
        Err(error) => found_out(error, Seen::AtOpen)?,
    };
    if !matches!(seen, Seen::Whole | Seen::Behind) {
        built_anew(case, &view, &truth)?;
    }
    Ok(seen)
}

fn found_out(error: StoreError, seen: Seen) -> Result<Seen, String> {
    if error.asks_for_rebuild() { Ok(seen) } else { Err(format!("does not ask to be built anew: {error}")) }
}

/// Every row, as readers would meet them.
fn read(store: &SledStore, truth: &Truth) -> Result<Seen, String> {
    let digest = match view_digest(store) {
        Ok(digest) => digest,
        Err(FoldError::Store(error)) => return found_out(error, Seen::ByReading),
        Err(error) => return Err(format!("serves a row that cannot be read: {error}")),
    };
    let applied = store.applied().map_err(told)?;
    if applied > truth.last {
        return Err(format!("serves records through {applied}, of which the journal has {}", truth.last));
    }
    if truth.digests.get(&applied) == Some(&digest) {
        return Ok(if applied == truth.last { Seen::Whole } else { Seen::Behind });
    }
    let told = match store.verify() {
        Ok(()) => "passes for whole even when all of them are read",
        Err(_) => "only reading all of them tells",
    };
    Err(format!("serves other rows than those of record {applied}, and {told}"))
}

/// As the hub does it: put aside, opened empty, folded from the journal.
fn built_anew(case: &Path, view: &Path, truth: &Truth) -> Result<(), String> {
    let failed = |error: &dyn std::error::Error| format!("cannot be built anew: {error}");
    hub_store::move_aside(view, "damaged").map_err(|error| failed(&error))?;
    let store = SledStore::open(view, &SledOptions::default()).map_err(|error| failed(&error))?;
    let journal = case.parent().unwrap_or(case).join("journal");
    let (journal, _) =
        Journal::open_read_only(&journal, Options::default()).map_err(|error| failed(&error))?;
    let mut fold = Fold::open(&store).map_err(|error| failed(&error))?;
    let mut reader = journal.reader(Seq::new(1));
    let mut records = Vec::new();
    while let Some(record) = reader.next().map_err(|error| failed(&error))? {
        let (seq, at) = (record.seq.get(), Timestamp(record.time_ns));
        let record = Record::decode(record.kind, &record.payload).map_err(|error| failed(&error))?;
        records.push(Sequenced { seq, at, record });
    }
    for batch in records.chunks(BATCH) {
        fold.apply(&store, batch).map_err(|error| failed(&error))?;
    }
    let digest = view_digest(&store).map_err(|error| failed(&error))?;
    if truth.end() == Some(&digest) { Ok(()) } else { Err("is built anew and not what it was".to_owned()) }
}
