//! A person's word on who is one, kept at both accounts as long as a later word does not take its place.

use std::collections::BTreeSet;

use hub_model::identity::{Judged, Judgement, Limits};
use hub_model::join::Join;
use hub_model::{NodeId, Timestamp};
use hub_store::Table;

use super::group::regroup;
use crate::FoldError;
use crate::draft::Draft;
use crate::row::{CaseRow, NodeRow, encode, key};

/// Takes in what a person says of pairs of accounts, and finds out anew who is one customer around those of which that
/// is the last word.
pub(crate) fn judge(
    draft: &mut Draft<'_>,
    pairs: &[(NodeId, NodeId, Judgement)],
    case: &CaseRow,
    at: Timestamp,
    limits: Limits,
) -> Result<(), FoldError> {
    let named = key::hash(&[case.by.as_bytes(), case.reason.as_bytes()]);
    let mut changed = BTreeSet::new();
    for (left, right, judgement) in pairs.iter().filter(|(left, right, _)| left != right) {
        let judged = Judged { at, judgement: *judgement, case: named };
        for (node, other) in [(*left, *right), (*right, *left)] {
            if note(draft, node, other, judged)? {
                changed.insert(node);
            }
        }
    }
    if !changed.is_empty() {
        draft.put_raw(Table::Annotation, key::case(&named), encode(case));
    }
    let mut grouped = BTreeSet::new();
    for node in changed {
        if !grouped.contains(&node) {
            grouped.extend(regroup(draft, node, limits)?);
        }
    }
    Ok(())
}

/// Whether this is the last word on the two.
fn note(draft: &mut Draft<'_>, node: NodeId, other: NodeId, judged: Judged) -> Result<bool, FoldError> {
    let mut row = draft.get::<NodeRow>(&node.0)?.unwrap_or_else(NodeRow::unheard_of);
    let known = row.judged.get(&other).copied();
    let mut last = known;
    last.join(Some(judged));
    if last == known {
        return Ok(false);
    }
    row.judged.extend(last.map(|last| (other, last)));
    draft.put(node.0.to_vec(), &row);
    Ok(true)
}
