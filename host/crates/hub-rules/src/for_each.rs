//! Acting on each thing of a list: the lines, parcels or refunds of an order. Owns which things a rule acts on and what
//! is told of that; what is in a list comes from [`Facts`].
//!
//! A rule acts on all things that fit, or on none: more of them than its cap hold it back, so that nobody is surprised by
//! an order that is done in half.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::caps::ITEMS_MAX;
use crate::change::Earlier;
use crate::condition::Condition;
use crate::evaluate::{Facts, Trace, Truth, deciding_leaf, trace};
use crate::template::PlanProblem;
use crate::value::Value;

/// What stands before the fields of one thing: `item.sku`.
pub(crate) const ITEM: &str = "item";

/// The list whose things a rule acts on, one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForEach {
    /// As the catalogue names it, such as `order.lines`.
    pub list: String,
    /// Which of them; `always` for all.
    pub only: Condition,
    /// More than these hold the rule back.
    pub at_most: usize,
}

/// One thing of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Its provider's id: it stays the same wherever the thing stands in its list.
    pub id: String,
    /// What is known of it, by the name after `item.`.
    pub fields: BTreeMap<String, Value>,
}

/// What a rule found in its list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemsAsked {
    pub list: String,
    /// How many things there are, and how many of them fit.
    pub there: u64,
    pub fit: u64,
    /// The first of them, those that fit before the others.
    pub shown: Vec<ItemAsked>,
}

/// What a rule found of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAsked {
    pub id: String,
    pub truth: Truth,
    /// The condition that decided; absent where all things are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Trace>,
}

/// Things told of in a decision: as many as one rule can act on.
const SHOWN_MAX: usize = ITEMS_MAX;

impl ForEach {
    /// The things to act on.
    pub(crate) fn items(&self, facts: &dyn Facts) -> Result<Vec<Item>, PlanProblem> {
        let mut items = facts.items(&self.list);
        items.retain(|item| trace(&self.only, &WithItem { facts, item }).truth == Truth::True);
        match items.len() {
            fit if fit > self.at_most => Err(PlanProblem::TooManyItems {
                list: self.list.clone(),
                fit: fit as u64,
                at_most: self.at_most as u64,
            }),
            _ => Ok(items),
        }
    }

    /// Every thing asked, for "why".
    pub(crate) fn ask(&self, facts: &dyn Facts) -> ItemsAsked {
        let items = facts.items(&self.list);
        let there = items.len() as u64;
        let asked = items.into_iter().map(|item| {
            let asked = trace(&self.only, &WithItem { facts, item: &item });
            let truth = asked.truth;
            ItemAsked { id: item.id, truth, decided_by: deciding_leaf(asked) }
        });
        let (mut shown, others): (Vec<_>, Vec<_>) = asked.partition(|item| item.truth == Truth::True);
        let fit = shown.len() as u64;
        shown.extend(others);
        shown.truncate(SHOWN_MAX);
        ItemsAsked { list: self.list.clone(), there, fit, shown }
    }

    /// As the rule's sentence says it.
    pub(crate) fn sentence(&self) -> String {
        let only = match &self.only {
            Condition::Always => String::new(),
            condition => format!(" for which {}", condition.sentence()),
        };
        format!("for each of {}{only} (at most {})", self.list, self.at_most)
    }
}

impl ItemsAsked {
    /// What is said when it decided.
    pub(crate) fn sentence(&self) -> String {
        format!("{} of {} in {} fit", self.fit, self.there, self.list)
    }
}

/// What is known, one thing of a list among it.
pub(crate) struct WithItem<'a> {
    pub(crate) facts: &'a dyn Facts,
    pub(crate) item: &'a Item,
}

impl Facts for WithItem<'_> {
    fn field(&self, path: &str) -> Option<Value> {
        match path.split_once('.') {
            Some((ITEM, field)) => self.item.fields.get(field).cloned(),
            _ => self.facts.field(path),
        }
    }

    fn count(&self, event: &str, within_ns: i64) -> u64 {
        self.facts.count(event, within_ns)
    }

    fn before(&self, path: &str) -> Earlier {
        self.facts.before(path)
    }

    fn now(&self) -> Option<i64> {
        self.facts.now()
    }
}
