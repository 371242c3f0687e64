//! Loyalty accounts and their append-only ledger; answers to surveys.

use serde::{Deserialize, Serialize};

use crate::event;
use crate::identity::NodeId;
use crate::join::{Erase, Fact, Told, erase_by_flag, join_fields};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoyaltyAccount {
    pub program: Option<Fact<String>>,
    pub member: Option<Fact<NodeId>>,
    /// The provider's own figure; the ledger explains it but may reach back less far.
    pub balance: Option<Fact<i64>>,
    pub lifetime: Option<Fact<i64>>,
    pub tier: Option<Fact<String>>,
    pub enrolled_at: Option<Fact<Timestamp>>,
    pub deleted: bool,
}

join_fields!(LoyaltyAccount { program, member, balance, lifetime, tier, enrolled_at, deleted });

impl LoyaltyAccount {
    #[must_use]
    pub fn told(account: &event::LoyaltyAccount, member: Option<NodeId>, told: Told) -> Self {
        Self {
            program: told.maybe(&account.program),
            member: told.maybe(&member),
            balance: told.maybe(&account.balance),
            lifetime: told.maybe(&account.lifetime),
            tier: told.maybe(&account.tier),
            enrolled_at: told.maybe(&account.enrolled_at),
            deleted: account.deleted,
        }
    }
}

/// One change of a balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoyaltyEntry {
    pub kind: Fact<String>,
    /// Signed change of the balance; absent where the entry changes nothing.
    pub points: Option<Fact<i64>>,
    pub reason: Option<Fact<String>>,
    pub order: Option<Fact<String>>,
    pub at: Fact<Timestamp>,
}

join_fields!(LoyaltyEntry { kind, points, reason, order, at });

impl LoyaltyEntry {
    #[must_use]
    pub fn told(entry: &event::LoyaltyEntry, at: Timestamp, told: Told) -> Self {
        Self {
            kind: told.fact(entry.kind.clone()),
            points: told.maybe(&entry.points),
            reason: told.maybe(&entry.reason),
            order: told.maybe(&entry.order),
            at: told.fact(at),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// "csat", "ces", "nps".
    pub kind: Fact<String>,
    pub ticket: Option<Fact<String>>,
    pub who: Option<Fact<NodeId>>,
    pub score: Option<Fact<String>>,
    pub comment: Option<Fact<String>>,
    pub at: Fact<Timestamp>,
    /// Who answered is to be forgotten.
    pub erased: bool,
}

join_fields!(Survey { kind, ticket, who, score, comment, at, erased } then forget_erased);

erase_by_flag! { Survey; }

/// Figures and dates of a membership are no content; whose it was goes with the account.
impl Erase for LoyaltyAccount {
    fn erase(&mut self) {}

    fn is_erased(&self) -> bool {
        false
    }
}

impl Survey {
    #[must_use]
    pub fn told(survey: &event::SurveyResponse, who: Option<NodeId>, at: Timestamp, told: Told) -> Self {
        Self {
            kind: told.fact(survey.kind.clone()),
            ticket: told.maybe(&survey.ticket),
            who: told.maybe(&who),
            score: told.maybe(&survey.score),
            comment: told.maybe(&survey.comment),
            at: told.fact(at),
            erased: false,
        }
    }

    fn forget_erased(&mut self) {
        if self.erased {
            self.comment = None;
        }
    }
}
