//! One bit turns over in a file of the journal or of the view while nobody looks.
//!
//! Of the journal each record is then exact, or it is named as damaged and its bytes are in quarantine; of the view what is
//! served is exact, or it is found out and the view is built anew.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::chance::Chance;
use crate::disk::LogDisk;
use crate::gate::{Fault, Gate, Level, Setup};
use crate::image::Image;
use crate::parallel;
use crate::promise::{Answer, Broken, Promised, answers};
use crate::report::Report;
use crate::view;
use crate::workload::{Pace, Workload, dir, open};

/// Of the journal's files, and fewer of the view's: each of those is looked at by a process of its own.
const FLIPS: [u64; 3] = [750, 4_000, 16_000];
const VIEW_FLIPS: [u64; 3] = [250, 1_000, 4_000];
/// Flips of one journal, so that many journals are met.
const FLIPS_EACH: u64 = 50;
const ACTS: usize = 60;

const SEGMENT_HEADER_BYTES: usize = 32;
const SALT_AT: usize = 12;
const RECORD_HEADER_BYTES: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Harmless,
    /// So many records are named as damaged.
    Lost(u64),
}

const RECORD_CHECKSUM: Fault = Fault("a changed record passes its checksum");
const ACKNOWLEDGED_MARK: Fault = Fault("the mark of what was acknowledged is missing");

pub(crate) const GATE: Gate = Gate {
    name: "bit-rot",
    says: "whichever bit turns over, nothing wrong is served, nothing is lost in silence, and no process is aborted",
    run,
    faults: &[RECORD_CHECKSUM, ACKNOWLEDGED_MARK],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    journals(setup, &mut report);
    // What its faults take out is the journal's.
    if setup.fault().is_none() {
        view::flips(setup, setup.cases(VIEW_FLIPS), &mut report);
    }
    report
}

fn journals(setup: &Setup, report: &mut Report) {
    // With a planted fault rather more: one bit in some hundreds is of the last record.
    let flips = match setup.fault() {
        Some(_) => Setup::new(Level::Night, setup.seed).cases(FLIPS),
        None => setup.cases(FLIPS),
    };
    let outcomes = parallel::each(flips / FLIPS_EACH, |number| one_journal(setup, number));
    let (mut harmless, mut lost) = (0, 0);
    for outcome in outcomes.into_iter().flatten() {
        match outcome {
            Ok(Outcome::Harmless) => harmless += 1,
            Ok(Outcome::Lost(records)) => lost += records,
            Err(failure) => report.failures.push(failure),
        }
    }
    report.figure("bits of journals turned over", flips);
    report.figure("of them without effect", harmless);
    report.figure("records named as damaged and put into quarantine", lost);
}

fn one_journal(setup: &Setup, number: u64) -> Vec<Result<Outcome, String>> {
    let mut chance = Chance::of(setup.seed, number);
    let (image, promised) = match lived(Chance(chance.next())) {
        Ok(lived) => lived,
        Err(Broken(what)) => return vec![Err(format!("journal {number}: undamaged, {what}"))],
    };
    let one = |flip| {
        let mut flipped = image.clone();
        let place = turn_over(&mut flipped, setup, &mut chance);
        let checked = catch_unwind(AssertUnwindSafe(|| check(&flipped, &promised)));
        let outcome = checked.unwrap_or_else(|_| Err(Broken("the journal panics".to_owned())));
        outcome.map_err(|Broken(what)| format!("journal {number}, flip {flip} in {place}: {what}"))
    };
    (0..FLIPS_EACH).map(one).collect()
}

/// A journal that was closed in peace, without damage of its own.
fn lived(chance: Chance) -> Result<(Image, Promised), Broken> {
    let disk = LogDisk::new(&[]);
    let (journal, _) = open(&disk)?;
    let mut workload = Workload::new(&disk, journal, Promised::default(), chance, Pace::AtOnce)?;
    for _ in 0..ACTS {
        workload.append_or_break()?;
    }
    let promised = workload.finish();
    Ok((disk.seen(), promised))
}

/// Any bit of any file, each as likely; answers where, for people.
fn turn_over(image: &mut Image, setup: &Setup, chance: &mut Chance) -> String {
    if setup.has(ACKNOWLEDGED_MARK) {
        image.files.remove(&dir().join("journal.acknowledged"));
    }
    let bytes = image.files.values().map(Vec::len).sum();
    let mut at = chance.below(bytes);
    let bit = chance.below(8);
    let (path, content) = match file_at(image, &mut at) {
        Some(found) => found,
        None => return "no file".to_owned(),
    };
    if let Some(byte) = content.get_mut(at) {
        *byte ^= 1 << bit;
    }
    if setup.has(RECORD_CHECKSUM) {
        make_checksums_fit(content, at);
    }
    format!("{} at byte {at}, bit {bit}", path.display())
}

fn file_at<'a>(image: &'a mut Image, at: &mut usize) -> Option<(PathBuf, &'a mut Vec<u8>)> {
    for (path, content) in &mut image.files {
        match at.checked_sub(content.len()) {
            None => return Some((path.clone(), content)),
            Some(rest) => *at = rest,
        }
    }
    None
}

/// As if there were no checksum over the payload in which the byte lies: the one of the record is made anew.
fn make_checksums_fit(segment: &mut [u8], at: usize) {
    let word = |segment: &[u8], at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(segment.get(at..at + 4)?.try_into().ok()?))
    };
    let Some(salt) = word(segment, SALT_AT) else { return };
    let mut start = SEGMENT_HEADER_BYTES;
    while let Some(stored) = word(segment, start + 8).and_then(|stored| usize::try_from(stored).ok()) {
        let payload = start + RECORD_HEADER_BYTES;
        if (payload..payload + stored).contains(&at) {
            let sum = crc32c::crc32c(segment.get(payload..payload + stored).unwrap_or_default());
            put(segment, start + 4, sum);
            let header = segment.get(start..start + 36).unwrap_or_default();
            let sum = crc32c::crc32c_append(salt, header);
            put(segment, start + 36, sum);
            return;
        }
        start = payload.saturating_add(stored);
    }
}

fn put(segment: &mut [u8], at: usize, word: u32) {
    if let Some(place) = segment.get_mut(at..at + 4) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

fn check(image: &Image, promised: &Promised) -> Result<Outcome, Broken> {
    let disk = LogDisk::with(image, &[]);
    let (journal, recovery) = open(&disk)?;
    if recovery.last.get() != promised.last() {
        return Err(Broken(format!("{} records are lost in silence", promised.last() - recovery.last.get())));
    }
    let mut lost = 0;
    let answers = answers(&journal)?;
    for (seq, offer) in promised.whole() {
        match answers.get(&seq) {
            Some(Answer::Record(record)) if crate::promise::is(record, &crate::promise::offer(offer)) => {}
            Some(Answer::Record(_)) => {
                return Err(Broken::new(seq, "is served and is not what was appended"));
            }
            Some(Answer::Lost) => {
                lost += 1;
                check_named(&journal, &disk.seen(), seq)?;
            }
            None => return Err(Broken::new(seq, "is lost in silence")),
        }
    }
    Ok(if lost == 0 { Outcome::Harmless } else { Outcome::Lost(lost) })
}

/// The list of damage gives its number, and a copy with that number in its name is in quarantine.
fn check_named(journal: &hub_journal::Journal, files: &Image, seq: u64) -> Result<(), Broken> {
    let is_missing = |damage: &hub_journal::Damage| {
        damage.missing.as_ref().is_some_and(|missing| missing.contains(&hub_journal::Seq::new(seq)))
    };
    if !journal.damage().iter().any(is_missing) {
        return Err(Broken::new(seq, "is lost and not in the list of damage"));
    }
    let quarantine = dir().join("quarantine");
    if !files.files.keys().any(|path| path.starts_with(&quarantine)) {
        return Err(Broken::new(seq, "is damaged and not in quarantine"));
    }
    Ok(())
}
