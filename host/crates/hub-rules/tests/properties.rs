//! Whatever text comes in, checking answers with a rule or with problems that lie inside the
//! text, and whatever is known, a rule that passed can be asked, read back and planned. In whatever
//! order and under whatever names rules come, they are the same rules with the same problems.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hub_rules::{
    Catalogue, Decimal, Evaluation, Facts, Review, Rule, RuleFile, RuleProblem, RuleSet, Truth, Value, check,
    check_all, review, run_tests,
};
use proptest::prelude::*;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(catalogue);
static RULES: LazyLock<Vec<String>> = LazyLock::new(rule_texts);

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/rules")
}

fn catalogue() -> Catalogue {
    serde_json::from_str(&fs::read_to_string(golden().join("catalogue.json")).unwrap()).unwrap()
}

fn rule_texts() -> Vec<String> {
    let texts = ["ok", "bad"].into_iter().flat_map(|folder| fs::read_dir(golden().join(folder)).unwrap());
    let paths = texts.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|found| found == "yaml")).collect();
    paths.sort();
    let texts = paths.into_iter().map(|path| fs::read_to_string(path).unwrap());
    texts.filter(|text| text.len() < 4_000).collect()
}

/// Facts that are sometimes missing and sometimes of the wrong kind, always the same for one seed.
struct Dice(u64);

impl Dice {
    fn roll(&self, path: &str) -> u64 {
        path.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

impl Facts for Dice {
    fn field(&self, path: &str) -> Option<Value> {
        let roll = self.roll(path);
        let signed = i64::from_ne_bytes(roll.to_ne_bytes());
        match (roll >> 7) % 9 {
            0 | 1 => None,
            2 => Some(Value::Text(path.to_owned())),
            3 => Some(Value::Number(Decimal::from(signed))),
            4 => Some(Value::Money { minor: signed, currency: "EUR".to_owned() }),
            5 => Some(Value::Boolean(signed > 0)),
            6 => Some(Value::Time(signed)),
            7 => Some(Value::Duration(signed)),
            _ => Some(Value::TextList(vec![path.to_owned()])),
        }
    }

    fn count(&self, event: &str, within_ns: i64) -> u64 {
        self.roll(event) ^ within_ns.unsigned_abs()
    }
}

/// What is told of files, with each file's name replaced by what `named` makes of it.
fn told(reviewed: &Review, named: impl Fn(&str) -> String) -> Vec<String> {
    let of_problem = |problem: &RuleProblem| named(&format!("{}:{problem}", problem.file_name()));
    reviewed.problems.iter().map(of_problem).collect()
}

const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];
const STATUSES: [&str; 3] = ["new", "open", "solved"];
const EVENTS: [&str; 3] = ["ticket.updated", "ticket.created", "order.updated"];

/// Rules that have to do with each other: they set one field, or cause what others act on.
fn related_rule() -> impl Strategy<Value = (String, String)> {
    let action = prop_oneof![
        2 => prop::sample::select(PRIORITIES.to_vec())
            .prop_map(|priority| format!("do: zendesk.set_priority, with: {{ticket_id: \"1\", priority: {priority}}}")),
        1 => Just("do: zendesk.create_ticket, with: {subject: a, body: b, priority: low}".to_owned()),
        1 => Just("do: shopify.add_order_tag, with: {order_id: \"1\", tag: a}".to_owned()),
    ];
    let condition = prop_oneof![
        2 => prop::sample::select(STATUSES.to_vec()).prop_map(|status| format!("{{field: ticket.status, is: {status}}}")),
        1 => Just("{all: [{field: customer.open_orders, is: 1}, {field: customer.open_orders, is: 2}]}".to_owned()),
        1 => Just("always".to_owned()),
    ];
    let mode = prop::sample::select(vec!["on", "on", "on", "shadow"]);
    (mode, prop::sample::select(EVENTS.to_vec()), condition, action).prop_map(|(mode, on, when, action)| {
        let on = if when.contains("ticket.") && on == "order.updated" { "ticket.updated" } else { on };
        (format!("mode: {mode}\non: {on}\nwhen: {when}\n"), format!("then:\n  - {{id: it, {action}}}\n"))
    })
}

fn exercise(rule: &Rule, seed: u64) {
    let facts = Dice(seed);
    let evaluation = rule.evaluate(&facts);
    assert_eq!(evaluation, rule.evaluate(&facts));
    assert!(evaluation.explain().starts_with(&rule.id));
    assert!(!rule.sentence().is_empty());
    if let Ok(planned) = rule.plan(&facts) {
        // The dice know of no lists.
        let items = if rule.for_each.is_some() { 0 } else { 1 };
        assert_eq!(planned.len(), items * rule.then.len());
    }
    let outcomes = run_tests(rule, &|_| Err("none".to_owned()));
    assert!(outcomes.iter().all(|outcome| !outcome.passed()));
    serde_json::to_string(rule).unwrap();
}

fn check_text(text: &str, catalogue: &Catalogue, seed: u64) {
    let reviewed = review(&[RuleFile { name: "any.yaml", text }], catalogue);
    match check("any.yaml", text, catalogue) {
        Ok(rule) => exercise(&rule, seed),
        Err(problems) => {
            assert!(!problems.is_empty());
            let said =
                |problems: &[RuleProblem]| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(said(&problems), said(&reviewed.problems));
        }
    }
    for problem in reviewed.problems {
        let end = problem.span.offset + problem.span.len;
        assert!(text.get(problem.span.offset..end).is_some(), "{problem} lies outside {text:?}");
        assert!(!problem.message.is_empty() && !problem.help.is_empty());
    }
}

/// One change to a rule file, of the kinds people and editors make.
#[derive(Clone, Debug)]
enum Change {
    Insert(String),
    Remove(usize),
    Repeat(usize),
    MoveTo(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let pieces = "[\\-:{}\\[\\],&*!|>'\"%@`#? \n\ta-zé0-9\u{feff}]{1,4}";
    prop_oneof![
        pieces.prop_map(Change::Insert),
        (1_usize..40).prop_map(Change::Remove),
        (1_usize..80).prop_map(Change::Repeat),
        any::<usize>().prop_map(Change::MoveTo),
    ]
}

fn changed(text: &str, changes: &[(usize, Change)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, change) in changes {
        let at = at % (characters.len() + 1);
        let until = |length: &usize| (at + length).min(characters.len());
        match change {
            Change::Insert(piece) => drop(characters.splice(at..at, piece.chars()).count()),
            Change::Remove(length) => drop(characters.drain(at..until(length)).count()),
            Change::Repeat(length) => {
                let piece: Vec<char> = characters.iter().take(until(length)).skip(at).copied().collect();
                characters.splice(at..at, piece);
            }
            Change::MoveTo(to) => {
                let piece: Vec<char> = characters.drain(at..until(&12)).collect();
                let to = to % (characters.len() + 1);
                characters.splice(to..to, piece);
            }
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>(), seed in any::<u64>()) {
        check_text(&text, &CATALOGUE, seed);
    }

    #[test]
    fn any_yaml_looking_text_is_answered(text in "([a-z\"'{}\\[\\]:,&*!|>#? \t-]|rule|when|all|any|field|\n){0,120}", seed in any::<u64>()) {
        check_text(&text, &CATALOGUE, seed);
    }

    #[test]
    fn any_changed_rule_is_answered(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), change()), 0..6),
        seed in any::<u64>(),
    ) {
        let text: &String = which.get(RULES.as_slice());
        check_text(&changed(text, &changes), &CATALOGUE, seed);
    }

    #[test]
    fn decimals_keep_their_value_and_order(left in any::<i64>(), right in any::<i64>(), scale in 0_u32..18) {
        let decimal = |digits: i64| Decimal::new(i128::from(digits), scale).unwrap();
        prop_assert_eq!(decimal(left).to_string().parse::<Decimal>(), Ok(decimal(left)));
        prop_assert_eq!(decimal(left).cmp(&decimal(right)), left.cmp(&right));
    }
}

/// All rules that check, each on under a name of its own, with as many that demand a text of a field they may find.
static RULE_SET: LazyLock<RuleSet> = LazyLock::new(|| {
    let good = RULES.iter().filter(|text| check("any.yaml", text, &CATALOGUE).is_ok());
    let demanding = ["customer.display_name", "customer.locale"].into_iter().flat_map(|field| {
        ["one_of: [X, {}]", "is: \"{} \"", "is: x", "is_not: {}"].map(|test| {
            let test = test.replace("{}", &field.to_uppercase());
            format!("on: order.paid\nwhen: {{all: [{{field: {field}, {test}}}, {{field: customer.orders, more_than: 0}}]}}\n\
                     then: [{{id: a, do: shopify.add_order_tag, with: {{order_id: \"1\", tag: a}}}}]\n")
        })
    });
    let named = |(number, text): (usize, String)| {
        let lines = text.lines().filter(|line| !line.starts_with("rule:") && !line.starts_with("mode:"));
        let text: Vec<&str> = lines.collect();
        (format!("{number}.yaml"), format!("rule: rule-{number:03}\nmode: on\n{}\n", text.join("\n")))
    };
    let texts: Vec<(String, String)> = good.cloned().chain(demanding).enumerate().map(named).collect();
    let is_good = |(name, text): &(String, String)| check(name, text, &CATALOGUE).is_ok();
    let texts: Vec<(String, String)> = texts.into_iter().filter(is_good).collect();
    let files: Vec<RuleFile<'_>> = texts.iter().map(|(name, text)| RuleFile { name, text }).collect();
    check_all(&files, &CATALOGUE).unwrap()
});

proptest! {
    #[test]
    fn rules_asked_together_answer_as_each_alone(seed in any::<u64>()) {
        let facts = Dice(seed);
        let events: std::collections::BTreeSet<&str> =
            RULE_SET.rules().iter().map(|rule| rule.on.event()).collect();
        for event in events {
            let Some(asked) = RULE_SET.asked_at(event) else { continue };
            let answers = asked.answers(&facts);
            let together: Vec<&str> = RULE_SET.true_of(asked, &answers).map(|rule| rule.id.as_str()).collect();
            let holds = |rule: &&Rule| rule.evaluate(&facts).trace.truth == Truth::True;
            let alone: Vec<&str> =
                RULE_SET.for_event(event).filter(holds).map(|rule| rule.id.as_str()).collect();
            prop_assert_eq!(together, alone);
            // And what was kept of the moment tells the same again, of those never looked at as well.
            let moment = answers.into_moment();
            for rule in RULE_SET.for_event(event).chain(RULE_SET.waiting_since(event)) {
                let then = rule.evaluate(&facts);
                let again = Evaluation::again(&rule.id, &rule.when, &moment, None, then.items.clone());
                prop_assert_eq!(then, again);
            }
        }
    }
}

proptest! {
    // Each case checks a hundred files twice.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_files_changes_nothing(seed in any::<u64>()) {
        let texts: Vec<(String, &String)> =
            RULES.iter().enumerate().map(|(index, text)| (format!("{index:03}.yaml"), text)).collect();
        let files: Vec<RuleFile<'_>> = texts.iter().map(|(name, text)| RuleFile { name, text }).collect();
        let mut shuffled = files.clone();
        shuffled.sort_by_key(|file| Dice(seed).roll(file.name));
        let same = str::to_owned;
        prop_assert_eq!(told(&review(&files, &CATALOGUE), same), told(&review(&shuffled, &CATALOGUE), same));
    }

    #[test]
    fn the_names_of_files_change_nothing(
        rules in prop::collection::vec(related_rule(), 1..12),
        seed in any::<u64>(),
    ) {
        let rules: Vec<(String, String)> = rules
            .iter()
            .enumerate()
            .map(|(index, (before, then))| (format!("rule-{index:02}"), format!("rule: rule-{index:02}\n{before}{then}")))
            .collect();
        let mut shuffled = rules.clone();
        shuffled.sort_by_key(|(id, _)| Dice(seed).roll(id));
        let arranged = |rules: &[(String, String)]| {
            let names: Vec<String> = (0..rules.len()).map(|index| format!("{index:02}.yaml")).collect();
            let files: Vec<RuleFile<'_>> =
                names.iter().zip(rules).map(|(name, (_, text))| RuleFile { name, text }).collect();
            let named = |line: &str| {
                names.iter().zip(rules).fold(line.to_owned(), |line, (name, (id, _))| line.replace(name, id))
            };
            let reviewed = review(&files, &CATALOGUE);
            let mut told = told(&reviewed, named);
            told.sort();
            (told, reviewed.rules, check_all(&files, &CATALOGUE).ok())
        };
        prop_assert_eq!(arranged(&rules), arranged(&shuffled));
    }
}

#[test]
fn nesting_and_size_are_bounded() {
    for open in ["[", "{a: ", "- ", "? ", "[{", "!!a ", "&a ", "'", "\"", "|\n ", "{{", "a:\n "] {
        for times in [10, 100, 1_000, 20_000, 60_000 / open.len()] {
            check_text(&open.repeat(times), &CATALOGUE, 0);
            check_text(&format!("when: {}", open.repeat(times)), &CATALOGUE, 0);
        }
    }
    let nested: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth.min(60)))).collect();
    check_text(&nested, &CATALOGUE, 0);
}
