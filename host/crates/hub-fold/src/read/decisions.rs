//! Why a rule acted on an event, and why not: told again from what it was told then.

use std::collections::BTreeMap;

use hub_model::EventId;
use hub_store::{Order, Range, Store, Table};

use super::View;
use crate::FoldError;
use crate::decide::{Decision, Verdict};
use crate::row::key;
use crate::sitting::Sitting;

/// Decisions listed of one event. Those of rules that did anything but not act come before the others.
const DECISIONS_MAX: usize = 1_000;

/// Times at which rules were asked about one event.
const SITTINGS_MAX: usize = 1_000;

/// What each rule made of an event, by the rule's id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn decisions(store: &dyn Store, event: EventId) -> Result<Vec<Decision>, FoldError> {
    let view = View { store };
    let scan =
        |range: Range, limit: usize| Ok(store.scan(Table::Annotation, range, Order::Ascending, limit)?);
    let mut found = BTreeMap::new();
    for (_, row) in view.scan(Table::Annotation, &key::sittings_prefix(event), SITTINGS_MAX)? {
        let sitting = Sitting::read(&row)?;
        // A rule that was asked again stands after the first sitting, and counts.
        let decisions = sitting.decisions(&sitting.asked(&scan)?)?;
        found.extend(decisions.into_iter().map(|decision| (decision.rule.clone(), decision)));
    }
    let mut decisions: Vec<Decision> = found.into_values().collect();
    decisions.sort_by_key(|decision| decision.verdict == Verdict::DidNotFire);
    decisions.truncate(DECISIONS_MAX);
    decisions.sort_by(|left, right| left.rule.cmp(&right.rule));
    Ok(decisions)
}

/// What a rule made of an event; `None` when it was not asked.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn why(store: &dyn Store, rule: &str, event: EventId) -> Result<Option<Decision>, FoldError> {
    let scan =
        |range: Range, limit: usize| Ok(store.scan(Table::Annotation, range, Order::Ascending, limit)?);
    for asked in [Some(rule), None] {
        if let Some(row) = store.get(Table::Annotation, &key::sitting(event, asked))? {
            let decision = Sitting::read(&row)?.decision_of(&scan, rule)?;
            if decision.is_some() {
                return Ok(decision);
            }
        }
    }
    Ok(None)
}
