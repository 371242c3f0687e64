//! Measures what a commit costs: `cargo run --release -p hub-store --example commit_rate [batches]`.
//!
//! A batch is what the fold makes of 256 journal records: 10 puts of 200 bytes each, under random keys, over six
//! tables. Next to the two stores it measures the layout we did not choose, a tree for each table and sled's transaction
//! over those a batch touches, so that the choice can be looked at again.
#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use hub_store::{Batch, Before, Change, MemoryStore, SledOptions, SledStore, Store, Table};
use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionalTree};

const BATCHES_DEFAULT: u64 = 100;
const PUTS_PER_BATCH: u64 = 256 * 10;
const VALUE_BYTES: usize = 200;
const TABLES: [Table; 6] =
    [Table::Delivery, Table::Event, Table::Customer, Table::Interaction, Table::Timeline, Table::Index];

fn main() -> Result<(), Box<dyn Error>> {
    let batches = env::args().nth(1).map_or(Ok(BATCHES_DEFAULT), |count| count.parse())?;
    let dir = tempfile::tempdir()?;

    let memory = MemoryStore::new();
    measure("memory", batches, |batch| Ok(memory.commit(batch)?))?;
    drop(memory);

    let path = dir.path().join("view");
    let store = SledStore::open(&path, &SledOptions::default())?;
    measure("sled", batches, |batch| Ok(store.commit(batch)?))?;
    report_reads(&store)?;
    drop(store);
    report_size(&path)?;
    let start = Instant::now();
    let store = SledStore::open(&path, &SledOptions::default())?;
    println!("  opened again in {:?} at {}", start.elapsed(), store.applied()?);
    report_memory()?;
    drop(store);

    let path = dir.path().join("trees");
    let trees = Trees::open(&path)?;
    measure("sled, a tree per table, transaction", batches, |batch| trees.commit(&batch))?;
    drop(trees);
    report_size(&path)?;
    Ok(())
}

type Commit<'a> = dyn FnMut(Batch) -> Result<(), Box<dyn Error>> + 'a;

fn measure(
    name: &str,
    batches: u64,
    mut commit: impl FnMut(Batch) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut random = Random(1);
    let mut times = Vec::new();
    for applied in 1..=batches {
        times.push(time_one(&mut random, applied, &mut commit)?);
    }
    times.sort();
    let total: Duration = times.iter().sum();
    let puts = u128::from(batches * PUTS_PER_BATCH);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let slowest = times.last().copied().unwrap_or_default();
    println!("{name}: {} ns per put, batch p50 {median:?}, max {slowest:?}", total.as_nanos() / puts.max(1));
    Ok(())
}

fn time_one(random: &mut Random, applied: u64, commit: &mut Commit<'_>) -> Result<Duration, Box<dyn Error>> {
    let changes =
        (0..PUTS_PER_BATCH).zip(TABLES.iter().cycle()).map(|(_, table)| random.put(*table)).collect();
    let start = Instant::now();
    commit(Batch { applied, changes })?;
    Ok(start.elapsed())
}

/// The layout we did not choose. A transaction looks up every key before it writes.
struct Trees {
    _db: sled::Db,
    tables: Vec<sled::Tree>,
}

impl Trees {
    fn open(path: &Path) -> Result<Trees, Box<dyn Error>> {
        let cache_bytes = SledOptions::default().cache_bytes;
        let db = sled::Config::new().path(path).cache_capacity(cache_bytes).open()?;
        let tables = TABLES.iter().map(|table| db.open_tree(table.name())).collect::<Result<_, _>>()?;
        Ok(Trees { _db: db, tables })
    }

    fn commit(&self, batch: &Batch) -> Result<(), Box<dyn Error>> {
        let done = self.tables.as_slice().transaction(|trees: &Vec<TransactionalTree>| {
            for change in &batch.changes {
                let Change::Put { table, key, value, .. } = change else { continue };
                let tree = TABLES.iter().zip(trees).find(|(known, _)| *known == table);
                if let Some((_, tree)) = tree {
                    tree.insert(key.as_slice(), value.as_slice())?;
                }
            }
            Ok::<(), ConflictableTransactionError<sled::Error>>(())
        });
        Ok(done.map_err(|error| format!("{error:?}"))?)
    }
}

fn report_reads(store: &SledStore) -> Result<(), Box<dyn Error>> {
    let rows = store.scan(Table::Customer, hub_store::Range::all(), hub_store::Order::Ascending, 10_000)?;
    let start = Instant::now();
    for (key, _) in &rows {
        store.get(Table::Customer, key)?;
    }
    println!("  get {} ns", start.elapsed().as_nanos() / (rows.len() as u128).max(1));
    let start = Instant::now();
    store.verify()?;
    println!("  verify {:?}", start.elapsed());
    report_memory()
}

fn report_memory() -> Result<(), Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmRSS")) {
        println!("  {line}");
    }
    Ok(())
}

fn report_size(path: &Path) -> io::Result<()> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += entry?.metadata()?.len();
    }
    println!("  {} MiB on disk", bytes / (1024 * 1024));
    Ok(())
}

/// SplitMix64: the same rows each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn put(&mut self, table: Table) -> Change {
        let key = [self.next().to_be_bytes(), self.next().to_be_bytes()].concat();
        let value = self.next().to_le_bytes().repeat(VALUE_BYTES / 8);
        Change::Put { table, key, value, before: Before::Nothing }
    }
}
