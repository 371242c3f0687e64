//! What a journal was given, what it has promised of it, and whether it keeps its word.
//!
//! An *offer* is an entry handed to the journal; offers are numbered, and everything about one follows from its number, so
//! that a record read back says which offer it claims to be.

use std::collections::{BTreeMap, BTreeSet};

use hub_journal::{Entry, Journal, ReadError, Record, Recovery, Seq};

use crate::image::Image;

/// Kind of a record whose payload was replaced.
pub(crate) const ERASED_KIND: u8 = 9;

/// The words with which the payload of an offer begins, in its packed form as well: they do not repeat themselves.
pub(crate) fn mark(offer: u64) -> Vec<u8> {
    format!("offer {:016x}", crate::chance::Chance(offer).next()).into_bytes()
}

/// Short ones, long ones that pack well, and some that span pages.
pub(crate) fn offer(number: u64) -> Entry {
    let mut payload = [mark(number), format!(" {number};").into_bytes()].concat();
    match number % 7 {
        0 => payload.extend(noise(number, 9_000)),
        1 | 4 => payload.extend(format!("again and again {number};").repeat(60).into_bytes()),
        rest => payload.extend(noise(number, 8 + usize::try_from(rest).unwrap_or_default() * 60)),
    }
    Entry { kind: kind(number), time_ns: time_ns(number), payload }
}

/// What is to stand in its place once it is erased.
pub(crate) fn erased(number: u64) -> Entry {
    Entry { kind: ERASED_KIND, time_ns: time_ns(number), payload: format!("nobody {number:08}").into_bytes() }
}

pub(crate) fn time_ns(offer: u64) -> i64 {
    i64::try_from(offer).unwrap_or(i64::MAX).saturating_mul(1_000)
}

fn kind(offer: u64) -> u8 {
    10 + u8::try_from(offer % 200).unwrap_or_default()
}

fn noise(number: u64, bytes: usize) -> impl Iterator<Item = u8> {
    let mut chance = crate::chance::Chance(number);
    std::iter::repeat_with(move || chance.next().to_le_bytes()).flatten().take(bytes)
}

/// The offer a record says it is.
fn claimed(record: &Record) -> Option<u64> {
    let words = record.payload.split(|byte| *byte == b';').next()?;
    str::from_utf8(words).ok()?.strip_prefix("offer ")?.split_once(' ')?.1.parse().ok()
}

pub(crate) fn is(record: &Record, entry: &Entry) -> bool {
    record.kind == entry.kind && record.time_ns == entry.time_ns && record.payload == entry.payload
}

/// Said or asked while the journal was used, in order.
#[derive(Clone, Debug)]
pub(crate) enum Promise {
    /// Offers through this number have been handed in.
    Offered {
        through: u64,
    },
    Acknowledged {
        seq: u64,
        offer: u64,
    },
    EraseAsked(BTreeSet<u64>),
    Erased(BTreeSet<u64>),
    /// Records before this one may be retired.
    RetireAsked {
        before: u64,
    },
    Retired {
        through: u64,
    },
    /// A bit of the record is being turned over.
    Damaged {
        seq: u64,
    },
}

#[derive(Clone, Debug)]
struct Held {
    offer: u64,
    erasing: Erasing,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Erasing {
    No,
    Asked,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    Damaged,
}

/// All promises up to a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promised {
    offered: u64,
    held: BTreeMap<u64, Held>,
    retiring: u64,
    retired: u64,
}

impl Promised {
    pub(crate) fn take(&mut self, promise: &Promise) {
        match promise {
            Promise::Offered { through } => self.offered = *through,
            Promise::Acknowledged { seq, offer } => {
                let held = Held { offer: *offer, erasing: Erasing::No, state: State::Whole };
                self.held.insert(*seq, held);
            }
            Promise::EraseAsked(numbers) => self.erasing(numbers, Erasing::Asked),
            Promise::Erased(numbers) => self.erasing(numbers, Erasing::Done),
            Promise::RetireAsked { before } => self.retiring = self.retiring.max(*before),
            Promise::Retired { through } => self.retired = self.retired.max(*through),
            Promise::Damaged { seq } => {
                if let Some(held) = self.held.get_mut(seq) {
                    held.state = State::Damaged;
                }
            }
        }
    }

    fn erasing(&mut self, numbers: &BTreeSet<u64>, erasing: Erasing) {
        for seq in numbers {
            if let Some(held) = self.held.get_mut(seq) {
                held.erasing = erasing;
            }
        }
    }

    pub(crate) fn offered(&self) -> u64 {
        self.offered
    }

    /// The newest number acknowledged.
    pub(crate) fn last(&self) -> u64 {
        self.held.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// Those whose content stands in the journal, and the offers they are.
    pub(crate) fn whole(&self) -> Vec<(u64, u64)> {
        let whole = |held: &Held| held.erasing == Erasing::No && held.state == State::Whole;
        let after = self.retired.max(self.retiring);
        self.held
            .range(after.saturating_add(1)..)
            .filter(|(_, held)| whole(held))
            .map(|(s, h)| (*s, h.offer))
            .collect()
    }

    pub(crate) fn offer_of(&self, seq: u64) -> Option<u64> {
        self.held.get(&seq).map(|held| held.offer)
    }

    /// Holds a journal that was opened after a failure against them, and takes in what it shows besides: who opened it
    /// may rely on that, so these are promises too, and answered. `files` is what lies on its disk.
    pub(crate) fn check(
        &mut self,
        journal: &Journal,
        recovery: &Recovery,
        files: &Image,
    ) -> Result<Vec<Promise>, Broken> {
        if recovery.last.get() < self.last() {
            return Err(Broken::new(self.last(), "is acknowledged and lost"));
        }
        let mut answers = answers(journal)?;
        for (seq, held) in &self.held {
            self.check_held(*seq, held, answers.remove(seq))?;
        }
        self.check_files(files)?;
        let mut shown = Vec::new();
        for (seq, answer) in answers {
            // Pages of one batch reach the disk in any order, so that what nobody was promised may have holes. They look like
            // damage, and the journal rather says too much.
            let Answer::Record(record) = answer else { continue };
            let promise = Promise::Acknowledged { seq, offer: self.unpromised(seq, &record)? };
            self.take(&promise);
            shown.push(promise);
        }
        Ok(shown)
    }

    fn check_held(&self, seq: u64, held: &Held, answer: Option<Answer>) -> Result<(), Broken> {
        let broken = |what: &str| Err(Broken::new(seq, what));
        match answer {
            Some(Answer::Record(_)) if seq <= self.retired => broken("is retired and there again"),
            None if seq < self.retiring || seq <= self.retired => Ok(()),
            None => broken("is acknowledged and lost in silence"),
            Some(Answer::Lost) if held.state == State::Damaged => Ok(()),
            Some(Answer::Lost) => broken("is acknowledged and said to be damaged"),
            Some(Answer::Record(record)) => {
                let (old, new) = (offer(held.offer), erased(held.offer));
                match held.erasing {
                    Erasing::Asked if is(&record, &old) || is(&record, &new) => Ok(()),
                    Erasing::Done if is(&record, &new) => Ok(()),
                    Erasing::No if is(&record, &old) => Ok(()),
                    Erasing::Done if is(&record, &old) => broken("is erased and there again"),
                    _ => broken("is not what was appended"),
                }
            }
        }
    }

    /// What was written and not promised may be there, in the order in which it was offered.
    fn unpromised(&self, seq: u64, record: &Record) -> Result<u64, Broken> {
        let newest = self.held.last_key_value().map_or(0, |(_, held)| held.offer);
        match claimed(record) {
            Some(number) if !is(record, &offer(number)) => Err(Broken::new(seq, "is not what was offered")),
            Some(number) if number <= newest || number > self.offered => {
                Err(Broken::new(seq, "was never offered at this place"))
            }
            Some(number) => Ok(number),
            None => Err(Broken::new(seq, "is invented")),
        }
    }

    /// Erased words are in no file; damaged ones are in one, as evidence.
    fn check_files(&self, files: &Image) -> Result<(), Broken> {
        let stands = |number: u64| {
            let mark = mark(number);
            files.files.values().any(|content| holds(content, &mark))
        };
        for (seq, held) in self.held.range(self.retired.max(self.retiring).saturating_add(1)..) {
            if held.erasing == Erasing::Done && stands(held.offer) {
                return Err(Broken::new(*seq, "is erased and still in a file"));
            }
            if held.state == State::Damaged && held.erasing == Erasing::No && !stands(held.offer) {
                return Err(Broken::new(*seq, "is damaged and its bytes are kept nowhere"));
            }
        }
        Ok(())
    }
}

pub(crate) fn holds(content: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(text) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// What a reader says of a number.
pub(crate) enum Answer {
    Record(Record),
    /// Named as damaged.
    Lost,
}

/// Reads all there is; of numbers that are retired it says nothing.
pub(crate) fn answers(journal: &Journal) -> Result<BTreeMap<u64, Answer>, Broken> {
    let mut reader = journal.reader(Seq::new(1));
    let mut answers = BTreeMap::new();
    loop {
        let (seq, answer) = match reader.next() {
            Ok(None) => return Ok(answers),
            Ok(Some(record)) => (record.seq, Answer::Record(record)),
            Err(ReadError::Missing { .. }) => continue,
            Err(ReadError::Damaged { seq, .. } | ReadError::Quarantined { seq }) => (seq, Answer::Lost),
            Err(error) => return Err(Broken::new(reader.position().get(), &error.to_string())),
        };
        if answers.insert(seq.get(), answer).is_some() {
            return Err(Broken::new(seq.get(), "is answered twice"));
        }
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) String);

impl Broken {
    pub(crate) fn new(seq: u64, what: &str) -> Self {
        Self(format!("record {seq} {what}"))
    }
}

#[cfg(test)]
mod tests;
