//! What a rule may name: fields, events and actions. Plain data, built by the host from the model
//! and the installed connectors; the checker only reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything a rule may name, keyed by the name it is written with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub fields: BTreeMap<String, FieldSpec>,
    pub events: BTreeMap<String, EventSpec>,
    pub actions: BTreeMap<String, ActionSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    pub kind: FieldKind,
    /// The known values of an enumeration; empty means any value may occur.
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSpec {
    #[serde(default)]
    pub help: String,
    /// The field roots this event brings, such as `interaction` and `customer`.
    pub provides: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    pub params: BTreeMap<String, ParamSpec>,
    pub grade: Grade,
    /// It writes to a person on this channel: what for has to be said, and decides whether they may be written to.
    #[serde(default)]
    pub channel: Option<String>,
    /// What it changes, such as `conversation`: the event has to bring it. Absent for what a connection performs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(default)]
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamSpec {
    pub kind: FieldKind,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub help: String,
    #[serde(default, skip_serializing_if = "Takes::is_any")]
    pub takes: Takes,
}

/// What may be written as a parameter of kind text. All but any text is written out, without fields, so that it can be
/// checked when the rule is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    #[default]
    Any,
    OneOf(Vec<String>),
    /// The name of an event.
    Event,
    /// A name the author chooses. What the action writes under it is a field for all rules of the set: this, a point and
    /// the name.
    NewField(String),
}

impl Takes {
    fn is_any(&self) -> bool {
        *self == Takes::Any
    }
}

/// How sure we can be that an action happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The provider takes an idempotency key.
    Keyed,
    /// We can look whether it happened before sending again.
    Probed,
    /// Doing it twice is the same as doing it once.
    Natural,
    /// An unknown outcome is parked for a person and never sent again.
    Unsafe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Number,
    Money,
    Boolean,
    Time,
    Duration,
    TextList,
}

impl FieldKind {
    /// The kind with its article, for messages.
    pub(crate) fn described(self) -> &'static str {
        match self {
            FieldKind::Text => "a text",
            FieldKind::Number => "a number",
            FieldKind::Money => "an amount of money",
            FieldKind::Boolean => "true or false",
            FieldKind::Time => "a time",
            FieldKind::Duration => "a duration",
            FieldKind::TextList => "a list of texts",
        }
    }

    /// How a value of this kind is written in a rule file.
    pub(crate) fn example(self) -> &'static str {
        match self {
            FieldKind::Text => "\"some text\"",
            FieldKind::Number => "12.5",
            FieldKind::Money => "{amount: \"12.50\", currency: EUR} or \"12.50 EUR\"",
            FieldKind::Boolean => "true or false",
            FieldKind::Time => "2026-01-31T09:00:00Z or 2026-01-31",
            FieldKind::Duration => "15m, 24h, 7d or 2w",
            FieldKind::TextList => "[\"one\", \"two\"]",
        }
    }
}

impl Catalogue {
    /// Whether an event brings the fields under this path's root.
    pub(crate) fn provides(&self, event: &str, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or(path);
        self.events.get(event).is_some_and(|spec| spec.provides.iter().any(|provided| provided == root))
    }
}
