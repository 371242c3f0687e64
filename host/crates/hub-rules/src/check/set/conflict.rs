//! Rules that set one field to different values on one event, and can do so at once. Only rules that share the event and
//! the field are held against each other, and of those only the ones that set something else and do not ask some field
//! for another value, so cost grows with what is shared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Holds;
use crate::check::ReadRule;
use crate::check::finding::action_span;
use crate::check::reason::are_exclusive;
use crate::condition::{Condition, Operator};
use crate::problem::{ProblemKind, RuleProblem};
use crate::rule::{Action, Argument};
use crate::value::{Value, fold};

use super::{Set, place, trigger, waits};

/// Conditions held against each other in one set, some ten microseconds each: past this a set of rules is not searched
/// to its end, and what was found is said.
const COMPARISONS_MAX: usize = 20_000;

pub(super) fn report(set: &Set<'_>, problems: &mut Vec<RuleProblem>) {
    let mut left = COMPARISONS_MAX;
    for ((event, _, field), setters) in setters(set, problems) {
        for (first, second) in conflicting(&setters, &mut left) {
            problems.push(conflict(event, &field, first, second));
        }
    }
}

/// Who sets which field on which event. Within one rule the last action is what stays; the ones before are said to
/// be in vain.
fn setters<'r>(
    set: &Set<'r>,
    problems: &mut Vec<RuleProblem>,
) -> BTreeMap<(&'r str, i64, Cow<'r, str>), Vec<Setter<'r>>> {
    let mut values: BTreeMap<String, usize> = BTreeMap::new();
    let mut setters: BTreeMap<(&str, i64, Cow<'r, str>), Vec<Setter<'r>>> = BTreeMap::new();
    for read in &set.acting {
        let mut last: BTreeMap<Cow<'r, str>, Setter<'r>> = BTreeMap::new();
        for (action, done) in read.rule.then.iter().enumerate() {
            let writes = set.changes(done).map(|changes| changes.writes.as_slice()).unwrap_or_default();
            for write in writes.iter().filter(|write| write.holds == Holds::One) {
                let Some(field) = write.written(done) else { continue };
                let next = values.len();
                let value = *values.entry(written(done, write.param.as_deref())).or_insert(next);
                let setter = Setter { read, action, value };
                match last.insert(field.clone(), setter) {
                    Some(before) if before.value != value => {
                        problems.push(overwritten(&field, before, setter));
                    }
                    _ => {}
                }
            }
        }
        for (field, setter) in last {
            setters.entry((trigger(read), waits(read), field)).or_default().push(setter);
        }
    }
    setters
}

/// An action of a rule that writes a field of which the last value stays.
#[derive(Clone, Copy)]
struct Setter<'r> {
    read: &'r ReadRule,
    action: usize,
    /// The same for two that write the same.
    value: usize,
}

/// What an action writes, so that two that write the same have the same text.
fn written(action: &Action, param: Option<&str>) -> String {
    match param {
        Some(param) => match action.with.get(param) {
            Some(Argument::Text(template)) => format!("text {}", template.as_written()),
            Some(argument) => format!("{argument:?}"),
            None => "nothing".to_owned(),
        },
        None => format!("by {}", action.action),
    }
}

fn conflict(event: &str, field: &str, first: Setter<'_>, second: Setter<'_>) -> RuleProblem {
    let other = &first.read.rule.id;
    let message = format!(
        "when `{event}` happens, this rule and `{other}` may both set `{field}`, each to something else"
    );
    let help = "let their conditions exclude each other, or set it in one rule: which of the two values \
                stays is not certain";
    let span = action_span(second.read, second.action);
    let mut problem =
        RuleProblem::warning(ProblemKind::ConflictingRules, span, message, help, &second.read.source);
    problem.related.push(place(first.read, first.action, format!("`{other}` sets it")));
    problem
}

fn overwritten(field: &str, before: Setter<'_>, after: Setter<'_>) -> RuleProblem {
    let message = format!("this sets `{field}` again, and the value set before it is lost");
    let span = action_span(after.read, after.action);
    let help = "keep one of the two actions";
    let mut problem =
        RuleProblem::warning(ProblemKind::ConflictingRules, span, message, help, &after.read.source);
    problem.related.push(place(before.read, before.action, "it is set before".to_owned()));
    problem
}

/// For each rule the first one before it that sets something else and is not certain to stay out of its way.
fn conflicting<'r>(setters: &[Setter<'r>], comparisons_left: &mut usize) -> Vec<(Setter<'r>, Setter<'r>)> {
    let pins: Vec<BTreeMap<&str, BTreeSet<String>>> =
        setters.iter().map(|setter| pins(&setter.read.rule.when)).collect();
    let field = most_pinned(&pins);
    let mut before = Before::default();
    let mut found = Vec::new();
    for (setter, pins) in setters.iter().zip(&pins) {
        let pinned = field.and_then(|field| pins.get(field));
        let first = before.candidates(pinned, setter.value).take(*comparisons_left).find(|other| {
            *comparisons_left = comparisons_left.saturating_sub(1);
            !are_exclusive(&other.read.rule.when, &setter.read.rule.when)
        });
        found.extend(first.map(|first| (first, *setter)));
        before.add(pinned, *setter);
    }
    found
}

/// The rules of one event and field seen so far, by the value they ask one field for; within that by what they set.
#[derive(Default)]
struct Before<'r> {
    pinned: BTreeMap<String, BTreeMap<usize, Vec<Setter<'r>>>>,
    unpinned: BTreeMap<usize, Vec<Setter<'r>>>,
    all: BTreeMap<usize, Vec<Setter<'r>>>,
}

impl<'r> Before<'r> {
    fn add(&mut self, pinned: Option<&BTreeSet<String>>, setter: Setter<'r>) {
        for value in pinned.into_iter().flatten() {
            self.pinned.entry(value.clone()).or_default().entry(setter.value).or_default().push(setter);
        }
        if pinned.is_none() {
            self.unpinned.entry(setter.value).or_default().push(setter);
        }
        self.all.entry(setter.value).or_default().push(setter);
    }

    /// Those that set another value and do not ask the same field for a different one.
    fn candidates<'b>(
        &'b self,
        pinned: Option<&BTreeSet<String>>,
        value: usize,
    ) -> Box<dyn Iterator<Item = Setter<'r>> + 'b> {
        let others = move |sets: &'b BTreeMap<usize, Vec<Setter<'r>>>| {
            sets.iter()
                .filter(move |(other, _)| **other != value)
                .flat_map(|(_, setters)| setters.iter().copied())
        };
        match pinned {
            None => Box::new(others(&self.all)),
            Some(values) => {
                let same: Vec<_> = values.iter().filter_map(|value| self.pinned.get(value)).collect();
                Box::new(same.into_iter().flat_map(others).chain(others(&self.unpinned)))
            }
        }
    }
}

/// The fields a condition needs to have one of a few values, and which.
fn pins(when: &Condition) -> BTreeMap<&str, BTreeSet<String>> {
    let mut pins: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut needed = vec![when];
    while let Some(condition) = needed.pop() {
        match condition {
            Condition::All(parts) => needed.extend(parts),
            Condition::Any(parts) if parts.len() == 1 => needed.extend(parts),
            Condition::Field(test) => {
                let values = match &test.operator {
                    Operator::Is(value) => std::slice::from_ref(value),
                    Operator::OneOf(values) => values,
                    _ => continue,
                };
                pins.entry(&test.field).or_insert_with(|| values.iter().map(pin).collect());
            }
            _ => {}
        }
    }
    pins
}

/// Equal for values that a condition takes for the same.
fn pin(value: &Value) -> String {
    match value {
        Value::Text(text) => fold(text),
        other => other.to_string(),
    }
}

/// The field that tells most of the rules apart.
fn most_pinned<'p>(pins: &[BTreeMap<&'p str, BTreeSet<String>>]) -> Option<&'p str> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for field in pins.iter().flat_map(BTreeMap::keys) {
        *uses.entry(field).or_default() += 1;
    }
    uses.into_iter().max_by_key(|(field, uses)| (*uses, std::cmp::Reverse(*field))).map(|(field, _)| field)
}
