//! Who is one customer around a node whose claims or judgements changed. Only the neighbourhood is looked at.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::NodeId;
use hub_model::identity::{Claim, Claims, IdentityKey, Judgement, Limits, partition};

use crate::FoldError;
use crate::draft::Draft;
use crate::row::{CustomerRow, NodeRow};
use hub_store::Table;

/// The largest neighbourhood looked at. Far beyond any person's accounts; a key that would tie more together than this
/// is a mistake, and past it links stay as they are.
const NEIGHBOURHOOD_MAX: usize = 400;

/// Finds out anew who is one customer around `start`; which nodes that concerned.
pub(super) fn regroup(
    draft: &mut Draft<'_>,
    start: NodeId,
    limits: Limits,
) -> Result<BTreeSet<NodeId>, FoldError> {
    let Some(rows) = neighbourhood(draft, [start])? else { return Ok(BTreeSet::from([start])) };
    let all = claims_among(&rows);
    let groups = partition(&all, limits);
    let was: BTreeSet<NodeId> = rows.values().filter_map(|row| row.customer).collect();
    let mut of = BTreeMap::new();
    for group in groups {
        let (accounts, keys): (BTreeSet<NodeId>, BTreeSet<NodeId>) =
            group.into_iter().partition(|node| all.nodes.get(node).is_some_and(IdentityKey::is_account));
        let Some(customer) = accounts.first().copied() else { continue };
        of.extend(accounts.iter().chain(&keys).map(|node| (*node, customer)));
        draft.put(customer.0.to_vec(), &CustomerRow { accounts, keys });
    }
    let is: BTreeSet<NodeId> = of.values().copied().collect();
    // A name that is none of these nodes' is kept by the part it broke off from.
    for gone in was.difference(&is).filter(|gone| rows.contains_key(gone)) {
        draft.delete(Table::Customer, gone.0.to_vec());
    }
    let here = rows.keys().copied().collect();
    for (node, mut row) in rows {
        let customer = of.get(&node).copied();
        if row.customer != customer {
            row.customer = customer;
            draft.put(node.0.to_vec(), &row);
        }
    }
    Ok(here)
}

/// Everything reachable over claims that link and people's words, `None` when that is too much. Keys that just became
/// shared are walked through once more, so that what they linked is grouped anew.
pub(crate) fn neighbourhood(
    draft: &Draft<'_>,
    starts: impl IntoIterator<Item = NodeId>,
) -> Result<Option<BTreeMap<NodeId, NodeRow>>, FoldError> {
    let mut open: Vec<NodeId> = starts.into_iter().collect();
    let mut seen: BTreeSet<NodeId> = open.iter().copied().collect();
    let mut rows = BTreeMap::new();
    while let Some(node) = open.pop() {
        let Some(row) = draft.get::<NodeRow>(&node.0)? else { continue };
        let claimed = row.claims.iter().filter(|(_, claim)| claim.links()).map(|(key, _)| *key);
        let same = row.judged.iter().filter(|(_, judged)| judged.judgement == Judgement::Same);
        let next = claimed.chain(row.proven_by.iter().copied()).chain(same.map(|(other, _)| *other));
        open.extend(next.filter(|next| seen.insert(*next)));
        if row.is_heard_of() {
            rows.insert(node, row);
        }
        if seen.len() > NEIGHBOURHOOD_MAX {
            return Ok(None);
        }
    }
    Ok(Some(rows))
}

/// What these nodes claim and what people said of them.
pub(crate) fn claims_among(rows: &BTreeMap<NodeId, NodeRow>) -> Claims {
    let mut all = Claims::default();
    for (node, row) in rows {
        all.nodes.insert(*node, row.key.clone());
        let claims = row.claims.iter().map(|(key, claim): (&NodeId, &Claim)| ((*node, *key), claim.clone()));
        all.claims.extend(claims);
        for (other, judged) in row.judged.iter().filter(|(other, _)| rows.contains_key(other)) {
            all.judge(*node, *other, *judged);
        }
    }
    all
}
