//! Whether a rule acts as often as it is expected to. Counts what it does in steps of a window that moves on with time:
//! pure, and the same for a rule in force and for a back-test.

use std::collections::BTreeMap;

use hub_model::Timestamp;
use hub_rules::{Band, Rate};
use serde::{Deserialize, Serialize};

/// Steps a window goes forward in: a day is looked at every hour. More would cost more and tell little sooner.
pub(crate) const STEPS: i64 = 24;

/// On which side of what is expected a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It acts too rarely.
    Silent,
    /// It acts too often.
    Spiking,
}

/// A rule acts outside of what is expected of it, since when and how often in the time it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    pub since: Timestamp,
    pub side: Side,
    pub count: u64,
    /// What is expected: no less often than this, or no more.
    pub expected: Rate,
}

impl Side {
    /// As people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Side::Silent => "silent",
            Side::Spiking => "spiking",
        }
    }
}

impl Alarm {
    /// What is expected: "at least 2 times in 24h".
    #[must_use]
    pub fn words(&self) -> String {
        let band = match self.side {
            Side::Silent => Band { below: Some(self.expected), above: None },
            Side::Spiking => Band { below: None, above: Some(self.expected) },
        };
        band.words()
    }
}

/// What a rule has done lately, beside what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    pub(crate) band: Band,
    /// From when on it is known what the rule does.
    pub(crate) since: Timestamp,
    below: Option<Counted>,
    above: Option<Counted>,
}

impl Watch {
    pub(crate) fn new(band: Band, since: Timestamp) -> Self {
        let counted = |side| move |rate| Counted::new(side, rate);
        Self {
            band,
            since,
            below: band.below.map(counted(Side::Silent)),
            above: band.above.map(counted(Side::Spiking)),
        }
    }

    fn sides(&self) -> impl Iterator<Item = &Counted> {
        self.below.iter().chain(&self.above)
    }

    /// The rule has acted.
    pub(crate) fn acted(&mut self, at: Timestamp) {
        self.below.iter_mut().chain(&mut self.above).for_each(|counted| counted.acted(at));
    }

    /// Looks whether it acts as expected; tells what alarms this raises.
    pub(crate) fn look(&mut self, at: Timestamp) -> Vec<Alarm> {
        let since = self.since;
        self.below.iter_mut().chain(&mut self.above).filter_map(|counted| counted.look(since, at)).collect()
    }

    /// When something may change of which nothing tells but time.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.sides().filter_map(|counted| counted.next(self.since, after)).min()
    }

    /// What is raised at present.
    pub(crate) fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.sides().filter_map(|counted| counted.alarm.as_ref())
    }

    pub(crate) fn alarm(&self, side: Side) -> Option<&Alarm> {
        self.alarms().find(|alarm| alarm.side == side)
    }

    /// How often it has acted in the time that is looked at for each side.
    pub(crate) fn counts(&self, at: Timestamp) -> (Option<u64>, Option<u64>) {
        let count =
            |counted: &Option<Counted>| counted.as_ref().map(|counted| counted.within(counted.step(at)));
        (count(&self.below), count(&self.above))
    }
}

/// One side of the band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    side: Side,
    rate: Rate,
    /// How often it acted, by the number of the step; steps without are not there.
    steps: BTreeMap<i64, u64>,
    alarm: Option<Alarm>,
}

impl Counted {
    fn new(side: Side, rate: Rate) -> Self {
        Self { side, rate, steps: BTreeMap::new(), alarm: None }
    }

    fn step_ns(&self) -> i64 {
        (self.rate.per_ns / STEPS).max(1)
    }

    fn step(&self, at: Timestamp) -> i64 {
        at.0.div_euclid(self.step_ns())
    }

    fn begins(&self, step: i64) -> Timestamp {
        Timestamp(step.saturating_mul(self.step_ns()))
    }

    /// The first step of the window that ends with this one. The step under way is the window's last; to be silent for the
    /// whole time a rule has to be so in all the steps before as well.
    fn first_of(&self, last: i64) -> i64 {
        match self.side {
            Side::Silent => last.saturating_sub(STEPS),
            Side::Spiking => last.saturating_sub(STEPS - 1),
        }
    }

    fn acted(&mut self, at: Timestamp) {
        let step = self.step(at);
        *self.steps.entry(step).or_default() += 1;
        self.steps = self.steps.split_off(&self.first_of(step));
    }

    fn within(&self, last: i64) -> u64 {
        self.steps.range(self.first_of(last)..=last).map(|(_, count)| count).sum()
    }

    /// A rule that is not in force for the whole window is not called silent; what is too much is so at once.
    fn is_out(&self, since: Timestamp, last: i64) -> bool {
        match self.side {
            Side::Silent => self.begins(self.first_of(last)) >= since && self.within(last) < self.rate.count,
            Side::Spiking => self.within(last) > self.rate.count,
        }
    }

    fn look(&mut self, since: Timestamp, at: Timestamp) -> Option<Alarm> {
        let last = self.step(at);
        if !self.is_out(since, last) {
            self.alarm = None;
            return None;
        }
        if self.alarm.is_some() {
            return None;
        }
        let (side, expected) = (self.side, self.rate);
        self.alarm = Some(Alarm { since: at, side, count: self.within(last), expected });
        self.alarm
    }

    /// The beginning of the next step with which it falls silent, or has calmed down, if it does nothing more.
    fn next(&self, since: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let falls_out = match (self.side, self.alarm.is_some()) {
            (Side::Silent, false) => true,
            (Side::Spiking, true) => false,
            // Only the rule itself can change it, by acting.
            (Side::Silent, true) | (Side::Spiking, false) => return None,
        };
        let from = after.max(since);
        let next = self.step(from).saturating_add(1);
        // Within two more steps than a window has, all that was counted has passed out of it.
        let steps = next..=next.saturating_add(STEPS + 1);
        let mut changing = steps.filter(|step| self.is_out(since, *step) == falls_out);
        changing.next().map(|step| self.begins(step))
    }
}

/// The alarms that a rule raises which acts at these times, earliest first, and is in force between these two.
pub(crate) fn alarms(
    acted: impl Iterator<Item = Timestamp>,
    (since, until): (Timestamp, Timestamp),
    band: Band,
) -> Vec<Alarm> {
    let mut watch = Watch::new(band, since);
    let (mut raised, mut looked) = (Vec::new(), since);
    let mut pass = |watch: &mut Watch, to: Timestamp, raised: &mut Vec<Alarm>| {
        while let Some(next) = watch.next(looked).filter(|next| *next <= to) {
            raised.extend(watch.look(next));
            looked = next;
        }
        looked = looked.max(to);
    };
    for at in acted {
        pass(&mut watch, at, &mut raised);
        watch.acted(at);
        raised.extend(watch.look(at));
    }
    pass(&mut watch, until, &mut raised);
    raised
}

#[cfg(test)]
mod tests;
