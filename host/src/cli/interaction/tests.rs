use clap::Parser as _;
use hub_model::model::{Corrected, Finding, Intent};
use serde_json::json;

use super::backtest::Message;
use super::labelled;
use super::score::{FieldScore, Found, Judged, per_cent, scores};
use crate::cli::Cli;

fn names(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn judged(said: &[&str], before: &[&str], now: &[&str]) -> Judged {
    Judged { field: "intents", said: names(said), found: Found { before: names(before), now: names(now) } }
}

fn of_class(score: &FieldScore, class: &str) -> [Option<u64>; 4] {
    let score = &score.classes.iter().find(|one| one.class == class).expect("the class was seen").score;
    [score.before.precision, score.before.recall, score.now.precision, score.now.recall]
}

#[test]
fn agreement_precision_and_recall_are_of_what_people_say() {
    let all = [
        judged(&["return"], &["return"], &["return"]),
        judged(&["return", "complaint"], &["complaint"], &["return", "complaint"]),
        judged(&[], &["return"], &[]),
        judged(&["refund"], &["return"], &["thanks"]),
    ];
    let scores = scores(&Corrected::FIELDS, &all);
    let [score] = scores.as_slice() else { panic!("{scores:?}") };
    assert_eq!((score.field, score.messages, score.agreed), ("intents", 4, Found { before: 1, now: 3 }));
    assert_eq!(of_class(score, "return"), [Some(33), Some(50), Some(100), Some(100)]);
    assert_eq!(of_class(score, "refund"), [None, Some(0), None, Some(0)]);
    assert_eq!(of_class(score, "thanks"), [None, None, Some(0), None]);
    assert_eq!(
        [per_cent(1, 3), per_cent(2, 3), per_cent(1, 200), per_cent(0, 0)],
        [Some(33), Some(67), Some(1), None]
    );
}

fn message() -> serde_json::Value {
    json!({
        "connection": "ig", "id": "m1", "channel": "instagram", "text": "oh great,\n broken | again",
        "found": {"language": "en", "sentiment": "positive", "intents": ["thanks"], "topic": "product"},
        "said": {
            "sentiment": {"value": "negative", "by": "mia", "at": "2026-01-01T00:00:00Z"},
            "topic": {"value": "", "by": "mia", "at": "2026-01-01T00:00:00Z"},
        },
    })
}

#[test]
fn only_what_people_spoke_of_is_judged() {
    let intents = vec![Intent { name: "complaint".into(), confidence: 80, evidence: vec![] }];
    let now = Finding { sentiment: "negative".into(), intents, ..Finding::default() };
    let judged = Message::read(&message()).expect("it has a text").judged(&now);
    let told: Vec<_> =
        judged.into_iter().map(|one| (one.field, one.said, one.found.before, one.found.now)).collect();
    assert_eq!(
        told,
        [
            ("sentiment", names(&["negative"]), names(&["positive"]), names(&["negative"])),
            ("topic", names(&[]), names(&["product"]), names(&[])),
        ]
    );
    assert!(Message::read(&json!({"text": " ", "said": {}})).is_none());
    assert!(Message::read(&json!({"text": null, "said": {}})).is_none());
}

#[test]
fn a_corrected_message_becomes_a_line_of_the_labelled_set() {
    let case = |row: &serde_json::Value| Message::read(row).expect("it has a text").case();
    let cases: Vec<_> = [message(), message()].iter().filter_map(case).collect();
    let files = labelled::files(&cases);
    let text = files.get("en.txt").expect("it is in English");
    assert_eq!(files.len(), 1);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect();
    assert_eq!(lines, ["negative | thanks | - | oh great, broken | again"]);
    assert!(text.contains("customers' own words") && text.contains("\n# develop\n"), "{text}");

    let mut elsewhere = message();
    elsewhere["said"]["language"] = json!({"value": "../../etc"});
    let cases: Vec<_> = case(&elsewhere).into_iter().collect();
    assert_eq!(labelled::files(&cases).into_keys().collect::<Vec<_>>(), ["etc.txt"]);
    elsewhere["said"]["language"] = json!({"value": ""});
    let cases: Vec<_> = case(&elsewhere).into_iter().collect();
    assert_eq!(labelled::files(&cases).into_keys().collect::<Vec<_>>(), ["signs.txt"]);
    assert!(case(&json!({"text": "hm", "found": null, "said": {"language": {"value": "en"}}})).is_none());
}

#[test]
fn a_mistyped_field_is_refused_before_anybody_is_asked() {
    let line = ["omnihub", "interaction", "correct", "ig", "m1", "--take-back", "mood"];
    let error = Cli::try_parse_from(line).expect_err("no such field");
    assert!(error.to_string().contains("sentiment"), "{error}");
}
