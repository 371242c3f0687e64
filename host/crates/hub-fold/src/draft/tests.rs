use hub_store::{MemoryStore, Order, Range, Store, Table, prefix_range};
use proptest::prelude::*;

use super::Draft;

/// A table of which is remembered what was before.
const REMEMBERED: Table = Table::Annotation;

/// A key of two letters, and what becomes of it: a value, or nothing.
type Step = (u8, u8, Option<u8>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0_u8..3, 0_u8..5, prop::option::weighted(0.6, any::<u8>())), 0..24)
}

fn take(draft: &mut Draft<'_>, steps: &[Step]) {
    for (first, second, value) in steps {
        let key = vec![*first, *second];
        match value {
            Some(value) => draft.put_raw(REMEMBERED, key, vec![*value]),
            None => draft.delete(REMEMBERED, key),
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
        let scanned = draft.scan(REMEMBERED, &prefix, limit).unwrap();
        prop_assert_eq!(draft.count_range(REMEMBERED, prefix_range(&prefix), limit).unwrap(), scanned.len());
        let whole = draft.scan_range(REMEMBERED, Range::all(), 100).unwrap();
        let got = draft.get_raw(REMEMBERED, &[1, 1]).unwrap();
        let read_all = |store: &dyn Store| {
            let scanned = [Order::Ascending, Order::Descending]
                .map(|order| store.scan(REMEMBERED, prefix_range(&prefix), order, limit).unwrap());
            (scanned, store.get(REMEMBERED, &[1, 1]).unwrap(), store.count(REMEMBERED).unwrap())
        };
        let seen = read_all(&draft.seen());
        draft.commit(2).unwrap();
        prop_assert_eq!(seen, read_all(&store));

        let read = |range, limit| store.scan(REMEMBERED, range, Order::Ascending, limit).unwrap();
        prop_assert_eq!(scanned, read(prefix_range(&prefix), limit));
        prop_assert_eq!(whole, read(Range::all(), 100));
        prop_assert_eq!(got, store.get(REMEMBERED, &[1, 1]).unwrap());
    }

    #[test]
    fn what_was_before_the_mark_reads_as_the_draft_did_then(
        stored in steps(),
        drafted in steps(),
        looked_at in prop::collection::vec((0_u8..3, 0_u8..5), 0..4),
        reported in steps(),
        prefix in prop::option::of(0_u8..3),
        limit in 0_usize..8,
    ) {
        let store = MemoryStore::new();
        let mut first = Draft::new(&store);
        take(&mut first, &stored);
        first.commit(1).unwrap();

        let mut draft = Draft::new(&store);
        take(&mut draft, &drafted);
        for (first, second) in looked_at {
            draft.get_raw(REMEMBERED, &[first, second]).unwrap();
        }
        let range = prefix_range(&Vec::from_iter(prefix));
        let then = draft.scan_range(REMEMBERED, range.clone(), limit).unwrap();
        prop_assert!(draft.before().is_none());
        draft.remember();
        take(&mut draft, &reported);
        prop_assert_eq!(draft.before().unwrap().scan_range(REMEMBERED, range, limit).unwrap(), then);
        draft.forget_before();
        prop_assert!(draft.before().is_none());
    }
}
