//! What one account of a provider says of its person. A customer's name and tags are read from the profiles of all
//! accounts that are one customer.

use serde::{Deserialize, Serialize};

use super::Birthday;
use crate::event;
use crate::ids::EventId;
use crate::join::{Fact, Least, Tags, Told, erase_by_flag, join_fields};
use crate::time::Timestamp;

/// What connectors call it in `extra`: month and day, `09-21`.
const BIRTHDAY: &str = "birthday";

fn birthday(customer: &event::Customer) -> Option<Birthday> {
    let said = customer.extra.iter().find(|(name, _)| name == BIRTHDAY);
    said.and_then(|(_, value)| value.parse().ok())
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: Option<Fact<String>>,
    pub given_name: Option<Fact<String>>,
    pub family_name: Option<Fact<String>>,
    pub locale: Option<Fact<String>>,
    pub tags: Tags,
    pub state: Option<Fact<String>>,
    /// A [`Birthday`], as text. The year is not kept.
    pub birthday: Option<Fact<String>>,
    /// The provider deleted it: what it said is gone and stays gone.
    pub deleted: bool,
    /// The person is to be forgotten, which says no less.
    pub erased: bool,
}

join_fields!(Profile {
    name, given_name, family_name, locale, tags, state, birthday, deleted, erased,
} then forget_erased);

erase_by_flag! { Profile, or deleted; }

impl Profile {
    #[must_use]
    pub fn told(customer: &event::Customer, told: Told) -> Self {
        let mut account = Self {
            name: told.maybe(&customer.who.name),
            given_name: told.maybe(&customer.given_name),
            family_name: told.maybe(&customer.family_name),
            locale: told.maybe(&customer.locale),
            tags: Tags::told(told, customer.tags.as_ref(), &customer.tags_added, &customer.tags_removed),
            state: told.maybe(&customer.state),
            birthday: told.maybe(&birthday(customer).map(|birthday| birthday.to_string())),
            deleted: customer.deleted,
            erased: false,
        };
        account.forget_erased();
        account
    }

    /// When this account's person has their birthday.
    #[must_use]
    pub fn birthday(&self) -> Option<Birthday> {
        self.birthday.as_ref()?.value.parse().ok()
    }

    fn forget_erased(&mut self) {
        if self.deleted || self.erased {
            *self = Self { deleted: self.deleted, erased: self.erased, ..Self::default() };
        }
    }

    /// All that an order or message says of its sender: a name.
    #[must_use]
    pub fn named(name: &str, told: Told) -> Self {
        Self { name: Some(told.fact(name.to_owned())), ..Self::default() }
    }

    /// The name to greet with, and the version it was said at.
    #[must_use]
    pub fn display_name(&self) -> Option<Fact<String>> {
        let parts: Vec<&Fact<String>> = [&self.given_name, &self.family_name].into_iter().flatten().collect();
        let joined =
            parts.iter().map(|part| part.value.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
        match (joined.is_empty(), parts.iter().max_by_key(|part| part.version)) {
            (false, Some(newest)) => Some(Fact { value: joined.join(" "), ..(*newest).clone() }),
            _ => self.name.clone().filter(|name| !name.value.trim().is_empty()),
        }
    }
}

/// One statement of consent; statements are only ever added. Two statements of one moment are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub channel: String,
    pub purpose: String,
    /// "granted", "denied", "pending", or the provider's own word.
    pub state: Fact<String>,
    /// When it was stated, if the provider says so.
    pub at: Option<Fact<Timestamp>>,
    /// Where it was said first; the same statement may be told again.
    pub evidence: Least<ConsentEvidence>,
}

/// Who said so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConsentEvidence {
    pub happened_at: Timestamp,
    pub connection: String,
    pub event: EventId,
    /// How the provider came by it, in its own words: where it was collected, by what kind of opt-in.
    pub source: Vec<(String, String)>,
}

join_fields!(Consent { state, at, evidence });

/// Words of a provider about one statement that are kept: a few are ever sent.
const SOURCE_MAX: usize = 8;

impl Consent {
    #[must_use]
    pub fn told(consent: &event::Consent, evidence: ConsentEvidence, told: Told) -> Self {
        Self {
            channel: consent.channel.clone(),
            purpose: consent.purpose.clone(),
            state: told.fact(consent.state.clone()),
            at: told.maybe(&consent.at),
            evidence: told.least(ConsentEvidence {
                source: consent.extra.iter().take(SOURCE_MAX).cloned().collect(),
                ..evidence
            }),
        }
    }

    /// When it was stated, as far as anybody says.
    #[must_use]
    pub fn stated_at(&self) -> Timestamp {
        self.at.as_ref().map_or(Timestamp(self.state.version), |at| at.value)
    }
}
