//! What a message is about: words per language, then what its writer wants.

use std::collections::BTreeMap;

use crate::cues;
use crate::intents::Meant;
use crate::tables::Tables;
use crate::words::Words;

/// The names rules use; of equals the first.
pub(crate) const TOPICS: [&str; 9] =
    ["damage", "refund", "return", "cancellation", "payment", "setup", "account", "availability", "delivery"];

/// What the words are about, most of them.
pub(crate) fn of_words(words: &Words, lists: Option<&'static Tables>) -> Option<&'static str> {
    let lists = lists?;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for met in cues::met(words, lists.topics, |position| cues::is_named(words, position, lists)) {
        if let Some(place) = TOPICS.iter().position(|topic| *topic == met.says) {
            *counts.entry(place).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(place, count)| (*count, std::cmp::Reverse(*place)));
    most.and_then(|(place, _)| TOPICS.get(place).copied())
}

/// What is broken or wrong is the matter, whatever shall be done about it; else what is wanted says more than words.
pub(crate) fn of(by_words: Option<&'static str>, meant: &[Meant]) -> Option<&'static str> {
    if by_words == Some("damage") {
        return by_words;
    }
    meant.iter().find_map(|one| of_intent(one.name)).or(by_words)
}

fn of_intent(name: &str) -> Option<&'static str> {
    Some(match name {
        "where_is_my_order" => "delivery",
        "return" => "return",
        "refund" => "refund",
        "cancel" => "cancellation",
        "stock_question" => "availability",
        "loyalty" => "account",
        _ => return None,
    })
}
