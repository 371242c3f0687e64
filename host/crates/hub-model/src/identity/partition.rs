//! From claims to customers. All claims of everybody reachable go in, groups of nodes come out. The result depends on
//! the set of claims only: claims are taken in a fixed order (oldest first), and one that would put two different
//! single-valued keys into one customer is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::Proof;
use crate::join::Join;
use crate::time::Timestamp;

use super::{IdentityKey, NodeId};

/// Why an account and a key belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The best proof seen.
    pub proof: Proof,
    /// When it was first said, by the source's clock.
    pub first_at: Timestamp,
}

impl Join for Claim {
    fn join(&mut self, other: Self) {
        // Proofs are declared from strongest to weakest.
        self.proof = self.proof.min(other.proof);
        self.first_at = self.first_at.min(other.first_at);
    }
}

impl Claim {
    #[must_use]
    pub fn links(&self) -> bool {
        self.proof != Proof::Claimed
    }
}

/// Everything known of a neighbourhood: its nodes, and the claims between an account and a key (or two accounts that
/// their provider calls one).
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub nodes: BTreeMap<NodeId, IdentityKey>,
    pub claims: BTreeMap<(NodeId, NodeId), Claim>,
}

/// When a key stops linking.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A key that more accounts than this prove to be theirs is a shop's or a family's, not a person's.
    pub accounts_per_key_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { accounts_per_key_max: 5 }
    }
}

/// The groups of nodes that are one person each. Nodes without an account among them are in no group.
#[must_use]
pub fn partition(all: &Claims, limits: Limits) -> Vec<BTreeSet<NodeId>> {
    let mut groups = Groups::new(&all.nodes);
    let shared = shared_keys(all, limits);
    let mut links: Vec<_> = all
        .claims
        .iter()
        .filter(|((account, key), claim)| claim.links() && !shared.contains(key) && account != key)
        .collect();
    links.sort_by_key(|(pair, claim)| (!provider_says(all, pair), claim.first_at, **pair));
    for (pair, _) in links {
        groups.link(pair.0, pair.1, provider_says(all, pair));
    }
    groups.finish()
}

/// Two accounts joined by their own provider: evidence that overrides single-valuedness.
fn provider_says(all: &Claims, (left, right): &(NodeId, NodeId)) -> bool {
    [left, right].iter().all(|node| all.nodes.get(node).is_some_and(IdentityKey::is_account))
}

fn shared_keys(all: &Claims, limits: Limits) -> BTreeSet<NodeId> {
    let mut accounts: BTreeMap<NodeId, usize> = BTreeMap::new();
    for ((_, key), claim) in &all.claims {
        let is_key = all.nodes.get(key).is_some_and(|key| !key.is_account());
        if claim.links() && is_key {
            *accounts.entry(*key).or_default() += 1;
        }
    }
    accounts
        .into_iter()
        .filter(|(_, count)| *count > limits.accounts_per_key_max)
        .map(|(key, _)| key)
        .collect()
}

/// A group's nodes, and which single-valued kinds of key it has.
struct Group {
    members: BTreeSet<NodeId>,
    single: BTreeMap<String, BTreeSet<NodeId>>,
    has_account: bool,
}

struct Groups {
    of: BTreeMap<NodeId, NodeId>,
    groups: BTreeMap<NodeId, Group>,
}

impl Groups {
    fn new(nodes: &BTreeMap<NodeId, IdentityKey>) -> Self {
        let groups = nodes.iter().map(|(node, key)| (*node, Group::of_one(*node, key))).collect();
        Self { of: nodes.keys().map(|node| (*node, *node)).collect(), groups }
    }

    fn link(&mut self, left: NodeId, right: NodeId, provider_says: bool) {
        let (Some(&left), Some(&right)) = (self.of.get(&left), self.of.get(&right)) else { return };
        if left == right {
            return;
        }
        let conflict = match (self.groups.get(&left), self.groups.get(&right)) {
            (Some(left), Some(right)) => left.conflicts_with(right),
            _ => return,
        };
        if conflict && !provider_says {
            return;
        }
        if let Some(absorbed) = self.groups.remove(&right)
            && let Some(kept) = self.groups.get_mut(&left)
        {
            for member in &absorbed.members {
                self.of.insert(*member, left);
            }
            kept.absorb(absorbed);
        }
    }

    fn finish(self) -> Vec<BTreeSet<NodeId>> {
        self.groups.into_values().filter(|group| group.has_account).map(|group| group.members).collect()
    }
}

impl Group {
    fn of_one(node: NodeId, key: &IdentityKey) -> Self {
        let single = if key.is_single_valued() {
            BTreeMap::from([(key.scope.clone(), BTreeSet::from([node]))])
        } else {
            BTreeMap::new()
        };
        Self { members: BTreeSet::from([node]), single, has_account: key.is_account() }
    }

    fn conflicts_with(&self, other: &Self) -> bool {
        self.single.iter().any(|(scope, mine)| other.single.get(scope).is_some_and(|theirs| mine != theirs))
    }

    fn absorb(&mut self, other: Self) {
        self.members.extend(other.members);
        for (scope, nodes) in other.single {
            self.single.entry(scope).or_default().extend(nodes);
        }
        self.has_account |= other.has_account;
    }
}
