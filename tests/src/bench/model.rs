//! How fast events become the model and how fast the model answers, without a hub around it: as the history of a shop
//! grows, in memory and on disk.

mod population;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hub_fold::read::{self, TimelineQuery};
use hub_fold::record::Record;
use hub_fold::{Fold, FoldError, Sequenced};
use hub_store::{DiskStore, MemoryStore, SledOptions, Store, begin_rebuild, finish_rebuild, pack_rebuild};

use super::table::Table;
use population::{Population, REGULARS};

/// Calls each figure is taken over.
const CALLS: u64 = 1_000;

/// Entries of a page, as the console asks for.
const PAGE: usize = 50;

/// Answers of a search, as the console asks for.
const FOUND: usize = 20;

/// Records folded at once: what the hub's folder takes when it has fallen behind.
const BATCH: usize = 256;

/// Bytes folded at once, likewise.
const BATCH_BYTES: usize = 4 << 20;

/// What is typed into the search, with a customer's number where the braces stand.
const SEARCHES: [&str; 8] =
    ["person{}@example.com", "030 1{}", "#{}", "@handle.{}", "jose", "ma", "josé fam{}", "gi fa"];

/// One column for each size of history, the largest as many interactions as given.
pub(super) fn measure(interactions: u64) -> Result<Table, String> {
    let sizes = [interactions / 100, interactions / 10, interactions].map(|size| size.max(1_000));
    let mut columns = Vec::new();
    // On disk first, the largest last: what is resident then is the view and little else.
    for size in sizes {
        eprintln!("model, {size} interactions");
        columns.push(column(Population::new(size)).map_err(|error| error.to_string())?);
    }
    for (column, size) in columns.iter_mut().zip(sizes).take(sizes.len() - 1) {
        eprintln!("model, {size} interactions in memory");
        in_memory(column, Population::new(size)).map_err(|error| error.to_string())?;
    }
    let [small, middle, large] = sizes.map(|size| format!("{size} interactions"));
    let mut table = Table::of(&["model", &small, &middle, &large, "goal"]);
    for (figure, goal) in FIGURES {
        let measured = columns.iter().map(|column| {
            let known = column.iter().find(|(name, _)| *name == figure);
            known.map_or_else(|| "–".to_owned(), |(_, measured)| measured.clone())
        });
        table.cells([figure.to_owned()].into_iter().chain(measured).chain([goal.to_owned()]));
    }
    Ok(table)
}

/// What is measured, as [`column`] and [`in_memory`] name it, and the goal.
const FIGURES: [(&str, &str); 17] = [
    (MEMORY, "≥ 60000 events/s"),
    (MEMORY_ORDERS, "≥ 60000 events/s"),
    (SLED, "≥ 10000 events/s"),
    (SLED_ORDERS, "≥ 10000 events/s"),
    (REBUILD, "no slower than folding"),
    (CARD, "p99 ≤ 2 ms, flat within 2×"),
    (CARD_OF_REGULAR, "p99 ≤ 2 ms, flat within 2×"),
    (TIMELINE, "flat within 2×"),
    (TIMELINE_OF_REGULAR, "flat within 2×"),
    (TIMELINE_BACK, "flat within 2×"),
    (SEARCH, "p99 ≤ 10 ms"),
    (SEARCH_SLOWEST, "p99 ≤ 10 ms"),
    (DISK, "≤ 1536 bytes"),
    (DISK_REBUILT, "≤ 1536 bytes"),
    (RESIDENT, "≤ 300 MB"),
    (OPENING, ""),
    (OPENING_REBUILT, ""),
];

const MEMORY: &str = "fold into memory";
const MEMORY_ORDERS: &str = "fold into memory, orders by webhook";
const SLED: &str = "fold into sled";
const SLED_ORDERS: &str = "fold into sled, orders by webhook";
const REBUILD: &str = "rebuild from records";
const CARD: &str = "context card, p50 / p99";
const CARD_OF_REGULAR: &str = "context card of a regular";
const TIMELINE: &str = "timeline page";
const TIMELINE_OF_REGULAR: &str = "timeline page of a regular";
const TIMELINE_BACK: &str = "timeline page of a regular, half way back";
const SEARCH: &str = "search";
const SEARCH_SLOWEST: &str = "search, the slowest kind";
const DISK: &str = "disk per event";
const DISK_REBUILT: &str = "disk per event, after a rebuild";
const RESIDENT: &str = "resident memory";
const OPENING: &str = "opening the view";
const OPENING_REBUILT: &str = "opening the view, after a rebuild";

type Column = Vec<(&'static str, String)>;

/// Whatever stops the bench.
type Problem = Box<dyn std::error::Error>;

fn column(population: Population) -> Result<Column, Problem> {
    let scratch = tempfile::tempdir()?;
    let view = scratch.path().join("view");
    let mut column = Column::new();
    let store = DiskStore::open(&view, &SledOptions::default())?;
    let events = population.events();
    column.push((SLED, per_second(events, fold(&store, population.pages())?)));
    reads(&mut column, &store, population)?;
    column.push((RESIDENT, format!("{} MB", resident_kb() / 1_024)));
    drop(store);
    column.push((DISK, format!("{} bytes", bytes(&view)? / events.max(1))));
    column.push((OPENING, opening(&view)?));
    column.push((REBUILD, per_second(events, rebuild(&view, population)?)));
    column.push((DISK_REBUILT, format!("{} bytes", bytes(&view)? / events.max(1))));
    column.push((OPENING_REBUILT, opening(&view)?));

    let store = DiskStore::open(&scratch.path().join("orders"), &SledOptions::default())?;
    let deliveries = population.deliveries();
    column.push((SLED_ORDERS, per_second(deliveries * 2, fold(&store, population.orders())?)));
    Ok(column)
}

fn opening(view: &Path) -> Result<String, Problem> {
    let began = Instant::now();
    drop(DiskStore::open(view, &SledOptions::default())?);
    Ok(format!("{} ms", began.elapsed().as_millis()))
}

fn in_memory(column: &mut Column, population: Population) -> Result<(), Problem> {
    let pages = fold(&MemoryStore::new(), population.pages())?;
    column.push((MEMORY, per_second(population.events(), pages)));
    let orders = fold(&MemoryStore::new(), population.orders())?;
    column.push((MEMORY_ORDERS, per_second(population.deliveries() * 2, orders)));
    Ok(())
}

/// How long folding took, without the making of the records.
fn fold(store: &dyn Store, records: impl Iterator<Item = Vec<Sequenced>>) -> Result<Duration, FoldError> {
    let mut fold = Fold::open(store)?;
    let mut folding = Duration::ZERO;
    for batch in records {
        let began = Instant::now();
        fold.apply(store, &batch)?;
        folding += began.elapsed();
    }
    Ok(folding)
}

/// The view again from what the journal holds, put in the place of the old one: how long it took, without the making of
/// the records.
fn rebuild(view: &Path, population: Population) -> Result<Duration, Problem> {
    let draft = begin_rebuild(view)?;
    let store = DiskStore::open(&draft, &SledOptions::default())?;
    let mut fold = Fold::open(&store)?;
    let mut taken = Duration::ZERO;
    let mut pages = population.pages().flatten().peekable();
    while pages.peek().is_some() {
        let mut stored = Vec::new();
        let mut bytes = 0;
        while stored.len() < BATCH && bytes < BATCH_BYTES {
            let Some(page) = pages.next() else { break };
            let payload = page.record.encode();
            bytes += payload.len();
            stored.push((page.seq, page.at, page.record.kind(), payload));
        }
        let began = Instant::now();
        let mut records = Vec::with_capacity(stored.len());
        for (seq, at, kind, payload) in stored {
            records.push(Sequenced { seq, at, record: Record::decode(kind, &payload)? });
        }
        fold.apply(&store, &records)?;
        taken += began.elapsed();
    }
    let began = Instant::now();
    drop(store);
    drop(pack_rebuild(view, &SledOptions::default())?);
    finish_rebuild(view)?;
    Ok(taken + began.elapsed())
}

fn reads(column: &mut Column, store: &dyn Store, population: Population) -> Result<(), FoldError> {
    let customers = population.customers();
    // Steps of a prime: near and far, and not the order they came in.
    let anybody = |call: u64| population::id(REGULARS + call * 7_919 % (customers - REGULARS));
    let regular = |call: u64| population::id(call % REGULARS);
    let now = population.end();
    let page = TimelineQuery { limit: PAGE, ..TimelineQuery::default() };
    let back = TimelineQuery { before: Some(population.middle()), ..page.clone() };
    let card = |who| read::context(store, who, now).map(drop);
    column.push((CARD, time(|call| card(anybody(call)))?.figure()));
    column.push((CARD_OF_REGULAR, time(|call| card(regular(call)))?.figure()));
    let timeline = |who, query: &TimelineQuery| read::timeline(store, who, query).map(drop);
    column.push((TIMELINE, time(|call| timeline(anybody(call), &page))?.figure()));
    column.push((TIMELINE_OF_REGULAR, time(|call| timeline(regular(call), &page))?.figure()));
    column.push((TIMELINE_BACK, time(|call| timeline(regular(call), &back))?.figure()));

    let mut all = Times::default();
    let mut slowest = Times::default();
    for query in SEARCHES {
        let times = time(|call| {
            let query = query.replace("{}", &(call * 7 % customers).to_string());
            read::find_customers(store, &query, FOUND).map(drop)
        })?;
        all.add(&times);
        if times.percentile(99) > slowest.percentile(99) {
            slowest = times;
        }
    }
    column.push((SEARCH, all.figure()));
    column.push((SEARCH_SLOWEST, slowest.figure()));
    Ok(())
}

fn time(mut call: impl FnMut(u64) -> Result<(), FoldError>) -> Result<Times, FoldError> {
    let mut times = Times::default();
    for number in 0..CALLS {
        let began = Instant::now();
        call(number)?;
        times.taken.push(began.elapsed());
    }
    times.taken.sort_unstable();
    Ok(times)
}

/// How long calls took, the shortest first.
#[derive(Default)]
struct Times {
    taken: Vec<Duration>,
}

impl Times {
    fn add(&mut self, others: &Times) {
        self.taken.extend_from_slice(&others.taken);
        self.taken.sort_unstable();
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.taken.get(self.taken.len() * percent / 100).copied().unwrap_or_default()
    }

    fn figure(&self) -> String {
        let [p50, p99] = [50, 99].map(|percent| self.percentile(percent).as_secs_f64() * 1_000.0);
        format!("{p50:.2} / {p99:.2} ms")
    }
}

fn per_second(events: u64, taken: Duration) -> String {
    format!("{:.0}/s", events as f64 / taken.as_secs_f64())
}

/// Of this process, as the kernel counts.
fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}

/// Whatever lies in a folder, folders within included.
fn bytes(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum += match entry.file_type()?.is_dir() {
            true => bytes(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(sum)
}
