//! What a general list of English words (VADER's) hears in a text. The list is turned into hashes when the component
//! is built; how its words are added up is VADER's: `s / sqrt(s² + 15)`.

use crate::cues::is_negated;
use crate::tables::{GENERAL_VALENCES, GENERAL_WORDS, Tables};
use crate::word_hash::word_hash;
use crate::words::Words;

/// VADER's 15, for sums in tenths.
const SPREAD: u64 = 1_500;

/// Hundredths, from -100 to 100.
pub(crate) fn opinion(words: &Words, lists: &Tables) -> i32 {
    let mut sum = 0_i32;
    for (position, word) in words.list.iter().enumerate() {
        let valence = valence(&word.text);
        // VADER has negation turn about three quarters of a word.
        let valence = if is_negated(words, position, lists) { -valence * 3 / 4 } else { valence };
        sum = sum.saturating_add(valence);
    }
    let size = u64::from(sum.unsigned_abs());
    let whole = size.saturating_mul(size).saturating_add(SPREAD).isqrt().max(1);
    i32::try_from(size.saturating_mul(100) / whole).unwrap_or(100) * sum.signum()
}

/// Tenths, from -40 to 40; 0 for a word the list does not have.
fn valence(word: &str) -> i32 {
    let found = GENERAL_WORDS.binary_search(&word_hash(word)).ok();
    found.and_then(|index| GENERAL_VALENCES.get(index)).map_or(0, |tenths| i32::from(*tenths))
}
