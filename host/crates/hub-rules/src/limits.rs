//! How often a rule may act. Owns the types only: counting what has happened is the fold's.

use serde::{Deserialize, Serialize};

use crate::quiet::QuietHours;
use crate::value::written_duration;

/// What holds a firing rule back. Nothing set means nothing holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// At most once for each of these, for ever or within [`Limits::within_ns`].
    pub once_per: Option<OncePer>,
    pub within_ns: Option<i64>,
    pub max: Option<Rate>,
    /// Events older than this when we learn of them do not fire the rule.
    pub ignore_older_than_ns: Option<i64>,
    /// When it acts more often than this, what its connections are to do waits for a person.
    pub pause_above: Option<Rate>,
    /// When nobody is written to: what would be sent waits for the end.
    pub quiet_hours: Option<QuietHours>,
    /// How often it is expected to act. Holds nothing back: people are told.
    pub alarm: Band,
}

/// How often a rule is expected to act. Written as `alarm_below` and `alarm_above`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Fewer than this, and the rule is silent.
    pub below: Option<Rate>,
    /// More than this, and the rule is spiking.
    pub above: Option<Rate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OncePer {
    pub scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Event,
    Conversation,
    Customer,
    Order,
    Interaction,
    Ticket,
}

/// At most `count` firings in any `per_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub count: u64,
    pub per_ns: i64,
}

impl Scope {
    pub(crate) const ALL: [Scope; 6] =
        [Scope::Event, Scope::Conversation, Scope::Customer, Scope::Order, Scope::Interaction, Scope::Ticket];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Event => "event",
            Scope::Conversation => "conversation",
            Scope::Customer => "customer",
            Scope::Order => "order",
            Scope::Interaction => "interaction",
            Scope::Ticket => "ticket",
        }
    }
}

impl Rate {
    /// "3 times in 1h".
    #[must_use]
    pub fn words(&self) -> String {
        let times = if self.count == 1 { "time" } else { "times" };
        format!("{} {times} in {}", self.count, written_duration(self.per_ns))
    }

    /// As a rule file has it: "3/h".
    #[must_use]
    pub fn written(&self) -> String {
        let per = written_duration(self.per_ns);
        let unit = match per.as_str() {
            "24h" => "d",
            per => per.strip_prefix('1').filter(|unit| unit.len() == 1).unwrap_or(per),
        };
        format!("{}/{unit}", self.count)
    }

    /// How often something happens at most within a time when it keeps to this rate.
    pub(crate) fn most_within(&self, time_ns: i64) -> u64 {
        let times =
            u64::try_from(time_ns).unwrap_or_default().div_ceil(u64::try_from(self.per_ns).unwrap_or(1));
        self.count.saturating_mul(times)
    }

    /// How often something happens at least within a time when it happens no less often than this.
    pub(crate) fn least_within(&self, time_ns: i64) -> u64 {
        self.count.saturating_mul(u64::try_from(time_ns / self.per_ns).unwrap_or_default())
    }
}

impl Band {
    /// Nothing is expected.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Band::default()
    }

    /// "at least 2 times in 24h and at most 40 times in 24h".
    #[must_use]
    pub fn words(&self) -> String {
        let below = self.below.map(|rate| format!("at least {}", rate.words()));
        let above = self.above.map(|rate| format!("at most {}", rate.words()));
        below.into_iter().chain(above).collect::<Vec<_>>().join(" and ")
    }

    /// As a rule file has it: "alarm_below: 2/d, alarm_above: 40/d".
    #[must_use]
    pub fn written(&self) -> String {
        let below = self.below.map(|rate| format!("alarm_below: {}", rate.written()));
        let above = self.above.map(|rate| format!("alarm_above: {}", rate.written()));
        below.into_iter().chain(above).collect::<Vec<_>>().join(", ")
    }
}

impl Limits {
    /// The limits as clauses of the rule's sentence.
    pub(crate) fn clauses(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(once) = self.once_per {
            let within = self.within_ns.map(|ns| format!(" within {}", written_duration(ns)));
            clauses.push(format!("at most once per {}{}", once.scope.as_str(), within.unwrap_or_default()));
        }
        if let Some(rate) = self.max {
            clauses.push(format!("at most {}", rate.words()));
        }
        if let Some(age) = self.ignore_older_than_ns {
            clauses.push(format!("not for events older than {}", written_duration(age)));
        }
        if let Some(rate) = self.pause_above {
            clauses.push(format!(
                "if it acts more than {}, what would be sent waits for a person",
                rate.words()
            ));
        }
        if let Some(QuietHours { from, until, tz }) = &self.quiet_hours {
            clauses.push(format!("nobody is written to from {from} until {until} ({tz})"));
        }
        if !self.alarm.is_none() {
            clauses.push(format!("an alarm is raised unless it acts {}", self.alarm.words()));
        }
        clauses
    }
}
