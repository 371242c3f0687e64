//! Running the tests a rule brings along. A fixture is JSON: an event, the fields known at that
//! moment, and how often events happened before. Reading files is the caller's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::catalogue::FieldKind;
use crate::change::Earlier;
use crate::condition::Condition;
use crate::evaluate::{Evaluation, Facts, Truth};
use crate::for_each::{ITEM, Item};
use crate::rule::{Argument, Rule};
use crate::template::PlannedAction;
use crate::value::{Decimal, Value, parse_duration, written_duration};

/// A moment has some dozens of fields; anything larger is not a fixture.
const FIXTURE_BYTES_MAX: usize = 256 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTest {
    /// The fixture's name, beside the rule file.
    pub given: String,
    pub expect: Expectation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expectation {
    pub fires: bool,
    /// The ids of the actions taken; `None` when the test does not say.
    pub actions: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOutcome {
    pub given: String,
    /// Everything that was not as expected; empty for a test that passed.
    pub failures: Vec<String>,
    /// Absent when the fixture could not be read, or holds another event than the rule's.
    pub evaluation: Option<Evaluation>,
    pub planned: Vec<PlannedAction>,
}

impl TestOutcome {
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs all tests of a rule. `load` gives a fixture's text for its name.
pub fn run_tests(rule: &Rule, load: &dyn Fn(&str) -> Result<String, String>) -> Vec<TestOutcome> {
    rule.tests.iter().map(|test| run_test(rule, test, load)).collect()
}

fn run_test(rule: &Rule, test: &RuleTest, load: &dyn Fn(&str) -> Result<String, String>) -> TestOutcome {
    let mut outcome = TestOutcome {
        given: test.given.clone(),
        failures: Vec::new(),
        evaluation: None,
        planned: Vec::new(),
    };
    let moment = match load(&test.given).and_then(|text| Moment::read(rule, &text)) {
        Ok(moment) => moment,
        Err(problem) => {
            outcome.failures.push(problem);
            return outcome;
        }
    };
    let event = rule.on.event();
    let fires = if moment.event == event {
        let evaluation = rule.evaluate(&moment);
        let fires = evaluation.truth == Truth::True;
        outcome.evaluation = Some(evaluation);
        fires
    } else {
        false
    };
    if fires != test.expect.fires {
        outcome.failures.push(unexpected(fires, &outcome, &moment, event));
    }
    if fires {
        match rule.plan(&moment) {
            Ok(planned) => outcome.planned = planned,
            Err(problem) => outcome.failures.push(problem.to_string()),
        }
    }
    if let Some(expected) = &test.expect.actions {
        outcome.failures.extend(wrong_actions(expected, &outcome.planned));
    }
    outcome
}

fn unexpected(fires: bool, outcome: &TestOutcome, moment: &Moment, event: &str) -> String {
    let verdict = if fires { "fired, expected not to" } else { "did not fire, expected to" };
    let decided = outcome.evaluation.as_ref().and_then(|evaluation| evaluation.decided_by.as_ref());
    match (decided, &outcome.evaluation) {
        (Some(decided), _) => format!("{verdict}: decided by {}", decided.sentence),
        (None, None) => {
            format!("{verdict}: the fixture's event is {}, the rule acts on {event}", moment.event)
        }
        (None, Some(_)) => verdict.to_owned(),
    }
}

fn wrong_actions(expected: &[String], planned: &[PlannedAction]) -> Option<String> {
    let taken: Vec<&str> = planned.iter().map(|action| action.id.as_str()).collect();
    let as_expected = taken.iter().copied().eq(expected.iter().map(String::as_str));
    (!as_expected)
        .then(|| format!("took the actions [{}], expected [{}]", taken.join(", "), expected.join(", ")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMoment {
    event: String,
    #[serde(default)]
    fields: BTreeMap<String, Json>,
    #[serde(default)]
    counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// What fields were before the event, `null` for one that was not known. One that is not named was the same.
    #[serde(default)]
    before: BTreeMap<String, Json>,
    /// The moment of the event, for rules that ask how long ago something is.
    now: Option<String>,
    /// The things of a list, each with its `id`.
    #[serde(default)]
    items: BTreeMap<String, Vec<BTreeMap<String, Json>>>,
}

/// A fixture, read with the kinds the rule expects. Fields the rule does not ask for are left out.
struct Moment {
    event: String,
    fields: BTreeMap<String, Value>,
    counts: BTreeMap<(String, i64), u64>,
    /// Only what was not as it is now.
    before: BTreeMap<String, Earlier>,
    now: Option<i64>,
    items: Vec<Item>,
}

impl Facts for Moment {
    fn field(&self, path: &str) -> Option<Value> {
        self.fields.get(path).cloned()
    }

    fn count(&self, event: &str, within_ns: i64) -> u64 {
        self.counts.get(&(event.to_owned(), within_ns)).copied().unwrap_or(0)
    }

    fn before(&self, path: &str) -> Earlier {
        let as_now = || self.field(path).map_or(Earlier::NotKnown, Earlier::Value);
        self.before.get(path).cloned().unwrap_or_else(as_now)
    }

    fn now(&self) -> Option<i64> {
        self.now
    }

    /// A rule goes through one list.
    fn items(&self, _: &str) -> Vec<Item> {
        self.items.clone()
    }
}

impl Moment {
    fn read(rule: &Rule, text: &str) -> Result<Moment, String> {
        if text.len() > FIXTURE_BYTES_MAX {
            return Err(format!("the fixture is larger than {FIXTURE_BYTES_MAX} bytes"));
        }
        let raw: RawMoment = serde_json::from_str(text).map_err(|error| {
            format!("the fixture is not readable at line {}, column {}", error.line(), error.column())
        })?;
        let asked = Asked::of(rule);
        let mut fields = BTreeMap::new();
        for (path, kind) in &asked.fields {
            match raw.fields.get(path) {
                None | Some(Json::Null) => {}
                Some(json) => {
                    let value = from_json(*kind, json)
                        .ok_or_else(|| format!("the fixture's {path} is not {}", kind.described()))?;
                    fields.insert(path.clone(), value);
                }
            }
        }
        let counts = asked.counts(&raw.counts)?;
        let before = asked.before(&raw.before)?;
        let now = asked.now(raw.now.as_deref())?;
        let items = asked.items(rule, &raw.items)?;
        Ok(Moment { event: raw.event, fields, counts, before, now, items })
    }
}

/// The fields and counts a rule asks for.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) fields: BTreeMap<String, FieldKind>,
    pub(crate) windows: Vec<(String, i64)>,
    /// Of one thing of a list, by the name after `item.`.
    of_item: BTreeMap<String, FieldKind>,
    asks_now: bool,
}

impl Asked {
    pub(crate) fn of(rule: &Rule) -> Asked {
        let mut asked = Asked::default();
        asked.condition(&rule.when);
        rule.for_each.iter().for_each(|for_each| asked.condition(&for_each.only));
        for argument in rule.then.iter().flat_map(|action| action.with.values()) {
            asked.argument(argument);
        }
        for (path, kind) in std::mem::take(&mut asked.fields) {
            match path.split_once('.') {
                Some((ITEM, name)) => drop(asked.of_item.insert(name.to_owned(), kind)),
                _ => drop(asked.fields.insert(path, kind)),
            }
        }
        asked
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Always => {}
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Field(test) => {
                self.asks_now |= test.operator.asks_now();
                self.fields.insert(test.field.clone(), test.kind);
            }
            Condition::Count(test) => self.windows.push((test.event.clone(), test.within_ns)),
        }
    }

    fn argument(&mut self, argument: &Argument) {
        match argument {
            Argument::Value(_) => {}
            Argument::Field { field, kind } => drop(self.fields.insert(field.clone(), *kind)),
            Argument::Text(template) => self.fields.extend(template.kinds()),
            Argument::Texts(templates) => {
                templates.iter().for_each(|template| self.fields.extend(template.kinds()));
            }
        }
    }

    fn before(&self, given: &BTreeMap<String, Json>) -> Result<BTreeMap<String, Earlier>, String> {
        let asked = self.fields.iter().filter_map(|(path, kind)| Some((path, kind, given.get(path)?)));
        let read = asked.map(|(path, kind, json)| {
            let earlier = match json {
                Json::Null => Some(Earlier::NotKnown),
                json => from_json(*kind, json).map(Earlier::Value),
            };
            let earlier = earlier
                .ok_or_else(|| format!("under before, the fixture's {path} is not {}", kind.described()))?;
            Ok((path.clone(), earlier))
        });
        read.collect()
    }

    fn now(&self, given: Option<&str>) -> Result<Option<i64>, String> {
        match given.map(Value::parse_time) {
            Some(Ok(Value::Time(now))) => Ok(Some(now)),
            Some(_) => Err("the fixture's now is not a time".to_owned()),
            None if self.asks_now => {
                Err("the rule asks how long ago something is, and the fixture has no now".to_owned())
            }
            None => Ok(None),
        }
    }

    fn items(
        &self,
        rule: &Rule,
        given: &BTreeMap<String, Vec<BTreeMap<String, Json>>>,
    ) -> Result<Vec<Item>, String> {
        let list =
            rule.for_each.as_ref().and_then(|for_each| Some((&for_each.list, given.get(&for_each.list)?)));
        let Some((list, things)) = list else { return Ok(Vec::new()) };
        let item = |thing: &BTreeMap<String, Json>| {
            let Some(Json::String(id)) = thing.get("id") else {
                return Err(format!("a thing in the fixture's {list} has no id"));
            };
            let mut item = Item { id: id.clone(), fields: BTreeMap::new() };
            for (name, kind) in &self.of_item {
                let Some(json) = thing.get(name).filter(|json| !json.is_null()) else { continue };
                let value = from_json(*kind, json)
                    .ok_or_else(|| format!("in the fixture's {list}, {name} is not {}", kind.described()))?;
                item.fields.insert(name.clone(), value);
            }
            Ok(item)
        };
        things.iter().map(item).collect()
    }

    /// An event without counts did not happen; one counted over other times only is an oversight.
    fn counts(
        &self,
        given: &BTreeMap<String, BTreeMap<String, u64>>,
    ) -> Result<BTreeMap<(String, i64), u64>, String> {
        let mut counts = BTreeMap::new();
        for (event, windows) in given {
            for (window, count) in windows {
                let within = parse_duration(window)
                    .map_err(|error| format!("the fixture's counts of {event}: {error}"))?;
                counts.insert((event.clone(), within), *count);
            }
        }
        for (event, within) in &self.windows {
            let asked = (event.clone(), *within);
            if given.contains_key(event) && !counts.contains_key(&asked) {
                return Err(format!(
                    "the fixture does not count {event} within {}",
                    written_duration(*within)
                ));
            }
        }
        Ok(counts)
    }
}

fn from_json(kind: FieldKind, json: &Json) -> Option<Value> {
    match (kind, json) {
        (FieldKind::Text, Json::String(text)) => Some(Value::Text(text.clone())),
        (FieldKind::Number, Json::Number(number)) => {
            number.to_string().parse::<Decimal>().ok().map(Value::Number)
        }
        (FieldKind::Money, Json::String(text)) => Value::parse_money(text).ok(),
        (FieldKind::Money, Json::Object(object)) => {
            Value::money(object.get("amount")?.as_str()?, object.get("currency")?.as_str()?).ok()
        }
        (FieldKind::Boolean, Json::Bool(flag)) => Some(Value::Boolean(*flag)),
        (FieldKind::Time, Json::String(text)) => Value::parse_time(text).ok(),
        (FieldKind::Duration, Json::String(text)) => Value::parse_duration(text).ok(),
        (FieldKind::TextList, Json::Array(items)) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect();
            texts.map(Value::TextList)
        }
        _ => None,
    }
}
