//! How often a rule may act. Owns the types only: counting what has happened is the fold's.

use serde::{Deserialize, Serialize};

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

impl Limits {
    /// The limits as clauses of the rule's sentence.
    pub(crate) fn clauses(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(once) = self.once_per {
            let within = self.within_ns.map(|ns| format!(" within {}", written_duration(ns)));
            clauses.push(format!("at most once per {}{}", once.scope.as_str(), within.unwrap_or_default()));
        }
        if let Some(rate) = self.max {
            clauses.push(format!(
                "at most {} {} in {}",
                rate.count,
                if rate.count == 1 { "time" } else { "times" },
                written_duration(rate.per_ns)
            ));
        }
        if let Some(age) = self.ignore_older_than_ns {
            clauses.push(format!("not for events older than {}", written_duration(age)));
        }
        clauses
    }
}
