//! A rule as the rest of the hub knows it. Made by `check` alone; carries no spans and no doubts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::asking::{Answers, EventRules};
use crate::catalogue::FieldKind;
use crate::condition::Condition;
use crate::for_each::ForEach;
use crate::limits::Limits;
use crate::rule_test::RuleTest;
use crate::segment::Segment;
use crate::template::Template;
use crate::timetable::Timetable;
use crate::trigger::Trigger;
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
    /// The actions are done for each of these, one after the other; once where it says none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
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
pub struct Action {
    pub id: String,
    pub action: String,
    /// What a message is for; of actions that write to a person alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How long it waits before it is done. Of what a connection does alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ns: Option<i64>,
    /// What a person is asked before it is done. Of what a connection does alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
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

impl Argument {
    /// The text, where it stands in the rule itself.
    pub(crate) fn written_out(&self) -> Option<&str> {
        match self {
            Argument::Value(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl Rule {
    fn asks_before(&self) -> bool {
        let only = self.for_each.iter().map(|for_each| &for_each.only);
        only.chain([&self.when]).any(Condition::asks_before)
    }
}

/// All rules of a hub, ordered by id, and found by what they act on: an event costs what the rules for it cost, however
/// many others there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleSet {
    rules: Vec<Rule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<Segment>,
    #[serde(skip)]
    at_once: Places,
    #[serde(skip)]
    later: Places,
    /// By event: the rules of both that are not off, made ready to be asked.
    #[serde(skip)]
    asked_at: BTreeMap<String, EventRules>,
    #[serde(skip)]
    scheduled: Vec<usize>,
    /// Some rule that is not off asks what a field was before.
    #[serde(skip)]
    asks_before: bool,
}

/// Where the rules for an event stand.
type Places = BTreeMap<String, Vec<usize>>;

/// By event.
fn asked_at(rules: &[Rule], at_once: &Places, later: &Places) -> BTreeMap<String, EventRules> {
    let at = |places: &Places, event: &str| -> Vec<(usize, &Rule)> {
        let places = places.get(event).into_iter().flatten();
        let rules = places.filter_map(|place| Some((*place, rules.get(*place)?)));
        rules.filter(|(_, rule)| rule.mode != Mode::Off).collect()
    };
    let events: BTreeSet<&String> = at_once.keys().chain(later.keys()).collect();
    let ready = events.into_iter().filter_map(|event| {
        let (at_once, later) = (at(at_once, event), at(later, event));
        let is_asked = !(at_once.is_empty() && later.is_empty());
        let later = later.into_iter().map(|(_, rule)| rule);
        is_asked.then(|| (event.clone(), EventRules::new(at_once.into_iter(), later)))
    });
    ready.collect()
}

impl RuleSet {
    pub(crate) fn new(mut rules: Vec<Rule>, mut segments: Vec<Segment>) -> RuleSet {
        segments.sort_by(|left, right| left.id.cmp(&right.id));
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        let (mut at_once, mut later, mut scheduled) = (Places::new(), Places::new(), Vec::new());
        for (place, rule) in rules.iter().enumerate() {
            let places = match &rule.on {
                Trigger::Event(_) => &mut at_once,
                Trigger::Elapsed(_) => &mut later,
                Trigger::Every(_) => {
                    scheduled.push(place);
                    continue;
                }
            };
            places.entry(rule.on.event().to_owned()).or_default().push(place);
        }
        let asks_before = rules.iter().any(|rule| rule.mode != Mode::Off && rule.asks_before());
        let asked_at = asked_at(&rules, &at_once, &later);
        RuleSet { rules, segments, at_once, later, asked_at, scheduled, asks_before }
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// By id.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether what fields were before an event has to be kept.
    #[must_use]
    pub fn asks_before(&self) -> bool {
        self.asks_before
    }

    /// The rule with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        let place = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        self.rules.get(place)
    }

    /// The rules that are asked when this happens, by id.
    pub fn for_event(&self, event: &str) -> impl Iterator<Item = &Rule> {
        self.at(&self.at_once, event)
    }

    /// The rules that are not off and have to do with an event, made ready to be asked; `None` where there are none.
    #[must_use]
    pub fn asked_at(&self, event: &str) -> Option<&EventRules> {
        self.asked_at.get(event)
    }

    /// Of the rules asked when an event happens, those whose conditions are true, by id. Looks at those alone that their
    /// cheap leaves do not rule out.
    pub fn true_of(&self, asked: &EventRules, answers: &Answers<'_>) -> impl Iterator<Item = &Rule> {
        asked.true_of(answers).filter_map(|place| self.rules.get(place))
    }

    /// The rules that wait from when this happens on, by id.
    pub fn waiting_since(&self, event: &str) -> impl Iterator<Item = &Rule> {
        self.at(&self.later, event)
    }

    /// The rules that are asked at times that come again, by id, each with its times.
    pub fn scheduled(&self) -> impl Iterator<Item = (&Rule, &Timetable)> {
        self.scheduled.iter().filter_map(|place| {
            let rule = self.rules.get(*place)?;
            match &rule.on {
                Trigger::Every(timetable) => Some((rule, timetable)),
                Trigger::Event(_) | Trigger::Elapsed(_) => None,
            }
        })
    }

    /// Whether any rule follows from this event.
    #[must_use]
    pub fn follow(&self, event: &str) -> bool {
        self.at_once.contains_key(event) || self.later.contains_key(event)
    }

    fn at(&self, places: &Places, event: &str) -> impl Iterator<Item = &Rule> {
        let places = places.get(event).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.rules.get(*place))
    }
}
