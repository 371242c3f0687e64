//! Rules that act too rarely or too often, as `alarm_below` and `alarm_above` say. Counts what rules do, notices silence
//! when its time has come, and tells of both by events of the hub's own, on which other rules may act.
//!
//! Each rule that is watched has one timer at most. It may come early, and is then set anew; when the rule acts it is left
//! alone. An alarm is told of once, when the rule leaves what is expected, so rules that act on each other's alarms come to
//! rest; none acts on its own.

use std::collections::BTreeSet;

use hub_model::event::{Event, Other, Payload};
use hub_model::{EventId, Timestamp};
use hub_rules::{Mode, Rule, RuleSet};
use hub_store::{Store, Table};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::apply::About;
use crate::band::{Alarm, Side, Watch};
use crate::decide::{Decided, firing_key};
use crate::draft::Draft;
use crate::fold::Folding;
use crate::follow::HUB;
use crate::row::{EventRow, Subject, SubjectKind, decode, encode};
use crate::timers::Timer;

/// A rule has begun to act too rarely.
pub const RULE_SILENT: &str = "rule.silent";
/// A rule has begun to act too often.
pub const RULE_SPIKING: &str = "rule.spiking";

/// Marks the timer of a rule that is watched: no rule's name begins so.
const WATCHED: char = '~';

/// The names of the rules that are watched.
pub(crate) const WATCHES_KEY: &[u8] = b"watches";

/// A rule and what is wrong with how often it acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleAlarm {
    pub rule: String,
    #[serde(flatten)]
    pub alarm: Alarm,
}

/// What is known of how often a rule acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WatchRow {
    pub(crate) watch: Watch,
    /// When its timer is due.
    due: Option<Timestamp>,
}

impl Side {
    pub(crate) fn event(self) -> &'static str {
        match self {
            Side::Silent => RULE_SILENT,
            Side::Spiking => RULE_SPIKING,
        }
    }

    pub(crate) fn of_event(event: &str) -> Option<Side> {
        [Side::Silent, Side::Spiking].into_iter().find(|side| side.event() == event)
    }
}

fn row_key(rule: &str) -> Vec<u8> {
    firing_key(rule, "watch", "")
}

fn read(row: Option<Vec<u8>>) -> Result<Option<WatchRow>, FoldError> {
    row.map(|bytes| decode(Table::Firing, &bytes)).transpose()
}

/// The rules that are watched, by id.
pub(crate) fn watched_rules(row: Option<Vec<u8>>) -> Result<BTreeSet<String>, FoldError> {
    Ok(row.map(|bytes| decode(Table::Setting, &bytes)).transpose()?.unwrap_or_default())
}

/// How often a rule has acted, in a view.
pub(crate) fn stored_watch(store: &dyn Store, rule: &str) -> Result<Option<Watch>, FoldError> {
    Ok(read(store.get(Table::Firing, &row_key(rule))?)?.map(|row| row.watch))
}

pub(crate) fn watch(draft: &Draft<'_>, rule: &str) -> Result<Option<WatchRow>, FoldError> {
    read(draft.get_raw(Table::Firing, &row_key(rule))?)
}

/// Puts down what is known of a rule, without a timer.
#[cfg(test)]
pub(crate) fn keep_watch(draft: &mut Draft<'_>, rule: &str, watch: Watch) {
    draft.put_raw(Table::Firing, row_key(rule), encode(&WatchRow { watch, due: None }));
}

/// The rules that are watched and have acted, or would have in shadow mode, each time it did.
pub(crate) fn acted(decided: &Decided, rules: &RuleSet) -> Vec<(String, Timestamp)> {
    let is_watched = |rule: &str| rules.get(rule).is_some_and(is_watched);
    let acted = decided.acted().filter(|(rule, _)| is_watched(rule));
    acted.map(|(rule, at)| (rule.to_owned(), at)).collect()
}

fn is_watched(rule: &Rule) -> bool {
    rule.mode != Mode::Off && !rule.limits.alarm.is_none()
}

/// What an alarm is about.
pub(crate) fn about(rule: &str) -> About {
    let subject = Subject { kind: SubjectKind::Rule, connection: HUB.to_owned(), id: rule.to_owned() };
    About { subject: Some(subject), ..About::default() }
}

impl Folding<'_> {
    /// Watches the rules in force. One of which the same is expected as before is watched on.
    pub(crate) fn keep_watches(&mut self, now: Timestamp) -> Result<(), FoldError> {
        let row = self.draft.get_raw(Table::Setting, WATCHES_KEY)?;
        let is_known = row.is_some();
        let known = watched_rules(row)?;
        let settings = self.settings.clone();
        let mut kept = BTreeSet::new();
        for rule in settings.rules.rules().iter().filter(|rule| is_watched(rule)) {
            kept.insert(rule.id.clone());
            let before = watch(&self.draft, &rule.id)?;
            if before.as_ref().is_some_and(|row| row.watch.band == rule.limits.alarm) {
                continue;
            }
            let row =
                WatchRow { watch: Watch::new(rule.limits.alarm, now), due: before.and_then(|row| row.due) };
            self.set_timer(&rule.id, row, now);
        }
        for gone in known.iter().filter(|rule| !kept.contains(*rule)) {
            if let Some(due) = watch(&self.draft, gone)?.and_then(|row| row.due) {
                self.draft.delete(Table::Timer, timer(gone, due).key());
            }
            self.draft.delete(Table::Firing, row_key(gone));
        }
        if is_known || !kept.is_empty() {
            self.draft.put_raw(Table::Setting, WATCHES_KEY.to_vec(), encode(&kept));
        }
        Ok(())
    }

    /// Counts what rules did, and notices what is too much.
    pub(crate) fn count_acted(&mut self, acted: Vec<(String, Timestamp)>) -> Result<(), FoldError> {
        for (rule, at) in acted {
            let Some(mut row) = watch(&self.draft, &rule)? else { continue };
            row.watch.acted(at);
            self.look(&rule, row, at);
        }
        Ok(())
    }

    /// Looks at a rule whose time has come to be silent, or to have calmed down; `false` where the timer is another's.
    pub(crate) fn watched(&mut self, now: Timestamp, timer: &Timer) -> Result<bool, FoldError> {
        let Some(rule) = timer.rule.strip_prefix(WATCHED) else { return Ok(false) };
        if let Some(row) = watch(&self.draft, rule)?.filter(|row| row.due == Some(timer.due)) {
            self.look(rule, row, now);
        }
        Ok(true)
    }

    fn look(&mut self, rule: &str, mut row: WatchRow, at: Timestamp) {
        let before = row.watch.alarms().count();
        let raised = row.watch.look(at);
        let is_as_before = raised.is_empty() && row.watch.alarms().count() == before;
        self.alarms.extend(raised.into_iter().map(|alarm| RuleAlarm { rule: rule.to_owned(), alarm }));
        // A timer that comes too early is set anew then.
        if is_as_before && row.due.is_some_and(|due| due > at) {
            self.draft.put_raw(Table::Firing, row_key(rule), encode(&row));
        } else {
            self.set_timer(rule, row, at);
        }
    }

    fn set_timer(&mut self, rule: &str, row: WatchRow, now: Timestamp) {
        if let Some(due) = row.due {
            self.draft.delete(Table::Timer, timer(rule, due).key());
        }
        let due = row.watch.next(now);
        if let Some(due) = due {
            self.draft.put_raw(Table::Timer, timer(rule, due).key(), Vec::new());
        }
        self.draft.put_raw(Table::Firing, row_key(rule), encode(&WatchRow { due, ..row }));
    }

    /// Tells of the alarms that were raised, and of those that the rules acting on them raise.
    pub(crate) fn raise_alarms(&mut self, seq: u64) -> Result<(), FoldError> {
        while !self.alarms.is_empty() {
            for raised in std::mem::take(&mut self.alarms) {
                self.raise(seq, &raised)?;
                self.consequences.alarms.push(raised);
            }
        }
        Ok(())
    }

    fn raise(&mut self, seq: u64, raised: &RuleAlarm) -> Result<(), FoldError> {
        let RuleAlarm { rule, alarm: Alarm { since, side, .. } } = raised;
        let event = Event {
            name: side.event().to_owned(),
            key: format!("{rule}/{}", since.0),
            happened_at: *since,
            version: since.0,
            payload: Payload::Other(Other { topic: side.event().to_owned(), extra: Vec::new() }),
        };
        let id = EventId::of(HUB, &event.name, &event.key);
        if self.draft.has(Table::Event, &id.0)? {
            return Ok(());
        }
        let about = about(rule);
        let row = EventRow {
            name: event.name.clone(),
            connection: HUB.to_owned(),
            happened_at: *since,
            delivery: None,
            report: seq,
            position: 0,
            account: None,
            subject: about.subject.clone(),
        };
        self.note_event(id, row, &about);
        self.ask_rules((seq, *since), (HUB, HUB), (id, &event, &about))
    }
}

fn timer(rule: &str, due: Timestamp) -> Timer {
    Timer { due, event: EventId([0; 16]), rule: format!("{WATCHED}{rule}") }
}
