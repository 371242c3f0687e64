//! Something to do for a customer later: what the last word on it says, whoever speaks, in whatever order words come.

use serde::{Deserialize, Serialize};

use crate::join::{Fact, Least, Told, join_fields};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What is wanted. Its version is when it was said.
    pub wanted: Option<Fact<Wanted>>,
    /// When it was first wanted.
    pub made_at: Option<Least<Timestamp>>,
    /// Who said last that it is done. Its version is when that was said.
    pub closed: Option<Fact<String>>,
    /// A rule came up with it.
    pub ruled: bool,
}

join_fields!(FollowUp { wanted, made_at, closed, ruled });

/// One word on what is to be done, taken as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wanted {
    pub due: Timestamp,
    /// An event of the customer's that ends it, by its name: "message.received".
    pub until: Option<String>,
    /// Who wants it: a person, or a rule.
    pub by: String,
    pub text: String,
}

impl FollowUp {
    /// `told` is the moment of the word.
    #[must_use]
    pub fn wanted(wanted: Wanted, told: Told) -> Self {
        Self {
            wanted: Some(told.fact(wanted)),
            made_at: Some(told.least(Timestamp(told.version))),
            closed: None,
            ruled: false,
        }
    }

    /// A rule's word, at the moment of what it acts on.
    #[must_use]
    pub fn ruled(wanted: Wanted, told: Told) -> Self {
        Self { ruled: true, ..Self::wanted(wanted, told) }
    }

    #[must_use]
    pub fn closed(by: String, told: Told) -> Self {
        Self { closed: Some(told.fact(by)), ..Self::default() }
    }

    /// What is to be done, unless somebody said since, or at the same moment, that it is.
    #[must_use]
    pub fn open(&self) -> Option<&Fact<Wanted>> {
        let closed_at = self.closed.as_ref().map(|closed| closed.version);
        self.wanted.as_ref().filter(|wanted| closed_at.is_none_or(|at| at < wanted.version))
    }

    /// The last word on it, whatever it says.
    #[must_use]
    pub fn last_word_at(&self) -> Option<Timestamp> {
        let wanted = self.wanted.as_ref().map(|wanted| wanted.version);
        let closed = self.closed.as_ref().map(|closed| closed.version);
        wanted.max(closed).map(Timestamp)
    }
}
