//! Proves from the journal that no effect happened twice and none that was planned is forgotten.
//!
//! The records of attempts and receipts say what was sent and what came of it; what is planned is known only to the
//! fold. So a [`Ledger`] is told the records in their order, and at the end laid beside two views: the one in use, and
//! one folded anew from the same records. What is found names effects and records, never a person.
//!
//! What the dispatcher promises, and what is therefore looked for: an attempt is journalled before its request leaves,
//! numbered one above the last; a receipt that says a request was sent has its attempt; an effect that may have happened
//! and can be neither recognised nor repeated is sent again only when a person says so; and what is neither done nor
//! given up is listed where it is taken up from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hub_model::EffectId;
use hub_rules::Grade;
use hub_store::{Order, Range, Store, Table};
use serde::Serialize;

use crate::FoldError;
use crate::effects::{is_of_rule, listed};
use crate::fold::{Sequenced, effects_open};
use crate::held::effects_held;
use crate::record::{Attempt, Command, Erasing, Outcome, Receipt, Record};
use crate::row::{EffectRow, EffectState, decode};

/// Rows read at a time.
const ROWS_AT_ONCE: usize = 1_000;

/// What the records told of each effect.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    told: BTreeMap<EffectId, Told>,
    breaches: Vec<Breach>,
    attempts: u64,
    receipts: u64,
    last: u64,
    missing: u64,
    /// The last record that says that people were taken out of the journal.
    erased_at: u64,
}

/// What the records told of one effect.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    first: u64,
    last: u64,
    /// The number of the last attempt, and its record.
    number: u32,
    attempt: u64,
    /// The record that first confirmed it.
    confirmed: Option<u64>,
    /// The record since which it may have happened without anybody knowing.
    unsure: Option<u64>,
}

/// What is wrong with an effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Wrong {
    /// Confirmed again, and the provider did not say that it had been done before.
    ConfirmedTwice,
    /// It may have happened or has, can be neither recognised nor repeated, and was sent again without a person's word.
    SentAgain,
    /// What came of a request nobody had said would leave.
    ReceiptWithoutAttempt { number: u32 },
    /// Attempts are counted one by one.
    NumberOutOfStep { expected: u32, number: u32 },
    /// Planned, neither done nor given up, and nothing will take it up: it is not listed, or the view has lost it.
    Forgotten,
    /// Records, or a place in a list, of an effect that nothing planned.
    NoRow,
    /// The view has an effect that no record planned.
    NoRecord,
    /// The view says otherwise than the records whether it was tried and whether it happened.
    RowDiffers,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfirmedTwice => write!(f, "confirmed twice"),
            Self::SentAgain => write!(f, "sent again though it may have happened, without a person's word"),
            Self::ReceiptWithoutAttempt { number } => {
                write!(f, "a receipt for attempt {number}, which no record announced")
            }
            Self::NumberOutOfStep { expected, number } => {
                write!(f, "attempt {number} where attempt {expected} was to follow")
            }
            Self::Forgotten => write!(f, "planned and forgotten: nothing will take it up"),
            Self::NoRow => write!(f, "tried or listed, and nothing planned it"),
            Self::NoRecord => write!(f, "in the view, and no record planned it"),
            Self::RowDiffers => write!(f, "the view and the records say different things of it"),
        }
    }
}

/// What is wrong, with which effect, and the numbers of the records that show it; there are none where a record lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Breach {
    pub effect: EffectId,
    #[serde(flatten)]
    pub wrong: Wrong,
    /// The sentence for people.
    pub says: String,
    pub records: Vec<u64>,
}

impl Breach {
    fn new(effect: EffectId, wrong: Wrong, records: impl IntoIterator<Item = u64>) -> Self {
        let records = records.into_iter().filter(|seq| *seq > 0).collect();
        Self { effect, says: wrong.to_string(), wrong, records }
    }
}

/// How many effects of a grade are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerCount {
    pub grade: Grade,
    /// One of [`EFFECT_STATES`](crate::read::EFFECT_STATES).
    pub state: &'static str,
    pub effects: u64,
}

/// What was proven, of how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerReport {
    /// No breach, and every record was read.
    pub proven: bool,
    /// The last record that was read.
    pub records: u64,
    /// Records that could not be read: of what they said nothing is proven.
    pub missing: u64,
    pub attempts: u64,
    pub receipts: u64,
    /// Effects of rules and of erasures.
    pub effects: u64,
    /// Those of them that have another system forget somebody.
    pub erasures: u64,
    /// Those of them whose content is gone, because whom they were for is forgotten.
    pub erased: u64,
    /// Besides these, effects whose event was taken out of the journal with a person: their records are checked like all
    /// others, what planned them is gone.
    pub without_event: u64,
    pub counts: Vec<LedgerCount>,
    pub breaches: Vec<Breach>,
}

impl Ledger {
    /// Takes in the next record. Only attempts, receipts, people's words on effects and erasing tell something; the
    /// others are counted, so that a record that lacks is noticed.
    pub fn record(&mut self, sequenced: &Sequenced) {
        let seq = sequenced.seq;
        self.passed(seq);
        match &sequenced.record {
            Record::Attempt(attempt) => self.attempt(seq, attempt),
            Record::Receipt(receipt) => self.receipt(seq, receipt),
            // A person has looked, and answers for it.
            Record::Command(Command::RetryEffect { effect }) => {
                if let Some(told) = self.told.get_mut(effect) {
                    told.unsure = None;
                }
            }
            Record::Erasing(Erasing::Done(_)) => self.erased_at = seq,
            _ => {}
        }
    }

    /// A record that tells nothing of effects, for whoever need not read it.
    pub fn passed(&mut self, seq: u64) {
        // A journal whose old records are retired begins later: what they said is in no view folded from the rest.
        self.reached(seq.saturating_sub(1));
        self.last = self.last.max(seq);
    }

    /// Says up to which record the views were folded: those that were not told of lack.
    pub fn reached(&mut self, seq: u64) {
        self.missing += seq.saturating_sub(self.last);
        self.last = self.last.max(seq);
    }

    fn attempt(&mut self, seq: u64, Attempt { effect, number }: &Attempt) {
        self.attempts += 1;
        let told = told(&mut self.told, *effect, seq);
        let expected = told.number.saturating_add(1);
        if *number != expected {
            let wrong = Wrong::NumberOutOfStep { expected, number: *number };
            self.breaches.push(Breach::new(*effect, wrong, [told.attempt, seq]));
        }
        // Whether it may be sent again depends on its grade, which the view knows.
        if let Some(since) = told.unsure.or(told.confirmed) {
            self.breaches.push(Breach::new(*effect, Wrong::SentAgain, [since, seq]));
        }
        told.number = *number;
        told.attempt = seq;
        // Until there is a receipt.
        told.unsure = Some(seq);
    }

    fn receipt(&mut self, seq: u64, Receipt { effect, number, outcome }: &Receipt) {
        self.receipts += 1;
        let told = told(&mut self.told, *effect, seq);
        let is_announced = (1..=told.number).contains(number);
        if !is_announced && says_sent(outcome) {
            let wrong = Wrong::ReceiptWithoutAttempt { number: *number };
            self.breaches.push(Breach::new(*effect, wrong, [seq]));
        }
        match outcome {
            Outcome::Confirmed { already_done, .. } => {
                if let Some(before) = told.confirmed.filter(|_| !already_done) {
                    self.breaches.push(Breach::new(*effect, Wrong::ConfirmedTwice, [before, seq]));
                }
                told.confirmed.get_or_insert(seq);
                told.unsure = None;
            }
            Outcome::Unknown { .. }
            | Outcome::RetryAt { uncertain: true, .. }
            | Outcome::Postponed { uncertain: true, .. } => told.unsure = Some(seq),
            // Of the last attempt that it failed for certain; of one that was not made, nothing.
            Outcome::RetryAt { .. } | Outcome::Postponed { .. } | Outcome::Parked { .. } => {
                if is_announced {
                    told.unsure = None;
                }
            }
        }
    }

    /// What the records prove of the effects in `view`, which has been folded up to the last of them. `folded` is another
    /// view, folded from the same records for this question: it says what had to be planned.
    ///
    /// # Errors
    /// A store's, or a row that cannot be read.
    pub fn report(&self, view: &dyn Store, folded: &dyn Store) -> Result<LedgerReport, FoldError> {
        let mut tally = Tally::default();
        let mut grades = BTreeMap::new();
        each_effect(view, &mut |id, row| {
            grades.insert(id, row.grade);
            tally.count(&row);
            let is_planned = folded.get(Table::Effect, &id.0)?.is_some();
            if !is_planned && !row.erased {
                tally.breaches.push(Breach::new(id, Wrong::NoRecord, self.records_of(id)));
            }
            if is_open(&row.state) && !is_listed(view, id, &row)? {
                tally.breaches.push(Breach::new(id, Wrong::Forgotten, self.records_of(id)));
            }
            if is_planned && self.differs(id, &row) {
                tally.breaches.push(Breach::new(id, Wrong::RowDiffers, self.records_of(id)));
            }
            Ok(())
        })?;
        let mut lost = BTreeSet::new();
        each_effect(folded, &mut |id, row| {
            if !grades.contains_key(&id) && !row.erased {
                lost.insert(id);
            }
            Ok(())
        })?;
        tally.breaches.extend(lost.iter().map(|id| Breach::new(*id, Wrong::Forgotten, self.records_of(*id))));

        let open = effects_open(view, usize::MAX)?.into_iter().chain(effects_held(view, usize::MAX)?);
        let listed: BTreeSet<EffectId> = open.map(|(_, id)| id).collect();
        let known = |id: &EffectId| grades.contains_key(id) || lost.contains(id);
        let unplanned = listed.iter().filter(|id| !known(id) && !self.told.contains_key(id));
        tally.breaches.extend(unplanned.map(|id| Breach::new(*id, Wrong::NoRow, [])));
        let mut without_event = 0;
        for (id, told) in self.told.iter().filter(|(id, _)| !known(id)) {
            if told.first < self.erased_at && !listed.contains(id) {
                without_event += 1;
            } else {
                tally.breaches.push(Breach::new(*id, Wrong::NoRow, self.records_of(*id)));
            }
        }

        let is_safe = |id: &EffectId| grades.get(id).is_some_and(|grade| *grade != Grade::Unsafe);
        let of_records = self.breaches.iter().filter(|one| match one.wrong {
            Wrong::SentAgain => grades.contains_key(&one.effect) && !is_safe(&one.effect),
            _ => true,
        });
        tally.breaches.extend(of_records.cloned());
        Ok(tally.report(self, without_event))
    }

    /// Whether the row says otherwise than the records how often it was tried, or whether it happened.
    fn differs(&self, id: EffectId, row: &EffectRow) -> bool {
        let told = self.told.get(&id).copied().unwrap_or_default();
        let happened = match &row.state {
            // Its provider has shown it, or an answer has said so.
            EffectState::Confirmed { already_done: true, .. } => return row.attempts != told.number,
            state => matches!(state, EffectState::Confirmed { .. }),
        };
        row.attempts != told.number || happened != told.confirmed.is_some()
    }

    fn records_of(&self, id: EffectId) -> BTreeSet<u64> {
        self.told.get(&id).map(|told| BTreeSet::from([told.first, told.last])).unwrap_or_default()
    }
}

fn told(all: &mut BTreeMap<EffectId, Told>, effect: EffectId, seq: u64) -> &mut Told {
    let told = all.entry(effect).or_insert_with(|| Told { first: seq, ..Told::default() });
    told.last = seq;
    told
}

/// What was kept from being sent is postponed or parked without an attempt.
fn says_sent(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Confirmed { .. } | Outcome::RetryAt { .. } | Outcome::Unknown { .. } => true,
        Outcome::Postponed { .. } | Outcome::Parked { .. } => false,
    }
}

/// Whether something has yet to become of it.
fn is_open(state: &EffectState) -> bool {
    match state {
        EffectState::Planned
        | EffectState::Claimed { .. }
        | EffectState::Waiting { .. }
        | EffectState::Held { .. } => true,
        EffectState::Confirmed { .. }
        | EffectState::Parked { .. }
        | EffectState::Unknown { .. }
        | EffectState::Cancelled { .. } => false,
    }
}

fn is_listed(view: &dyn Store, id: EffectId, row: &EffectRow) -> Result<bool, FoldError> {
    let Some((table, place)) = listed(id, row) else { return Ok(false) };
    Ok(view.get(table, &place)?.is_some())
}

fn each_effect(
    store: &dyn Store,
    act: &mut dyn FnMut(EffectId, EffectRow) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let mut range = Range::all();
    loop {
        let rows = store.scan(Table::Effect, range, Order::Ascending, ROWS_AT_ONCE)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        range = Range { from: [last.as_slice(), &[0]].concat(), to: None };
        for (id, row) in rows {
            let id = EffectId(id.try_into().map_err(|_| FoldError::Row { table: Table::Effect })?);
            act(id, decode(Table::Effect, &row)?)?;
        }
    }
}

#[derive(Default)]
struct Tally {
    effects: u64,
    erasures: u64,
    erased: u64,
    counts: BTreeMap<(String, &'static str), (Grade, u64)>,
    breaches: Vec<Breach>,
}

impl Tally {
    fn count(&mut self, row: &EffectRow) {
        self.effects += 1;
        self.erasures += u64::from(!is_of_rule(row));
        self.erased += u64::from(row.erased);
        let counted = self.counts.entry((crate::facts::word(row.grade), row.state.word()));
        counted.or_insert((row.grade, 0)).1 += 1;
    }

    fn report(mut self, ledger: &Ledger, without_event: u64) -> LedgerReport {
        self.breaches.sort();
        self.breaches.dedup();
        let counts = self.counts.into_iter();
        let counts = counts.map(|((_, state), (grade, effects))| LedgerCount { grade, state, effects });
        LedgerReport {
            proven: self.breaches.is_empty() && ledger.missing == 0,
            records: ledger.last,
            missing: ledger.missing,
            attempts: ledger.attempts,
            receipts: ledger.receipts,
            effects: self.effects,
            erasures: self.erasures,
            erased: self.erased,
            without_event,
            counts: counts.collect(),
            breaches: self.breaches,
        }
    }
}
