//! What sled's file may do to us: damage, loss, locks and panics, all of it told and none of it fatal.

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::Change;
use crate::conformance::{batch, delete, long_value, put};

/// What a failing disk does, or sled itself, behind the store's back.
impl Section {
    fn insert(&self, key: &[u8], entry: impl Into<IVec>) -> sled::Result<Option<IVec>> {
        self.tree.insert(self.key(key), entry)
    }

    fn remove(&self, key: &[u8]) -> sled::Result<Option<IVec>> {
        self.tree.remove(self.key(key))
    }

    fn entries(&self) -> Vec<IVec> {
        let rows = self.scan(&Range::all(), Order::Ascending, usize::MAX).unwrap();
        rows.into_iter().map(|(_, entry)| entry).collect()
    }
}

const SHORT: &[u8] = b"+491700000001";
const LONG: &[u8] = b"long@example.com";

/// A view with one row that fits into its entry and one that does not.
pub(super) fn view() -> (TempDir, PathBuf, SledStore) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("view");
    let store = SledStore::open(&path, &SledOptions::default()).unwrap();
    let rows = [put(Table::Customer, SHORT, b"Ana"), put(Table::Customer, LONG, &long_value(1, 20_000))];
    store.commit(batch(5, rows)).unwrap();
    (dir, path, store)
}

pub(super) fn reopen(path: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(path, &SledOptions::default())
}

fn is_damaged<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Damaged { table: Table::Customer, .. }))
}

#[test]
fn a_wrong_word_about_the_row_before_is_refused() {
    let (_dir, _path, store) = view();
    for before in [Before::Nothing, Before::Row(b"Bea".to_vec())] {
        let (table, key, value) = (Table::Customer, SHORT.to_vec(), b"Cia".to_vec());
        let told = store.commit(batch(6, [Change::Put { table, key, value, before }]));
        assert!(told.unwrap_err().to_string().contains(WRONG_BEFORE));
    }
    assert_eq!(store.get(Table::Customer, SHORT).unwrap().as_deref(), Some(b"Ana".as_slice()));
}

/// Every way to meet the row says that it is damaged, and says no more than that.
fn check_damage_is_told(store: &SledStore, key: &[u8]) {
    let found = store.get(Table::Customer, key);
    assert!(is_damaged(&found));
    assert!(is_damaged(&store.scan(Table::Customer, Range::all(), Order::Ascending, 10)));
    assert!(is_damaged(&store.verify().map(|()| Vec::<Row>::new())));
    let error = found.unwrap_err();
    assert!(error.asks_for_rebuild());
    let told = format!("{error} {error:?}");
    assert!(!told.contains("49170") && !told.contains("example"), "{told}");
}

#[test]
fn garbage_is_damage() {
    let (_dir, _path, store) = view();
    for garbage in [&b""[..], b"\x01", b"garbage that was never an entry", &[1, 1, 0, 0, 0, 0], &[0xff; 14]] {
        store.engine().rows(Table::Customer).insert(SHORT, garbage).unwrap();
        check_damage_is_told(&store, SHORT);
        assert_eq!(store.get(Table::Customer, LONG).unwrap().unwrap().len(), 20_000);
    }
    let refused = store.commit(batch(6, [put(Table::Order, b"a", b"1"), delete(Table::Customer, SHORT)]));
    assert!(is_damaged(&refused));
    assert_eq!(store.get(Table::Order, b"a").unwrap(), None);
    assert_eq!(store.applied().unwrap(), 5);
}

#[test]
fn every_flipped_bit_of_an_entry_is_damage() {
    let (_dir, _path, store) = view();
    for key in [SHORT, LONG] {
        let rows = store.engine().rows(Table::Customer);
        let entry = rows.get(key).unwrap().unwrap().to_vec();
        for bit in 0..entry.len() * 8 {
            let mut flipped = entry.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            rows.insert(key, flipped).unwrap();
            assert!(is_damaged(&store.get(Table::Customer, key)), "bit {bit}");
        }
        rows.insert(key, entry).unwrap();
    }
    store.verify().unwrap();
}

#[test]
fn a_row_under_another_key_is_damage() {
    let (_dir, _path, store) = view();
    let rows = store.engine().rows(Table::Customer);
    let entry = rows.get(SHORT).unwrap().unwrap();
    rows.insert(LONG, entry.clone()).unwrap();
    check_damage_is_told(&store, LONG);
    store.engine().rows(Table::Profile).insert(SHORT, entry).unwrap();
    assert!(matches!(store.get(Table::Profile, SHORT), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_missing_or_changed_chunk_is_damage() {
    let (_dir, _path, store) = view();
    let chunk_key = chunk::chunk_key(Table::Customer, LONG, 1);
    let part = store.engine().chunks.remove(&chunk_key).unwrap().unwrap();
    check_damage_is_told(&store, LONG);
    let mut flipped = part.to_vec();
    flipped[17] ^= 1;
    store.engine().chunks.insert(&chunk_key, flipped).unwrap();
    check_damage_is_told(&store, LONG);
    store.engine().chunks.insert(&chunk_key, part).unwrap();
    store.verify().unwrap();
}

#[test]
fn verify_finds_what_is_missing_or_old() {
    let (_dir, _path, store) = view();
    let rows = store.engine().rows(Table::Customer);
    let entry = rows.remove(SHORT).unwrap().unwrap();
    assert_eq!(store.get(Table::Customer, SHORT).unwrap(), None);
    assert!(store.verify().unwrap_err().asks_for_rebuild());
    rows.insert(SHORT, entry).unwrap();
    store.verify().unwrap();

    let old = rows.get(SHORT).unwrap().unwrap();
    store.commit(batch(6, [put(Table::Customer, SHORT, b"Ana Maria")])).unwrap();
    store.verify().unwrap();
    let new = rows.insert(SHORT, old).unwrap().unwrap();
    assert_eq!(store.get(Table::Customer, SHORT).unwrap().unwrap(), b"Ana");
    assert!(store.verify().unwrap_err().asks_for_rebuild());
    rows.insert(SHORT, new).unwrap();

    store.engine().chunks.insert(b"of no row", b"").unwrap();
    assert!(store.verify().unwrap_err().asks_for_rebuild());
}

#[test]
fn a_long_value_leaves_no_chunks_behind() {
    let (_dir, _path, store) = view();
    store.commit(batch(6, [put(Table::Customer, LONG, &long_value(2, 9_000))])).unwrap();
    assert_eq!(store.engine().chunks.entries().len(), 2);
    store.commit(batch(7, [put(Table::Customer, LONG, b"short")])).unwrap();
    assert!(store.engine().chunks.is_empty().unwrap());
    store.commit(batch(8, [put(Table::Customer, LONG, &long_value(3, 90_000))])).unwrap();
    store.commit(batch(9, [delete(Table::Customer, LONG)])).unwrap();
    assert!(store.engine().chunks.is_empty().unwrap());
}

#[test]
fn no_entry_is_longer_than_the_engine_likes() {
    let (_dir, _path, store) = view();
    let lengths = [8_186, 8_187, 100_000, crate::VALUE_BYTES_MAX];
    let rows = lengths.map(|bytes| put(Table::Delivery, &bytes.to_be_bytes(), &vec![7; bytes]));
    store.commit(batch(6, rows)).unwrap();
    for section in [store.engine().rows(Table::Delivery), &store.engine().chunks] {
        assert!(section.entries().iter().all(|entry| entry.len() <= 8 * 1024));
    }
}

/// Changes the state row behind the store's back and answers how the next open ends.
fn open_with_state(row: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Result<SledStore, StoreError> {
    let (dir, path, store) = view();
    let state = store.engine().state.remove(STATE_KEY).unwrap().unwrap();
    if let Some(row) = row(state.to_vec()) {
        store.engine().state.insert(STATE_KEY, row).unwrap();
    }
    drop(store);
    let opened = reopen(&path);
    drop(dir);
    opened
}

#[test]
fn a_bad_state_row_is_refused() {
    assert_eq!(open_with_state(Some).unwrap().applied().unwrap(), 5);
    let found = open_with_state(|mut row| {
        row[0] = 9;
        Some(row)
    });
    assert!(matches!(found, Err(StoreError::Format { found: 9, known: state::FORMAT })));
    let found = open_with_state(|mut row| {
        row[5] ^= 1;
        Some(row)
    });
    assert!(matches!(found, Err(StoreError::Engine { .. })));
    assert!(matches!(open_with_state(|_| Some(Vec::new())), Err(StoreError::Engine { .. })));
    assert!(matches!(open_with_state(|_| None), Err(StoreError::Engine { .. })));
}

#[test]
fn a_lost_table_is_refused() {
    let (_dir, path, store) = view();
    for key in [SHORT, LONG] {
        store.engine().rows(Table::Customer).remove(key).unwrap();
    }
    drop(store);
    assert!(reopen(&path).err().unwrap().asks_for_rebuild());
}

/// Keys of few ids, some of them too short to have one, and of three tables, one of which is not grouped.
fn grouped_row() -> impl Strategy<Value = (Table, Vec<u8>)> {
    let table = prop::sample::select(vec![Table::Node, Table::Index, Table::Event]);
    (table, grouped_key())
}

fn grouped_key() -> impl Strategy<Value = Vec<u8>> {
    let id = prop::sample::select(vec![[0; 16], [1; 16], [0xff; 16]]);
    let length = prop::sample::select(vec![0_usize, 1, 15, 16]);
    (id, length, prop::collection::vec(prop::sample::select(vec![0, 7, 0xff]), 0..3)).prop_map(
        |(id, length, rest)| {
            let mut key = id[..length].to_vec();
            if length == 16 {
                key.extend(rest);
            }
            key
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn grouped_tables_read_as_any_other(
        rows in prop::collection::vec(grouped_row(), 0..60),
        ranges in prop::collection::vec((grouped_key(), prop::option::of(grouped_key()), 0_usize..6), 60),
    ) {
        let dir = TempDir::new().unwrap();
        let store = reopen(&dir.path().join("view")).unwrap();
        let memory = crate::MemoryStore::new();
        let puts: Vec<Change> = rows.iter().map(|(table, key)| put(*table, key, key)).collect();
        store.commit(batch(1, puts.clone())).unwrap();
        memory.commit(batch(1, puts)).unwrap();
        store.verify().unwrap();
        for (from, to, limit) in ranges {
            let within = crate::prefix_range(&from);
            for range in [Range { from, to }, within] {
                for order in [Order::Ascending, Order::Descending] {
                    for table in [Table::Node, Table::Index, Table::Event] {
                        let read = |store: &dyn Store| store.scan(table, range.clone(), order, limit).unwrap();
                        prop_assert_eq!(read(&store), read(&memory), "{:?} {:?} {:?}", table, range, order);
                    }
                }
            }
        }
    }
}

#[test]
fn a_view_of_the_layout_before_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("view");
    let db = sled::open(&path).unwrap();
    db.open_tree(STATE_TREE_OF_FORMAT_1).unwrap().insert(STATE_KEY, vec![1]).unwrap();
    drop(db);
    assert!(matches!(reopen(&path), Err(StoreError::Format { found: 1, known: state::FORMAT })));
}

#[test]
fn a_view_is_open_once() {
    let (_dir, path, store) = view();
    assert!(matches!(reopen(&path), Err(StoreError::Locked)));
    drop(store);
    assert_eq!(reopen(&path).unwrap().applied().unwrap(), 5);
}

#[test]
fn a_panic_shuts_the_fence() {
    let (_dir, _path, store) = view();
    let panicked: Result<(), _> = store.fence.run(|| panic!("of the engine's"));
    assert!(matches!(panicked, Err(StoreError::Engine { message: "panicked" })));
    assert!(matches!(store.get(Table::Customer, SHORT), Err(StoreError::Engine { .. })));
    assert!(matches!(store.applied(), Err(StoreError::Engine { .. })));
    assert!(store.commit(batch(6, [])).unwrap_err().asks_for_rebuild());
}

#[test]
fn the_engines_own_words_stay_behind_the_fence() {
    let fence = Fence::default();
    let failed: Result<(), _> = fence.run(|| Err(sled::Error::ReportableBug("Ana".to_owned()).into()));
    assert!(!format!("{:?}", failed.unwrap_err()).contains("Ana"));
    assert!(fence.is_shut());
}

#[test]
fn a_batch_torn_by_the_engine_is_refused_at_open() {
    let (_dir, path, store) = view();
    store.fence.run(|| -> Result<(), Fault> { panic!("inside a batch") }).unwrap_err();
    store.commit(batch(6, [put(Table::Order, b"a", b"1")])).unwrap_err();
    drop(store);
    assert!(reopen(&path).err().unwrap().asks_for_rebuild());
}

/// The places to damage are spread over what sled wrote, each in a copy of its own.
const FLIPS: usize = 24;
const GENERATIONS: u64 = 60;
const ROWS: u64 = 40;

/// Later generations overwrite some of the rows of earlier ones and add others.
fn generation(applied: u64) -> impl Iterator<Item = Row> {
    let row = move |key: u64| {
        let repeat = if key.is_multiple_of(7) { 1_500 } else { 30 };
        ((key * applied).to_be_bytes().to_vec(), (key + ROWS * applied).to_be_bytes().repeat(repeat))
    };
    (0..ROWS).map(row)
}

/// What sled makes of a flipped bit is up to sled, and it likes to go back to an earlier state. That nothing panics
/// and that what verifies is exactly what was committed is up to us.
#[test]
fn a_damaged_file_is_refused_or_whole() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("view");
    let store = reopen(&path).unwrap();
    for applied in 1..=GENERATIONS {
        let rows = generation(applied).map(|(key, value)| put(Table::Timeline, &key, &value));
        store.commit(batch(applied, rows)).unwrap();
    }
    drop(store);
    let written: Vec<usize> = (0..)
        .zip(fs::read(path.join("db")).unwrap())
        .filter(|(_, byte)| *byte != 0)
        .map(|(at, _)| at)
        .collect();
    let mut noticed = 0;
    for flip in 0..FLIPS {
        let copy = dir.path().join(flip.to_string());
        copy_with_flipped_bit(&path, &copy, written[written.len() * flip / FLIPS + flip]);
        noticed += usize::from(open_damaged(&copy) != Some(GENERATIONS));
    }
    assert!(noticed > 0, "no flip did any damage");
}

/// Answers how far a damaged view is, when it passes for whole.
fn open_damaged(view: &Path) -> Option<u64> {
    let store = reopen(view).ok()?;
    store.verify().ok()?;
    let applied = store.applied().unwrap();
    let rows = store.scan(Table::Timeline, Range::all(), Order::Ascending, usize::MAX).unwrap();
    let expected: BTreeMap<_, _> = (1..=applied).flat_map(generation).collect();
    assert_eq!(rows.len(), expected.len());
    assert!(rows.into_iter().eq(expected), "verified at {applied}, but other rows");
    Some(applied)
}

fn copy_with_flipped_bit(view: &Path, copy: &Path, at: usize) {
    fs::create_dir(copy).unwrap();
    for entry in fs::read_dir(view).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
    }
    let mut bytes = fs::read(view.join("db")).unwrap();
    bytes[at] ^= 0x10;
    fs::write(copy.join("db"), bytes).unwrap();
}

/// A view that opens, though a row of it is lost.
fn lacking_a_row() -> (TempDir, PathBuf) {
    let (dir, path, store) = view();
    store.commit(batch(6, [put(Table::Customer, b"third", b"Cia")])).unwrap();
    store.engine().rows(Table::Customer).remove(SHORT).unwrap();
    (dir, path)
}

#[test]
fn who_opens_it_first_after_a_start_of_the_machine_reads_every_row() {
    let (_dir, path) = lacking_a_row();
    drop(reopen(&path).unwrap());
    for of_another_run in [Some("6f1c0d5e-0000-4000-8000-000000000000\n"), Some(""), None] {
        match of_another_run {
            Some(name) => fs::write(path.join("boot"), name).unwrap(),
            None => fs::remove_file(path.join("boot")).unwrap(),
        }
        assert!(reopen(&path).err().unwrap().asks_for_rebuild(), "{of_another_run:?}");
    }
}

#[test]
fn a_view_that_knows_more_than_its_journal_asks_for_a_rebuild() {
    let (_dir, path, store) = view();
    drop(store);
    for (last, is_ahead) in [(4, true), (5, false), (6, false)] {
        let opened = SledStore::open_within(&path, &SledOptions::default(), last);
        assert_eq!(
            opened.is_err_and(|error| error.asks_for_rebuild()),
            is_ahead,
            "a journal that ends at {last}"
        );
    }
}
