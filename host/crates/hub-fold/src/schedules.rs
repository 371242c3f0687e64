//! Rules that are asked at times that come again. Each has one timer, for its next time; times that passed while no hub ran
//! are made up for by one.

use std::collections::BTreeMap;

use hub_model::event::{Event, Other, Payload};
use hub_model::{EventId, Timestamp};
use hub_rules::{Mode, SCHEDULE_DUE};
use hub_store::Table;

use crate::FoldError;
use crate::apply::About;
use crate::decide::{Occasion, decide};
use crate::facts::{EventFacts, week};
use crate::fold::Folding;
use crate::follow::{Cause, HUB};
use crate::row::{EventRow, decode, encode};
use crate::timers::Timer;

/// Marks a schedule's timer: no rule's name begins so.
const SCHEDULED: char = '@';

const SCHEDULES_KEY: &[u8] = b"schedules";

/// By rule: its times as they are written, and the next of them.
type Schedules = BTreeMap<String, (String, Timestamp)>;

fn timer(rule: &str, due: Timestamp) -> Timer {
    Timer { due, event: EventId([0; 16]), rule: format!("{SCHEDULED}{rule}") }
}

impl Folding<'_> {
    /// Sets the timers of the rules in force. One whose times are as they were keeps what it waits for.
    pub(crate) fn keep_schedules(&mut self, now: Timestamp) -> Result<(), FoldError> {
        let known = self.schedules()?;
        for (rule, (_, due)) in &known {
            self.draft.delete(Table::Timer, timer(rule, *due).key());
        }
        let settings = self.settings.clone();
        let mut kept = Schedules::new();
        for (rule, timetable) in settings.rules.scheduled().filter(|(rule, _)| rule.mode != Mode::Off) {
            let written = timetable.to_string();
            let same = known.get(&rule.id).filter(|(before, _)| *before == written).cloned();
            let next = || Some((written.clone(), Timestamp(timetable.after(now.0)?)));
            let Some((written, due)) = same.or_else(next) else { continue };
            self.draft.put_raw(Table::Timer, timer(&rule.id, due).key(), Vec::new());
            kept.insert(rule.id.clone(), (written, due));
        }
        self.write_schedules(&kept)
    }

    /// Asks a rule at one of its times, and waits for the next; `false` where the timer is not a schedule's.
    pub(crate) fn scheduled(
        &mut self,
        seq: u64,
        now: Timestamp,
        timer_due: &Timer,
    ) -> Result<bool, FoldError> {
        let Some(id) = timer_due.rule.strip_prefix(SCHEDULED) else { return Ok(false) };
        let settings = self.settings.clone();
        let mut known = self.schedules()?;
        let is_waited_for = known.get(id).is_some_and(|(_, due)| *due == timer_due.due);
        let rule = settings.rules.scheduled().find(|(rule, _)| rule.id == id && rule.mode != Mode::Off);
        let Some((rule, timetable)) = rule.filter(|_| is_waited_for) else { return Ok(true) };
        match timetable.after(now.max(timer_due.due).0).map(Timestamp) {
            Some(next) => {
                self.draft.put_raw(Table::Timer, timer(id, next).key(), Vec::new());
                known.insert(id.to_owned(), (timetable.to_string(), next));
            }
            None => drop(known.remove(id)),
        }
        self.write_schedules(&known)?;
        let event = Event {
            name: SCHEDULE_DUE.to_owned(),
            key: format!("{id}/{}", timer_due.due.0),
            happened_at: timer_due.due,
            version: timer_due.due.0,
            payload: Payload::Other(Other {
                topic: SCHEDULE_DUE.to_owned(),
                extra: week(timetable, timer_due.due),
            }),
        };
        let event_id = EventId::of(HUB, &event.name, &event.key);
        let about = About::default();
        let row = EventRow {
            name: event.name.clone(),
            connection: HUB.to_owned(),
            happened_at: event.happened_at,
            delivery: None,
            report: seq,
            position: 0,
            account: None,
            subject: None,
        };
        self.note_event(event_id, row, &about);
        let occasion = Occasion { event: &event, id: event_id, account: None, now, derived: self.derived };
        let facts = EventFacts::new(&self.draft, HUB, HUB, &event, &about).asked_at(now);
        let decided = decide(&self.draft, &settings, std::iter::once(rule), &facts, &occasion)?;
        let told = self.write_decided(seq, decided)?;
        let at = timer_due.due;
        let cause = Cause { connector: HUB, id: event_id, event: &event, about: &about, at };
        self.follow((seq, now), &cause, told)?;
        Ok(true)
    }

    fn schedules(&self) -> Result<Schedules, FoldError> {
        let row = self.draft.get_raw(Table::Setting, SCHEDULES_KEY)?;
        Ok(row.map(|bytes| decode(Table::Setting, &bytes)).transpose()?.unwrap_or_default())
    }

    fn write_schedules(&mut self, schedules: &Schedules) -> Result<(), FoldError> {
        let is_known = self.draft.has(Table::Setting, SCHEDULES_KEY)?;
        if is_known || !schedules.is_empty() {
            self.draft.put_raw(Table::Setting, SCHEDULES_KEY.to_vec(), encode(schedules));
        }
        Ok(())
    }
}
