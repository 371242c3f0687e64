//! Two views of one history beside each other: who would be one customer, who would not, and which effects rules would
//! have planned. For asking what other limits, or a merge that was not made, would change.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::{EffectId, EventId, NodeId, Timestamp};
use hub_store::{Order, Range, Store, Table};
use serde::Serialize;

use super::{View, Walk};
use crate::FoldError;
use crate::row::{CustomerRow, EffectRow, decode, key};

/// Rows of each kind that are listed; all are counted.
const LISTED_MAX: usize = 1_000;

/// What is different in the other view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Customers in the one view and in the other.
    pub customers: u64,
    pub customers_other: u64,
    /// Customers of the one view that are one in the other.
    pub joined: Listed<Regrouped>,
    /// Customers of the one view that are several in the other.
    pub split: Listed<Regrouped>,
    /// Effects only the other view has.
    pub effects_more: Listed<Planned>,
    /// Effects only the one view has.
    pub effects_fewer: Listed<Planned>,
    /// How many effects more or fewer each rule would have planned.
    pub rules: BTreeMap<String, RuleChange>,
}

/// The first of many, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    pub count: u64,
    pub first: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Listed<T> {
    pub(super) fn add(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < LISTED_MAX {
            self.first.push(one);
        }
    }
}

/// One customer in this view, several in the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Regrouped {
    pub one: NodeId,
    pub several: Vec<NodeId>,
}

/// An effect of one view alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    pub effect: EffectId,
    pub rule: String,
    pub step: String,
    pub connection: String,
    pub action: String,
    pub cause: EventId,
    pub planned_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    pub more: u64,
    pub fewer: u64,
}

/// Lays another view beside this one. Takes memory for the accounts and effects of both.
///
/// # Errors
/// A store's, or a row that cannot be read.
pub fn differences(this: &dyn Store, other: &dyn Store) -> Result<Difference, FoldError> {
    let (here, there) = (groups(this)?, groups(other)?);
    let mut difference = Difference {
        customers: count(&here),
        customers_other: count(&there),
        split: regrouped(&here, &there),
        joined: regrouped(&there, &here),
        ..Difference::default()
    };
    let (effects_here, effects_there) = (effects(this)?, effects(other)?);
    for (id, row) in effects_here.iter().filter(|(id, _)| !effects_there.contains_key(*id)) {
        difference.rules.entry(row.rule.clone()).or_default().fewer += 1;
        difference.effects_fewer.add(planned(*id, row));
    }
    for (id, row) in effects_there.iter().filter(|(id, _)| !effects_here.contains_key(*id)) {
        difference.rules.entry(row.rule.clone()).or_default().more += 1;
        difference.effects_more.add(planned(*id, row));
    }
    Ok(difference)
}

/// The customer of every account.
fn groups(store: &dyn Store) -> Result<BTreeMap<NodeId, NodeId>, FoldError> {
    let mut groups = BTreeMap::new();
    View { store }.walk(Table::Customer, Range::all(), Order::Ascending, |row_key, row| {
        let row: CustomerRow = decode(Table::Customer, row)?;
        let customer =
            key::trailing_id(row_key).map(NodeId).ok_or(FoldError::Row { table: Table::Customer })?;
        groups.extend(row.accounts.into_iter().map(|account| (account, customer)));
        Ok(Walk::On)
    })?;
    Ok(groups)
}

fn count(groups: &BTreeMap<NodeId, NodeId>) -> u64 {
    groups.values().collect::<BTreeSet<_>>().len() as u64
}

/// Customers of the first grouping whose accounts are several customers' in the second.
fn regrouped(one: &BTreeMap<NodeId, NodeId>, other: &BTreeMap<NodeId, NodeId>) -> Listed<Regrouped> {
    let mut there: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for (account, customer) in one {
        there.entry(*customer).or_default().extend(other.get(account));
    }
    let mut regrouped = Listed::default();
    for (one, several) in there.into_iter().filter(|(_, several)| several.len() > 1) {
        regrouped.add(Regrouped { one, several: several.into_iter().collect() });
    }
    regrouped
}

fn effects(store: &dyn Store) -> Result<BTreeMap<EffectId, EffectRow>, FoldError> {
    let mut effects = BTreeMap::new();
    View { store }.walk(Table::Effect, Range::all(), Order::Ascending, |row_key, row| {
        let id = key::trailing_id(row_key).map(EffectId).ok_or(FoldError::Row { table: Table::Effect })?;
        effects.insert(id, decode(Table::Effect, row)?);
        Ok(Walk::On)
    })?;
    Ok(effects)
}

fn planned(effect: EffectId, row: &EffectRow) -> Planned {
    Planned {
        effect,
        rule: row.rule.clone(),
        step: row.step.clone(),
        connection: row.connection.clone(),
        action: row.action.clone(),
        cause: row.cause,
        planned_at: row.planned_at,
    }
}
