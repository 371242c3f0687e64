//! Asking a rule about one moment. Three-valued: a field we do not know makes its leaf *unknown*,
//! and a rule fires only on *true*. Every leaf is asked, so the trace is complete; one rule holds
//! at most a hundred. Never reads a clock: ages and counts come from [`Facts`].

use serde::{Deserialize, Serialize};

use crate::catalogue::FieldKind;
use crate::change::{Change, Earlier, ask_change};
use crate::condition::{Comparison, Condition, CountTest, FieldTest, Operator};
use crate::for_each::{Item, ItemsAsked};
use crate::rule::Rule;
use crate::value::{Value, fold};

/// What is known when an event is evaluated. All rules of one event are given the same facts.
pub trait Facts {
    /// The value of a field; `None` when it is not known.
    fn field(&self, path: &str) -> Option<Value>;
    /// How often an event happened for this customer within the time before this one.
    fn count(&self, event: &str, within_ns: i64) -> u64;
    /// What a field was before the report with which the event came. Only fields are asked for of which the catalogue
    /// says that it is kept.
    fn before(&self, _path: &str) -> Earlier {
        Earlier::NotKept
    }
    /// The moment of asking, in nanoseconds since 1970; `None` leaves ages unknown.
    fn now(&self) -> Option<i64> {
        None
    }
    /// The things of a list, each id once, in an order of their own.
    fn items(&self, _list: &str) -> Vec<Item> {
        Vec::new()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    True,
    False,
    Unknown,
}

/// What came of asking, and why. Holds field values: show it to who may see the customer, never log it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    pub rule: String,
    pub truth: Truth,
    pub trace: Trace,
    /// The first leaf that decided; `None` for a rule that always acts.
    pub decided_by: Option<DecidedBy>,
    /// What was found in the list of a rule with `for_each`; looked at once the conditions hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemsAsked>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    /// Which part of each group to follow from the top, counted from zero.
    pub path: Vec<usize>,
    pub sentence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub truth: Truth,
    pub sentence: String,
    pub node: TraceNode,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceNode {
    Always,
    All(Vec<Trace>),
    Any(Vec<Trace>),
    None(Vec<Trace>),
    Field {
        field: String,
        operator: String,
        expected: String,
        actual: Actual,
        /// What it was before, where that was asked and is kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Actual>,
    },
    Count {
        event: String,
        within_ns: i64,
        operator: String,
        expected: u64,
        actual: u64,
    },
}

/// What a field leaf found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actual {
    Value(Value),
    Missing,
    /// The field holds another kind than the catalogue promised, so it cannot be compared.
    OtherKind(FieldKind),
    /// Amounts in different currencies have no order.
    OtherCurrency(Value),
}

impl Rule {
    pub fn evaluate(&self, facts: &dyn Facts) -> Evaluation {
        let trace = trace(&self.when, facts);
        let mut path = Vec::new();
        let mut decided_by = decider(&trace, &mut path).map(|sentence| DecidedBy { path, sentence });
        let mut truth = trace.truth;
        let for_each = self.for_each.as_ref().filter(|_| truth == Truth::True);
        let items = for_each.map(|for_each| for_each.ask(facts));
        if let Some(items) = items.as_ref().filter(|items| items.fit == 0) {
            // Nothing to act on, and all that is wanted of the rest is so.
            truth = Truth::False;
            decided_by = Some(DecidedBy { path: Vec::new(), sentence: items.sentence() });
        }
        Evaluation { rule: self.id.clone(), truth, trace, decided_by, items }
    }
}

impl Truth {
    pub fn as_str(self) -> &'static str {
        match self {
            Truth::True => "true",
            Truth::False => "false",
            Truth::Unknown => "unknown",
        }
    }

    pub(crate) fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

pub(crate) fn trace(condition: &Condition, facts: &dyn Facts) -> Trace {
    let parts = |conditions: &[Condition]| -> Vec<Trace> {
        conditions.iter().map(|condition| trace(condition, facts)).collect()
    };
    match condition {
        Condition::Always => {
            Trace { truth: Truth::True, sentence: "always".to_owned(), node: TraceNode::Always }
        }
        Condition::All(conditions) => {
            let parts = parts(conditions);
            Trace { truth: all(&parts), sentence: "all of".to_owned(), node: TraceNode::All(parts) }
        }
        Condition::Any(conditions) => {
            let parts = parts(conditions);
            Trace { truth: any(&parts), sentence: "any of".to_owned(), node: TraceNode::Any(parts) }
        }
        Condition::None(conditions) => {
            let parts = parts(conditions);
            Trace { truth: any(&parts).not(), sentence: "none of".to_owned(), node: TraceNode::None(parts) }
        }
        Condition::Field(test) => field_trace(test, facts),
        Condition::Count(test) => count_trace(test, facts),
    }
}

fn all(parts: &[Trace]) -> Truth {
    if parts.iter().any(|part| part.truth == Truth::False) {
        Truth::False
    } else if parts.iter().any(|part| part.truth == Truth::Unknown) {
        Truth::Unknown
    } else {
        Truth::True
    }
}

fn any(parts: &[Trace]) -> Truth {
    if parts.iter().any(|part| part.truth == Truth::True) {
        Truth::True
    } else if parts.iter().any(|part| part.truth == Truth::Unknown) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

fn field_trace(test: &FieldTest, facts: &dyn Facts) -> Trace {
    let found = facts.field(&test.field);
    let change = ask_change(test, found.as_ref(), || facts.before(&test.field));
    let Change { truth, actual, before } = change.unwrap_or_else(|| {
        let (truth, actual) = ask(test, found, facts);
        Change { truth, actual, before: None }
    });
    Trace {
        truth,
        sentence: test.sentence(),
        node: TraceNode::Field {
            field: test.field.clone(),
            operator: test.operator.name().to_owned(),
            expected: test.operator.expected(),
            actual,
            before,
        },
    }
}

fn count_trace(test: &CountTest, facts: &dyn Facts) -> Trace {
    let actual = facts.count(&test.event, test.within_ns);
    Trace {
        truth: Truth::from(test.comparison.holds(&actual, &test.number)),
        sentence: test.sentence(),
        node: TraceNode::Count {
            event: test.event.clone(),
            within_ns: test.within_ns,
            operator: test.comparison.name().to_owned(),
            expected: test.number,
            actual,
        },
    }
}

fn ask(test: &FieldTest, found: Option<Value>, facts: &dyn Facts) -> (Truth, Actual) {
    let Some(value) = found else {
        let truth = match test.operator {
            Operator::Exists(wanted) => Truth::from(!wanted),
            _ => Truth::Unknown,
        };
        return (truth, Actual::Missing);
    };
    if value.kind() != test.kind {
        return (Truth::Unknown, Actual::OtherKind(value.kind()));
    }
    if test.operator.asks_now() {
        let truth = facts.now().and_then(|now| compare_age(&test.operator, &value, now));
        return (truth.map_or(Truth::Unknown, Truth::from), Actual::Value(value));
    }
    match compare(&test.operator, &value) {
        Some(holds) => (Truth::from(holds), Actual::Value(value)),
        None => (Truth::Unknown, Actual::OtherCurrency(value)),
    }
}

/// `None` when the two cannot be compared; the checker leaves only currencies to differ.
fn compare(operator: &Operator, value: &Value) -> Option<bool> {
    match operator {
        Operator::Is(expected) => Some(same(value, expected)),
        Operator::IsNot(expected) => Some(!same(value, expected)),
        Operator::OneOf(expected) => Some(expected.iter().any(|expected| same(value, expected))),
        Operator::NoneOf(expected) => Some(!expected.iter().any(|expected| same(value, expected))),
        Operator::Contains(piece) => contains(value, piece),
        Operator::NotContains(piece) => contains(value, piece).map(|holds| !holds),
        Operator::StartsWith(piece) => folded(value).map(|text| text.starts_with(&fold(piece))),
        Operator::EndsWith(piece) => folded(value).map(|text| text.ends_with(&fold(piece))),
        Operator::Compare(comparison, expected) => ordered(*comparison, value, expected),
        Operator::Between(low, high) => {
            let above = ordered(Comparison::AtLeast, value, low)?;
            Some(above && ordered(Comparison::AtMost, value, high)?)
        }
        Operator::Before(time) => ordered(Comparison::LessThan, value, &Value::Time(*time)),
        Operator::After(time) => ordered(Comparison::MoreThan, value, &Value::Time(*time)),
        Operator::Exists(wanted) => Some(*wanted),
        Operator::AnyOf(texts) => Some(texts.iter().any(|text| has(value, text))),
        Operator::AllOf(texts) => Some(texts.iter().all(|text| has(value, text))),
        Operator::Empty(wanted) => is_empty(value).map(|empty| empty == *wanted),
        Operator::Matches(pattern) => match value {
            Value::Text(text) => Some(pattern.is_in(text)),
            _ => None,
        },
        // Asked with more than the value itself.
        Operator::OlderThan(_)
        | Operator::NewerThan(_)
        | Operator::Changed(_)
        | Operator::ChangedTo(_)
        | Operator::ChangedFrom(_) => None,
    }
}

/// What is still to come is newer than any age.
fn compare_age(operator: &Operator, value: &Value, now: i64) -> Option<bool> {
    let Value::Time(time) = value else { return None };
    let age = now.saturating_sub(*time);
    match operator {
        Operator::OlderThan(limit) => Some(age > *limit),
        Operator::NewerThan(limit) => Some(age < *limit),
        _ => None,
    }
}

pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => fold(left) == fold(right),
        _ => left == right,
    }
}

fn contains(value: &Value, piece: &str) -> Option<bool> {
    match value {
        Value::Text(text) => Some(fold(text).contains(&fold(piece))),
        Value::TextList(_) => Some(has(value, piece)),
        _ => None,
    }
}

fn has(value: &Value, wanted: &str) -> bool {
    let wanted = fold(wanted);
    matches!(value, Value::TextList(texts) if texts.iter().any(|text| fold(text) == wanted))
}

fn folded(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(fold(text)),
        _ => None,
    }
}

fn is_empty(value: &Value) -> Option<bool> {
    match value {
        Value::Text(text) => Some(text.trim().is_empty()),
        Value::TextList(texts) => Some(texts.is_empty()),
        _ => None,
    }
}

fn ordered(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(comparison.holds(left, right)),
        (Value::Money { minor: left, currency }, Value::Money { minor: right, currency: other })
            if currency == other =>
        {
            Some(comparison.holds(left, right))
        }
        (Value::Time(left), Value::Time(right)) | (Value::Duration(left), Value::Duration(right)) => {
            Some(comparison.holds(left, right))
        }
        _ => None,
    }
}

/// Follows the first part that made each group what it is, down to a leaf.
fn decider(trace: &Trace, path: &mut Vec<usize>) -> Option<String> {
    let (parts, deciding) = match &trace.node {
        TraceNode::Always => return None,
        TraceNode::Field { .. } | TraceNode::Count { .. } => return Some(trace.sentence.clone()),
        TraceNode::All(parts) | TraceNode::Any(parts) => (parts, trace.truth),
        TraceNode::None(parts) => (parts, trace.truth.not()),
    };
    let (index, part) = parts.iter().enumerate().find(|(_, part)| part.truth == deciding)?;
    path.push(index);
    decider(part, path)
}

/// The leaf that decided, with what it found; `None` where nothing was asked.
pub(crate) fn deciding_leaf(trace: Trace) -> Option<Trace> {
    let mut path = Vec::new();
    decider(&trace, &mut path)?;
    path.into_iter().try_fold(trace, |part, index| match part.node {
        TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) => {
            parts.into_iter().nth(index)
        }
        TraceNode::Always | TraceNode::Field { .. } | TraceNode::Count { .. } => None,
    })
}
