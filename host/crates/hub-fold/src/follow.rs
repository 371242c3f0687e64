//! What follows from what rules decided: events they tell of, and segments a customer comes into or goes out of because of
//! it. Rules act on these as on others, so they may follow on each other; how far is capped.

use hub_model::event::Event;
use hub_model::{EventId, Timestamp};

use crate::FoldError;
use crate::apply::About;
use crate::fold::Folding;
use crate::row::EventRow;

/// What events of the hub's own are said to come through where they follow from no report: it is no connection's name.
pub(crate) const HUB: &str = "@hub";

/// Events that rules may tell of because of one record. What ten rules tell of because of one event is a handful each; more
/// than this is rules that multiply.
pub(crate) const TOLD_MAX: usize = 100;

/// How far what follows from a record has gone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Derived {
    /// Events that follow on each other, the record's own not counted.
    pub(crate) deep: usize,
    /// Events that rules told of.
    pub(crate) told: usize,
    /// When the latest of these events happened.
    last: Timestamp,
}

/// An event that a rule tells of.
pub(crate) struct Emission {
    /// The event's name.
    pub(crate) name: String,
    pub(crate) rule: String,
    /// The action, as in [`Done`](crate::decide::Done).
    pub(crate) step: String,
}

/// What rules were asked about.
pub(crate) struct Cause<'e> {
    pub(crate) connector: &'e str,
    pub(crate) id: EventId,
    pub(crate) event: &'e Event,
    pub(crate) about: &'e About,
    /// When what follows happens.
    pub(crate) at: Timestamp,
}

impl Folding<'_> {
    /// Tells of the events, and looks where their customer stands now.
    pub(crate) fn follow(
        &mut self,
        (seq, now): (u64, Timestamp),
        cause: &Cause<'_>,
        emissions: Vec<Emission>,
    ) -> Result<(), FoldError> {
        self.derived.last = self.derived.last.max(cause.event.happened_at);
        for Emission { name, rule, step } in emissions {
            let Some(row) = self.draft.get::<EventRow>(&cause.id.0)? else { continue };
            self.derived.told += 1;
            let id = EventId::of(HUB, &name, &format!("{}/{rule}/{step}", cause.id));
            let event = Event { name: name.clone(), ..cause.event.clone() };
            let row = EventRow { name, happened_at: cause.at, ..row };
            self.happen_derived((seq, now), cause.connector, row, (id, event, cause.about))?;
        }
        match cause.about.account {
            Some(account) => self.ask_segments((seq, now), account, cause.id),
            None => Ok(()),
        }
    }

    /// An event that follows from another: one step further, and a moment later, for of two words on one thing the later
    /// counts.
    pub(crate) fn happen_derived(
        &mut self,
        (seq, now): (u64, Timestamp),
        connector: &str,
        row: EventRow,
        (id, event, about): (EventId, Event, &About),
    ) -> Result<(), FoldError> {
        let at = Timestamp(row.happened_at.max(self.derived.last).0.saturating_add(1));
        self.derived.last = at;
        self.derived.deep += 1;
        let row = EventRow { happened_at: at, ..row };
        let event = Event { happened_at: at, ..event };
        let happened = self.happen((seq, now), connector, row, (id, &event, about));
        self.derived.deep -= 1;
        happened
    }
}
