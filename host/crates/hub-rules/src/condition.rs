//! The condition tree of a rule: groups of leaves, each leaf one question about a field or a
//! count. Owns the words a condition is read back with; asking it is `evaluate`'s.

use serde::Serialize;

use crate::catalogue::FieldKind;
use crate::value::{Value, quoted, quoted_all, written_duration};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// `when: always`, so that acting on every event is written and never an omission.
    Always,
    All(Vec<Condition>),
    Any(Vec<Condition>),
    None(Vec<Condition>),
    Field(FieldTest),
    Count(CountTest),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldTest {
    pub field: String,
    pub kind: FieldKind,
    pub operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountTest {
    pub event: String,
    pub within_ns: i64,
    pub comparison: Comparison,
    pub number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Is(Value),
    IsNot(Value),
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Contains(String),
    NotContains(String),
    StartsWith(String),
    EndsWith(String),
    Compare(Comparison, Value),
    /// Both ends included.
    Between(Value, Value),
    Before(i64),
    After(i64),
    Exists(bool),
    AnyOf(Vec<String>),
    AllOf(Vec<String>),
    Empty(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    Is,
    MoreThan,
    AtLeast,
    LessThan,
    AtMost,
}

impl Comparison {
    pub(crate) fn from_name(name: &str) -> Option<Comparison> {
        match name {
            "is" => Some(Comparison::Is),
            "more_than" => Some(Comparison::MoreThan),
            "at_least" => Some(Comparison::AtLeast),
            "less_than" => Some(Comparison::LessThan),
            "at_most" => Some(Comparison::AtMost),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Comparison::Is => "is",
            Comparison::MoreThan => "more_than",
            Comparison::AtLeast => "at_least",
            Comparison::LessThan => "less_than",
            Comparison::AtMost => "at_most",
        }
    }

    pub(crate) fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Is => left == right,
            Comparison::MoreThan => left > right,
            Comparison::AtLeast => left >= right,
            Comparison::LessThan => left < right,
            Comparison::AtMost => left <= right,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Comparison::Is => "exactly",
            Comparison::MoreThan => "more than",
            Comparison::AtLeast => "at least",
            Comparison::LessThan => "less than",
            Comparison::AtMost => "at most",
        }
    }
}

impl Operator {
    /// The name it has in a rule file.
    pub fn name(&self) -> &'static str {
        match self {
            Operator::Is(_) => "is",
            Operator::IsNot(_) => "is_not",
            Operator::OneOf(_) => "one_of",
            Operator::NoneOf(_) => "none_of",
            Operator::Contains(_) => "contains",
            Operator::NotContains(_) => "not_contains",
            Operator::StartsWith(_) => "starts_with",
            Operator::EndsWith(_) => "ends_with",
            Operator::Compare(comparison, _) => comparison.name(),
            Operator::Between(..) => "between",
            Operator::Before(_) => "before",
            Operator::After(_) => "after",
            Operator::Exists(_) => "exists",
            Operator::AnyOf(_) => "any_of",
            Operator::AllOf(_) => "all_of",
            Operator::Empty(_) => "empty",
        }
    }

    /// What it compares with, as a sentence quotes it.
    pub(crate) fn expected(&self) -> String {
        match self {
            Operator::Is(value) | Operator::IsNot(value) | Operator::Compare(_, value) => value.quoted(),
            Operator::OneOf(values) | Operator::NoneOf(values) => {
                values.iter().map(Value::quoted).collect::<Vec<_>>().join(", ")
            }
            Operator::Contains(text)
            | Operator::NotContains(text)
            | Operator::StartsWith(text)
            | Operator::EndsWith(text) => quoted(text),
            Operator::Between(low, high) => format!("{} and {}", low.quoted(), high.quoted()),
            Operator::Before(time) | Operator::After(time) => Value::Time(*time).to_string(),
            Operator::Exists(flag) | Operator::Empty(flag) => flag.to_string(),
            Operator::AnyOf(texts) | Operator::AllOf(texts) => quoted_all(texts),
        }
    }

    fn words(&self) -> String {
        let expected = self.expected();
        match self {
            Operator::Is(_) => format!("is {expected}"),
            Operator::IsNot(_) => format!("is not {expected}"),
            Operator::OneOf(_) => format!("is one of {expected}"),
            Operator::NoneOf(_) => format!("is none of {expected}"),
            Operator::Contains(_) => format!("contains {expected}"),
            Operator::NotContains(_) => format!("does not contain {expected}"),
            Operator::StartsWith(_) => format!("starts with {expected}"),
            Operator::EndsWith(_) => format!("ends with {expected}"),
            Operator::Compare(comparison, _) => format!("is {} {expected}", comparison.words()),
            Operator::Between(..) => format!("is between {expected}"),
            Operator::Before(_) => format!("is before {expected}"),
            Operator::After(_) => format!("is after {expected}"),
            Operator::Exists(true) => "is known".to_owned(),
            Operator::Exists(false) => "is not known".to_owned(),
            Operator::AnyOf(_) => format!("has any of {expected}"),
            Operator::AllOf(_) => format!("has all of {expected}"),
            Operator::Empty(true) => "is empty".to_owned(),
            Operator::Empty(false) => "is not empty".to_owned(),
        }
    }
}

impl FieldTest {
    pub(crate) fn sentence(&self) -> String {
        format!("{} {}", self.field, self.operator.words())
    }
}

impl CountTest {
    pub(crate) fn sentence(&self) -> String {
        let times = if self.number == 1 { "time" } else { "times" };
        let window = written_duration(self.within_ns);
        let compared = match self.comparison {
            Comparison::LessThan => "fewer than",
            other => other.words(),
        };
        format!("{} happened {compared} {} {times} within {window}", self.event, self.number)
    }
}

impl Condition {
    /// The condition in words, groups inside groups in brackets.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Condition::Always => "always".to_owned(),
            Condition::All(parts) => joined(parts, " and "),
            Condition::Any(parts) => joined(parts, " or "),
            Condition::None(parts) => format!("none of ({})", joined(parts, " or ")),
            Condition::Field(test) => test.sentence(),
            Condition::Count(test) => test.sentence(),
        }
    }
}

fn joined(parts: &[Condition], between: &str) -> String {
    let bracketed = |part: &Condition| match part {
        Condition::All(inner) | Condition::Any(inner) if inner.len() > 1 && parts.len() > 1 => {
            format!("({})", part.sentence())
        }
        _ => part.sentence(),
    };
    parts.iter().map(bracketed).collect::<Vec<_>>().join(between)
}
