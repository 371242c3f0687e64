use hub_store::{MemoryStore, Order, Range, Store, Table, prefix_range};
use proptest::prelude::*;

use super::Draft;

/// A key of two letters, and what becomes of it: a value, or nothing.
type Step = (u8, u8, Option<u8>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0_u8..3, 0_u8..5, prop::option::weighted(0.6, any::<u8>())), 0..24)
}

fn take(draft: &mut Draft<'_>, steps: &[Step]) {
    for (first, second, value) in steps {
        let key = vec![*first, *second];
        match value {
            Some(value) => draft.put_raw(Table::Index, key, vec![*value]),
            None => draft.delete(Table::Index, key),
        }
    }
}

proptest! {
    #[test]
    fn a_draft_reads_as_it_will_once_committed(
        stored in steps(),
        drafted in steps(),
        prefix in prop::option::of(0_u8..3),
        limit in 0_usize..8,
    ) {
        let store = MemoryStore::new();
        let mut before = Draft::new(&store);
        take(&mut before, &stored);
        before.commit(1).unwrap();

        let mut draft = Draft::new(&store);
        take(&mut draft, &drafted);
        let prefix = Vec::from_iter(prefix);
        let scanned = draft.scan(Table::Index, &prefix, limit).unwrap();
        let whole = draft.scan_range(Table::Index, Range::all(), 100).unwrap();
        let got = draft.get_raw(Table::Index, &[1, 1]).unwrap();
        draft.commit(2).unwrap();

        let read = |range, limit| store.scan(Table::Index, range, Order::Ascending, limit).unwrap();
        prop_assert_eq!(scanned, read(prefix_range(&prefix), limit));
        prop_assert_eq!(whole, read(Range::all(), 100));
        prop_assert_eq!(got, store.get(Table::Index, &[1, 1]).unwrap());
    }
}
