//! What is done to a journal while its disk is watched: appends, some of them at once, retention, erasure, damage, and
//! closing and opening again, in an order that a seed decides.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use hub_journal::{AppendError, Change, Entry, Journal, Options, Recovery, Seq};

use crate::chance::Chance;
use crate::disk::LogDisk;
use crate::promise::{Broken, Promise, Promised, erased, mark, offer, time_ns};

/// Small, so that a history of some hundred records has many segments.
const SEGMENT_BYTES_MAX: u64 = 24 * 1024;
const AT_ONCE_MAX: usize = 4;
const GROUP_MAX: usize = 5;
const ERASED_AT_ONCE_MAX: usize = 4;
/// Retention leaves at least so many of the newest records.
const KEPT_MIN: u64 = 60;

pub(crate) fn dir() -> &'static Path {
    Path::new("/journal")
}

pub(crate) fn options() -> Options {
    Options { segment_bytes_max: SEGMENT_BYTES_MAX, ..Options::default() }
}

pub(crate) fn open(disk: &LogDisk) -> Result<(Journal, Recovery), Broken> {
    Journal::open_on(Arc::new(disk.clone()), dir(), options())
        .map_err(|error| Broken(format!("the journal does not open: {error}")))
}

/// One thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Append,
    Retire,
    Erase,
    Damage,
    Restart,
}

/// How often, in a thousand.
const ACTS: [(Act, usize); 5] =
    [(Act::Append, 800), (Act::Retire, 50), (Act::Erase, 70), (Act::Damage, 40), (Act::Restart, 40)];

/// Whether appends overlap. Where calls fail one at a time is waited for, so that it is known which one was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    OneByOne,
}

pub(crate) struct Workload<'a> {
    disk: &'a LogDisk,
    journal: Journal,
    chance: Chance,
    pub(crate) promised: Promised,
    pace: Pace,
    runtime: tokio::runtime::Runtime,
}

/// How one append went.
pub(crate) enum Appended {
    All,
    /// Refused, for the first of these reasons.
    Refused(AppendError),
}

impl<'a> Workload<'a> {
    /// Goes on with a journal that is open and has kept these promises so far.
    pub(crate) fn new(
        disk: &'a LogDisk,
        journal: Journal,
        promised: Promised,
        chance: Chance,
        pace: Pace,
    ) -> Result<Self, Broken> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| Broken(format!("nothing to wait with: {error}")))?;
        Ok(Self { disk, journal, chance, promised, pace, runtime })
    }

    /// So many acts, none of which may fail.
    pub(crate) fn run(&mut self, acts: usize) -> Result<(), Broken> {
        for _ in 0..acts {
            match self.act() {
                Act::Append => self.append_or_break()?,
                Act::Retire => self.retire().map_err(Broken)?,
                Act::Erase => self.erase().map_err(Broken)?,
                Act::Damage => self.damage(),
                Act::Restart => self.restart()?,
            }
        }
        Ok(())
    }

    /// Some appends and then this; what fails may fail. Damage is left out: it would hide a loss.
    pub(crate) fn try_act(&mut self) -> Option<Appended> {
        match self.act() {
            Act::Append | Act::Damage | Act::Restart => Some(self.append()),
            // The disk fails: that these say so is all that is asked of them.
            Act::Retire => self.retire().err().and(None),
            Act::Erase => self.erase().err().and(None),
        }
    }

    fn act(&mut self) -> Act {
        let mut at = self.chance.below(1_000);
        for (act, share) in ACTS {
            match at.checked_sub(share) {
                None => return act,
                Some(rest) => at = rest,
            }
        }
        Act::Append
    }

    fn note(&mut self, promise: Promise) {
        self.promised.take(&promise);
        self.disk.promise(promise);
    }

    pub(crate) fn append_or_break(&mut self) -> Result<(), Broken> {
        match self.append() {
            Appended::All => Ok(()),
            Appended::Refused(error) => Err(Broken(format!("an append is refused: {error}"))),
        }
    }

    fn append(&mut self) -> Appended {
        let at_once = match self.pace {
            Pace::AtOnce => 1 + self.chance.below(AT_ONCE_MAX),
            Pace::OneByOne => 1,
        };
        let mut groups: Vec<Vec<u64>> = Vec::new();
        let mut next = self.promised.offered();
        for _ in 0..at_once {
            let count = 1 + self.chance.below(GROUP_MAX) as u64;
            groups.push((next + 1..=next + count).collect());
            next += count;
        }
        self.note(Promise::Offered { through: next });
        let entries = |group: &Vec<u64>| group.iter().map(|number| offer(*number)).collect::<Vec<Entry>>();
        let waiting: Vec<_> = groups.iter().map(|group| self.journal.append_all(entries(group))).collect();
        let answers = self.runtime.block_on(join_all(waiting));
        let mut refused = None;
        for (group, answer) in groups.iter().zip(answers) {
            match answer {
                Ok(numbers) => {
                    for (seq, offer) in numbers.iter().zip(group) {
                        self.note(Promise::Acknowledged { seq: seq.get(), offer: *offer });
                    }
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.map_or(Appended::All, Appended::Refused)
    }

    fn retire(&mut self) -> Result<(), String> {
        let Some(before) = self.promised.last().checked_sub(KEPT_MIN) else { return Ok(()) };
        let Some(offer) = self.promised.offer_of(before) else { return Ok(()) };
        self.note(Promise::RetireAsked { before });
        let retired = self.journal.retain(time_ns(offer)).map_err(|error| error.to_string())?;
        self.note(Promise::Retired { through: retired.up_to.get() });
        Ok(())
    }

    fn erase(&mut self) -> Result<(), String> {
        let whole = self.promised.whole();
        let count = 1 + self.chance.below(ERASED_AT_ONCE_MAX);
        let chosen: Vec<_> = (0..count).filter_map(|_| self.chance.pick(&whole).copied()).collect();
        let numbers: BTreeSet<u64> = chosen.into_iter().map(|(seq, _)| seq).collect();
        self.note(Promise::EraseAsked(numbers.clone()));
        let asked = numbers.iter().map(|seq| Seq::new(*seq)).collect();
        let promised = &self.promised;
        let replace = |seq: Seq, _: &Entry| {
            let Entry { kind, payload, .. } = erased(promised.offer_of(seq.get()).unwrap_or_default());
            Change::To { kind, payload }
        };
        self.journal.rewrite(&asked, replace, |_| {}).map_err(|error| error.to_string())?;
        self.note(Promise::Erased(numbers));
        Ok(())
    }

    /// In a segment that is finished: there a damaged record has others behind it, and cannot be taken for torn.
    fn damage(&mut self) {
        let whole = self.promised.whole();
        let numbers = whole.iter().map(|(seq, _)| Seq::new(*seq)).collect();
        let holdings = self.journal.segments_holding(&numbers);
        let Some(open) = holdings.last().map(|holding| holding.first.get()) else { return };
        let finished: Vec<_> = whole.into_iter().filter(|(seq, _)| *seq < open).collect();
        let Some((seq, offer)) = self.chance.pick(&finished).copied() else { return };
        self.note(Promise::Damaged { seq });
        self.disk.flip_behind("seg", &mark(offer));
        // Found, and so put into quarantine; that it is not given out is checked later.
        drop(self.journal.read(Seq::new(seq)));
    }

    fn restart(&mut self) -> Result<(), Broken> {
        self.journal.close();
        let (journal, recovery) = open(self.disk)?;
        self.journal = journal;
        self.promised.check(&self.journal, &recovery, &self.disk.seen()).map(drop)
    }

    /// Closes the journal and answers what it has promised.
    pub(crate) fn finish(self) -> Promised {
        self.journal.close();
        self.promised
    }
}
