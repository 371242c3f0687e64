//! What is said of who is who: by providers, as claims with their first evidence, and by people, as judgements.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Proof;
use crate::ids::EventId;
use crate::join::Join;
use crate::time::Timestamp;

use super::{IdentityKey, NodeId};

/// How exactly a claim remembers when it was last made. A claim that is made again within the period changes nothing
/// and costs the fold no write.
const PERIOD_NS: i64 = 30 * 24 * 3_600 * 1_000_000_000;

/// Why an account and a key belong together. Once proven it is the proven statements that count: what was only claimed
/// before says neither since when nor how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The best proof seen.
    pub proof: Proof,
    /// The first statement of it.
    pub first: Evidence,
    /// The end of the 30 days in which it was last made, by the source's clock.
    pub last_at: Timestamp,
}

/// One statement. Ordered by time, so that the least is the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was made, by the source's clock.
    pub at: Timestamp,
    pub event: EventId,
    /// The key as the source wrote it, where that differs from its normal form.
    pub written: Option<String>,
}

impl Claim {
    #[must_use]
    pub fn new(proof: Proof, first: Evidence) -> Self {
        let period = first.at.0.div_euclid(PERIOD_NS).saturating_add(1);
        Self { proof, last_at: Timestamp(period.saturating_mul(PERIOD_NS)), first }
    }

    #[must_use]
    pub fn links(&self) -> bool {
        self.proof != Proof::Claimed
    }
}

impl Join for Claim {
    fn join(&mut self, other: Self) {
        match (self.links(), other.links()) {
            (true, false) => {}
            (false, true) => *self = other,
            _ => {
                // Proofs are declared from strongest to weakest.
                self.proof = self.proof.min(other.proof);
                self.last_at = self.last_at.max(other.last_at);
                if other.first < self.first {
                    self.first = other.first;
                }
            }
        }
    }
}

/// A person's word on two accounts. Declared so that the greater one holds when two were given at the same moment:
/// rather two customers too many than two people in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// What was said before is taken back: the keys decide.
    Open,
    Same,
    Apart,
}

/// The last word on a pair of accounts: the greatest of all that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Judged {
    /// When it was given, by the clock of whoever took it.
    pub at: Timestamp,
    pub judgement: Judgement,
    /// Names who gave it and why.
    pub case: [u8; 16],
}

impl Join for Judged {
    fn join(&mut self, other: Self) {
        *self = (*self).max(other);
    }
}

/// Everything known of a neighbourhood.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub nodes: BTreeMap<NodeId, IdentityKey>,
    /// Between an account and a key, or two accounts that their provider calls one.
    pub claims: BTreeMap<(NodeId, NodeId), Claim>,
    /// Between two accounts, the lesser first. Those about accounts that are not among the nodes say nothing.
    pub judged: BTreeMap<(NodeId, NodeId), Judged>,
}

impl Claims {
    /// Notes a person's word, whichever account is named first.
    pub fn judge(&mut self, left: NodeId, right: NodeId, judged: Judged) {
        let pair = (left.min(right), left.max(right));
        self.judged.entry(pair).and_modify(|known| known.join(judged)).or_insert(judged);
    }
}
