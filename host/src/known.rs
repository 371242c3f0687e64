//! Which delivery keys may have been seen: a filter in memory that is never wrong about a new one, so that the view, which
//! is locked while it commits, is asked only about those that probably are copies.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use fastbloom::AtomicBloomFilter;
use hub_store::{Order, Range, Store, StoreError, Table};

/// Keys one generation is made for; the next begins when it is full. Some 2 MB each.
const GENERATION_KEYS: usize = 1 << 20;
/// A question to the view for one in a thousand new deliveries is nothing.
const FALSE_POSITIVES: f64 = 0.001;
/// Keys read from the view at once.
const PAGE: usize = 4_096;

pub(crate) struct Known {
    generations: RwLock<Vec<Generation>>,
    /// Until the view's keys are in, everything may be known.
    loaded: AtomicBool,
}

struct Generation {
    filter: AtomicBloomFilter,
    keys: std::sync::atomic::AtomicUsize,
}

impl Generation {
    fn new() -> Self {
        // The seed is fixed: keys are hashes already, and nobody outside can choose them.
        let filter =
            AtomicBloomFilter::with_false_pos(FALSE_POSITIVES).seed(&0).expected_items(GENERATION_KEYS);
        Self { filter, keys: std::sync::atomic::AtomicUsize::new(0) }
    }
}

impl Known {
    pub(crate) fn new() -> Self {
        Self { generations: RwLock::new(vec![Generation::new()]), loaded: AtomicBool::new(false) }
    }

    /// Takes in the keys the view has. Until it returns, every key counts as possibly known.
    ///
    /// # Errors
    /// The store's; then the view goes on being asked about everything.
    pub(crate) fn load(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let rows = store.scan(Table::Dedupe, Range { from, to: None }, Order::Ascending, PAGE)?;
            rows.iter().for_each(|(key, _)| self.insert(key));
            match rows.last() {
                Some((last, _)) if rows.len() == PAGE => {
                    from = last.clone();
                    from.push(0);
                }
                _ => break,
            }
        }
        self.loaded.store(true, Ordering::SeqCst);
        Ok(())
    }

    pub(crate) fn insert(&self, key: &[u8]) {
        let full = {
            let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
            let Some(newest) = generations.last() else { return };
            newest.filter.insert(key);
            newest.keys.fetch_add(1, Ordering::Relaxed) == GENERATION_KEYS
        };
        if full {
            self.generations.write().unwrap_or_else(PoisonError::into_inner).push(Generation::new());
        }
    }

    /// False only for a key that was never inserted.
    pub(crate) fn may_contain(&self, key: &[u8]) -> bool {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        !self.loaded.load(Ordering::SeqCst)
            || generations.iter().any(|generation| generation.filter.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_wrong_about_an_inserted_key_and_rarely_about_a_new_one() {
        let known = Known::new();
        assert!(known.may_contain(b"anything"), "nothing is loaded yet");
        known.load(&hub_store::MemoryStore::new()).unwrap();
        let key = |number: u32| *blake3::hash(&number.to_le_bytes()).as_bytes();
        (0..20_000).for_each(|number| known.insert(&key(number)));
        assert!((0..20_000).all(|number| known.may_contain(&key(number))));
        let wrong = (20_000..40_000).filter(|number| known.may_contain(&key(*number))).count();
        assert!(wrong < 100, "{wrong} of 20000 new keys were taken for known");
    }
}
