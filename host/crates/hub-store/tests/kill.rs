//! A process killed at any moment leaves whole batches and nothing else.
//!
//! The test starts itself again as the process to kill. That one commits generation after generation, each under
//! all keys at once, and says so line by line; it is killed after a number of lines that differs from round to
//! round, and so somewhere inside the batches that follow.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use hub_store::{Batch, Before, Change, DiskStore, Order, Range, SledOptions, Store, Table};

const TEST: &str = "a_killed_process_leaves_whole_batches";
const VIEW: &str = "HUB_STORE_KILL_VIEW";
const ROUNDS: usize = 20;
const TABLES: [Table; 3] = [Table::Customer, Table::Timeline, Table::Index];
const KEYS: u64 = 40;
/// Where a process that nobody kills stops by itself.
const GENERATIONS_MAX: u64 = 20_000;

#[test]
fn a_killed_process_leaves_whole_batches() {
    if let Some(view) = env::var_os(VIEW) {
        write_until_killed(&PathBuf::from(view)).expect("the view can be written");
        return;
    }
    let home = tempfile::tempdir().expect("a directory");
    let view = home.path().join("view");
    let mut reached = 0;
    for round in 0..ROUNDS {
        kill_after(&view, 1 + round * 37 % 90);
        let applied = check_one_generation(&view);
        assert!(applied >= reached, "round {round} went back from {reached} to {applied}");
        reached = applied;
    }
    assert!(reached > 0, "no batch ever reached the disk");
    assert!(fs::metadata(&view).is_ok_and(|view| view.is_dir()));
}

fn kill_after(view: &Path, lines: usize) {
    let mut child = start(view);
    let output = child.stdout.take().expect("its output is piped");
    let mut said =
        BufReader::new(output).lines().map_while(Result::ok).filter(|line| line.starts_with("generation"));
    assert!(said.nth(lines - 1).is_some(), "the process ended before it was killed");
    child.kill().expect("it still runs");
    child.wait().expect("it was ours to kill");
}

fn start(view: &Path) -> Child {
    Command::new(env::current_exe().expect("a test has a file"))
        .args([TEST, "--exact", "--nocapture"])
        .env(VIEW, view)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the test starts again")
}

fn write_until_killed(view: &Path) -> Result<(), Box<dyn std::error::Error>> {
    // Each batch when the next comes, and as often as sled can, so that most kills fall into a write.
    let options =
        SledOptions { flush_every: Duration::from_millis(1), waiting_rows_max: 1, ..SledOptions::default() };
    let store = DiskStore::open(view, &options)?;
    let start = store.applied()?;
    for generation in start + 1..start + GENERATIONS_MAX {
        store.commit(Batch { applied: generation, changes: changes(generation) })?;
        writeln!(io::stdout(), "generation {generation}")?;
    }
    Ok(())
}

/// Every third key has a value of several chunks in every second generation.
fn changes(generation: u64) -> Vec<Change> {
    let row = |table: Table, key: u64| {
        let repeat = if key.is_multiple_of(3) && generation.is_multiple_of(2) { 2_500 } else { 1 };
        let value = generation.to_be_bytes().repeat(repeat);
        Change::Put { table, key: key.to_be_bytes().to_vec(), value, before: Before::Unknown }
    };
    TABLES.iter().flat_map(|table| (0..KEYS).map(|key| row(*table, key))).collect()
}

fn check_one_generation(view: &Path) -> u64 {
    let store = DiskStore::open(view, &SledOptions::default()).expect("the view opens");
    store.verify().expect("the view is sound");
    let applied = store.applied().expect("applied is known");
    let rows_expected = if applied == 0 { 0 } else { KEYS };
    for table in TABLES {
        let rows =
            store.scan(table, Range::all(), Order::Ascending, usize::MAX).expect("the table can be read");
        assert_eq!(rows.len() as u64, rows_expected);
        let whole = |value: &[u8]| value.chunks(8).all(|part| part == applied.to_be_bytes());
        assert!(rows.iter().all(|(_, value)| whole(value)), "not all rows are of generation {applied}");
    }
    applied
}
