//! The rules of one event asked about one moment: each question once, however many rules share it, and only those rules
//! that a cheap leaf does not rule out already. Owns which rules are looked at and what is kept of the moment; what a
//! leaf means is `evaluate`'s, and telling why is done again from what was kept.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::Earlier;
use crate::condition::{Condition, CountTest, FieldTest, Operator};
use crate::evaluate::{Facts, Truth, all, any, field_truth};
use crate::rule::Rule;
use crate::value::{Value, fold};

/// Everything that some rules ask, each question once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    fields: Vec<String>,
    /// Of which fields it is asked what they were before, by their place among the fields.
    before: Vec<usize>,
    counts: Vec<(String, i64)>,
}

/// Gives every question its place.
#[derive(Default)]
struct Numbering {
    questions: Questions,
    fields: BTreeMap<String, usize>,
    before: BTreeMap<usize, usize>,
    counts: BTreeMap<(String, i64), usize>,
}

impl Numbering {
    fn field(&mut self, test: &FieldTest) -> usize {
        if let Some(place) = self.fields.get(&test.field) {
            return *place;
        }
        let place = self.questions.fields.len();
        self.questions.fields.push(test.field.clone());
        self.fields.insert(test.field.clone(), place);
        place
    }

    fn before(&mut self, field: usize) -> usize {
        let asked = &mut self.questions.before;
        *self.before.entry(field).or_insert_with(|| {
            asked.push(field);
            asked.len() - 1
        })
    }

    fn count(&mut self, test: &CountTest) -> usize {
        let asked = &mut self.questions.counts;
        *self.counts.entry((test.event.clone(), test.within_ns)).or_insert_with(|| {
            asked.push((test.event.clone(), test.within_ns));
            asked.len() - 1
        })
    }

    fn condition(&mut self, condition: &Condition) -> Asking {
        let mut parts = |conditions: &[Condition]| {
            let mut parts: Vec<Asking> = conditions.iter().map(|part| self.condition(part)).collect();
            parts.sort_by_key(Asking::cost);
            parts
        };
        match condition {
            Condition::Always => Asking::Always,
            Condition::All(conditions) => Asking::All(parts(conditions)),
            Condition::Any(conditions) => Asking::Any(parts(conditions)),
            Condition::None(conditions) => Asking::None(parts(conditions)),
            Condition::Field(test) => {
                let field = self.field(test);
                let before = test.operator.asks_before().then(|| self.before(field));
                Asking::Field { field, before, test: test.clone() }
            }
            Condition::Count(test) => Asking::Count { place: self.count(test), test: test.clone() },
        }
    }
}

/// What a leaf costs to ask, cheapest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    /// The event, and the thing it is about.
    Event,
    /// Keys of an index are counted.
    Index,
    /// Everything that the customer has is read, or what there was before.
    Customer,
}

/// A condition whose questions are numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asking {
    Always,
    All(Vec<Asking>),
    Any(Vec<Asking>),
    None(Vec<Asking>),
    Field { field: usize, before: Option<usize>, test: FieldTest },
    Count { place: usize, test: CountTest },
}

impl Asking {
    /// The same as the trace's, but without telling why: what the first parts decide is not asked of the others.
    fn truth(&self, answers: &Answers<'_>) -> Truth {
        match self {
            Asking::Always => Truth::True,
            Asking::All(parts) => all(parts.iter().map(|part| part.truth(answers))),
            Asking::Any(parts) => any(parts.iter().map(|part| part.truth(answers))),
            Asking::None(parts) => any(parts.iter().map(|part| part.truth(answers))).not(),
            Asking::Field { field, before, test } => {
                let earlier = || before.map_or(&Earlier::NotKept, |place| answers.before(place));
                field_truth(test, answers.field(*field), earlier, || answers.facts.now())
            }
            Asking::Count { place, test } => {
                Truth::from(test.comparison.holds(&answers.count(*place), &test.number))
            }
        }
    }

    /// What is cheap to ask stands first: it may decide for the others. The order changes no answer, as `and` and `or` of
    /// three values have none.
    fn cost(&self) -> Cost {
        match self {
            Asking::Always => Cost::Event,
            Asking::All(parts) | Asking::Any(parts) | Asking::None(parts) => {
                parts.iter().map(Asking::cost).max().unwrap_or(Cost::Event)
            }
            Asking::Field { before: None, test, .. } if !test.field.starts_with("customer.") => Cost::Event,
            Asking::Count { .. } => Cost::Index,
            Asking::Field { .. } => Cost::Customer,
        }
    }

    /// The leaves without which it cannot be true: that a text is one of some.
    fn demands<'a>(&'a self, demanded: &mut Vec<(usize, &'a [Value])>) {
        match self {
            Asking::All(parts) => parts.iter().for_each(|part| part.demands(demanded)),
            Asking::Field { field, test, .. } => {
                let values = match &test.operator {
                    Operator::Is(value) => std::slice::from_ref(value),
                    Operator::OneOf(values) => values,
                    _ => return,
                };
                if values.iter().all(|value| matches!(value, Value::Text(_))) {
                    demanded.push((*field, values));
                }
            }
            _ => {}
        }
    }
}

/// What is found out about one moment, asked when it is first needed.
pub struct Answers<'a> {
    facts: &'a dyn Facts,
    questions: &'a Questions,
    fields: Vec<OnceCell<Option<Value>>>,
    before: Vec<OnceCell<Earlier>>,
    counts: Vec<OnceCell<u64>>,
}

impl<'a> Answers<'a> {
    fn new(questions: &'a Questions, facts: &'a dyn Facts) -> Answers<'a> {
        fn unasked<T>(count: usize) -> Vec<OnceCell<T>> {
            std::iter::repeat_with(OnceCell::new).take(count).collect()
        }
        Answers {
            facts,
            questions,
            fields: unasked(questions.fields.len()),
            before: unasked(questions.before.len()),
            counts: unasked(questions.counts.len()),
        }
    }

    fn field(&self, place: usize) -> Option<&Value> {
        let path = self.questions.fields.get(place)?;
        self.fields.get(place)?.get_or_init(|| self.facts.field(path)).as_ref()
    }

    fn before(&self, place: usize) -> &Earlier {
        let path = self.questions.before.get(place).and_then(|field| self.questions.fields.get(*field));
        let answer = self.before.get(place).zip(path);
        answer.map_or(&Earlier::NotKept, |(answer, path)| answer.get_or_init(|| self.facts.before(path)))
    }

    fn count(&self, place: usize) -> u64 {
        let asked = self.counts.get(place).zip(self.questions.counts.get(place));
        asked.map_or(0, |(answer, (event, within_ns))| {
            *answer.get_or_init(|| self.facts.count(event, *within_ns))
        })
    }

    /// The answers to all questions, also those that nothing hung on: each of the rules can be asked again with them.
    #[must_use]
    pub fn into_moment(self) -> Moment {
        for place in 0..self.fields.len() {
            self.field(place);
        }
        for place in 0..self.before.len() {
            self.before(place);
        }
        for place in 0..self.counts.len() {
            self.count(place);
        }
        let fields = self.questions.fields.iter().zip(self.fields);
        let before = self.questions.before.iter().zip(self.before);
        let counts = self.questions.counts.iter().zip(self.counts);
        let path = |place: &usize| self.questions.fields.get(*place).cloned();
        Moment {
            now: self.facts.now(),
            fields: fields.filter_map(|(path, value)| Some((path.clone(), value.into_inner()??))).collect(),
            before: before.filter_map(|(place, was)| Some((path(place)?, was.into_inner()?))).collect(),
            counts: counts
                .filter_map(|((event, within_ns), count)| {
                    Some((event.clone(), *within_ns, count.into_inner()?))
                })
                .collect(),
        }
    }
}

/// What rules were told of one moment, to ask them again. Holds field values: show it to who may see the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    now: Option<i64>,
    /// What was known.
    fields: Vec<(String, Value)>,
    before: Vec<(String, Earlier)>,
    counts: Vec<(String, i64, u64)>,
}

impl Moment {
    /// Everything that these conditions ask.
    #[must_use]
    pub fn of(condition: &Condition, facts: &dyn Facts) -> Moment {
        let mut numbering = Numbering::default();
        numbering.condition(condition);
        Answers::new(&numbering.questions, facts).into_moment()
    }

    /// Puts this in place of every value. What the rules made of them has to be kept beside it from then on.
    pub fn forget(&mut self, instead: &str) {
        let now = self.fields.iter_mut().map(|(_, value)| value);
        let before = self.before.iter_mut().filter_map(|(_, earlier)| match earlier {
            Earlier::Value(value) => Some(value),
            Earlier::NotKept | Earlier::NotKnown => None,
        });
        now.chain(before).for_each(|value| *value = Value::Text(instead.to_owned()));
    }
}

impl Facts for Moment {
    fn field(&self, path: &str) -> Option<Value> {
        self.fields.iter().find(|(known, _)| known == path).map(|(_, value)| value.clone())
    }

    fn count(&self, event: &str, within_ns: i64) -> u64 {
        let known = self.counts.iter().find(|(name, within, _)| name == event && *within == within_ns);
        known.map_or(0, |(_, _, count)| *count)
    }

    fn before(&self, path: &str) -> Earlier {
        self.before.iter().find(|(known, _)| known == path).map(|(_, was)| was.clone()).unwrap_or_default()
    }

    fn now(&self) -> Option<i64> {
        self.now
    }
}

/// The rules that have to do with one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRules {
    questions: Questions,
    /// Those asked at once, by id: where each stands in its set, and what it asks.
    at_once: Vec<(usize, Asking)>,
    index: Index,
}

/// Which rules a moment may meet, by their place among those asked at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Index {
    /// Nothing cheap rules them out.
    any: Vec<usize>,
    /// Of a field: the rules that demand a text of it, by the text as it is compared.
    by_text: BTreeMap<usize, BTreeMap<String, Vec<usize>>>,
}

impl Index {
    fn new(rules: &[(usize, Asking)]) -> Index {
        let demanded: Vec<_> = rules.iter().map(|(_, asking)| demands(asking)).collect();
        let mut crowd: BTreeMap<&(usize, Vec<String>), usize> = BTreeMap::new();
        for demand in demanded.iter().flatten() {
            *crowd.entry(demand).or_default() += 1;
        }
        let mut index = Index::default();
        for (place, demands) in demanded.iter().enumerate() {
            // By what it shares with the fewest others.
            let rarest = demands.iter().min_by_key(|demand| crowd.get(demand));
            let Some((field, texts)) = rarest else {
                index.any.push(place);
                continue;
            };
            let by_text = index.by_text.entry(*field).or_default();
            texts.iter().for_each(|text| by_text.entry(text.clone()).or_default().push(place));
        }
        index
    }

    /// In the order of the rules.
    fn candidates(&self, answers: &Answers<'_>) -> Vec<usize> {
        let mut found = self.any.clone();
        for (field, by_text) in &self.by_text {
            let rules = match answers.field(*field) {
                Some(Value::Text(text)) => by_text.get(&fold(text)),
                _ => None,
            };
            found.extend(rules.into_iter().flatten());
        }
        found.sort_unstable();
        found
    }
}

/// Field by field, the texts of which one is demanded, each once.
fn demands(asking: &Asking) -> Vec<(usize, Vec<String>)> {
    let mut demanded = Vec::new();
    asking.demands(&mut demanded);
    let folded = demanded.into_iter().map(|(field, values)| {
        let texts = values.iter().filter_map(|value| match value {
            Value::Text(text) => Some(fold(text)),
            _ => None,
        });
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        texts.dedup();
        (field, texts)
    });
    folded.collect()
}

impl EventRules {
    /// Of rules in order of their ids, each with its place: those asked at once, and those that wait from then on.
    pub(crate) fn new<'r>(
        at_once: impl Iterator<Item = (usize, &'r Rule)>,
        later: impl Iterator<Item = &'r Rule>,
    ) -> EventRules {
        let mut numbering = Numbering::default();
        let at_once: Vec<_> = at_once.map(|(place, rule)| (place, numbering.condition(&rule.when))).collect();
        later.for_each(|rule| drop(numbering.condition(&rule.when)));
        EventRules { index: Index::new(&at_once), questions: numbering.questions, at_once }
    }

    /// Nothing is asked before it is needed.
    #[must_use]
    pub fn answers<'a>(&'a self, facts: &'a dyn Facts) -> Answers<'a> {
        Answers::new(&self.questions, facts)
    }

    /// Where those stand whose conditions are true, in order.
    pub(crate) fn true_of(&self, answers: &Answers<'_>) -> impl Iterator<Item = usize> {
        let asked = self.index.candidates(answers).into_iter().filter_map(|place| self.at_once.get(place));
        asked.filter(|(_, asking)| asking.truth(answers) == Truth::True).map(|(place, _)| *place)
    }
}
