//! What rules decided, kept for "why" and "why not". Of an event is kept once what its rules were told, and of those rules
//! only that did more than not to act what came of it. Everything else is told again: each rule's conditions are kept
//! version by version, and asked again they say what they said then, also of a rule that was never looked at because a
//! cheap leaf had ruled it out.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::{EventId, Timestamp};
use hub_rules::{
    Actual, Condition, Evaluation, ItemsAsked, Mode, Moment, Rule, RuleSet, Trace, TraceNode, Truth, Value,
};
use hub_store::{Range, Row as StoredRow, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::decide::{Decision, Done, Occasion, Verdict};
use crate::draft::Draft;
use crate::held::HeldAction;
use crate::row::{decode, encode, key};

/// The rules of an event asked at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sitting {
    pub(crate) event: EventId,
    /// What the event is called: which rules were asked.
    pub(crate) name: String,
    /// The one rule that was asked, of those for the event.
    pub(crate) only: Option<String>,
    pub(crate) at: Timestamp,
    /// The record in which they were asked: which conditions they had.
    pub(crate) seq: u64,
    pub(crate) moment: Moment,
    /// By rule. Where one is missing its conditions were not true.
    pub(crate) outcomes: Vec<Outcome>,
    /// The answers of all leaves of all its rules, by rule, where the values are forgotten.
    pub(crate) answers: Option<Vec<Truth>>,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) rule: String,
    pub(crate) verdict: Verdict,
    /// What a rule with `for_each` found in its list.
    pub(crate) items: Option<Items>,
    pub(crate) done: Vec<Done>,
    pub(crate) held: Vec<HeldAction>,
}

/// As JSON: it leaves out what there is none of, which the form of rows cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Items(String);

impl Items {
    fn of(items: &ItemsAsked) -> Result<Self, FoldError> {
        serde_json::to_string(items).map(Self).map_err(|_| unreadable())
    }

    fn read(&self) -> Result<ItemsAsked, FoldError> {
        serde_json::from_str(&self.0).map_err(|_| unreadable())
    }
}

fn unreadable() -> FoldError {
    FoldError::Row { table: Table::Annotation }
}

impl Outcome {
    pub(crate) fn new(rule: &str, verdict: Verdict, items: Option<ItemsAsked>) -> Result<Self, FoldError> {
        let items = items.map(|mut items| {
            each_leaf(&mut items, shorten);
            Items::of(&items)
        });
        let items = items.transpose()?;
        Ok(Self { rule: rule.to_owned(), verdict, items, done: Vec::new(), held: Vec::new() })
    }

    pub(crate) fn items(&self) -> Result<Option<ItemsAsked>, FoldError> {
        self.items.as_ref().map(Items::read).transpose()
    }

    fn forget(&mut self) -> Result<(), FoldError> {
        if let Some(mut items) = self.items()? {
            each_leaf(&mut items, forget_values);
            self.items = Some(Items::of(&items)?);
        }
        self.done.iter_mut().for_each(|done| FORGOTTEN.clone_into(&mut done.says));
        Ok(())
    }
}

/// Which decisions are kept. A view that keeps not all of them is thrown away once it has been looked at for what rules did:
/// it keeps no deliveries either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    #[default]
    All,
    /// What came of some rules, without what they were told: to be counted, not to be explained.
    Outcomes(Counted),
    Nothing,
}

/// What is to be counted: of these rules, by id, what they decided from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub rules: BTreeSet<String>,
    pub since: Timestamp,
}

impl Keeps {
    /// What becomes of deliveries decides nothing but what the hub does next, and rules cannot ask for it.
    pub(crate) fn deliveries(&self) -> bool {
        *self == Self::All
    }
}

impl Sitting {
    /// Nothing came of it yet.
    pub(crate) fn new(occasion: &Occasion<'_>, only: Option<&Rule>, moment: Moment) -> Self {
        Self {
            event: occasion.id,
            name: occasion.event.name.clone(),
            only: only.map(|rule| rule.id.clone()),
            at: occasion.now,
            seq: 0,
            moment,
            outcomes: Vec::new(),
            answers: None,
        }
    }

    /// Leaves what is to be kept; `false` where that is nothing. Rules that were asked, and of which nothing more is to be
    /// known than that, are counted.
    pub(crate) fn keep(&mut self, keeps: &Keeps, rules: &RuleSet, asked: &mut BTreeMap<String, u64>) -> bool {
        let counted = match keeps {
            Keeps::All => return true,
            Keeps::Outcomes(counted) if self.at >= counted.since => &counted.rules,
            Keeps::Outcomes(_) | Keeps::Nothing => return false,
        };
        self.outcomes.retain(|outcome| counted.contains(&outcome.rule));
        if let Some(only) = &self.only {
            // It stands in place of what was decided when it began to wait.
            return counted.contains(only);
        }
        if self.outcomes.is_empty() {
            let is_meant = |rule: &&Rule| rule.mode != Mode::Off && rule.on.event() == self.name;
            for rule in counted.iter().filter_map(|rule| rules.get(rule)).filter(is_meant) {
                match asked.get_mut(&rule.id) {
                    Some(times) => *times += 1,
                    None => drop(asked.insert(rule.id.clone(), 1)),
                }
            }
        }
        !self.outcomes.is_empty()
    }

    fn key(&self) -> Vec<u8> {
        key::sitting(self.event, self.only.as_deref())
    }

    /// Kept in place of what was decided at the same sitting before. The rules were asked in record `seq`.
    pub(crate) fn write(&mut self, draft: &mut Draft<'_>, seq: u64) {
        self.seq = seq;
        self.write_again(draft);
    }

    pub(crate) fn write_again(&self, draft: &mut Draft<'_>) {
        draft.put_raw(Table::Annotation, self.key(), encode(self));
    }

    pub(crate) fn read(row: &[u8]) -> Result<Self, FoldError> {
        decode(Table::Annotation, row)
    }

    pub(crate) fn outcome(&self, rule: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.rule == rule)
    }

    /// The conditions of the rules that were asked, by rule.
    pub(crate) fn asked(&self, scan: Scan<'_>) -> Result<BTreeMap<String, Condition>, FoldError> {
        let prefix = match &self.only {
            Some(rule) => key::conditions_of(&self.name, rule),
            None => key::conditions_at(&self.name),
        };
        in_force(scan, &prefix, self.seq)
    }

    /// What one rule was asked; `None` when it was not.
    pub(crate) fn asked_of(&self, scan: Scan<'_>, rule: &str) -> Result<Option<Condition>, FoldError> {
        if self.only.as_deref().is_some_and(|only| only != rule) {
            return Ok(None);
        }
        Ok(in_force(scan, &key::conditions_of(&self.name, rule), self.seq)?.remove(rule))
    }

    /// What each of these rules, which are all that were asked, made of the event.
    pub(crate) fn decisions(&self, asked: &BTreeMap<String, Condition>) -> Result<Vec<Decision>, FoldError> {
        let mut answers = self.answers.as_deref();
        let decision = |(rule, when): (&String, &Condition)| {
            let mine = answers.map(|all| {
                let (mine, rest) = all.split_at(when.leaves().min(all.len()));
                answers = Some(rest);
                mine
            });
            self.decision(rule, when, mine)
        };
        asked.iter().map(decision).collect()
    }

    /// What one rule made of the event. `answers` are its leaves', where the values are forgotten.
    fn decision(
        &self,
        rule: &str,
        when: &Condition,
        answers: Option<&[Truth]>,
    ) -> Result<Decision, FoldError> {
        let outcome = self.outcome(rule).cloned();
        let items = outcome.as_ref().map(Outcome::items).transpose()?.flatten();
        let mut evaluation = Evaluation::again(rule, when, &self.moment, answers, items);
        shorten(&mut evaluation.trace);
        if answers.is_some() {
            forget_values(&mut evaluation.trace);
        }
        let (verdict, done, held) = match outcome {
            Some(outcome) => (outcome.verdict, outcome.done, outcome.held),
            None => (Verdict::DidNotFire, Vec::new(), Vec::new()),
        };
        let (event, decided_at) = (self.event, self.at);
        Ok(Decision { rule: rule.to_owned(), event, decided_at, evaluation, verdict, done, held })
    }

    /// What one rule made of the event; `None` when it was not asked.
    pub(crate) fn decision_of(&self, scan: Scan<'_>, rule: &str) -> Result<Option<Decision>, FoldError> {
        if self.answers.is_some() {
            let all = self.decisions(&self.asked(scan)?)?;
            return Ok(all.into_iter().find(|decision| decision.rule == rule));
        }
        let asked = self.asked_of(scan, rule)?;
        asked.map(|when| self.decision(rule, &when, None)).transpose()
    }

    /// Takes out what the rules were told; how they decided stays.
    pub(crate) fn forget(&mut self, scan: Scan<'_>) -> Result<(), FoldError> {
        if self.answers.is_none() {
            let mut answers = Vec::new();
            for (rule, when) in self.asked(scan)? {
                Evaluation::again(&rule, &when, &self.moment, None, None).trace.leaves(&mut answers);
            }
            self.answers = Some(answers);
        }
        self.moment.forget(FORGOTTEN);
        self.outcomes.iter_mut().try_for_each(Outcome::forget)
    }
}

/// Adds to how often rules were asked of which nothing came.
pub(crate) fn add_asked(draft: &mut Draft<'_>, asked: BTreeMap<String, u64>) -> Result<(), FoldError> {
    for (rule, times) in asked {
        let row = key::asked(&rule);
        let known = draft.get_raw(Table::Annotation, &row)?.map(|row| decode(Table::Annotation, &row));
        let times = known.transpose()?.unwrap_or(0_u64).saturating_add(times);
        draft.put_raw(Table::Annotation, row, encode(&times));
    }
    Ok(())
}

/// How often a rule was asked and nothing came of it, in a view that keeps [outcomes](Keeps::Outcomes) alone.
pub(crate) fn asked_in_vain(store: &dyn Store, rule: &str) -> Result<u64, FoldError> {
    let row = store.get(Table::Annotation, &key::asked(rule))?;
    Ok(row.map(|row| decode(Table::Annotation, &row)).transpose()?.unwrap_or(0))
}

/// A version of a rule, as far as it is asked again.
#[derive(Serialize, Deserialize)]
struct Version {
    rule: String,
    /// `None`: from here on it was not asked.
    when: Option<Condition>,
}

/// Writes down the conditions that change with the rules in force.
pub(crate) fn keep_conditions(draft: &mut Draft<'_>, seq: u64, before: &RuleSet, now: &RuleSet) {
    fn asked(rules: &RuleSet) -> BTreeMap<&str, &Rule> {
        let rules = rules.rules().iter().filter(|rule| rule.mode != Mode::Off);
        rules.map(|rule| (rule.id.as_str(), rule)).collect()
    }
    let (before, now) = (asked(before), asked(now));
    let mut write = |rule: &Rule, when: Option<&Condition>| {
        let version = Version { rule: rule.id.clone(), when: when.cloned() };
        let row = key::conditions(rule.on.event(), &rule.id, seq);
        draft.put_raw(Table::Annotation, row, encode(&version));
    };
    for (id, rule) in &before {
        if now.get(id).is_none_or(|now| now.on.event() != rule.on.event()) {
            write(rule, None);
        }
    }
    for (id, rule) in now {
        let same = |before: &&Rule| before.on.event() == rule.on.event() && before.when == rule.when;
        if !before.get(id).is_some_and(same) {
            write(rule, Some(&rule.when));
        }
    }
}

/// Reads so many rows of the table of annotations: of a store, or of a draft over it.
pub(crate) type Scan<'a> = &'a dyn Fn(Range, usize) -> Result<Vec<StoredRow>, FoldError>;

/// Versions read at once.
const PAGE: usize = 500;

/// The conditions under a prefix that were in force in a record, by rule.
fn in_force(scan: Scan<'_>, prefix: &[u8], seq: u64) -> Result<BTreeMap<String, Condition>, FoldError> {
    let mut found = BTreeMap::new();
    let mut range = prefix_range(prefix);
    loop {
        let rows = scan(range.clone(), PAGE)?;
        for (row_key, row) in &rows {
            if key::conditions_since(row_key).is_none_or(|since| since >= seq) {
                continue;
            }
            // The later stand after the earlier.
            let Version { rule, when } = decode(Table::Annotation, row)?;
            match when {
                Some(when) => found.insert(rule, when),
                None => found.remove(&rule),
            };
        }
        match rows.last() {
            Some((last, _)) if rows.len() == PAGE => range.from = [last.as_slice(), &[0]].concat(),
            _ => return Ok(found),
        }
    }
}

/// What stands in a decision where a value was that is to be forgotten.
const FORGOTTEN: &str = "(forgotten)";

/// What is shown of a text: enough to see why.
const TEXT_SHOWN_CHARS: usize = 1_000;
const TEXTS_SHOWN: usize = 20;

/// The conditions that decided on each thing a rule goes through.
fn each_leaf(items: &mut ItemsAsked, act: fn(&mut Trace)) {
    items.shown.iter_mut().filter_map(|item| item.decided_by.as_mut()).for_each(act);
}

fn each_found(trace: &mut Trace, act: fn(&mut Actual)) {
    match &mut trace.node {
        TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) => {
            parts.iter_mut().for_each(|part| each_found(part, act));
        }
        TraceNode::Field { actual, before, .. } => std::iter::once(actual).chain(before).for_each(act),
        TraceNode::Count { .. } | TraceNode::Always => {}
    }
}

fn forget_values(trace: &mut Trace) {
    each_found(trace, |found| {
        if *found != Actual::Missing {
            *found = Actual::Value(Value::Text(FORGOTTEN.to_owned()));
        }
    });
}

fn shorten(trace: &mut Trace) {
    each_found(trace, |found| match found {
        Actual::Value(Value::Text(text)) => shorten_text(text),
        Actual::Value(Value::TextList(texts)) => {
            texts.truncate(TEXTS_SHOWN);
            texts.iter_mut().for_each(shorten_text);
        }
        _ => {}
    });
}

fn shorten_text(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_SHOWN_CHARS) {
        text.truncate(end);
        text.push('…');
    }
}
