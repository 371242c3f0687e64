//! What a rule may name: fields, events and actions. Plain data, built by the host from the model
//! and the installed connectors; the checker only reads it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::bounds::Bounds;
use crate::rule::Action;

/// Everything a rule may name, keyed by the name it is written with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub fields: BTreeMap<String, FieldSpec>,
    pub events: BTreeMap<String, EventSpec>,
    pub actions: BTreeMap<String, ActionSpec>,
    /// The fields of which is kept what they were before an event, so that rules may ask whether they changed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changing: BTreeSet<String>,
    /// What `for_each` may go through, such as `order.lines`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, ListSpec>,
}

/// A list of things that an event brings with the thing it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSpec {
    #[serde(default)]
    pub help: String,
    /// What there is of one of them, by the name after `item.`.
    pub fields: BTreeMap<String, FieldSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    pub kind: FieldKind,
    /// The known values of an enumeration; empty means any value may occur.
    #[serde(default)]
    pub values: Vec<String>,
    /// What its numbers count, or the time zone of its times; empty where the kind says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// A value it may have, as rules write it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub example: String,
    /// The connections that fill it, or the part of the hub that does. Empty: nobody says so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub filled_by: BTreeSet<String>,
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
    /// What it changes, as far as rules can meet it again.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
    /// What its provider and its connection leave it to do.
    #[serde(default, skip_serializing_if = "Bounds::is_empty")]
    pub bounds: Bounds,
    #[serde(default)]
    pub help: String,
}

/// What an action leaves behind: fields that hold something else afterwards, and events that come back because of it.
/// Nothing said means nothing known, and nothing is warned of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Write>,
    /// Events the hub hears of because the action was done. An action of the hub's own causes none: what it writes is
    /// read by later events. A connector's action causes the event its provider reports the change with; the hub keeps
    /// a rule from acting on what that same rule has written, so only other rules can follow from it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub causes: BTreeSet<String>,
}

/// A field an action writes, named as conditions name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    pub field: String,
    /// What says which field below that it is; `None` where it is the field itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Below>,
    pub holds: Holds,
    /// The parameter the new value is given in; `None` where the action itself is the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
}

/// The last part of a field's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The parameter that gives it.
    pub param: String,
    /// What it is when that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// How many values a field holds at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// The last value written is the one that stays.
    One,
    /// Values stand beside each other, as tags do.
    Many,
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
    /// A name the author chooses. The action tells of an event for all rules of the set: this, a point and the name.
    NewEvent(String),
}

impl Write {
    /// The field that an action writes; `None` where it is known only when the action runs.
    pub(crate) fn written<'a>(&'a self, action: &'a Action) -> Option<Cow<'a, str>> {
        let Some(below) = &self.below else { return Some(Cow::Borrowed(&self.field)) };
        let name = match action.with.get(&below.param) {
            Some(given) => given.written_out()?,
            None => below.otherwise.as_deref()?,
        };
        Some(Cow::Owned(format!("{}.{name}", self.field)))
    }
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

    /// What all values of this kind are in, where that is one thing.
    fn unit(self) -> &'static str {
        match self {
            FieldKind::Time => "UTC",
            _ => "",
        }
    }

    /// How a value of this kind is written in a rule file.
    pub(crate) fn example(self) -> &'static str {
        match self {
            FieldKind::Text => "\"some text\"",
            FieldKind::Number => "digits, such as 12 or 12.5",
            FieldKind::Money => "{amount: \"12.50\", currency: EUR} or \"12.50 EUR\"",
            FieldKind::Boolean => "true or false",
            FieldKind::Time => "a time such as 2026-01-31T09:00:00Z, or a day such as 2026-01-31",
            FieldKind::Duration => "15m, 24h, 7d or 2w (minutes, hours, days or weeks)",
            FieldKind::TextList => "[\"one\", \"two\"]",
        }
    }
}

impl FieldSpec {
    /// A field with any value of its kind, counted in nothing of its own, that nobody says to fill.
    #[must_use]
    pub fn new(kind: FieldKind, example: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind,
            values: Vec::new(),
            unit: kind.unit().to_owned(),
            example: example.into(),
            filled_by: BTreeSet::new(),
            help: help.into(),
        }
    }
}

impl Changes {
    /// Nothing is known to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.causes.is_empty()
    }
}

impl Catalogue {
    /// The field of this name, or that of one thing in a list, named as `order.lines.sku`.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut FieldSpec> {
        if let Some((list, field)) = name.rsplit_once('.')
            && let Some(list) = self.lists.get_mut(list)
        {
            return list.fields.get_mut(field);
        }
        self.fields.get_mut(name)
    }

    /// Whether an event brings the fields under this path's root.
    pub(crate) fn provides(&self, event: &str, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or(path);
        self.events.get(event).is_some_and(|spec| spec.provides.iter().any(|provided| provided == root))
    }
}
