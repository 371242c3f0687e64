//! Asking what a field was before: `changed`, `changed_to`, `changed_from`. Owns what "before" can be and how the three
//! answer; keeping what was before is the fold's.
//!
//! - What is not known now leaves the question open, as with every operator.
//! - What was not known before, be it the field or the thing it is of, has changed as soon as it has a value:
//!   `changed` and `changed_to` hold. What it changed *from* nobody can say, so `changed_from` stays unknown.
//! - Where nobody kept what was before, all three are unknown, but for `changed_to` of another value, which is false.

use serde::{Deserialize, Serialize};

use crate::condition::Operator;
use crate::evaluate::{Truth, same};
use crate::value::Value;

/// What a field was before the report with which the event came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Earlier {
    /// Nobody kept it.
    #[default]
    NotKept,
    /// It was not known: no value, or not even the thing it is of.
    NotKnown,
    Value(Value),
}

/// Whether the field changed as the operator wants. Of one that does not ask for a change nothing can be said.
pub(crate) fn change_holds(operator: &Operator, now: &Value, earlier: &Earlier) -> Truth {
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
