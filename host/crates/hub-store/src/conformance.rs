//! What every [`Store`] does, checked on each of them. A new implementation adds one line at the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::{
    Batch, Before, Change, DiskStore, KEY_BYTES_MAX, MemoryStore, Order, Part, Range, Row, SledOptions,
    SledStore, Store, StoreError, Table, VALUE_BYTES_MAX, prefix_range,
};

/// A store and, if it needs one, its directory; closed before the directory goes.
pub(crate) struct Opened {
    store: Box<dyn Store>,
    disk: Option<(TempDir, Open)>,
}

/// Opens the store in a directory and verifies it.
type Open = fn(&Path) -> Box<dyn Store>;

fn open_memory() -> Opened {
    Opened { store: Box::new(MemoryStore::new()), disk: None }
}

fn open_sled() -> Opened {
    Opened::on_disk(|dir| {
        let store = SledStore::open(dir, &SledOptions::default()).unwrap();
        store.verify().unwrap();
        Box::new(store)
    })
}

/// So that about every second batch of a few rows finds others waiting.
const WAITING_FEW: usize = 4;

fn open_disk() -> Opened {
    Opened::on_disk(|dir| {
        let options = SledOptions { waiting_rows_max: WAITING_FEW, ..SledOptions::default() };
        let store = DiskStore::open(dir, &options).unwrap();
        store.verify().unwrap();
        Box::new(store)
    })
}

impl Opened {
    fn on_disk(open: Open) -> Opened {
        let dir = TempDir::new().unwrap();
        Opened { store: open(&dir.path().join("view")), disk: Some((dir, open)) }
    }

    /// Closes and opens a store that is on disk; others keep what they have anyway.
    fn reopen(self) -> Opened {
        let Some((dir, open)) = self.disk else { return self };
        drop(self.store);
        Opened { store: open(&dir.path().join("view")), disk: Some((dir, open)) }
    }
}

pub(crate) fn put(table: Table, key: &[u8], value: &[u8]) -> Change {
    Change::Put { table, key: key.to_vec(), value: value.to_vec(), before: Before::Unknown }
}

pub(crate) fn delete(table: Table, key: &[u8]) -> Change {
    Change::Delete { table, key: key.to_vec() }
}

pub(crate) fn batch(applied: u64, changes: impl IntoIterator<Item = Change>) -> Batch {
    Batch { applied, changes: changes.into_iter().collect() }
}

/// Bytes of which no two chunks are alike.
pub(crate) fn long_value(seed: u8, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from((at / 8192 + at % 251) % 256).unwrap() ^ seed).collect()
}

fn keys(store: &dyn Store, range: Range, order: Order, limit: usize) -> Vec<Vec<u8>> {
    let rows = store.scan(Table::Index, range, order, limit).unwrap();
    rows.into_iter().map(|(key, _)| key).collect()
}

fn a_new_store_is_empty(opened: Opened) {
    let store = opened.store;
    assert_eq!(store.applied().unwrap(), 0);
    for table in Table::ALL.iter().copied() {
        assert_eq!(store.count(table).unwrap(), 0);
        assert_eq!(store.get(table, b"a").unwrap(), None);
        assert_eq!(store.scan(table, Range::all(), Order::Ascending, 10).unwrap(), Vec::new());
    }
    store.flush().unwrap();
}

fn a_table_does_not_see_the_others(opened: Opened) {
    let rows = Table::ALL.iter().map(|table| put(*table, b"key", table.name().as_bytes()));
    opened.store.commit(batch(1, rows)).unwrap();
    let store = opened.reopen().store;
    for table in Table::ALL.iter().copied() {
        assert_eq!(store.get(table, b"key").unwrap().unwrap(), table.name().as_bytes());
        assert_eq!(store.count(table).unwrap(), 1);
    }
}

fn the_last_change_to_a_key_wins(opened: Opened) {
    let store = &opened.store;
    let changes = [
        put(Table::Order, b"a", b"1"),
        delete(Table::Order, b"a"),
        put(Table::Order, b"b", b"1"),
        put(Table::Order, b"b", b"2"),
        delete(Table::Order, b"c"),
        put(Table::Order, b"c", b"3"),
    ];
    store.commit(batch(1, changes)).unwrap();
    let rows = store.scan(Table::Order, Range::all(), Order::Ascending, 10).unwrap();
    assert_eq!(rows, [(b"b".to_vec(), b"2".to_vec()), (b"c".to_vec(), b"3".to_vec())]);
    assert_eq!(store.count(Table::Order).unwrap(), 2);
}

fn rows_are_counted_once(opened: Opened) {
    let store = &opened.store;
    store.commit(batch(1, [put(Table::Node, b"a", b"1"), put(Table::Node, b"b", b"1")])).unwrap();
    store.commit(batch(2, [put(Table::Node, b"a", b"1"), put(Table::Node, b"b", b"2")])).unwrap();
    store.commit(batch(3, [delete(Table::Node, b"a"), delete(Table::Node, b"absent")])).unwrap();
    store.commit(batch(4, [delete(Table::Node, b"a"), put(Table::Node, b"c", b"")])).unwrap();
    assert_eq!(store.count(Table::Node).unwrap(), 2);
    assert_eq!(opened.reopen().store.count(Table::Node).unwrap(), 2);
}

fn applied_stays_or_moves_on(opened: Opened) {
    let store = &opened.store;
    store.commit(batch(7, [put(Table::Meta, b"a", b"7")])).unwrap();
    store.commit(batch(7, [put(Table::Meta, b"b", b"7")])).unwrap();
    let refused = store.commit(batch(6, [put(Table::Meta, b"a", b"6")]));
    assert!(matches!(refused, Err(StoreError::Backwards { applied: 7, given: 6 })));
    assert_eq!(store.get(Table::Meta, b"a").unwrap().unwrap(), b"7");
    store.commit(batch(9, [])).unwrap();
    assert_eq!(opened.reopen().store.applied().unwrap(), 9);
}

fn a_scan_keeps_to_range_order_and_limit(opened: Opened) {
    let store = &*opened.store;
    let all: [&[u8]; 6] = [b"", b"a", b"a\0", b"ab", b"b", b"\xff"];
    store.commit(batch(1, all.map(|key| put(Table::Index, key, key)))).unwrap();
    let reversed: Vec<_> = all.iter().rev().map(|key| key.to_vec()).collect();

    assert_eq!(keys(store, Range::all(), Order::Ascending, 10), all);
    assert_eq!(keys(store, Range::all(), Order::Descending, usize::MAX), reversed);
    assert_eq!(keys(store, Range::all(), Order::Ascending, 2), all[..2]);
    assert_eq!(keys(store, Range::all(), Order::Descending, 2), reversed[..2]);
    assert_eq!(keys(store, Range::all(), Order::Ascending, 0), all[..0]);
    let range = |from: &[u8], to: &[u8]| Range { from: from.to_vec(), to: Some(to.to_vec()) };
    assert_eq!(keys(store, range(b"a", b"b"), Order::Ascending, 10), all[1..4]);
    assert_eq!(keys(store, range(b"a\0", b"zz"), Order::Descending, 2), [b"b".to_vec(), b"ab".to_vec()]);
    assert_eq!(keys(store, range(b"b", b"b"), Order::Ascending, 10), all[..0]);
    assert_eq!(keys(store, range(b"b", b"a"), Order::Descending, 10), all[..0]);
    assert_eq!(keys(store, Range { from: b"b".to_vec(), to: None }, Order::Ascending, 10), all[4..]);
}

fn a_prefix_finds_its_keys_alone(opened: Opened) {
    let store = &*opened.store;
    let all: [&[u8]; 6] = [b"a", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff\x01"];
    store.commit(batch(1, all.map(|key| put(Table::Index, key, b"")))).unwrap();
    let under = |prefix: &[u8]| keys(store, prefix_range(prefix), Order::Ascending, 10);
    assert_eq!(under(b""), all);
    assert_eq!(under(b"a"), all[..3]);
    assert_eq!(under(b"a\xff"), all[1..3]);
    assert_eq!(under(b"\xff"), all[4..]);
    assert_eq!(under(b"\xff\xff"), all[5..]);
    assert_eq!(under(b"c"), all[..0]);
}

fn long_values_come_back_whole(opened: Opened) {
    let lengths = [0, 1, 8_185, 8_186, 8_187, 8_192, 8_193, 16_384, 16_385, 200_000, VALUE_BYTES_MAX];
    let mut opened = opened;
    for (step, bytes) in (1_u8..).zip(lengths.iter().chain(lengths.iter().rev())) {
        let value = long_value(step, *bytes);
        opened.store.commit(batch(u64::from(step), [put(Table::Delivery, b"same", &value)])).unwrap();
        assert_eq!(opened.store.get(Table::Delivery, b"same").unwrap().as_ref(), Some(&value));
        opened = opened.reopen();
        assert_eq!(opened.store.get(Table::Delivery, b"same").unwrap(), Some(value));
    }
}

fn a_limit_counts_rows_however_long(opened: Opened) {
    let store = &opened.store;
    let rows: Vec<Row> = (0..5_u8).map(|key| (vec![key], long_value(key, 30_000))).collect();
    store.commit(batch(1, rows.iter().map(|(key, value)| put(Table::Event, key, value)))).unwrap();
    assert_eq!(store.scan(Table::Event, Range::all(), Order::Ascending, 3).unwrap(), rows[..3]);
    store.commit(batch(2, [delete(Table::Event, &[1]), put(Table::Event, &[2], b"short")])).unwrap();
    let left = store.scan(Table::Event, Range::all(), Order::Descending, 9).unwrap();
    assert_eq!(left.iter().map(|(_, value)| value.len()).collect::<Vec<_>>(), [30_000, 30_000, 5, 30_000]);
    let store = opened.reopen().store;
    assert_eq!(store.count(Table::Event).unwrap(), 4);
}

fn what_is_too_large_is_refused_whole(opened: Opened) {
    let store = &opened.store;
    let good = put(Table::Survey, b"good", b"");
    let long_key = vec![1; KEY_BYTES_MAX];
    store.commit(batch(1, [put(Table::Survey, &long_key, b"x")])).unwrap();
    assert_eq!(store.get(Table::Survey, &long_key).unwrap().unwrap(), b"x");

    let value = put(Table::Survey, b"a", &vec![0; VALUE_BYTES_MAX + 1]);
    let refused = store.commit(batch(2, [good.clone(), value]));
    assert!(matches!(refused, Err(StoreError::TooLarge { part: Part::Value, .. })));
    let key = delete(Table::Survey, &[1; KEY_BYTES_MAX + 1]);
    let refused = store.commit(batch(2, [good, key]));
    assert!(matches!(refused, Err(StoreError::TooLarge { part: Part::Key, .. })));
    assert_eq!(store.get(Table::Survey, b"good").unwrap(), None);
    assert_eq!(store.applied().unwrap(), 1);
}

fn a_reader_sees_whole_batches(opened: Opened) {
    let store = &*opened.store;
    let write = |generation: u8| {
        let value = |key: u8| if key == 3 { vec![generation; 20_000] } else { vec![generation] };
        let rows = (0..20).map(|key| put(Table::Timeline, &[key], &value(key)));
        store.commit(batch(u64::from(generation), rows)).unwrap();
    };
    write(1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let rows = store.scan(Table::Timeline, Range::all(), Order::Ascending, 100).unwrap();
                let generation = rows[0].1[0];
                assert_eq!(rows.len(), 20);
                assert!(rows.iter().all(|(_, value)| value.iter().all(|byte| *byte == generation)));
            }
        });
        (2..=100).for_each(write);
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
}

/// What the property does to a store and to a map at once.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Change>),
    Scan { table: Table, range: Range, order: Order, limit: usize },
    Reopen,
}

fn any_step() -> impl Strategy<Value = Step> {
    let scan = (any_table(), any_key(), proptest::option::of(any_key()), any::<bool>(), 0..12_usize);
    prop_oneof![
        6 => prop::collection::vec(any_change(), 0..12).prop_map(Step::Commit),
        4 => scan.prop_map(|(table, from, to, ascending, limit)| Step::Scan {
            table,
            range: Range { from, to },
            order: if ascending { Order::Ascending } else { Order::Descending },
            limit,
        }),
        1 => Just(Step::Reopen),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    let bytes = prop::sample::select(vec![0, 1, 200, 8_186, 8_187, 8_192, 8_193, 20_000, 50_000]);
    let value = (any::<u8>(), bytes).prop_map(|(seed, bytes)| long_value(seed, bytes));
    prop_oneof![
        3 => (any_table(), any_key(), value).prop_map(|(table, key, value)| Change::Put {
            table,
            key,
            value,
            before: Before::Unknown,
        }),
        2 => (any_table(), any_key()).prop_map(|(table, key)| Change::Delete { table, key }),
    ]
}

fn any_table() -> impl Strategy<Value = Table> {
    prop::sample::select(vec![Table::Customer, Table::Index, Table::Setting])
}

/// Few and short, so that keys meet again and are prefixes of each other.
fn any_key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, b'a', 0xfe, 0xff]), 0..3)
}

type Model = BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>;

fn check_model(mut opened: Opened, steps: Vec<Step>) {
    let mut model = Model::new();
    for (applied, step) in (1..).zip(steps) {
        match step {
            Step::Commit(mut changes) => {
                changes.iter_mut().step_by(2).for_each(|change| tell_before(&model, change));
                opened.store.commit(batch(applied, changes.clone())).unwrap();
                changes.into_iter().for_each(|change| apply(&mut model, change));
            }
            Step::Scan { table, range, order, limit } => {
                let expected = scan_model(&model, table, &range, order, limit);
                assert_eq!(opened.store.count_in(table, range.clone(), limit).unwrap(), expected.len());
                assert_eq!(opened.store.scan(table, range, order, limit).unwrap(), expected);
            }
            Step::Reopen => opened = opened.reopen(),
        }
    }
    for (table, rows) in &model {
        assert_eq!(opened.store.count(*table).unwrap(), rows.len() as u64);
        for (key, value) in rows {
            assert_eq!(opened.store.get(*table, key).unwrap().as_ref(), Some(value));
        }
    }
}

/// Every other change says what was there, as a writer would that has just read it.
fn tell_before(model: &Model, change: &mut Change) {
    if let Change::Put { table, key, before, .. } = change {
        let row = model.get(table).and_then(|rows| rows.get(key));
        *before = row.map_or(Before::Nothing, |row| Before::Row(row.clone()));
    }
}

fn apply(model: &mut Model, change: Change) {
    match change {
        Change::Put { table, key, value, .. } => model.entry(table).or_default().insert(key, value),
        Change::Delete { table, key } => model.entry(table).or_default().remove(&key),
    };
}

/// Says it the long way round, without a range of its own.
fn scan_model(model: &Model, table: Table, range: &Range, order: Order, limit: usize) -> Vec<Row> {
    let inside = |key: &[u8]| *key >= *range.from && range.to.as_ref().is_none_or(|to| *key < **to);
    let mut rows: Vec<Row> = model
        .get(&table)
        .into_iter()
        .flatten()
        .filter(|(key, _)| inside(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if order == Order::Descending {
        rows.reverse();
    }
    rows.truncate(limit);
    rows
}

/// Opening sled makes some thirty trees; more cases than these take longer than they teach.
const MODEL_CASES: u32 = 48;

macro_rules! conforms {
    ($name:ident, $open:expr, [$($check:ident),+ $(,)?]) => {
        mod $name {
            use super::*;

            $(#[test] fn $check() { super::$check($open()); })+

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(MODEL_CASES))]
                #[test]
                fn a_store_is_a_map(steps in prop::collection::vec(any_step(), 1..40)) {
                    check_model($open(), steps);
                }
            }
        }
    };
    ($($name:ident = $open:expr),+ $(,)?) => {
        $(conforms!($name, $open, [
            a_new_store_is_empty,
            a_table_does_not_see_the_others,
            the_last_change_to_a_key_wins,
            rows_are_counted_once,
            applied_stays_or_moves_on,
            a_scan_keeps_to_range_order_and_limit,
            a_prefix_finds_its_keys_alone,
            long_values_come_back_whole,
            a_limit_counts_rows_however_long,
            what_is_too_large_is_refused_whole,
            a_reader_sees_whole_batches,
        ]);)+
    };
}

conforms!(memory = open_memory, sled = open_sled, disk = open_disk);
