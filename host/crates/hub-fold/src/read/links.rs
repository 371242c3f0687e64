//! Why accounts are one person, and who else might be: the claims behind a customer, in the words of the console.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::identity::{Claim, IdentityKind, Limits, Proof};
use hub_model::{NodeId, Timestamp};
use serde::Serialize;

use super::View;
use super::people::{Account, Person};
use crate::FoldError;
use crate::row::{NodeRow, key};

/// A key that more accounts than this claim says nothing of who is who.
const CLAIMANTS_MAX: usize = 20;

/// Suggestions one card shows: more than these nobody looks through.
const SUGGESTIONS_MAX: usize = 20;

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
    /// It is proven, and tying would put two accounts of one system into one customer.
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
}

/// Another customer who may be the same person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub customer: NodeId,
    pub display_name: Option<String>,
    /// The key both claim.
    pub kind: IdentityKind,
    pub value: String,
    pub ours: Proof,
    pub theirs: Proof,
}

/// All keys the customer's accounts claim.
pub(super) fn links(person: &Person<'_>) -> Vec<LinkedKey> {
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
                state: state(person, node, row, &claims),
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
    Some(ClaimView { account, proof: claim.proof, first_at: claim.first_at })
}

fn state(person: &Person<'_>, node: NodeId, row: &NodeRow, claims: &ClaimsOf<'_>) -> LinkState {
    let is_proven = claims.iter().any(|(_, claim)| claim.links());
    if !is_proven {
        LinkState::Claimed
    } else if is_shared(row) {
        LinkState::Shared
    } else if person.row.keys.contains(&node) || person.row.accounts.contains(&node) {
        LinkState::Links
    } else {
        LinkState::KeptApart
    }
}

fn is_shared(row: &NodeRow) -> bool {
    !row.key.is_account() && row.proven_by.len() > Limits::default().accounts_per_key_max
}

/// Other customers whose accounts claim one of this customer's keys.
pub(super) fn suggestions(person: &Person<'_>) -> Result<Vec<Suggestion>, FoldError> {
    let mut suggestions: Vec<Suggestion> = Vec::new();
    let mut known = BTreeSet::new();
    for (node, claims) in by_key(person) {
        let Some(row) = person.claimed.get(&node).filter(|row| !is_shared(row)) else { continue };
        let Some(ours) = claims.iter().map(|(_, claim)| claim.proof).min() else { continue };
        for (other, theirs) in others(person.view, node)? {
            if other.id == person.id || !known.insert((node, other.id)) {
                continue;
            }
            if suggestions.len() == SUGGESTIONS_MAX {
                return Ok(suggestions);
            }
            suggestions.push(Suggestion {
                customer: other.id,
                display_name: other.display_name()?,
                kind: row.key.kind,
                value: row.key.value.clone(),
                ours,
                theirs,
            });
        }
    }
    Ok(suggestions)
}

/// The customers of the accounts that claim a key; nobody when too many do.
fn others(view: View<'_>, key: NodeId) -> Result<Vec<(Person<'_>, Proof)>, FoldError> {
    let claimants = view.indexed(&key::claimed_by_prefix(key), CLAIMANTS_MAX + 1)?;
    if claimants.len() > CLAIMANTS_MAX {
        return Ok(Vec::new());
    }
    let mut people = Vec::new();
    for account in claimants {
        let proof = view.get::<NodeRow>(&account.0)?.and_then(|row| Some(row.claims.get(&key)?.proof));
        if let (Some(proof), Some(person)) = (proof, Person::find(view, account)?) {
            people.push((person, proof));
        }
    }
    Ok(people)
}
