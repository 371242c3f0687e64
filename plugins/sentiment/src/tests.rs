//! The labelled messages of `tests/golden/plugins/sentiment/cases.txt`, then rules of reading one by one.

use omnihub_plugin::{Enricher, Finding, Text};
use proptest::prelude::*;

mod labelled;

use super::Sentiment;
use crate::lists::LISTS;
use crate::words::fold;

const CASES: &str = include_str!("../../../tests/golden/plugins/sentiment/cases.txt");

fn finding_in(text: &str, language: Option<&str>) -> Finding {
    let text = Text { text: text.into(), language: language.map(Into::into), channel: None };
    Sentiment::enrich(vec![text]).remove(0)
}

fn finding(text: &str) -> Finding {
    finding_in(text, None)
}

struct Case {
    label: &'static str,
    language: Option<&'static str>,
    text: &'static str,
}

fn cases() -> Vec<Case> {
    let lines = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let [label, language, text] = line.splitn(3, '\t').collect::<Vec<_>>().try_into().unwrap();
            Case { label, language: (language != "-").then_some(language), text }
        })
        .collect()
}

fn polarity(label: &str) -> &str {
    label.strip_prefix("very_").unwrap_or(label)
}

/// Share of the cases that fit, in per cent; the others are listed.
fn accuracy(what: &str, fits: impl Fn(&Case, &Finding) -> bool) -> usize {
    let cases = cases();
    let judged: Vec<_> = cases.iter().map(|case| (case, finding(case.text))).collect();
    let missed: Vec<_> = judged.iter().filter(|(case, finding)| !fits(case, finding)).collect();
    for (case, finding) in &missed {
        let cues: Vec<_> = finding.cues.iter().map(|cue| (cue.evidence.as_str(), cue.weight)).collect();
        let (score, language) = (finding.score, finding.language.as_deref());
        println!(
            "{what}: wanted {} {:?}, got {score} {language:?} {cues:?}: {}",
            case.label, case.language, case.text
        );
    }
    println!("{what}: {} of {}", cases.len() - missed.len(), cases.len());
    (cases.len() - missed.len()) * 100 / cases.len()
}

#[test]
fn accuracy_of_the_labelled_messages() {
    assert!(accuracy("language", |case, finding| finding.language.as_deref() == case.language) >= 95);
    assert!(accuracy("polarity", |case, finding| polarity(&finding.sentiment) == polarity(case.label)) >= 95);
    assert!(accuracy("label", |case, finding| finding.sentiment == case.label) >= 85);
}

/// A question about an order is no complaint, however the rest of the accuracy moves.
#[test]
fn no_neutral_question_is_called_negative() {
    for case in cases().iter().filter(|case| case.label == "neutral" && case.text.contains('?')) {
        let finding = finding(case.text);
        assert_ne!(polarity(&finding.sentiment), "negative", "{} {:?}", case.text, finding.cues);
    }
}

fn check(text: &str, label: &str, evidence: &[&str]) {
    let finding = finding(text);
    assert_eq!(finding.sentiment, label, "{text} {:?}", finding.cues);
    for evidence in evidence {
        assert!(finding.cues.iter().any(|cue| cue.evidence == *evidence), "{text} {:?}", finding.cues);
    }
}

#[test]
fn negation_turns_praise_into_complaint_and_complaint_into_relief() {
    check("The kettle is great", "positive", &["great"]);
    check("The kettle is not great", "negative", &["negated: great"]);
    check("It isn't at all comfortable", "negative", &["negated: comfortable"]);
    check("It is not broken", "neutral", &["negated: broken"]);
    check("Das ist nicht kaputt", "neutral", &["negated: kaputt*"]);
    check("It was not cheap but excellent", "positive", &["excellent"]);
}

#[test]
fn the_longest_phrase_uses_up_its_words() {
    check("Thanks for nothing", "negative", &["thanks for nothing"]);
    check("When can I expect it? Thanks in advance.", "neutral", &[]);
    check("Good morning, best regards", "neutral", &[]);
}

#[test]
fn praise_beside_a_clear_complaint_is_sarcasm_or_manners() {
    check("Super, zum dritten Mal kaputt. Danke!", "negative", &["zum _ mal"]);
    let finding = finding("Great, nobody answers. Thank you!");
    assert!(finding.cues.iter().all(|cue| cue.weight < 0), "{:?}", finding.cues);
}

#[test]
fn names_say_nothing() {
    check("Is the Killer Heels polish vegan?", "neutral", &[]);
    check("My \"Worst Shop Ever\" mug came today, thank you", "positive", &["thank you"]);
    check("Die Tasse \"Schlechte Laune\" ist da, danke!", "positive", &["danke"]);
}

#[test]
fn what_is_told_before_the_question_counts_in_full() {
    check("You sent the wrong colour, how do I return it?", "negative", &["sent the wrong"]);
    check("If it is the wrong colour, can I return it?", "neutral", &[]);
}

#[test]
fn a_report_that_denies_objects_or_counts_is_a_complaint() {
    let method = |text: &str| finding(text).method;
    assert_eq!(method("The lid is still off and it is broken too"), "cues");
    check("The hinge came with bolts but they are for wood", "negative", &["a report that objects"]);
    assert_eq!(method("The hinge came with bolts but they are for wood"), "report");
    check("The grey one goes to my mum and the blue one to me", "neutral", &[]);
}

fn check_intents(text: &str, intents: &[&str], topic: Option<&str>) {
    let finding = finding(text);
    let found: Vec<&str> = finding.intents.iter().map(|intent| intent.name.as_str()).collect();
    assert_eq!(found, intents, "{text} {:?}", finding.intents);
    assert_eq!(finding.topic.as_deref(), topic, "{text}");
}

#[test]
fn what_is_to_be_acted_upon_leads() {
    check_intents("Where is my order?", &["where_is_my_order"], Some("delivery"));
    check_intents("This is ridiculous, cancel my order", &["cancel", "complaint"], Some("cancellation"));
    check_intents("Thanks, the refund is here", &["refund"], Some("refund"));
    check_intents("Vielen Dank, hat geklappt!", &["thanks"], None);
    check_intents("¿Cuántos puntos tengo?", &["loyalty"], Some("account"));
    check_intents("The zip broke, I want my money back", &["refund", "complaint"], Some("damage"));
    check_intents("😡", &[], None);
}

#[test]
fn emphasis_makes_a_feeling_stronger() {
    check("WHERE IS MY PARCEL", "negative", &["all capitals"]);
    check("where is my parcel", "neutral", &[]);
    let calm = finding("My lamp arrived broken.").score;
    assert!(finding("My lamp arrived broken!!!").score < calm);
    assert!(finding("I love it!!!").score > finding("I love it.").score);
}

#[test]
fn signs_need_no_language() {
    check("😡😡😡", "negative", &["😡"]);
    check("❤️", "positive", &["❤"]);
    assert_eq!(finding("😡😡😡").score, finding("😡").score);
}

#[test]
fn what_is_written_goes_before_what_the_provider_says() {
    let language = |text: &str, said: Option<&str>| finding_in(text, said).language;
    assert_eq!(language("Wo ist meine Bestellung?", Some("en-GB")).as_deref(), Some("de"));
    assert_eq!(language("ok", Some("pt-BR")).as_deref(), Some("pt"));
    assert_eq!(language("ok", Some("not a language")), None);
    assert_eq!(language("", None), None);
    let polish = "Dzień dobry, chciałbym zapytać, kiedy zostanie wysłane moje zamówienie z zeszłego tygodnia";
    assert_eq!(language(polish, None).as_deref(), Some("pl"));
}

#[test]
fn accents_may_be_missing() {
    check("Ich bin sehr enttäuscht", "negative", &["enttausch*"]);
    check("Ich bin sehr enttaeuscht", "negative", &["enttaeusch*"]);
    check("Estou esperando ha tres semanas", "negative", &["ha _ semanas"]);
}

#[test]
fn findings_come_in_the_order_of_the_texts() {
    let text = |text: &str| Text { text: text.into(), language: None, channel: None };
    let findings =
        Sentiment::enrich(vec![text("Danke!"), text("This is a scam"), text("Where is my order?")]);
    let labels: Vec<_> = findings.iter().map(|finding| finding.sentiment.as_str()).collect();
    assert_eq!(labels, ["positive", "very_negative", "neutral"]);
}

#[test]
fn labels_divide_the_scores() {
    let labels = [-100, -60, -59, -20, -19, 0, 19, 20, 59, 60, 100].map(crate::score::label);
    let expected =
        ["very_negative", "very_negative", "negative", "negative", "neutral", "neutral", "neutral"];
    assert_eq!(labels[..7], expected);
    assert_eq!(labels[7..], ["positive", "positive", "very_positive", "very_positive"]);
}

/// A pattern with an accent or a capital could never be met, and one listed twice says two things.
#[test]
fn lists_are_folded_and_say_nothing_twice() {
    for lists in LISTS {
        let cues: Vec<_> = lists.cues.iter().flat_map(|(_, patterns)| patterns.iter()).collect();
        let intents: Vec<_> = lists.intents.iter().flat_map(|(_, _, patterns)| patterns.iter()).collect();
        let topics: Vec<_> = lists.topics.iter().flat_map(|(_, patterns)| patterns.iter()).collect();
        for (what, patterns) in [("cues", cues), ("intents", intents), ("topics", topics)] {
            patterns.iter().for_each(|pattern| check_pattern(lists.code, pattern));
            let mut sorted = patterns;
            sorted.sort_unstable();
            let twice: Vec<_> =
                sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
            assert!(twice.is_empty(), "{} {what}: listed twice: {twice:?}", lists.code);
        }
        let words = [lists.little_words, lists.negators, lists.contrasts, lists.reproaches];
        for word in words.into_iter().flatten() {
            assert_eq!(fold(word), **word, "{}: write it folded", lists.code);
            assert!(!word.contains([' ', '-']), "{}: {word:?} is no word", lists.code);
        }
        assert!(!lists.letters.iter().any(char::is_ascii), "{}: anybody has that letter", lists.code);
        for (name, confidence, _) in lists.intents {
            assert!(name.is_empty() || crate::intents::INTENTS.contains(name), "{}: {name:?}", lists.code);
            assert!((1..=95).contains(confidence), "{}: {confidence}", lists.code);
        }
        for (name, _) in lists.topics {
            assert!(crate::topics::TOPICS.contains(name), "{}: {name:?}", lists.code);
        }
    }
}

/// What a text is split into, the tables are searched by: by the first two bytes of a word.
fn check_pattern(code: &str, pattern: &str) {
    assert_eq!(fold(pattern), pattern, "{code}: write it folded");
    assert!(!pattern.starts_with(['_', '*']), "{code}: {pattern:?} begins with anything");
    assert!(!pattern.contains(['-', '&', ',', '.']), "{code}: {pattern:?} holds what ends a word");
    assert!(!pattern.contains("  ") && pattern.trim() == pattern, "{code}: {pattern:?}");
    let first = pattern.split(' ').next().unwrap_or_default();
    assert!(!first.ends_with('*') || first.len() > 2, "{code}: {pattern:?} has too short a stem");
}

/// Words from the lists in any order, among anything else.
fn message() -> impl Strategy<Value = String> {
    let known = [
        "not",
        "thank you",
        "third time",
        "broken",
        "BROKEN",
        "nicht",
        "kaputt",
        "merci",
        "d'attente",
        "''",
        "?!",
        "!!!",
        "😡",
        "❤️",
        "\u{0}",
        "\n",
        "ﬁ",
        "İ",
        "no",
        "but",
    ];
    let part = prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".{0,10}"];
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.join(" "))
}

/// Evidence that is no phrase of a list.
const OWN: [&str; 8] = [
    "vader",
    "all capitals",
    "capitals",
    "repeated !",
    "repeated ?",
    "a report that counts",
    "a report that denies",
    "a report that objects",
];

proptest! {
    #[test]
    fn any_text_gets_a_score_that_fits_its_label_and_evidence_of_ours(text in message(), said in prop::option::of(".{0,8}")) {
        let finding = finding_in(&text, said.as_deref());
        prop_assert!((-100..=100).contains(&finding.score));
        prop_assert_eq!(&finding.sentiment, crate::score::label(finding.score));
        let ours = |evidence: &str| {
            let pattern = evidence.strip_prefix("negated: ").unwrap_or(evidence);
            let listed = LISTS.iter().flat_map(|lists| lists.cues).any(|(_, patterns)| patterns.contains(&pattern));
            let signs = crate::signs::SIGNS.iter().any(|(_, signs)| signs.contains(&pattern));
            listed || signs || OWN.contains(&pattern)
        };
        for cue in &finding.cues {
            prop_assert!(ours(&cue.evidence), "{}", cue.evidence);
            prop_assert!((-100..=100).contains(&cue.weight));
        }
        prop_assert!((0..=100).contains(&finding.confidence));
        let phrases: Vec<&str> = LISTS.iter().flat_map(|lists| lists.intents).flat_map(|(_, _, all)| all.iter().copied()).collect();
        for intent in &finding.intents {
            prop_assert!(crate::intents::INTENTS.contains(&intent.name.as_str()), "{}", intent.name);
            prop_assert!((0..=100).contains(&intent.confidence));
            for evidence in &intent.evidence {
                prop_assert!(phrases.contains(&evidence.as_str()) || evidence == "a question" || ours(evidence), "{}", evidence);
            }
        }
    }
}
