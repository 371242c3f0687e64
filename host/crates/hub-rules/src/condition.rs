//! The condition tree of a rule: groups of leaves, each leaf one question about a field or a
//! count. Owns the words a condition is read back with; asking it is `evaluate`'s.

use serde::{Deserialize, Serialize};

use crate::catalogue::FieldKind;
use crate::pattern::Pattern;
use crate::value::{Value, fold, quoted, quoted_all, written_duration};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldTest {
    pub field: String,
    pub kind: FieldKind,
    pub operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountTest {
    pub event: String,
    pub within_ns: i64,
    pub comparison: Comparison,
    pub number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The pattern is found in the text.
    Matches(Pattern),
    /// The time lies longer ago than this, in nanoseconds before the moment of asking.
    OlderThan(i64),
    /// The time lies less long ago than this, or is still to come.
    NewerThan(i64),
    /// It is another value than before the event, or not.
    Changed(bool),
    /// It is one of these now, and was not the same before.
    ChangedTo(Vec<Value>),
    /// It was one of these before, and is not the same now.
    ChangedFrom(Vec<Value>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
            Operator::Matches(_) => "matches",
            Operator::OlderThan(_) => "older_than",
            Operator::NewerThan(_) => "newer_than",
            Operator::Changed(_) => "changed",
            Operator::ChangedTo(_) => "changed_to",
            Operator::ChangedFrom(_) => "changed_from",
        }
    }

    /// What it compares with, as a sentence quotes it.
    pub(crate) fn expected(&self) -> String {
        match self {
            Operator::Is(value) | Operator::IsNot(value) | Operator::Compare(_, value) => value.quoted(),
            Operator::OneOf(values)
            | Operator::NoneOf(values)
            | Operator::ChangedTo(values)
            | Operator::ChangedFrom(values) => {
                values.iter().map(Value::quoted).collect::<Vec<_>>().join(", ")
            }
            Operator::Contains(text)
            | Operator::NotContains(text)
            | Operator::StartsWith(text)
            | Operator::EndsWith(text) => quoted(text),
            Operator::Between(low, high) => format!("{} and {}", low.quoted(), high.quoted()),
            Operator::Before(time) | Operator::After(time) => Value::Time(*time).to_string(),
            Operator::Exists(flag) | Operator::Empty(flag) | Operator::Changed(flag) => flag.to_string(),
            Operator::Matches(pattern) => quoted(pattern.as_str()),
            Operator::OlderThan(age) | Operator::NewerThan(age) => written_duration(*age),
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
            Operator::Matches(_) => format!("matches the pattern {expected}"),
            Operator::OlderThan(_) => format!("is more than {expected} ago"),
            Operator::NewerThan(_) => format!("is less than {expected} ago"),
            Operator::Changed(true) => "has changed".to_owned(),
            Operator::Changed(false) => "has not changed".to_owned(),
            Operator::ChangedTo(values) => format!("changed to {}{expected}", one_of(values)),
            Operator::ChangedFrom(values) => format!("changed from {}{expected}", one_of(values)),
        }
    }
}

/// Before several values, of which one is meant.
fn one_of(values: &[Value]) -> &'static str {
    if values.len() > 1 { "one of " } else { "" }
}

impl Operator {
    /// Whether it needs what the field was before.
    pub(crate) fn asks_before(&self) -> bool {
        matches!(self, Operator::Changed(_) | Operator::ChangedTo(_) | Operator::ChangedFrom(_))
    }

    /// Whether it needs the moment of asking.
    pub(crate) fn asks_now(&self) -> bool {
        matches!(self, Operator::OlderThan(_) | Operator::NewerThan(_))
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
    /// Whether some leaf needs what a field was before.
    pub(crate) fn asks_before(&self) -> bool {
        self.any_operator(&|operator| operator.asks_before())
    }

    /// Whether some leaf asks for this field, and its answer may be another once this is written there; `None` for what is
    /// not known beforehand.
    pub(crate) fn asks_for(&self, field: &str, written: Option<&str>) -> bool {
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().any(|part| part.asks_for(field, written))
            }
            Condition::Field(test) => {
                let is_named =
                    |texts: &[String], written| texts.iter().any(|text| fold(text) == fold(written));
                let may_turn = match (&test.operator, written) {
                    (Operator::Contains(text) | Operator::NotContains(text), Some(written)) => {
                        is_named(std::slice::from_ref(text), written)
                    }
                    (Operator::AnyOf(texts) | Operator::AllOf(texts), Some(written)) => {
                        is_named(texts, written)
                    }
                    _ => true,
                };
                test.field == field && may_turn
            }
            Condition::Always | Condition::Count(_) => false,
        }
    }

    /// How many questions it asks.
    #[must_use]
    pub fn leaves(&self) -> usize {
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().map(Condition::leaves).sum()
            }
            Condition::Field(_) | Condition::Count(_) => 1,
            Condition::Always => 0,
        }
    }

    pub(crate) fn any_operator(&self, is_meant: &dyn Fn(&Operator) -> bool) -> bool {
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().any(|part| part.any_operator(is_meant))
            }
            Condition::Field(test) => is_meant(&test.operator),
            Condition::Always | Condition::Count(_) => false,
        }
    }

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
