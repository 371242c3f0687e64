//! A rule as the rest of the hub knows it. Made by `check` alone; carries no spans and no doubts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalogue::FieldKind;
use crate::condition::Condition;
use crate::limits::Limits;
use crate::rule_test::RuleTest;
use crate::template::Template;
use crate::value::Value;

/// A checked rule: every name in it exists and every value has the right kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub id: String,
    /// The author's own sentence; empty when the file has none.
    pub says: String,
    pub mode: Mode,
    pub on: Trigger,
    pub when: Condition,
    pub then: Vec<Action>,
    pub limits: Limits,
    pub tests: Vec<RuleTest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Off,
    /// Evaluated and recorded, never sent.
    Shadow,
    On,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Event(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    pub id: String,
    pub action: String,
    /// What a message is for; of actions that write to a person alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    pub with: BTreeMap<String, Argument>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    Value(Value),
    /// A field's value as it is, for parameters that are not text.
    Field {
        field: String,
        kind: FieldKind,
    },
    Text(Template),
    Texts(Vec<Template>),
}

#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// All rules of a hub, ordered by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

impl RuleSet {
    pub(crate) fn new(mut rules: Vec<Rule>) -> RuleSet {
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        RuleSet { rules }
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn for_event<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| {
            let Trigger::Event(trigger) = &rule.on;
            trigger == event
        })
    }
}
