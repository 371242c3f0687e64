//! Counts what the state holds, by JSON pointers: enough to say "exactly one ticket with this external id" without a
//! route for every question.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Shared;

/// Stands for every member of a list or an object on the way to the rows.
const EVERY: &str = "*";

/// Which rows to count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Of the list or object whose members are the rows: `/zendesk/tickets`, `/deliveries`,
    /// `/zendesk/tickets/*/comments`. What is not there has no rows.
    pub rows: String,
    /// A row counts when all of these hold: pointer into the row, and the value there. `null` also matches absence.
    #[serde(default, rename = "where")]
    pub matching: BTreeMap<String, Value>,
    /// Pointer into a row; says in [`Counted::duplicates`] how many rows repeat a value another row has.
    #[serde(default)]
    pub unique: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Rows that match.
    pub count: usize,
    /// All rows there.
    pub of: usize,
    /// Of those that match; nought without `unique`.
    pub duplicates: usize,
}

/// What must be so. With `unique` and no number: no duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub rows: Rows,
    #[serde(default)]
    pub count: Option<usize>,
    #[serde(default)]
    pub at_least: Option<usize>,
    #[serde(default)]
    pub at_most: Option<usize>,
}

impl Claim {
    pub fn holds(&self, counted: &Counted) -> bool {
        let Counted { count, duplicates, .. } = *counted;
        self.count.is_none_or(|wanted| wanted == count)
            && self.at_least.is_none_or(|least| count >= least)
            && self.at_most.is_none_or(|most| count <= most)
            && duplicates == 0
    }
}

/// Why nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    #[error("a pointer begins with `/`")]
    Pointer,
    #[error("the first part of `rows` names no part of the state")]
    Section,
}

pub(super) fn count(shared: &Shared, wanted: &Rows) -> Result<Counted, RowsError> {
    let inner = wanted.matching.keys().chain(&wanted.unique);
    if inner.chain([&wanted.rows]).any(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
        return Err(RowsError::Pointer);
    }
    let mut path = wanted.rows.split('/').skip(1);
    let state = section(shared, path.next().unwrap_or_default()).ok_or(RowsError::Section)?;
    let mut places = vec![&state];
    for part in path {
        places = places.into_iter().flat_map(|place| step(place, part)).collect();
    }
    let rows: Vec<&Value> = places.into_iter().flat_map(members).collect();
    let matches = |row: &&&Value| {
        let equals =
            |(pointer, value): (&String, &Value)| row.pointer(pointer).unwrap_or(&Value::Null) == value;
        wanted.matching.iter().all(equals)
    };
    let matching: Vec<&Value> = rows.iter().filter(matches).copied().collect();
    let duplicates = wanted.unique.as_ref().map_or(0, |pointer| repeated(&matching, pointer));
    Ok(Counted { count: matching.len(), of: rows.len(), duplicates })
}

/// Only the part that is asked for is written out.
fn section(shared: &Shared, name: &str) -> Option<Value> {
    let now = shared.now();
    let mut worlds = shared.lock();
    worlds.shopify.redact_due(now);
    let section = match name {
        "shopify" => serde_json::to_value(&worlds.shopify),
        "zendesk" => serde_json::to_value(&worlds.zendesk),
        "graph" => serde_json::to_value(&worlds.graph),
        "square" => serde_json::to_value(&worlds.square),
        "voucherify" => serde_json::to_value(&worlds.square.voucherify),
        "calls" => serde_json::to_value(worlds.calls.iter().collect::<Vec<_>>()),
        "deliveries" => serde_json::to_value(worlds.outbox.deliveries().collect::<Vec<_>>()),
        "connections" => serde_json::to_value(worlds.outbox.account().connections),
        _ => return None,
    };
    // All of these are plain data with text keys.
    section.ok()
}

fn step<'a>(place: &'a Value, part: &str) -> Vec<&'a Value> {
    if part == EVERY {
        return members(place);
    }
    place.pointer(&format!("/{part}")).into_iter().collect()
}

fn members(place: &Value) -> Vec<&Value> {
    match place {
        Value::Array(list) => list.iter().collect(),
        Value::Object(object) => object.values().collect(),
        _ => Vec::new(),
    }
}

/// Rows beyond the first with the same value. Rows without one repeat nothing.
fn repeated(rows: &[&Value], pointer: &str) -> usize {
    let values: Vec<String> = (rows.iter())
        .filter_map(|row| row.pointer(pointer).filter(|value| !value.is_null()))
        .map(Value::to_string)
        .collect();
    values.len() - values.iter().collect::<BTreeSet<_>>().len()
}
