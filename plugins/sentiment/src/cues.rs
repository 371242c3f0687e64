//! Finds a list's phrases in a text and reads negation: "not happy" is a complaint, "not broken" is none.

use crate::tables::Tables;
use crate::words::{Word, Words, is_spaceless};

/// How many words back a negation reaches: "not at all happy".
const NEGATION_REACH: usize = 3;

/// Phrases in the order of their bytes, each with what it says. Made by the build script from the lists.
pub(crate) type Table<T> = [(&'static str, T)];

/// A phrase in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Met<T> {
    /// As it stands in the list.
    pub(crate) pattern: &'static str,
    pub(crate) says: T,
    /// Where in the text, and how many words.
    pub(crate) position: usize,
    pub(crate) length: usize,
}

/// The phrases of a text in its order. Of those that begin at one word the longest counts, and its words are used up:
/// "thanks for nothing" holds no thanks. What is named ("Killer Heels") says nothing.
pub(crate) fn met<T: Copy>(words: &Words, table: &Table<T>, named: impl Fn(usize) -> bool) -> Vec<Met<T>> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(rest) = words.list.get(position..).filter(|rest| !rest.is_empty()) {
        let longest = if named(position) { None } else { longest(rest, table) };
        let Some((pattern, says, length)) = longest else {
            position += 1;
            continue;
        };
        found.push(Met { pattern, says, position, length });
        position += length;
    }
    found
}

fn longest<T: Copy>(rest: &[Word], table: &Table<T>) -> Option<(&'static str, T, usize)> {
    let first = rest.first()?.text.as_str();
    // French and Italian tie little words to the next: "d'attente".
    let tied = first.rsplit_once('\'').map(|(_, tied)| tied);
    let candidates = [Some(first), tied].into_iter().flatten().flat_map(|word| beginning(word, table));
    let matches = candidates.filter_map(|(pattern, says)| Some((*pattern, *says, matched(pattern, rest)?)));
    // Of two equally long ones the more exact: the one with fewer wildcards.
    matches.max_by_key(|(pattern, _, length)| (*length, std::cmp::Reverse(wildcards(pattern))))
}

/// The phrases whose first two bytes are the word's: all it can begin, as stems have at least two letters.
fn beginning<'a, T>(word: &str, table: &'a Table<T>) -> &'a Table<T> {
    let bytes = word.as_bytes();
    let prefix = bytes.get(..2).unwrap_or(bytes);
    let from = table.partition_point(|(pattern, _)| pattern.as_bytes() < prefix);
    let rest = table.get(from..).unwrap_or_default();
    let until = rest.partition_point(|(pattern, _)| pattern.as_bytes().starts_with(prefix));
    rest.get(..until).unwrap_or_default()
}

fn wildcards(pattern: &str) -> usize {
    pattern.bytes().filter(|byte| matches!(byte, b'*' | b'_')).count()
}

/// How many words the pattern takes at the beginning of `rest`, all in one sentence. `*` ends a word that goes on;
/// `_` is any one word. In scripts without spaces each letter is a word.
fn matched(pattern: &str, rest: &[Word]) -> Option<usize> {
    let sentence = rest.first()?.sentence;
    let mut length = 0;
    for part in pattern.split(' ').flat_map(|part| part.split_inclusive(is_spaceless)) {
        let word = rest.get(length).filter(|word| word.sentence == sentence)?;
        if !is_word(part, &word.text) {
            return None;
        }
        length += 1;
    }
    Some(length)
}

pub(crate) fn is_word(part: &str, word: &str) -> bool {
    let fits = |word: &str| match part.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => part == "_" || part == word,
    };
    fits(word) || word.rsplit_once('\'').is_some_and(|(_, tied)| fits(tied))
}

pub(crate) fn is_negated(words: &Words, position: usize, lists: &Tables) -> bool {
    let Some(word) = words.list.get(position) else { return false };
    let before = words.list.get(position.saturating_sub(NEGATION_REACH)..position).unwrap_or_default();
    // A contrast ends what a negation reaches: "not cheap but good".
    let clause =
        before.rsplit(|word| lists.contrasts.contains(&word.text.as_str())).next().unwrap_or_default();
    clause
        .iter()
        .filter(|before| before.clause == word.clause)
        .any(|before| lists.negators.iter().any(|negator| is_word(negator, &before.text)))
}

/// Whether the word at this place is part of a name: in quotation marks, or beside another with a capital. German
/// writes every noun so.
pub(crate) fn is_named(words: &Words, position: usize, lists: &Tables) -> bool {
    let titled = |position: Option<usize>| {
        position.and_then(|position| words.list.get(position)).filter(|word| word.titled)
    };
    let Some(word) = words.list.get(position) else { return false };
    if word.quoted {
        return true;
    }
    let beside = [position.checked_sub(1), position.checked_add(1)];
    word.titled
        && lists.code != "de"
        && beside.into_iter().filter_map(titled).any(|beside| beside.sentence == word.sentence)
}
