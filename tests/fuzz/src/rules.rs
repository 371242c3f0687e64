//! A rule's file: it checks or has problems that lie inside its text, and a rule that checks can be asked, read back, planned
//! and tested.

use std::sync::LazyLock;

use hub_rules::{Catalogue, Decimal, Facts, Rule, RuleFile, Value, check, review, run_tests};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../golden/rules/catalogue.json")).expect("the catalogue is one")
});

pub fn try_one(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let reviewed = review(&[RuleFile { name: "any.yaml", text }], &CATALOGUE);
    for problem in &reviewed.problems {
        let end = problem.span.offset.saturating_add(problem.span.len);
        assert!(text.get(problem.span.offset..end).is_some(), "{problem} lies outside the text");
        assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem} helps nobody");
        let (line, column) = problem.line_column();
        assert!(line > 0 && column > 0, "{problem} has no place");
    }
    match check("any.yaml", text, &CATALOGUE) {
        Ok(rule) => exercise(&rule, bytes.len() as u64),
        Err(problems) => assert!(!problems.is_empty(), "it is refused for no reason"),
    }
}

fn exercise(rule: &Rule, seed: u64) {
    let facts = Anything(seed);
    let evaluation = rule.evaluate(&facts);
    assert_eq!(evaluation, rule.evaluate(&facts), "asked twice, it says two things");
    assert!(!evaluation.explain().is_empty() && !rule.sentence().is_empty(), "it says nothing");
    if let Ok(planned) = rule.plan(&facts) {
        let items = usize::from(rule.for_each.is_none());
        assert_eq!(planned.len(), items * rule.then.len(), "it plans other actions than it has");
    }
    let outcomes = run_tests(rule, &|_| Err("there is no file".to_owned()));
    assert!(outcomes.iter().all(|outcome| !outcome.passed()), "a test passes without what it is given");
}

/// Facts that are sometimes missing and sometimes of the wrong kind, always the same for one seed.
struct Anything(u64);

impl Anything {
    fn roll(&self, path: &str) -> u64 {
        path.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

impl Facts for Anything {
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
