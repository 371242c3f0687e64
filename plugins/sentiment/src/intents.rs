//! What the writer wants: phrases per language, then what follows from how they feel. Says nothing where nothing speaks.

use crate::cues::{self, Met};
use crate::score::{Method, Verdict};
use crate::tables::Tables;
use crate::words::Words;

/// The names rules use, and the lists may. A complaint and thanks stand behind what is to be acted upon.
#[cfg(test)]
pub(crate) const INTENTS: [&str; 10] = [
    "where_is_my_order",
    "return",
    "refund",
    "cancel",
    "human_please",
    "stock_question",
    "loyalty",
    "product_question",
    "complaint",
    "thanks",
];

const COMPLAINT: &str = "complaint";
const THANKS: &str = "thanks";
const PRODUCT_QUESTION: &str = "product_question";

/// A phrase with less confidence is a hint: it counts only where nothing surer speaks. "Refund" alone may be about
/// anything; beside "cancel my order" it is about the money.
const HINT_BELOW: i32 = 60;

/// What another phrase for the same adds.
const AGREEMENT: i32 = 5;
const CONFIDENCE_MAX: i32 = 95;

/// Shorter questions without a phrase of ours are about what was said before.
const ASKED_WORDS_MIN: usize = 4;
/// Most calm questions about nothing the shop does are about what it sells.
const GUESSED: i32 = 30;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) name: &'static str,
    /// Hundredths, from 0 to 100.
    pub(crate) confidence: i32,
    /// As it stands in the lists.
    pub(crate) evidence: Vec<String>,
}

/// The one to act on first leads.
pub(crate) fn of(
    words: &Words,
    lists: Option<&'static Tables>,
    verdict: &Verdict,
    topic: Option<&str>,
) -> Vec<Meant> {
    let mut meant = lists.map(|lists| phrases(words, lists)).unwrap_or_default();
    let surest = meant.iter().map(|one| one.confidence).max().unwrap_or_default();
    if surest >= HINT_BELOW {
        meant.retain(|one| one.confidence >= HINT_BELOW);
    }
    let feels_good = verdict.score >= 20;
    meant.retain(|one| one.name != THANKS || feels_good);
    let may_ask = is_about_goods(words, verdict, topic);
    meant.retain(|one| one.name != PRODUCT_QUESTION || one.confidence >= HINT_BELOW || may_ask);
    if meant.is_empty() && may_ask && words.list.len() >= ASKED_WORDS_MIN {
        let evidence = vec!["a question".to_owned()];
        meant.push(Meant { name: PRODUCT_QUESTION, confidence: GUESSED, evidence });
    }
    meant.extend(complaint(verdict));
    // A stable sort: of equals the one that was said first.
    meant.sort_by_key(|one| (rank(one.name), std::cmp::Reverse(one.confidence)));
    meant
}

/// Complaint and thanks go behind; a question about goods behind any other wish.
fn rank(name: &str) -> u8 {
    match name {
        THANKS => 3,
        COMPLAINT => 2,
        PRODUCT_QUESTION => 1,
        _ => 0,
    }
}

fn phrases(words: &Words, lists: &'static Tables) -> Vec<Meant> {
    let mut meant: Vec<Meant> = Vec::new();
    for Met { pattern, says: (name, confidence), .. } in
        cues::met(words, lists.intents, |position| cues::is_named(words, position, lists))
    {
        match meant.iter_mut().find(|one| one.name == name) {
            Some(known) if known.evidence.iter().any(|seen| seen == pattern) => {}
            Some(known) => {
                known.confidence = (known.confidence.max(confidence) + AGREEMENT).min(CONFIDENCE_MAX);
                known.evidence.push(pattern.to_owned());
            }
            // A phrase of no intent uses up its words, no more.
            None if name.is_empty() => {}
            None => meant.push(Meant { name, confidence, evidence: vec![pattern.to_owned()] }),
        }
    }
    meant
}

/// Whoever says in words that they are unhappy complains.
fn complaint(verdict: &Verdict) -> Option<Meant> {
    if verdict.score > -20 || verdict.method == Method::Signs {
        return None;
    }
    let heard = verdict.parts.iter().filter(|part| part.weight < 0).map(|part| part.evidence.clone());
    Some(Meant { name: COMPLAINT, confidence: verdict.confidence(), evidence: heard.collect() })
}

/// "Is the …" in a calm question about nothing the shop does is about what it sells.
fn is_about_goods(words: &Words, verdict: &Verdict, topic: Option<&str>) -> bool {
    let is_calm = verdict.score > -20;
    words.has_question() && is_calm && matches!(topic, None | Some("setup"))
}
