//! Parked deliveries that name a person: no connector has read them, so nothing but a search says whose they are.

use std::collections::BTreeSet;

use hub_fold::read::{self, CustomerCard, DeliveryQuery};
use hub_fold::{FoldError, Record};
use hub_journal::Journal;
use hub_store::Store;

use crate::stored;

/// Shorter than this a word is found anywhere: an id `12`, a name `Bo`.
const WORD_CHARS_MIN: usize = 5;

/// Deliveries listed at once.
const PAGE: usize = 500;

/// The parked deliveries in which a key, an id or the name of this customer stands.
///
/// # Errors
/// The store's, or a row that cannot be read. A record that cannot be read is passed over.
pub(crate) fn naming(
    store: &dyn Store,
    journal: &Journal,
    card: &CustomerCard,
) -> Result<Vec<u64>, FoldError> {
    let words = words(card);
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let query = DeliveryQuery { state: Some("parked".to_owned()), connection: None, before, limit: PAGE };
        let page = read::deliveries(store, &query)?;
        let Some(last) = page.last() else { return Ok(found) };
        before = Some(last.seq);
        found.extend(page.iter().filter(|one| !one.erase).map(|one| one.seq).filter(|seq| {
            let record = stored::record(journal, *seq).ok().flatten().map(|stored| stored.record);
            matches!(record, Some(Record::Delivery(delivery)) if names(&delivery.body, &words))
        }));
    }
}

/// What the person is called and reached by, in lower case.
fn words(card: &CustomerCard) -> BTreeSet<String> {
    let ids = card.summary.accounts.iter().map(|account| account.id.as_str());
    let keys = card.links.iter().map(|link| link.value.trim_start_matches('+'));
    let names = card.profiles.iter().filter_map(|profile| profile.name.as_deref());
    let words = ids.chain(keys).chain(names).map(str::to_lowercase);
    words.filter(|word| word.chars().count() >= WORD_CHARS_MIN).collect()
}

/// Whether one of the words stands in the body, not as a part of a longer one.
fn names(body: &[u8], words: &BTreeSet<String>) -> bool {
    let body = String::from_utf8_lossy(body).to_lowercase();
    words.iter().any(|word| {
        body.match_indices(word.as_str()).any(|(at, found)| {
            let before = body.get(..at).and_then(|before| before.chars().next_back());
            let after = body.get(at + found.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_name_somebody() {
        let check = |body: &str, word: &str, expected: bool| {
            assert_eq!(names(body.as_bytes(), &BTreeSet::from([word.to_owned()])), expected, "{body}");
        };
        check(r#"{"from":"Ana@Example.com"}"#, "ana@example.com", true);
        check(r#"{"id":7001234}"#, "700123", false);
        check(r#"{"id":7001234}"#, "7001234", true);
        check("ana silva", "silva", true);
    }
}
