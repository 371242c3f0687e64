//! Finds a language's cues in a text and reads negation: "not happy" is a complaint, "not broken" is none.

use crate::lists::Lists;
use crate::words::{Word, Words};

/// How many words back a negation reaches: "not at all happy".
const NEGATION_REACH: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The cue as it stands in the list.
    pub(crate) pattern: &'static str,
    /// Hundredths, negation taken into account.
    pub(crate) weight: i32,
    pub(crate) negated: bool,
    /// Where in the text.
    pub(crate) position: usize,
    pub(crate) sentence: usize,
}

/// The cues of a text in its order. Of those that begin at one word the longest counts, and its words are used up:
/// "thanks for nothing" holds no thanks.
pub(crate) fn found(words: &Words, lists: &'static Lists) -> Vec<Found> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(rest) = words.list.get(position..).filter(|rest| !rest.is_empty()) {
        let Some((pattern, weight, length)) = longest(rest, lists) else {
            position += 1;
            continue;
        };
        let negated = is_negated(words, position, lists);
        let weight = if negated { negation_of(weight) } else { weight };
        let sentence = rest.first().map_or(0, |word| word.sentence);
        found.push(Found { pattern, weight, negated, position, sentence });
        position += length;
    }
    found
}

fn longest(rest: &[Word], lists: &'static Lists) -> Option<(&'static str, i32, usize)> {
    let groups = lists
        .cues
        .iter()
        .flat_map(|(weight, patterns)| patterns.iter().map(move |pattern| (*weight, *pattern)));
    // Nearly all of some hundred patterns begin with another letter; looking at that first keeps long texts quick.
    let initials = rest.first().map(initials)?;
    let matches = groups
        .filter(|(_, pattern)| initials.contains(&pattern.bytes().next()))
        .filter_map(|(weight, pattern)| Some((pattern, weight, matched(pattern, rest)?)));
    // Of two equally long ones the more exact: the one with fewer wildcards.
    matches.max_by_key(|(pattern, _, length)| (*length, std::cmp::Reverse(wildcards(pattern))))
}

/// What a pattern that takes this word can begin with: the word's first byte, or that of the part tied to it.
fn initials(word: &Word) -> [Option<u8>; 2] {
    let tied = word.text.rsplit_once('\'').map_or(word.text.as_str(), |(_, tied)| tied);
    [word.text.bytes().next(), tied.bytes().next()]
}

fn wildcards(pattern: &str) -> usize {
    pattern.bytes().filter(|byte| matches!(byte, b'*' | b'_')).count()
}

/// How many words the pattern takes at the beginning of `rest`, all in one sentence. `*` ends a word that goes on;
/// `_` is any one word.
fn matched(pattern: &str, rest: &[Word]) -> Option<usize> {
    let sentence = rest.first()?.sentence;
    let mut length = 0;
    for part in pattern.split(' ') {
        let word = rest.get(length).filter(|word| word.sentence == sentence)?;
        if !is_word(part, &word.text) {
            return None;
        }
        length += 1;
    }
    Some(length)
}

fn is_word(part: &str, word: &str) -> bool {
    let fits = |word: &str| match part.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => part == "_" || part == word,
    };
    // French and Italian tie little words to the next: "d'attente".
    fits(word) || word.rsplit_once('\'').is_some_and(|(_, tied)| fits(tied))
}

fn is_negated(words: &Words, position: usize, lists: &Lists) -> bool {
    let Some(word) = words.list.get(position) else { return false };
    let before = words.list.get(position.saturating_sub(NEGATION_REACH)..position).unwrap_or_default();
    // A contrast ends what a negation reaches: "not cheap but good".
    let clause =
        before.rsplit(|word| lists.contrasts.contains(&word.text.as_str())).next().unwrap_or_default();
    clause
        .iter()
        .filter(|before| before.sentence == word.sentence)
        .any(|before| lists.negators.iter().any(|negator| is_word(negator, &before.text)))
}

/// Denied praise is a complaint; a denied complaint is mild praise at most.
fn negation_of(weight: i32) -> i32 {
    /// "Not good" is worse than the absence of good.
    const COMPLAINT: i32 = -35;
    /// "Not bad", "no problem".
    const RELIEF: i32 = 5;
    match weight {
        0 => 0,
        1.. => COMPLAINT.min(-weight),
        _ => RELIEF,
    }
}
