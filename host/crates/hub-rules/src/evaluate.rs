//! Asking a rule about one moment. Three-valued: a field we do not know makes its leaf *unknown*,
//! and a rule fires only on *true*. Every leaf is asked, so the trace is complete; one rule holds
//! at most a hundred. Never reads a clock: ages and counts come from [`Facts`].

use serde::{Deserialize, Serialize};

use crate::catalogue::FieldKind;
use crate::change::{Earlier, change_holds};
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
        let for_each = self.for_each.as_ref().filter(|_| trace.truth == Truth::True);
        let items = for_each.map(|for_each| for_each.ask(facts));
        Evaluation::new(self.id.clone(), trace, items)
    }

    /// What there is to act on once the conditions hold, of a rule with `for_each`.
    pub fn ask_items(&self, facts: &dyn Facts) -> Option<ItemsAsked> {
        self.for_each.as_ref().map(|for_each| for_each.ask(facts))
    }
}

impl Evaluation {
    fn new(rule: String, trace: Trace, items: Option<ItemsAsked>) -> Evaluation {
        let mut path = Vec::new();
        let mut decided_by = decider(&trace, &mut path).map(|sentence| DecidedBy { path, sentence });
        let mut truth = trace.truth;
        if let Some(items) = items.as_ref().filter(|items| items.fit == 0) {
            // Nothing to act on, and all that is wanted of the rest is so.
            truth = Truth::False;
            decided_by = Some(DecidedBy { path: Vec::new(), sentence: items.sentence() });
        }
        Evaluation { rule, truth, trace, decided_by, items }
    }

    /// What came of asking then, from what was found then and what there was to act on. `leaves` are the answers of the
    /// condition's leaves, in order, where the values they came from are forgotten.
    #[must_use]
    pub fn again(
        rule: &str,
        when: &Condition,
        found: &dyn Facts,
        leaves: Option<&[Truth]>,
        items: Option<ItemsAsked>,
    ) -> Evaluation {
        let mut trace = trace(when, found);
        if let Some(leaves) = leaves {
            trace.answer(&mut leaves.iter().copied());
        }
        Evaluation::new(rule.to_owned(), trace, items)
    }
}

impl Trace {
    /// The fields that were asked, each once, in the order of the conditions.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.add_fields(&mut fields);
        fields
    }

    fn add_fields<'a>(&'a self, fields: &mut Vec<&'a str>) {
        match &self.node {
            TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) => {
                parts.iter().for_each(|part| part.add_fields(fields));
            }
            TraceNode::Field { field, .. } if !fields.contains(&field.as_str()) => fields.push(field),
            TraceNode::Always | TraceNode::Field { .. } | TraceNode::Count { .. } => {}
        }
    }

    /// The answers of the leaves, in order.
    pub fn leaves(&self, answers: &mut Vec<Truth>) {
        match &self.node {
            TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) => {
                parts.iter().for_each(|part| part.leaves(answers));
            }
            TraceNode::Always => {}
            TraceNode::Field { .. } | TraceNode::Count { .. } => answers.push(self.truth),
        }
    }

    /// Gives the leaves these answers. Of what stands in the place of a forgotten value the kind says nothing.
    fn answer(&mut self, answers: &mut impl Iterator<Item = Truth>) {
        match &mut self.node {
            TraceNode::Always => {}
            TraceNode::All(parts) => {
                parts.iter_mut().for_each(|part| part.answer(answers));
                self.truth = all(parts.iter().map(|part| part.truth));
            }
            TraceNode::Any(parts) => {
                parts.iter_mut().for_each(|part| part.answer(answers));
                self.truth = any(parts.iter().map(|part| part.truth));
            }
            TraceNode::None(parts) => {
                parts.iter_mut().for_each(|part| part.answer(answers));
                self.truth = any(parts.iter().map(|part| part.truth)).not();
            }
            TraceNode::Field { .. } | TraceNode::Count { .. } => {
                self.truth = answers.next().unwrap_or(self.truth);
            }
        }
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
            Trace {
                truth: all(parts.iter().map(|part| part.truth)),
                sentence: "all of".to_owned(),
                node: TraceNode::All(parts),
            }
        }
        Condition::Any(conditions) => {
            let parts = parts(conditions);
            Trace {
                truth: any(parts.iter().map(|part| part.truth)),
                sentence: "any of".to_owned(),
                node: TraceNode::Any(parts),
            }
        }
        Condition::None(conditions) => {
            let parts = parts(conditions);
            let truth = any(parts.iter().map(|part| part.truth)).not();
            Trace { truth, sentence: "none of".to_owned(), node: TraceNode::None(parts) }
        }
        Condition::Field(test) => field_trace(test, facts),
        Condition::Count(test) => count_trace(test, facts),
    }
}

/// Looks no further than the first that is false.
pub(crate) fn all(parts: impl Iterator<Item = Truth>) -> Truth {
    let mut truth = Truth::True;
    for part in parts {
        match part {
            Truth::False => return Truth::False,
            Truth::Unknown => truth = Truth::Unknown,
            Truth::True => {}
        }
    }
    truth
}

/// Looks no further than the first that is true.
pub(crate) fn any(parts: impl Iterator<Item = Truth>) -> Truth {
    all(parts.map(Truth::not)).not()
}

fn field_trace(test: &FieldTest, facts: &dyn Facts) -> Trace {
    let found = facts.field(&test.field);
    let earlier = if test.operator.asks_before() { facts.before(&test.field) } else { Earlier::NotKept };
    let truth = field_truth(test, found.as_ref(), || &earlier, || facts.now());
    let before = match earlier {
        Earlier::NotKept => None,
        Earlier::NotKnown => Some(Actual::Missing),
        Earlier::Value(value) => Some(Actual::Value(value)),
    };
    Trace {
        truth,
        sentence: test.sentence(),
        node: TraceNode::Field {
            field: test.field.clone(),
            operator: test.operator.name().to_owned(),
            expected: test.operator.expected(),
            actual: actual(test, found),
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

/// Whether what a field holds is what the test wants. What else it needs is only asked for by those that do.
pub(crate) fn field_truth<'e>(
    test: &FieldTest,
    found: Option<&Value>,
    earlier: impl FnOnce() -> &'e Earlier,
    now: impl FnOnce() -> Option<i64>,
) -> Truth {
    let Some(value) = found else {
        return match test.operator {
            Operator::Exists(wanted) => Truth::from(!wanted),
            _ => Truth::Unknown,
        };
    };
    if value.kind() != test.kind {
        return Truth::Unknown;
    }
    if test.operator.asks_before() {
        return change_holds(&test.operator, value, earlier());
    }
    let holds = if test.operator.asks_now() {
        now().and_then(|now| compare_age(&test.operator, value, now))
    } else {
        compare(&test.operator, value)
    };
    holds.map_or(Truth::Unknown, Truth::from)
}

fn actual(test: &FieldTest, found: Option<Value>) -> Actual {
    let Some(value) = found else { return Actual::Missing };
    if value.kind() != test.kind {
        return Actual::OtherKind(value.kind());
    }
    let asks_more = test.operator.asks_before() || test.operator.asks_now();
    if asks_more || compare(&test.operator, &value).is_some() {
        Actual::Value(value)
    } else {
        Actual::OtherCurrency(value)
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
        (Value::Text(left), Value::Text(right)) if left.is_ascii() && right.is_ascii() => {
            left.trim().eq_ignore_ascii_case(right.trim())
        }
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
