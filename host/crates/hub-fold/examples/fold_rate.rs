//! Measures what a delivery costs the fold: `cargo run --release -p hub-fold --example fold_rate [deliveries]`.
//!
//! A delivery is an order as a shop sends it: its buyer and three lines, reported as a customer event and an order
//! event. A third of the buyers come back. Each delivery is two records, the delivery and its report, folded in
//! batches of 128. Besides the rate it prints where the time and the rows go.
#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hub_fold::record::{Delivery, Record, Reported};
use hub_fold::{Fold, Sequenced};
use hub_model::event::{Customer, Event, Identity, IdentityKind, Order, OrderLine, Party, Payload, Proof};
use hub_model::{Money, Timestamp};
use hub_store::{
    Batch, Change, MemoryStore, Order as Ends, Range, Row, SledOptions, SledStore, Store, StoreError, Table,
};

const DELIVERIES_DEFAULT: u64 = 20_000;
const BATCH: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let deliveries = env::args().nth(1).map_or(Ok(DELIVERIES_DEFAULT), |count| count.parse())?;
    measure("memory", &Counting::new(MemoryStore::new()), deliveries)?;
    let dir = tempfile::tempdir()?;
    let sled = SledStore::open(&dir.path().join("view"), &SledOptions::default())?;
    measure("sled", &Counting::new(sled), deliveries)
}

fn measure<S: Store>(name: &str, store: &Counting<S>, deliveries: u64) -> Result<(), Box<dyn Error>> {
    let mut fold = Fold::open(store)?;
    let mut folding = Duration::ZERO;
    let mut batch = Vec::with_capacity(BATCH);
    for number in 0..deliveries {
        batch.extend(records(number));
        if batch.len() >= BATCH || number + 1 == deliveries {
            let start = Instant::now();
            fold.apply(store, &batch)?;
            folding += start.elapsed();
            batch.clear();
        }
    }
    store.tally().print(name, deliveries, folding);
    Ok(())
}

fn records(number: u64) -> [Sequenced; 2] {
    let at = Timestamp(1_780_000_000_000_000_000).plus(Duration::from_secs(number));
    let seq = number * 2 + 1;
    let mut dedupe = [0; 16];
    dedupe.copy_from_slice(
        &[number.to_be_bytes(), number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()].concat(),
    );
    let delivery = Delivery {
        connection: "shop".into(),
        connector: "shopify".into(),
        topic: Some("orders/create".into()),
        headers: Vec::new(),
        dedupe,
        body: vec![b' '; 6_000],
    };
    let reported = Reported {
        delivery: Some(seq),
        connection: "shop".into(),
        connector: "shopify".into(),
        version: "1.0.0".into(),
        events: vec![
            event("customer.updated", number, at, Payload::Customer(customer(number))),
            event("order.created", number, at, Payload::Order(order(number, at))),
        ],
        notes: Vec::new(),
        findings: Vec::new(),
    };
    [
        Sequenced { seq, at, record: Record::Delivery(delivery) },
        Sequenced { seq: seq + 1, at, record: Record::Reported(reported) },
    ]
}

fn event(name: &str, number: u64, at: Timestamp, payload: Payload) -> Event {
    Event { name: name.into(), key: number.to_string(), happened_at: at, version: at.0, payload }
}

/// A third of the orders are of somebody who bought before.
fn buyer(number: u64) -> Party {
    let who = if number % 3 == 2 { number / 2 } else { number };
    let id = |kind, scope: &str, value: String, proof| Identity { kind, scope: scope.into(), value, proof };
    Party {
        ids: vec![
            id(IdentityKind::ProviderId, "customer", format!("70{who:010}"), Proof::Provider),
            id(IdentityKind::Email, "", format!("person{who}@example.com"), Proof::Verified),
            id(IdentityKind::Phone, "", format!("+4930{who:07}"), Proof::Claimed),
        ],
        name: Some(format!("Given{} Family{}", who % 500, who % 3_000)),
    }
}

fn customer(number: u64) -> Customer {
    let who = buyer(number);
    let names: Vec<String> = who.name.iter().flat_map(|name| name.split(' ')).map(str::to_owned).collect();
    Customer {
        who,
        given_name: names.first().cloned(),
        family_name: names.get(1).cloned(),
        locale: Some("de".into()),
        tags: Some(vec!["newsletter".into()]),
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
        state: Some("enabled".into()),
        deleted: false,
        extra: Vec::new(),
    }
}

fn order(number: u64, at: Timestamp) -> Order {
    let money = |minor| Some(Money { minor, currency: "EUR".into() });
    let line = |line: u64| OrderLine {
        id: format!("80{number:010}{line}"),
        sku: Some(format!("SKU-{}", (number + line) % 900)),
        title: Some(format!("A thing people buy, number {line}")),
        quantity: 1_000_000,
        unit_price: money(1_990),
    };
    Order {
        id: format!("60{number:010}"),
        number: Some(format!("#{}", number + 1_000)),
        buyer: Some(buyer(number)),
        total: money(5_970),
        subtotal: money(5_016),
        tax: money(954),
        discount: money(0),
        financial_status: Some("paid".into()),
        fulfilment_status: Some("unfulfilled".into()),
        placed_at: Some(at),
        cancelled_at: None,
        closed_at: None,
        tags: Some(Vec::new()),
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
        note: None,
        source: Some("web".into()),
        lines: Some((0..3).map(line).collect()),
        fulfilments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        deleted: false,
        extra: Vec::new(),
    }
}

/// A store that counts what is asked of it.
struct Counting<S> {
    store: S,
    tally: Mutex<Tally>,
}

#[derive(Clone, Default)]
struct Tally {
    gets: u64,
    scans: u64,
    reading: Duration,
    committing: Duration,
    deletes: u64,
    puts: BTreeMap<Table, (u64, u64)>,
}

impl<S: Store> Counting<S> {
    fn new(store: S) -> Self {
        Self { store, tally: Mutex::default() }
    }

    fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, add: impl FnOnce(&mut Tally)) {
        add(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<S: Store> Store for Counting<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let start = Instant::now();
        let row = self.store.get(table, key);
        self.count(|tally| {
            tally.gets += 1;
            tally.reading += start.elapsed();
        });
        row
    }

    fn scan(&self, table: Table, range: Range, order: Ends, limit: usize) -> Result<Vec<Row>, StoreError> {
        let start = Instant::now();
        let rows = self.store.scan(table, range, order, limit);
        self.count(|tally| {
            tally.scans += 1;
            tally.reading += start.elapsed();
        });
        rows
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.count(|tally| batch.changes.iter().for_each(|change| tally.change(change)));
        let start = Instant::now();
        let committed = self.store.commit(batch);
        self.count(|tally| tally.committing += start.elapsed());
        committed
    }

    fn applied(&self) -> Result<u64, StoreError> {
        self.store.applied()
    }

    fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.store.count(table)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()
    }
}

impl Tally {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Put { table, key, value, .. } => {
                let (rows, bytes) = self.puts.entry(*table).or_default();
                *rows += 1;
                *bytes += (key.len() + value.len()) as u64;
            }
            Change::Delete { .. } => self.deletes += 1,
        }
    }

    fn print(&self, name: &str, deliveries: u64, folding: Duration) {
        let each = |count: u64| count as f64 / (deliveries * 2) as f64;
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / deliveries as f64;
        let puts: u64 = self.puts.values().map(|(rows, _)| rows).sum();
        println!("{name}: {:.0} records/s", (deliveries * 2) as f64 / folding.as_secs_f64());
        println!(
            "  per record: {:.2} puts, {:.2} deletes, {:.2} gets, {:.2} scans",
            each(puts),
            each(self.deletes),
            each(self.gets),
            each(self.scans)
        );
        println!(
            "  per delivery: {:.1} µs, of it reading {:.1}, committing {:.1}, the fold itself {:.1}",
            micros(folding),
            micros(self.reading),
            micros(self.committing),
            micros(folding.saturating_sub(self.reading + self.committing))
        );
        for (table, (rows, bytes)) in &self.puts {
            println!(
                "  {:12} {:.2} puts per delivery, {} bytes each",
                table.name(),
                each(*rows) * 2.0,
                bytes / rows
            );
        }
    }
}
