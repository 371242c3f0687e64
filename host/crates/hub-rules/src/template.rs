//! Texts with fields in them: `{{field}}`, or `{{field | default: "text"}}` for one that may be
//! unknown. Owns reading and rendering them, and turning a rule's actions into planned ones.
//! Deliberately no more: no loops, no expressions, nothing that could fail to end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::catalogue::FieldKind;
use crate::evaluate::Facts;
use crate::for_each::WithItem;
use crate::rule::{Action, Argument, Rule};
use crate::value::Value;

/// A filled-in text: a field may be a whole e-mail, but no provider we know takes more as one value.
const RENDERED_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub(crate) parts: Vec<Part>,
    /// The kinds of its fields, once the checker has looked them up.
    pub(crate) kinds: BTreeMap<String, FieldKind>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Field { field: String, default: Option<String> },
}

/// A template that cannot be read: where in the text, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    pub(crate) piece: String,
    pub(crate) message: &'static str,
    pub(crate) help: &'static str,
}

/// One action with its arguments filled in, ready to become an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedAction {
    /// The action's id in the rule.
    pub id: String,
    /// The id of the thing it is done for, of a rule with `for_each`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    pub action: String,
    pub purpose: Option<String>,
    /// How long it waits before it is done.
    pub wait_ns: Option<i64>,
    /// What a person is asked before it is done.
    pub ask: Option<String>,
    pub args: BTreeMap<String, Value>,
}

/// Why a rule that fired cannot act. Names fields, never their values.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanProblem {
    #[error("action {action} needs {field} for its {param}, and it is not known")]
    MissingField { action: String, param: String, field: String },
    #[error("action {action} needs {field} for its {param}, and it is of another kind")]
    WrongKind { action: String, param: String, field: String },
    #[error("action {action}: its {param} is longer than {RENDERED_BYTES_MAX} bytes when filled in")]
    TooLong { action: String, param: String },
    #[error("{fit} things in {list} fit, and it acts on at most {at_most} at once")]
    TooManyItems { list: String, fit: u64, at_most: u64 },
}

impl Rule {
    /// Every action with its templates filled in, or the first reason why not: a rule acts whole.
    pub fn plan(&self, facts: &dyn Facts) -> Result<Vec<PlannedAction>, PlanProblem> {
        let Some(for_each) = &self.for_each else {
            return self.then.iter().map(|action| plan_action(action, facts)).collect();
        };
        let mut planned = Vec::new();
        for item in for_each.items(facts)? {
            let facts = WithItem { facts, item: &item };
            for action in &self.then {
                let item = Some(item.id.clone());
                planned.push(PlannedAction { item, ..plan_action(action, &facts)? });
            }
        }
        Ok(planned)
    }
}

impl PlannedAction {
    /// What tells it from every other action of its rule because of one event: the action's id, and that of the thing it
    /// is done for. An action's id has no `#`.
    #[must_use]
    pub fn step(&self) -> String {
        match &self.item {
            Some(item) => format!("{}#{item}", self.id),
            None => self.id.clone(),
        }
    }
}

fn plan_action(action: &Action, facts: &dyn Facts) -> Result<PlannedAction, PlanProblem> {
    let mut args = BTreeMap::new();
    for (param, argument) in &action.with {
        let value = fill(argument, facts).map_err(|unfilled| unfilled.named(&action.id, param))?;
        args.insert(param.clone(), value);
    }
    Ok(PlannedAction {
        id: action.id.clone(),
        item: None,
        action: action.action.clone(),
        purpose: action.purpose.clone(),
        wait_ns: action.wait_ns,
        ask: action.ask.clone(),
        args,
    })
}

fn fill(argument: &Argument, facts: &dyn Facts) -> Result<Value, Unfilled> {
    match argument {
        Argument::Value(value) => Ok(value.clone()),
        Argument::Field { field, kind } => match facts.field(field) {
            Some(value) if value.kind() == *kind => Ok(value),
            Some(_) => Err(Unfilled::WrongKind(field.clone())),
            None => Err(Unfilled::Missing(field.clone())),
        },
        Argument::Text(template) => template.render(facts).map(Value::Text),
        Argument::Texts(templates) => {
            let texts: Result<Vec<String>, Unfilled> =
                templates.iter().map(|template| template.render(facts)).collect();
            texts.map(Value::TextList)
        }
    }
}

enum Unfilled {
    Missing(String),
    WrongKind(String),
    TooLong,
}

impl Unfilled {
    fn named(self, action: &str, param: &str) -> PlanProblem {
        let (action, param) = (action.to_owned(), param.to_owned());
        match self {
            Unfilled::Missing(field) => PlanProblem::MissingField { action, param, field },
            Unfilled::WrongKind(field) => PlanProblem::WrongKind { action, param, field },
            Unfilled::TooLong => PlanProblem::TooLong { action, param },
        }
    }
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((inside, after)) = split_at_close(after) else {
                return Err(TemplateError {
                    piece: "{{".to_owned(),
                    message: "`{{` is never closed",
                    help: "write `{{field}}`",
                });
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(read_field(inside)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template { parts, kinds: BTreeMap::new() })
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field { field, .. } => Some(field.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The kinds of its fields.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (String, FieldKind)> {
        self.kinds.iter().map(|(field, kind)| (field.clone(), *kind))
    }

    /// The template as it would be written in a rule file.
    pub fn as_written(&self) -> String {
        let written = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field { field, default: None } => format!("{{{{{field}}}}}"),
            Part::Field { field, default: Some(default) } => {
                format!("{{{{{field} | default: \"{default}\"}}}}")
            }
        };
        self.parts.iter().map(written).collect()
    }

    fn render(&self, facts: &dyn Facts) -> Result<String, Unfilled> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Field { field, default } => match (facts.field(field), default) {
                    (Some(value), _) => text.push_str(&value.to_string()),
                    (None, Some(default)) => text.push_str(default),
                    (None, None) => return Err(Unfilled::Missing(field.clone())),
                },
            }
            if text.len() > RENDERED_BYTES_MAX {
                return Err(Unfilled::TooLong);
            }
        }
        Ok(text)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.as_written())
    }
}

/// Splits at the first `}}` that does not stand inside a quoted default.
fn split_at_close(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        let rest = text.get(at..)?;
        match character {
            '"' => quoted = !quoted,
            '}' if !quoted && rest.starts_with("}}") => return Some((text.get(..at)?, rest.get(2..)?)),
            _ => {}
        }
    }
    None
}

fn read_field(inside: &str) -> Result<Part, TemplateError> {
    let error = |message, help| TemplateError { piece: format!("{{{{{inside}}}}}"), message, help };
    let (field, default) = match inside.split_once('|') {
        None => (inside.trim(), None),
        Some((field, filter)) => {
            let default = read_default(filter.trim()).ok_or_else(|| {
                error("only `default` may follow `|`", "write `{{field | default: \"text\"}}`")
            })?;
            (field.trim(), Some(default))
        }
    };
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '.';
    if field.is_empty() || !field.chars().all(is_name) {
        return Err(error(
            "a field's name belongs between `{{` and `}}`",
            "write `{{customer.display_name}}`",
        ));
    }
    Ok(Part::Field { field: field.to_owned(), default })
}

fn read_default(filter: &str) -> Option<String> {
    let text = filter.strip_prefix("default")?.trim_start().strip_prefix(':')?.trim();
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('"')).then(|| text.to_owned())
}
