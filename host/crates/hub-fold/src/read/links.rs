//! The keys behind a customer and what each does, in a line each. Link by link it is told in `why`.

use std::collections::BTreeMap;

use hub_model::identity::{Claim, IdentityKind, Limits, Proof};
use hub_model::{NodeId, Timestamp};
use serde::Serialize;

use super::people::{Account, Person};
use crate::people::is_shared;
use crate::row::NodeRow;

/// A key, and which of the customer's accounts claim it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkedKey {
    pub kind: IdentityKind,
    /// Of a provider's id or handle its connection and object, of a token its purpose.
    pub scope: String,
    pub value: String,
    pub state: LinkState,
    /// Oldest first.
    pub claims: Vec<ClaimView>,
}

/// What a key does for the customer. Declared in the order shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It ties the accounts that claim it together.
    Links,
    /// It is proven and does not tie: that would put two accounts of one system into one customer, two people prove it, a
    /// person keeps them apart, or the customer has too many such keys.
    KeptApart,
    /// Too many accounts prove it to be theirs: a shop's or a family's, not a person's.
    Shared,
    /// Nobody has proven it, or it is on the block list.
    Claimed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimView {
    pub account: Account,
    pub proof: Proof,
    pub first_at: Timestamp,
    /// The key as it was written then, where that reads otherwise.
    pub written: Option<String>,
}

/// All keys the customer's accounts claim.
pub(super) fn links(person: &Person<'_>, limits: Limits) -> Vec<LinkedKey> {
    let mut linked: Vec<LinkedKey> = by_key(person)
        .into_iter()
        .filter_map(|(node, claims)| {
            let row = person.claimed.get(&node)?;
            let mut views: Vec<_> =
                claims.iter().filter_map(|(account, claim)| view(person, *account, claim)).collect();
            views
                .sort_by(|left, right| (left.first_at, &left.account).cmp(&(right.first_at, &right.account)));
            Some(LinkedKey {
                kind: row.key.kind,
                scope: row.key.scope.clone(),
                value: row.key.value.clone(),
                state: state(person, node, row, &claims, limits),
                claims: views,
            })
        })
        .collect();
    linked.sort_by(|left, right| {
        (left.state, left.kind, &left.value).cmp(&(right.state, right.kind, &right.value))
    });
    linked
}

type ClaimsOf<'a> = Vec<(NodeId, &'a Claim)>;

fn by_key<'p>(person: &'p Person<'_>) -> BTreeMap<NodeId, ClaimsOf<'p>> {
    let mut keys: BTreeMap<NodeId, ClaimsOf<'p>> = BTreeMap::new();
    for (account, node) in &person.accounts {
        for (key, claim) in &node.claims {
            keys.entry(*key).or_default().push((*account, claim));
        }
    }
    keys
}

fn view(person: &Person<'_>, account: NodeId, claim: &Claim) -> Option<ClaimView> {
    let account = Account::of(&person.accounts.get(&account)?.key);
    let written = claim.first.written.clone();
    Some(ClaimView { account, proof: claim.proof, first_at: claim.first.at, written })
}

fn state(
    person: &Person<'_>,
    node: NodeId,
    row: &NodeRow,
    claims: &ClaimsOf<'_>,
    limits: Limits,
) -> LinkState {
    let is_proven = claims.iter().any(|(_, claim)| claim.links());
    if !is_proven {
        LinkState::Claimed
    } else if is_shared(row, limits) {
        LinkState::Shared
    } else if person.row.keys.contains(&node) || person.row.accounts.contains(&node) {
        LinkState::Links
    } else {
        LinkState::KeptApart
    }
}
