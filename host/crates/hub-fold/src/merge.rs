//! What a person's merge, un-merge or rejected suggestion comes to: the words on pairs of accounts that are to be
//! journalled. Nothing here changes a row; [`crate::record::Command::Judge`] does, once it is folded.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::identity::{Judged, Judgement, weigh};
use hub_model::{NodeId, Timestamp};
use hub_store::Store;

use crate::FoldError;
use crate::draft::Draft;
use crate::people::{claims_among, neighbourhood};
use crate::record::Command;
use crate::row::{CustomerRow, NodeRow};

/// The most pairs one command judges: a customer of over a hundred accounts cut in halves. Each word is kept at both
/// accounts, and their rows are read for every event.
pub const JUDGED_MAX: usize = 4_000;

/// Why there is nothing to journal, in words for who asked.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("no customer has the id {0}")]
    Unknown(NodeId),
    #[error("{0} and {1} are one customer already")]
    AlreadyOne(NodeId, NodeId),
    #[error("{account} is no account of customer {customer}")]
    NotTheirs { account: NodeId, customer: NodeId },
    #[error("no account is named to split off")]
    NoneNamed,
    #[error("all accounts of {0} are named; leave at least one")]
    AllNamed(NodeId),
    #[error(
        "this would judge {pairs} pairs of accounts, and one command judges at most {JUDGED_MAX}; split off fewer"
    )]
    TooManyPairs { pairs: usize },
    #[error("these customers are tied to so many others that the hub leaves their links as they are")]
    TooLarge,
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// The words to journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub pairs: Vec<(NodeId, NodeId, Judgement)>,
    /// The last word so far on any of them.
    after: Option<Timestamp>,
}

impl Plan {
    /// The command to journal. Its time is `now`, or just after the words it takes the place of where a clock went back.
    #[must_use]
    pub fn into_command(self, by: &str, reason: &str, now: Timestamp) -> Command {
        let next = self.after.map_or(now, |after| Timestamp(after.0.saturating_add(1)));
        Command::Judge { pairs: self.pairs, by: by.to_owned(), reason: reason.to_owned(), at: now.max(next) }
    }
}

/// Makes two customers one: the same person, whatever was said to keep them apart. Accepting a suggestion is the same.
///
/// # Errors
/// See [`PlanError`].
pub fn plan_merge(store: &dyn Store, left: NodeId, right: NodeId) -> Result<Plan, PlanError> {
    let draft = Draft::new(store);
    let (left, right) = two(&draft, left, right)?;
    let rows = neighbourhood(&draft, [left.id, right.id])?.ok_or(PlanError::TooLarge)?;
    let apart = crossing(&left.accounts, &right.accounts)
        .filter(|pair| judgement(&rows, *pair).is_some_and(|judged| judged.judgement == Judgement::Apart));
    let mut pairs: Vec<_> = apart.map(|(left, right)| (left, right, Judgement::Open)).collect();
    pairs.retain(|(one, other, _)| (*one, *other) != (left.id, right.id));
    pairs.insert(0, (left.id, right.id, Judgement::Same));
    planned(&rows, pairs)
}

/// Keeps two customers apart for good: a suggestion that is wrong.
///
/// # Errors
/// See [`PlanError`].
pub fn plan_reject(store: &dyn Store, left: NodeId, right: NodeId) -> Result<Plan, PlanError> {
    let draft = Draft::new(store);
    let (left, right) = two(&draft, left, right)?;
    let rows = accounts(&draft, left.accounts.iter().chain(&right.accounts))?;
    planned(&rows, apart(&left.accounts, &right.accounts))
}

/// Takes accounts out of a customer: they become whatever else the keys make of them, never again one with the rest.
///
/// # Errors
/// See [`PlanError`].
pub fn plan_unmerge(store: &dyn Store, customer: NodeId, split_off: &[NodeId]) -> Result<Plan, PlanError> {
    let draft = Draft::new(store);
    let one = find(&draft, customer)?;
    let split_off: BTreeSet<NodeId> = split_off.iter().copied().collect();
    if let Some(account) = split_off.difference(&one.accounts).next() {
        return Err(PlanError::NotTheirs { account: *account, customer });
    }
    let kept: BTreeSet<NodeId> = one.accounts.difference(&split_off).copied().collect();
    if split_off.is_empty() {
        return Err(PlanError::NoneNamed);
    }
    if kept.is_empty() {
        return Err(PlanError::AllNamed(customer));
    }
    let rows = neighbourhood(&draft, [one.id])?.ok_or(PlanError::TooLarge)?;
    let mut pairs = apart(&kept, &split_off);
    let by_word = crossing(&kept, &split_off)
        .any(|pair| judgement(&rows, pair).is_some_and(|judged| judged.judgement == Judgement::Same));
    if by_word {
        pairs.extend(held_together(store, &rows, &kept, &pairs)?);
    }
    planned(&rows, pairs)
}

/// A customer somebody named by any id it ever had.
struct Found {
    id: NodeId,
    accounts: BTreeSet<NodeId>,
}

fn find(draft: &Draft<'_>, id: NodeId) -> Result<Found, PlanError> {
    let customer = draft.get::<NodeRow>(&id.0)?.and_then(|row| row.customer).ok_or(PlanError::Unknown(id))?;
    let row: CustomerRow = draft.get(&customer.0)?.ok_or(PlanError::Unknown(id))?;
    Ok(Found { id: customer, accounts: row.accounts })
}

fn two(draft: &Draft<'_>, left: NodeId, right: NodeId) -> Result<(Found, Found), PlanError> {
    let (one, other) = (find(draft, left)?, find(draft, right)?);
    if one.id == other.id {
        return Err(PlanError::AlreadyOne(left, right));
    }
    Ok((one, other))
}

fn accounts<'n>(
    draft: &Draft<'_>,
    nodes: impl Iterator<Item = &'n NodeId>,
) -> Result<BTreeMap<NodeId, NodeRow>, FoldError> {
    let mut rows = BTreeMap::new();
    for node in nodes {
        rows.extend(draft.get::<NodeRow>(&node.0)?.map(|row| (*node, row)));
    }
    Ok(rows)
}

fn crossing<'a>(
    left: &'a BTreeSet<NodeId>,
    right: &'a BTreeSet<NodeId>,
) -> impl Iterator<Item = (NodeId, NodeId)> + 'a {
    left.iter().flat_map(move |left| right.iter().map(move |right| (*left, *right)))
}

fn apart(left: &BTreeSet<NodeId>, right: &BTreeSet<NodeId>) -> Vec<(NodeId, NodeId, Judgement)> {
    crossing(left, right).map(|(left, right)| (left, right, Judgement::Apart)).collect()
}

fn judgement(rows: &BTreeMap<NodeId, NodeRow>, (left, right): (NodeId, NodeId)) -> Option<Judged> {
    rows.get(&left)?.judged.get(&right).copied()
}

fn planned(
    rows: &BTreeMap<NodeId, NodeRow>,
    pairs: Vec<(NodeId, NodeId, Judgement)>,
) -> Result<Plan, PlanError> {
    if pairs.len() > JUDGED_MAX {
        return Err(PlanError::TooManyPairs { pairs: pairs.len() });
    }
    let judged = pairs.iter().filter_map(|(left, right, _)| judgement(rows, (*left, *right)));
    Ok(Plan { after: judged.map(|judged| judged.at).max(), pairs })
}

/// A merge may have been written on an account that now goes: what it made one and stays is held together by other
/// pairs. Not what only came along, because the merge settled whose a contested key was: that the keys decide anew.
fn held_together(
    store: &dyn Store,
    rows: &BTreeMap<NodeId, NodeRow>,
    kept: &BTreeSet<NodeId>,
    pairs: &[(NodeId, NodeId, Judgement)],
) -> Result<Vec<(NodeId, NodeId, Judgement)>, FoldError> {
    let limits = crate::fold::key_rules(store)?.limits;
    let groups_if = |words: &mut dyn Iterator<Item = (NodeId, NodeId, Judgement)>| {
        let mut all = claims_among(rows);
        for (left, right, judgement) in words {
            all.judge(left, right, Judged { at: Timestamp(i64::MAX), judgement, case: [0; 16] });
        }
        weigh(&all, limits).groups
    };
    let judged: Vec<_> = pairs
        .iter()
        .filter_map(|(left, right, _)| Some((*left, *right, judgement(rows, (*left, *right))?)))
        .collect();
    let merges: Vec<_> = judged.iter().filter(|(.., judged)| judged.judgement == Judgement::Same).collect();
    // A merge is of two customers, and what it opened had been kept apart until then.
    let were_apart = judged.iter().filter(|(.., judged)| {
        let with = |merge: &Judged| (merge.at, merge.case) == (judged.at, judged.case);
        judged.judgement != Judgement::Apart && merges.iter().any(|(.., merge)| with(merge))
    });
    let mut before = were_apart.map(|(left, right, _)| (*left, *right, Judgement::Apart));
    let mut made_one = groups_if(&mut before);
    for (left, right, _) in &merges {
        let (tied, mut rest): (Vec<_>, Vec<_>) =
            made_one.into_iter().partition(|group| group.contains(left) || group.contains(right));
        rest.push(tied.into_iter().flatten().collect());
        made_one = rest;
    }
    let after = groups_if(&mut pairs.iter().copied());
    let parts: BTreeSet<NodeId> =
        after.iter().filter_map(|group| group.intersection(kept).next().copied()).collect();
    let mut held = Vec::new();
    for one in made_one {
        let mut parts = one.intersection(&parts);
        if let Some(first) = parts.next() {
            held.extend(parts.map(|other| (*first, *other, Judgement::Same)));
        }
    }
    Ok(held)
}
