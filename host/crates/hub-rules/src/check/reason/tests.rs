//! Whatever the analysis claims is held against asking the condition in every moment of a small world.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::catalogue::FieldKind;
use crate::change::Earlier;
use crate::condition::{Comparison, CountTest, FieldTest};
use crate::evaluate::{Facts, Truth};
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::rule::{Mode, Rule};
use crate::trigger::Trigger;
use crate::value::{Decimal, Value};

/// A field's kind and everything it is in the small world; not being known is added.
fn world(field: &str) -> (FieldKind, Vec<Value>) {
    let texts = ["", "a", "b", "ab", "ba", "aba", "cab", "c"];
    let text = |text: &&str| Value::Text((*text).to_owned());
    let money = |minor: i64, currency: &str| Value::Money { minor, currency: currency.to_owned() };
    match field {
        "number" => {
            let tenths = [-5, 0, 5, 10, 15, 20, 25];
            let numbers = tenths.into_iter().filter_map(|tenths| Decimal::new(tenths, 1).ok());
            (FieldKind::Number, numbers.map(Value::Number).collect())
        }
        "time" => (FieldKind::Time, (-1..=3).map(Value::Time).collect()),
        "money" => {
            let amounts =
                (-1..=3).flat_map(|minor| ["EUR", "USD", "GBP"].map(|currency| money(minor, currency)));
            (FieldKind::Money, amounts.collect())
        }
        "flag" => (FieldKind::Boolean, vec![Value::Boolean(true), Value::Boolean(false)]),
        "text" => (FieldKind::Text, texts.iter().map(text).collect()),
        _ => {
            let lists: [&[&str]; 7] = [&[], &["a"], &["b"], &["a", "b"], &["ab"], &["c", "a"], &["c"]];
            let list = |list: &[&str]| Value::TextList(list.iter().map(|text| (*text).to_owned()).collect());
            (FieldKind::TextList, lists.into_iter().map(list).collect())
        }
    }
}

fn operator(kind: FieldKind) -> BoxedStrategy<Operator> {
    let comparison = || {
        prop::sample::select(vec![
            Comparison::MoreThan,
            Comparison::AtLeast,
            Comparison::LessThan,
            Comparison::AtMost,
        ])
    };
    let number = || (0_i64..=2).prop_map(|number| Value::Number(Decimal::from(number)));
    let money = || {
        (0_i64..=2, prop::sample::select(vec!["EUR", "USD"]))
            .prop_map(|(minor, currency)| Value::Money { minor, currency: currency.to_owned() })
    };
    let piece = || prop::sample::select(vec!["a", "b", "ab", "ba", "B "]).prop_map(str::to_owned);
    let text =
        || prop::sample::select(vec!["", "a", "b", "AB", "ba"]).prop_map(|text| Value::Text(text.to_owned()));
    let pieces = || prop::collection::vec(piece(), 1..3);
    let exists = any::<bool>().prop_map(Operator::Exists);
    match kind {
        FieldKind::Number => prop_oneof![
            exists,
            number().prop_map(Operator::Is),
            number().prop_map(Operator::IsNot),
            prop::collection::vec(number(), 1..3).prop_map(Operator::OneOf),
            prop::collection::vec(number(), 1..3).prop_map(Operator::NoneOf),
            (comparison(), number()).prop_map(|(comparison, number)| Operator::Compare(comparison, number)),
            (0_i64..=2, 0_i64..=1).prop_map(|(low, more)| {
                Operator::Between(Value::Number(low.into()), Value::Number((low + more).into()))
            }),
        ]
        .boxed(),
        FieldKind::Time => prop_oneof![
            exists,
            (0_i64..=2).prop_map(|time| Operator::Is(Value::Time(time))),
            (0_i64..=2).prop_map(|time| Operator::IsNot(Value::Time(time))),
            (0_i64..=2).prop_map(Operator::Before),
            (0_i64..=2).prop_map(Operator::After),
            (0_i64..=2, 0_i64..=1)
                .prop_map(|(low, more)| Operator::Between(Value::Time(low), Value::Time(low + more))),
        ]
        .boxed(),
        FieldKind::Money => prop_oneof![
            exists,
            money().prop_map(Operator::Is),
            money().prop_map(Operator::IsNot),
            prop::collection::vec(money(), 1..3).prop_map(Operator::OneOf),
            prop::collection::vec(money(), 1..3).prop_map(Operator::NoneOf),
            (comparison(), money()).prop_map(|(comparison, money)| Operator::Compare(comparison, money)),
            (0_i64..=2, 0_i64..=1).prop_map(|(low, more)| {
                let money = |minor| Value::Money { minor, currency: "EUR".to_owned() };
                Operator::Between(money(low), money(low + more))
            }),
        ]
        .boxed(),
        FieldKind::Boolean => prop_oneof![
            exists,
            any::<bool>().prop_map(|flag| Operator::Is(Value::Boolean(flag))),
            any::<bool>().prop_map(|flag| Operator::IsNot(Value::Boolean(flag))),
        ]
        .boxed(),
        FieldKind::Text => prop_oneof![
            exists,
            any::<bool>().prop_map(Operator::Empty),
            text().prop_map(Operator::Is),
            text().prop_map(Operator::IsNot),
            prop::collection::vec(text(), 1..3).prop_map(Operator::OneOf),
            prop::collection::vec(text(), 1..3).prop_map(Operator::NoneOf),
            piece().prop_map(Operator::Contains),
            piece().prop_map(Operator::NotContains),
            piece().prop_map(Operator::StartsWith),
            piece().prop_map(Operator::EndsWith),
        ]
        .boxed(),
        FieldKind::TextList | FieldKind::Duration => prop_oneof![
            exists,
            any::<bool>().prop_map(Operator::Empty),
            piece().prop_map(Operator::Contains),
            piece().prop_map(Operator::NotContains),
            pieces().prop_map(Operator::AnyOf),
            pieces().prop_map(Operator::AllOf),
        ]
        .boxed(),
    }
}

/// Operators that ask for more than the value there is, of which less can be told.
fn wider_operator(field: &'static str) -> BoxedStrategy<Operator> {
    let (kind, values) = world(field);
    let some = || prop::collection::vec(prop::sample::select(values.clone()), 1..3);
    let changed = || {
        prop_oneof![
            any::<bool>().prop_map(Operator::Changed),
            some().prop_map(Operator::ChangedTo),
            some().prop_map(Operator::ChangedFrom),
        ]
    };
    match kind {
        FieldKind::Time => prop_oneof![
            any::<bool>().prop_map(Operator::Changed),
            (1_i64..=3).prop_map(Operator::OlderThan),
            (1_i64..=3).prop_map(Operator::NewerThan),
        ]
        .boxed(),
        FieldKind::Text => {
            let patterns = prop::sample::select(vec!["a", "^b", "a.?b", "C"]);
            let matches = patterns.prop_map(|text| Operator::Matches(Pattern::parse(text).unwrap()));
            prop_oneof![2 => changed(), 1 => matches].boxed()
        }
        FieldKind::TextList => any::<bool>().prop_map(Operator::Changed).boxed(),
        _ => changed().boxed(),
    }
}

const FIELDS: [&str; 6] = ["number", "time", "money", "flag", "text", "list"];
const COUNTED: &str = "message.received";

fn leaf(field: &'static str) -> BoxedStrategy<Condition> {
    if field == COUNTED {
        return plain_leaf(field);
    }
    let kind = world(field).0;
    let test = move |operator| Condition::Field(FieldTest { field: field.to_owned(), kind, operator });
    prop_oneof![4 => plain_leaf(field), 1 => wider_operator(field).prop_map(test)].boxed()
}

/// Leaves about two questions at most, so that they have something to do with each other.
fn plain_leaf(field: &'static str) -> BoxedStrategy<Condition> {
    if field == COUNTED {
        let comparisons = [
            Comparison::Is,
            Comparison::MoreThan,
            Comparison::AtLeast,
            Comparison::LessThan,
            Comparison::AtMost,
        ];
        let count = (prop::sample::select(comparisons.to_vec()), 0_u64..3);
        return count
            .prop_map(|(comparison, number)| {
                Condition::Count(CountTest { event: COUNTED.to_owned(), within_ns: 1, comparison, number })
            })
            .boxed();
    }
    let kind = world(field).0;
    let test = move |operator| Condition::Field(FieldTest { field: field.to_owned(), kind, operator });
    operator(kind).prop_map(test).boxed()
}

fn condition() -> impl Strategy<Value = Condition> {
    let fields: Vec<&'static str> = FIELDS.into_iter().chain([COUNTED]).collect();
    let two = (prop::sample::select(fields.clone()), prop::sample::select(fields));
    two.prop_flat_map(|(first, second)| {
        let leaf = prop_oneof![3 => leaf(first), 1 => leaf(second)];
        leaf.prop_recursive(3, 12, 4, |part| {
            let parts = || prop::collection::vec(part.clone(), 1..5);
            prop_oneof![
                parts().prop_map(Condition::All),
                parts().prop_map(Condition::Any),
                parts().prop_map(Condition::None),
            ]
        })
    })
}

/// A few leaves about one question, each asked for or excluded: here nearly everything leads to a finding.
fn narrow_condition() -> impl Strategy<Value = Condition> {
    let fields: Vec<&'static str> = FIELDS.into_iter().chain([COUNTED]).collect();
    prop::sample::select(fields).prop_flat_map(|field| {
        let part = prop_oneof![
            2 => leaf(field),
            1 => leaf(field).prop_map(|leaf| Condition::None(vec![leaf])),
        ];
        let group = (prop::collection::vec(part, 2..4), any::<bool>());
        group.prop_map(|(parts, all)| if all { Condition::All(parts) } else { Condition::Any(parts) })
    })
}

#[derive(Clone, Debug, Default)]
struct Moment {
    fields: BTreeMap<String, Value>,
    count: u64,
    before: Before,
    now: Option<i64>,
}

/// What all the fields were before.
#[derive(Clone, Copy, Debug, Default)]
enum Before {
    #[default]
    NotKept,
    NotKnown,
    Same,
    /// The value at this place of the field's world, over and over.
    World(usize),
}

impl Facts for Moment {
    fn field(&self, path: &str) -> Option<Value> {
        self.fields.get(path).cloned()
    }

    fn count(&self, _: &str, _: i64) -> u64 {
        self.count
    }

    fn before(&self, path: &str) -> Earlier {
        match self.before {
            Before::NotKept => Earlier::NotKept,
            Before::NotKnown => Earlier::NotKnown,
            Before::Same => self.field(path).map_or(Earlier::NotKnown, Earlier::Value),
            Before::World(place) => {
                let values = world(path).1;
                values.get(place % values.len()).cloned().map_or(Earlier::NotKnown, Earlier::Value)
            }
        }
    }

    fn now(&self) -> Option<i64> {
        self.now
    }
}

/// Every moment of the small world in which these fields may differ.
fn moments(conditions: &[&Condition]) -> Vec<Moment> {
    let mut asked = BTreeMap::new();
    let (mut counts, mut changes, mut ages) = (false, false, false);
    for condition in conditions {
        space::each_leaf(condition, &mut |leaf| match leaf {
            Condition::Field(test) => {
                changes |= test.operator.asks_before();
                ages |= test.operator.asks_now();
                asked.insert(test.field.clone(), world(&test.field).1);
            }
            Condition::Count(_) => counts = true,
            _ => {}
        });
    }
    let mut moments = vec![Moment::default()];
    for (field, values) in asked {
        let with = |moment: &Moment, value: &Value| {
            let mut moment = moment.clone();
            moment.fields.insert(field.clone(), value.clone());
            moment
        };
        let more: Vec<Moment> =
            moments.iter().flat_map(|moment| values.iter().map(move |value| with(moment, value))).collect();
        moments.extend(more);
    }
    let most = if counts { 4 } else { 0 };
    let befores: &[Before] = match changes {
        true => &[Before::NotKept, Before::NotKnown, Before::Same, Before::World(1)],
        false => &[Before::NotKept],
    };
    let nows: &[Option<i64>] = if ages { &[None, Some(3)] } else { &[None] };
    let moments =
        moments.iter().flat_map(|moment| (0..=most).map(|count| Moment { count, ..moment.clone() }));
    let moments = moments
        .flat_map(|moment| befores.iter().map(move |before| Moment { before: *before, ..moment.clone() }));
    moments.flat_map(|moment| nows.iter().map(move |now| Moment { now: *now, ..moment.clone() })).collect()
}

fn fires(condition: &Condition, moment: &Moment) -> bool {
    let rule = Rule {
        id: "rule".to_owned(),
        says: String::new(),
        mode: Mode::On,
        on: Trigger::Event("order.paid".to_owned()),
        when: condition.clone(),
        for_each: None,
        then: Vec::new(),
        limits: Limits::default(),
        tests: Vec::new(),
    };
    rule.evaluate(moment).truth == Truth::True
}

fn part_at<'p>(condition: &'p mut Condition, at: &[usize]) -> &'p mut Condition {
    let Some((first, rest)) = at.split_first() else { return condition };
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            part_at(&mut parts[*first], rest)
        }
        other => panic!("{other:?} has no parts"),
    }
}

/// How many `none` stand above a part decides whether true or false is wanted of it.
fn is_wanted(condition: &Condition, at: &[usize]) -> bool {
    let Some((first, rest)) = at.split_first() else { return true };
    match condition {
        Condition::None(parts) => !is_wanted(&parts[*first], rest),
        Condition::All(parts) | Condition::Any(parts) => is_wanted(&parts[*first], rest),
        other => panic!("{other:?} has no parts"),
    }
}

/// Whether all the parts of the group around a part have to be as wanted.
fn all_needed_around(condition: &Condition, at: &[usize]) -> bool {
    let group = &at[..at.len() - 1];
    let wanted = is_wanted(condition, group);
    match part_at(&mut condition.clone(), group) {
        Condition::All(_) => wanted,
        Condition::Any(_) => !wanted,
        _ => wanted,
    }
}

/// The condition if the finding is right: a part never or always as wanted is no question any more.
fn as_claimed(condition: &Condition, finding: &Finding) -> Condition {
    let met = match finding.what {
        What::Never(_) | What::NoneEver | What::Covered => false,
        What::Always | What::AlwaysWhenKnown | What::Implied => true,
        What::Repeated => all_needed_around(condition, &finding.at),
    };
    let never = || Condition::None(vec![Condition::Always]);
    let mut claimed = condition.clone();
    let instead = if met == is_wanted(condition, &finding.at) { Condition::Always } else { never() };
    *part_at(&mut claimed, &finding.at) = instead;
    claimed
}

fn check_findings(condition: &Condition) -> Result<(), TestCaseError> {
    let moments = moments(&[condition]);
    for finding in findings(condition) {
        let is_fatal = matches!(finding.what, What::Never(Weight::Rule) | What::NoneEver);
        let claimed = as_claimed(condition, &finding);
        for moment in &moments {
            if is_fatal {
                prop_assert!(
                    !fires(condition, moment),
                    "{finding:?} of {condition:?}, but it fires: {moment:?}"
                );
            }
            if finding.what == What::AlwaysWhenKnown && !is_known(condition, &finding.at, moment) {
                continue;
            }
            prop_assert_eq!(
                fires(condition, moment),
                fires(&claimed, moment),
                "{:?} of {:?} is not so for {:?}",
                finding,
                condition,
                moment
            );
        }
    }
    Ok(())
}

/// Whether every field a part asks about is known.
fn is_known(condition: &Condition, at: &[usize], moment: &Moment) -> bool {
    let mut known = true;
    let mut condition = condition.clone();
    space::each_leaf(part_at(&mut condition, at), &mut |leaf| {
        if let Condition::Field(test) = leaf {
            known &= moment.fields.contains_key(&test.field);
        }
    });
    known
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_finding_is_so(condition in condition()) {
        check_findings(&condition)?;
    }

    #[test]
    fn every_finding_about_one_question_is_so(conditions in prop::collection::vec(narrow_condition(), 8)) {
        for condition in conditions {
            check_findings(&condition)?;
        }
    }

    #[test]
    fn exclusive_conditions_never_hold_together(left in condition(), right in condition()) {
        if are_exclusive(&left, &right) {
            for moment in moments(&[&left, &right]) {
                prop_assert!(!fires(&left, &moment) || !fires(&right, &moment), "{moment:?}: {left:?} and {right:?}");
            }
        }
    }

    /// Of two questions about one field nothing is overlooked: the small world has a value for each case.
    #[test]
    fn no_contradiction_of_two_is_overlooked(
        (left, right) in prop::sample::select(vec!["number", "time", "money", "flag", COUNTED])
            .prop_flat_map(|field| (plain_leaf(field), plain_leaf(field)))
    ) {
        let both = Condition::All(vec![left, right]);
        let holds = moments(&[&both]).iter().any(|moment| fires(&both, moment));
        let is_said = findings(&both).iter().any(|finding| finding.what == What::Never(Weight::Rule));
        prop_assert_eq!(is_said, !holds, "{:?}", both);
    }
}

#[test]
fn more_pieces_than_cells_are_still_compared_in_pairs() {
    let contains = |text: &str| {
        let operator = Operator::Contains(text.to_owned());
        Condition::Field(FieldTest { field: "text".to_owned(), kind: FieldKind::Text, operator })
    };
    let mut cues: Vec<Condition> = (0..30).map(|number| contains(&format!("cue {number:02}"))).collect();
    cues.push(contains("a cue 07"));
    let said = findings(&Condition::Any(cues));
    assert_eq!(said, [Finding { at: vec![30], what: What::Covered, because: Some(vec![7]) }]);
}

#[test]
fn many_alternatives_stay_sound_when_they_are_rounded() {
    let is = |field: &str, value: Value| {
        let (field, kind, operator) = (field.to_owned(), value.kind(), Operator::Is(value));
        Condition::Field(FieldTest { field, kind, operator })
    };
    let number = |number: usize| is("number", Value::Number(Decimal::from(i64::try_from(number).unwrap())));
    let text = |text: usize| is("text", Value::Text(text.to_string()));
    let mut parts: Vec<Condition> =
        (0..45).map(|index| Condition::All(vec![number(index), text(index)])).collect();
    let many = Condition::Any(parts.clone());
    assert_eq!(findings(&many), []);
    let twice = findings(&Condition::All(vec![many.clone(), many]));
    assert_eq!(twice, [Finding { at: vec![1], what: What::Repeated, because: Some(vec![0]) }]);

    // The alternatives after the first say nothing of the flag, so nothing can be said of it for all of them.
    parts.truncate(32);
    parts.insert(0, Condition::All(vec![is("flag", Value::Boolean(true)), text(0)]));
    let free = Condition::All(vec![Condition::Any(parts), is("flag", Value::Boolean(false))]);
    let said = findings(&free);
    let never = What::Never(Weight::Alternative);
    assert_eq!(said, [Finding { at: vec![0, 0, 0], what: never, because: Some(vec![1]) }]);
}
