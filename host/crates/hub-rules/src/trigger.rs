//! When a rule is asked: at once when something happens, when a time has passed since, or at times that come again.

use serde::Serialize;

use crate::limits::Scope;
use crate::timetable::Timetable;
use crate::value::written_duration;

/// What happens when a rule's time has come.
pub const SCHEDULE_DUE: &str = "schedule.due";

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Event(String),
    Elapsed(Elapsed),
    Every(Timetable),
}

/// A time passes after an event, and what would have made the rule needless does not happen meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elapsed {
    /// Nanoseconds after the event happened, by its provider's clock.
    pub after_ns: i64,
    pub since: String,
    /// One of these, and the rule is not asked.
    pub unless: Vec<String>,
    /// What the two have to be about for one to count as the other's answer.
    pub same: Scope,
}

impl Trigger {
    /// The event whose fields the rule knows.
    #[must_use]
    pub fn event(&self) -> &str {
        match self {
            Trigger::Event(event) => event,
            Trigger::Elapsed(elapsed) => &elapsed.since,
            Trigger::Every(_) => SCHEDULE_DUE,
        }
    }

    /// How long after its event the rule is asked, in nanoseconds.
    #[must_use]
    pub fn waits_ns(&self) -> i64 {
        self.elapsed().map_or(0, |elapsed| elapsed.after_ns)
    }

    /// What it waits for, if it does.
    #[must_use]
    pub fn elapsed(&self) -> Option<&Elapsed> {
        match self {
            Trigger::Event(_) | Trigger::Every(_) => None,
            Trigger::Elapsed(elapsed) => Some(elapsed),
        }
    }

    /// The first words of the rule's sentence.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Trigger::Event(event) => format!("When {event} happens"),
            Trigger::Every(timetable) => timetable.sentence(),
            Trigger::Elapsed(Elapsed { after_ns, since, unless, same }) => {
                let unless = match unless.as_slice() {
                    [] => String::new(),
                    events => format!(" without {} for the same {}", events.join(" or "), same.as_str()),
                };
                format!("When {} have passed since {since}{unless}", written_duration(*after_ns))
            }
        }
    }
}
