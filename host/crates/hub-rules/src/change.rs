//! Asking what a field was before: `changed`, `changed_to`, `changed_from`. Owns what "before" can be and how the three
//! answer; keeping what was before is the fold's.
//!
//! - What is not known now leaves the question open, as with every operator.
//! - What was not known before, be it the field or the thing it is of, has changed as soon as it has a value:
//!   `changed` and `changed_to` hold. What it changed *from* nobody can say, so `changed_from` stays unknown.
//! - Where nobody kept what was before, all three are unknown, but for `changed_to` of another value, which is false.

use crate::condition::{FieldTest, Operator};
use crate::evaluate::{Actual, Truth, same};
use crate::value::Value;

/// What a field was before the report with which the event came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Earlier {
    /// Nobody kept it.
    #[default]
    NotKept,
    /// It was not known: no value, or not even the thing it is of.
    NotKnown,
    Value(Value),
}

/// What a question about a change came to: its answer, what the field is, and what it was.
pub(crate) struct Change {
    pub(crate) truth: Truth,
    pub(crate) actual: Actual,
    pub(crate) before: Option<Actual>,
}

/// `None` for an operator that does not ask for a change. `earlier` is only called by those that do.
pub(crate) fn ask_change(
    test: &FieldTest,
    now: Option<&Value>,
    earlier: impl FnOnce() -> Earlier,
) -> Option<Change> {
    if !test.operator.asks_before() {
        return None;
    }
    let earlier = earlier();
    let (truth, actual) = match now {
        None => (Truth::Unknown, Actual::Missing),
        Some(now) if now.kind() != test.kind => (Truth::Unknown, Actual::OtherKind(now.kind())),
        Some(now) => (holds(&test.operator, now, &earlier), Actual::Value(now.clone())),
    };
    let before = match earlier {
        Earlier::NotKept => None,
        Earlier::NotKnown => Some(Actual::Missing),
        Earlier::Value(value) => Some(Actual::Value(value)),
    };
    Some(Change { truth, actual, before })
}

fn holds(operator: &Operator, now: &Value, earlier: &Earlier) -> Truth {
    let changed = || match earlier {
        Earlier::NotKept => Truth::Unknown,
        Earlier::NotKnown => Truth::True,
        Earlier::Value(before) => Truth::from(!same(before, now)),
    };
    let among = |values: &[Value], value: &Value| values.iter().any(|wanted| same(wanted, value));
    match operator {
        Operator::Changed(true) => changed(),
        Operator::Changed(false) => changed().not(),
        Operator::ChangedTo(values) if among(values, now) => changed(),
        Operator::ChangedTo(_) => Truth::False,
        Operator::ChangedFrom(values) => match earlier {
            Earlier::NotKept | Earlier::NotKnown => Truth::Unknown,
            Earlier::Value(before) => Truth::from(among(values, before) && !same(before, now)),
        },
        _ => Truth::Unknown,
    }
}
