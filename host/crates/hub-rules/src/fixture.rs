//! Cutting a fixture for rule tests out of what is known at a moment, in the form [`run_tests`](crate::run_tests) reads.
//! What may name somebody can be taken out of it; how a stand-in is made is the caller's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::catalogue::Catalogue;
use crate::change::Earlier;
use crate::condition::{Condition, Operator};
use crate::evaluate::Facts;
use crate::for_each::Item;
use crate::rule::Rule;
use crate::rule_test::Asked;
use crate::value::{Value, fold, written_duration};

/// Roots of fields that hold the hub's own words: what happened, and through which connection.
const OWN_WORDS: [&str; 2] = ["event.", "delivery."];

/// A moment as a test reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fixture {
    pub event: String,
    pub fields: BTreeMap<String, Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Only what was not as it is now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<String, Vec<BTreeMap<String, Json>>>,
}

impl Fixture {
    /// Everything the catalogue names that is known. Events are not counted: how far back, only a rule says.
    #[must_use]
    pub fn of_all(event: &str, facts: &dyn Facts, catalogue: &Catalogue) -> Self {
        let mut fixture = Self::with_fields(event, facts, catalogue.fields.keys());
        fixture.changed(facts, catalogue.changing.iter());
        let lists = catalogue.lists.keys().map(|list| (list.clone(), things(facts.items(list))));
        fixture.items = lists.filter(|(_, things)| !things.is_empty()).collect();
        fixture
    }

    /// What the rule asks for.
    #[must_use]
    pub fn of_rule(event: &str, facts: &dyn Facts, rule: &Rule) -> Self {
        let asked = Asked::of(rule);
        let mut fixture = Self::with_fields(event, facts, asked.fields.keys());
        let mut changing = BTreeSet::new();
        let conditions = [&rule.when].into_iter().chain(rule.for_each.iter().map(|for_each| &for_each.only));
        conditions.for_each(|condition| {
            each_test(condition, &mut |field, operator| {
                if operator.asks_before() {
                    changing.insert(field.to_owned());
                }
            });
        });
        fixture.changed(facts, changing.iter());
        for (event, within) in &asked.windows {
            let counted = fixture.counts.entry(event.clone()).or_default();
            counted.insert(written_duration(*within), facts.count(event, *within));
        }
        if let Some(for_each) = &rule.for_each {
            fixture.items.insert(for_each.list.clone(), things(facts.items(&for_each.list)));
        }
        fixture
    }

    fn with_fields<'a>(event: &str, facts: &dyn Facts, paths: impl Iterator<Item = &'a String>) -> Self {
        let known = paths.filter_map(|path| Some((path.clone(), json(&facts.field(path)?))));
        Self {
            event: event.to_owned(),
            fields: known.collect(),
            counts: BTreeMap::new(),
            before: BTreeMap::new(),
            now: facts.now().map(|now| Value::Time(now).to_string()),
            items: BTreeMap::new(),
        }
    }

    fn changed<'a>(&mut self, facts: &dyn Facts, paths: impl Iterator<Item = &'a String>) {
        for path in paths {
            let before = match facts.before(path) {
                Earlier::NotKept => continue,
                Earlier::NotKnown => Json::Null,
                Earlier::Value(value) => json(&value),
            };
            if self.fields.get(path).unwrap_or(&Json::Null) != &before {
                self.before.insert(path.clone(), before);
            }
        }
    }

    /// Puts stand-ins where somebody may be named. Numbers, amounts, times, values of enumerations and the hub's own words
    /// stay, and so do the texts that the rule itself names: they are in its file anyway. `stand_in` is told the last part
    /// of the field's name; for the same text it must always give the same.
    pub fn mask(
        &mut self,
        catalogue: &Catalogue,
        rule: Option<&Rule>,
        stand_in: &mut dyn FnMut(&str, &str) -> String,
    ) {
        let named = rule.map(literals).unwrap_or_default();
        let mut masked = |name: &str, value: &mut Json| match value {
            Json::String(text) if !named.contains(&fold(text)) => *text = stand_in(name, text),
            Json::Array(texts) => {
                for text in texts {
                    if let Json::String(text) = text
                        && !named.contains(&fold(text))
                    {
                        *text = stand_in(name, text);
                    }
                }
            }
            _ => {}
        };
        for (path, value) in self.fields.iter_mut().chain(&mut self.before) {
            let is_own = OWN_WORDS.iter().any(|root| path.starts_with(root));
            let spec = catalogue.fields.get(path);
            if !is_own && spec.is_none_or(|spec| is_open(spec.kind, &spec.values)) {
                masked(last(path), value);
            }
        }
        for (list, things) in &mut self.items {
            let specs = catalogue.lists.get(list);
            for (name, value) in things.iter_mut().flatten() {
                let spec = specs.and_then(|list| list.fields.get(name));
                if spec.is_none_or(|spec| is_open(spec.kind, &spec.values)) {
                    masked(name, value);
                }
            }
        }
    }
}

/// Whether any text may stand there.
fn is_open(kind: crate::FieldKind, values: &[String]) -> bool {
    use crate::FieldKind::{Text, TextList};
    matches!(kind, Text | TextList) && values.is_empty()
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn things(items: Vec<Item>) -> Vec<BTreeMap<String, Json>> {
    let thing = |item: Item| {
        let fields = item.fields.iter().map(|(name, value)| (name.clone(), json(value)));
        // The id is named as well where nothing else is known.
        fields.chain([("id".to_owned(), Json::String(item.id.clone()))]).collect()
    };
    items.into_iter().map(thing).collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::String(text.clone()),
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::TextList(texts) => texts.iter().cloned().map(Json::String).collect(),
        // A decimal is written as JSON writes numbers.
        Value::Number(number) => serde_json::from_str(&number.to_string()).unwrap_or(Json::Null),
        Value::Money { .. } | Value::Time(_) | Value::Duration(_) => Json::String(value.to_string()),
    }
}

/// The texts that a rule compares with, as they are compared.
fn literals(rule: &Rule) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |value: &Value| match value {
        Value::Text(text) => drop(found.insert(fold(text))),
        Value::TextList(texts) => found.extend(texts.iter().map(|text| fold(text))),
        _ => {}
    };
    let mut of_operator = |_: &str, operator: &Operator| match operator {
        Operator::Is(value) | Operator::IsNot(value) => add(value),
        Operator::OneOf(values)
        | Operator::NoneOf(values)
        | Operator::ChangedTo(values)
        | Operator::ChangedFrom(values) => values.iter().for_each(&mut add),
        Operator::AnyOf(texts) | Operator::AllOf(texts) => {
            texts.iter().for_each(|text| add(&Value::Text(text.clone())));
        }
        Operator::Contains(text) => add(&Value::Text(text.clone())),
        _ => {}
    };
    let only = rule.for_each.iter().map(|for_each| &for_each.only);
    [&rule.when].into_iter().chain(only).for_each(|condition| each_test(condition, &mut of_operator));
    found
}

fn each_test(condition: &Condition, act: &mut dyn FnMut(&str, &Operator)) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            parts.iter().for_each(|part| each_test(part, act));
        }
        Condition::Field(test) => act(&test.field, &test.operator),
        Condition::Always | Condition::Count(_) => {}
    }
}
