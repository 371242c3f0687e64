//! Rules that act when a time has passed since an event: what waits, and what is asked when its time has come. Time
//! passes by records alone ([`Record::Tick`](crate::Record::Tick)), so that two folds of one journal agree.

use hub_model::model::Interaction;
use hub_model::{EventId, NodeId, Timestamp};
use hub_rules::{Mode, Rule, Scope};
use hub_store::{Order, Range, Store, Table};

use crate::FoldError;
use crate::apply::About;
use crate::decide::{Decided, Occasion, Verdict, decide};
use crate::draft::Draft;
use crate::facts::{EventFacts, customer_of};
use crate::fold::Folding;
use crate::follow::Cause;
use crate::own::is_own_write;
use crate::people::is_forgotten;
use crate::row::{EventRow, Subject, SubjectKind, key};
use crate::sitting::Outcome;
use crate::turns::retold;

/// Rules asked in one record; what is due beside them has its turn with the next.
const ASKED_AT_ONCE: usize = 256;

/// Events looked through for one that makes a rule needless. A customer with more since is not waiting for us.
const LOOKED_THROUGH_MAX: usize = 1_000;

/// When the next rule is to be asked; it may have passed.
///
/// # Errors
/// The store's.
pub fn next_timer(store: &dyn Store) -> Result<Option<Timestamp>, FoldError> {
    let first = store.scan(Table::Timer, Range::all(), Order::Ascending, 1)?;
    Ok(first.first().and_then(|(row, _)| Some(Timer::read(row)?.due)))
}

/// A rule that waits since an event.
pub(crate) struct Timer {
    pub(crate) due: Timestamp,
    pub(crate) event: EventId,
    /// Its name; or what [`turns`](crate::turns) expects, [`schedules`](crate::schedules) keep or
    /// [`alarms`](crate::alarms) watch.
    pub(crate) rule: String,
}

impl Timer {
    pub(crate) fn key(&self) -> Vec<u8> {
        [key::time(self.due).as_slice(), &self.event.0, self.rule.as_bytes()].concat()
    }

    fn read(row: &[u8]) -> Option<Timer> {
        let (due, rest) = row.split_first_chunk::<8>()?;
        let (event, rule) = rest.split_first_chunk::<16>()?;
        let rule = str::from_utf8(rule).ok()?.to_owned();
        Some(Timer { due: key::read_time(due)?, event: EventId(*event), rule })
    }
}

/// Lets the rules wait that act some time after this event; what comes of each at once is told of with what was decided.
pub(crate) fn begin_waiting<'r>(
    draft: &Draft<'_>,
    rules: impl Iterator<Item = &'r Rule>,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
    decided: &mut Decided,
) -> Result<Waiting, FoldError> {
    let mut waiting = Waiting::default();
    for rule in rules.filter(|rule| rule.mode != Mode::Off) {
        let due = Timestamp(occasion.event.happened_at.0.saturating_add(rule.on.waits_ns()));
        let verdict = if is_own_write(draft, facts, occasion, rule)? {
            Verdict::OwnWrite
        } else {
            waiting.timers.push(Timer { due, event: occasion.id, rule: rule.id.clone() });
            Verdict::Waiting { until: due }
        };
        let items = rule.for_each.as_ref().and_then(|_| rule.evaluate(facts).items);
        decided.add(Outcome::new(&rule.id, verdict, items)?);
    }
    Ok(waiting)
}

/// What begins to wait.
#[derive(Default)]
pub(crate) struct Waiting {
    timers: Vec<Timer>,
}

impl Waiting {
    pub(crate) fn write(self, draft: &mut Draft<'_>) {
        for timer in self.timers {
            draft.put_raw(Table::Timer, timer.key(), Vec::new());
        }
    }
}

impl Folding<'_> {
    /// Asks the rules whose time has come by `now`.
    pub(crate) fn tick(&mut self, seq: u64, now: Timestamp) -> Result<(), FoldError> {
        for timer in self.due(now)? {
            self.draft.delete(Table::Timer, timer.key());
            self.ask(seq, now, timer)?;
        }
        Ok(())
    }

    /// Asks each of them at the moment its time had come, as a hub would have that was there: for folds in which rules
    /// are in force that the hub did not know.
    pub(crate) fn tick_each(&mut self, seq: u64, until: Timestamp) -> Result<(), FoldError> {
        loop {
            let due = self.due(until)?;
            if due.is_empty() {
                return Ok(());
            }
            for timer in due {
                self.draft.delete(Table::Timer, timer.key());
                self.ask(seq, timer.due, timer)?;
                self.raise_alarms(seq)?;
            }
        }
    }

    fn due(&self, now: Timestamp) -> Result<Vec<Timer>, FoldError> {
        let to = key::time(Timestamp(now.0.saturating_add(1))).to_vec();
        let range = Range { from: Vec::new(), to: Some(to) };
        let rows = self.draft.scan_range(Table::Timer, range, ASKED_AT_ONCE)?;
        Ok(rows.iter().filter_map(|(row, _)| Timer::read(row)).collect())
    }

    /// The rule may have been changed or taken away since, and whom it is about be forgotten.
    fn ask(&mut self, seq: u64, now: Timestamp, timer: Timer) -> Result<(), FoldError> {
        let is_own = self.scheduled(seq, now, &timer)?
            || self.expected(seq, now, &timer)?
            || self.segment_due(seq, now, &timer)?
            || self.watched(now, &timer)?;
        if is_own {
            return Ok(());
        }
        let settings = self.settings.clone();
        let Some(rule) = settings.rules.get(&timer.rule).filter(|rule| rule.mode != Mode::Off) else {
            return Ok(());
        };
        let Some(row) = self.draft.get::<EventRow>(&timer.event.0)? else { return Ok(()) };
        let Some(elapsed) = rule.on.elapsed().filter(|elapsed| elapsed.since == row.name) else {
            return Ok(());
        };
        if let Some(account) = row.account
            && is_forgotten(&self.draft, account)?
        {
            return Ok(());
        }
        let due = Timestamp(row.happened_at.0.saturating_add(elapsed.after_ns));
        if due > now {
            // It is to wait longer than when it began.
            self.draft.put_raw(Table::Timer, Timer { due, ..timer }.key(), Vec::new());
            return Ok(());
        }
        let of = (timer.event, &row);
        let needless = happened_to_same(&self.draft, &elapsed.unless, elapsed.same, of, now)?;
        let event = retold(&row);
        let about = About { account: row.account, subject: row.subject, ..About::default() };
        let connector = settings.connector(&row.connection).unwrap_or_default();
        let facts = EventFacts::new(&self.draft, &row.connection, connector, &event, &about);
        let facts = facts.until(now).asked_at(now);
        let occasion =
            Occasion { event: &event, id: timer.event, account: row.account, now, derived: self.derived };
        let decided = match needless {
            Some((name, at)) => {
                let same = elapsed.same.as_str();
                let reason = format!("unless: {name} happened for the same {same}, at {at}");
                Decided::held(&occasion, rule, &facts, reason)?
            }
            None => decide(&self.draft, &settings, std::iter::once(rule), &facts, &occasion)?,
        };
        let told = self.write_decided(seq, decided)?;
        let cause = Cause { connector, id: timer.event, event: &event, about: &about, at: now };
        self.follow((seq, now), &cause, told)
    }
}

/// The first of these events that happened to the same from an event on.
pub(crate) fn happened_to_same(
    draft: &Draft<'_>,
    names: &[String],
    same: Scope,
    (since, row): (EventId, &EventRow),
    now: Timestamp,
) -> Result<Option<(String, Timestamp)>, FoldError> {
    let conversation = thread_of(draft, row.subject.as_ref())?;
    for name in names {
        for (id, at) in happened(draft, name, row, now)? {
            let is_answer = id != since
                && match same {
                    Scope::Conversation => {
                        let other: Option<EventRow> = draft.get(&id.0)?;
                        let thread = thread_of(draft, other.and_then(|other| other.subject).as_ref())?;
                        conversation.is_some() && thread == conversation
                    }
                    Scope::Order | Scope::Ticket => {
                        let other: Option<EventRow> = draft.get(&id.0)?;
                        other.is_some_and(|other| other.subject == row.subject)
                    }
                    _ => true,
                };
            if is_answer {
                return Ok(Some((name.clone(), at)));
            }
        }
    }
    Ok(None)
}

/// Events of this name that the customer, or the thing where it is nobody's, has had from then on.
fn happened(
    draft: &Draft<'_>,
    name: &str,
    row: &EventRow,
    now: Timestamp,
) -> Result<Vec<(EventId, Timestamp)>, FoldError> {
    let mut found = Vec::new();
    let Some(account) = row.account else {
        let Some(subject) = &row.subject else { return Ok(found) };
        for (row_key, _) in draft.scan(Table::Index, &key::about_prefix(subject), LOOKED_THROUGH_MAX)? {
            let Some(id) = key::trailing_id(&row_key).map(EventId) else { continue };
            let Some(other) = draft.get::<EventRow>(&id.0)? else { continue };
            if other.name == name && (row.happened_at..=now).contains(&other.happened_at) {
                found.push((id, other.happened_at));
            }
        }
        return Ok(found);
    };
    let accounts: Vec<NodeId> = match customer_of(draft, account) {
        Some((_, customer)) => customer.accounts.into_iter().collect(),
        None => vec![account],
    };
    for account in accounts {
        let end = |at: Timestamp, last: u8| key::events(account, name, at, EventId([last; 16]));
        let range = Range { from: end(row.happened_at, 0), to: Some(end(now, u8::MAX)) };
        for (row_key, _) in draft.scan_range(Table::Index, range, LOOKED_THROUGH_MAX)? {
            let Some(id) = key::trailing_id(&row_key).map(EventId) else { continue };
            let at = draft.get::<EventRow>(&id.0)?.map(|other| other.happened_at);
            found.extend(at.map(|at| (id, at)));
        }
    }
    Ok(found)
}

/// The provider's thread of an interaction, with its connection.
fn thread_of(draft: &Draft<'_>, subject: Option<&Subject>) -> Result<Option<(String, String)>, FoldError> {
    let Some(subject) = subject.filter(|subject| subject.kind == SubjectKind::Interaction) else {
        return Ok(None);
    };
    let said: Option<Interaction> = draft.get(&key::object(&subject.connection, &[&subject.id]))?;
    let thread = said.and_then(|said| said.thread);
    Ok(thread.map(|thread| (subject.connection.clone(), thread.value)))
}
