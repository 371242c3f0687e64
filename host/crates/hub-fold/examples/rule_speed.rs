//! Measures what rules cost an event: `cargo run --release -p hub-fold --example rule_speed [events]`.
//!
//! Messages of known customers are folded one by one into memory while so many rules are loaded, of which 20 can act on
//! them. The others act on something else, or, *together*, on messages as well, and a cheap leaf tells them apart. What
//! the rules cost is what an event costs beyond one without rules; what the commit costs is told apart from the rest.
//! Then the same journal is folded in batches, with all decisions kept, with those of one rule as a back-test keeps them,
//! and with none. Others may use the machine meanwhile: rates are of the time the thread ran, in the fastest of
//! a few rounds, and ratios of one run are worth more than its times.
#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a measurement that cannot go on ends"
)]

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "the tests' own helpers, of which it needs a few")]
mod support;

use std::collections::BTreeSet;
use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hub_fold::record::{Record, Settings};
use hub_fold::{Counted, Fold, Keeps, Sequenced};
use hub_model::Timestamp;
use hub_model::event::{self, Event, Payload};
use hub_store::{Batch, MemoryStore, Order, Range, Row, Store, StoreError, Table};

use support::events::{at, event, named, order};
use support::{Told, message, records, settings, told};

const EVENTS_DEFAULT: usize = 5_000;
const CUSTOMERS: usize = 500;
const ORDERS_EACH: usize = 4;
/// Rules that act on a message.
const MATCHING: usize = 20;
/// Others on the machine can only slow a fold down, so the fastest of so many is its speed.
const ROUNDS: usize = 9;
const LOADED: [usize; 5] = [0, 1, 100, 1_000, 10_000];
/// The one that a back-test counts.
const COUNTED: &str = "rule-00000";
/// Records folded in one commit, as the hub does.
const BATCH: usize = 256;

const OTHER_EVENTS: [&str; 6] =
    ["order.created", "order.paid", "order.updated", "ticket.created", "ticket.updated", "survey.answered"];

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the rules act on that cannot match.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    Elsewhere,
    Together,
}

fn main() {
    let events = env::args().nth(1).map_or(EVENTS_DEFAULT, |count| count.parse().unwrap());
    let past: Vec<Told> = past();
    let said: Vec<Told> = (0..events).map(said).collect();
    println!("{events} messages of {CUSTOMERS} customers with {ORDERS_EACH} orders each, folded into memory");
    println!(
        "{:>7} {:>9} {:>10} {:>10} {:>10} {:>10} {:>11} {:>11} {:>11}",
        "rules",
        "others",
        "fold p50",
        "fold p99",
        "all p50",
        "all p99",
        "batched/s",
        "one kept/s",
        "none kept/s"
    );
    for others in [Others::Elsewhere, Others::Together] {
        for rules in LOADED {
            let journal = journal(&with_rules(rules, others, events / CUSTOMERS / 2), &past, &said);
            let (_, fold, _) = before(&journal, said.len(), Keeps::Nothing);
            assert_eq!(fold.settings().rules().rules().len(), rules, "every rule is taken");
            let (folded, whole) = one_by_one(&journal, said.len());
            let rate = |keeps: &Keeps| {
                let took = (0..ROUNDS).map(|_| in_batches(&journal, said.len(), keeps.clone())).min();
                said.len() as f64 / took.unwrap_or_default().as_secs_f64()
            };
            let counted = Keeps::Outcomes(Counted {
                rules: BTreeSet::from([COUNTED.to_owned()]),
                since: Timestamp::EPOCH,
            });
            let (kept, one, none) = (rate(&Keeps::All), rate(&counted), rate(&Keeps::Nothing));
            let place = if others == Others::Together { "together" } else { "elsewhere" };
            println!(
                "{rules:>7} {place:>9} {:>10.1?} {:>10.1?} {:>10.1?} {:>10.1?} {kept:>11.0} {one:>11.0} {none:>11.0}",
                folded.0, folded.1, whole.0, whole.1
            );
        }
    }
}

/// Half of them take no longer than the first, 99 of 100 no longer than the second.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// How long this thread has run, where the system tells; else the time.
fn ran() -> Duration {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| BEGAN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// As a shop writes them: a channel, two fields of the customer, how often they wrote.
fn rule(number: usize, others: Others, half: usize) -> (String, String) {
    let on = match (number, others) {
        (0..MATCHING, _) | (_, Others::Together) => "message.received",
        _ => OTHER_EVENTS[number % OTHER_EVENTS.len()],
    };
    let when = match number {
        0..MATCHING => format!(
            "{{all: [{{field: interaction.channel, is: whatsapp}}, \
             {{field: customer.open_orders, more_than: {}}}, {{field: customer.tags, not_contains: vip}}, \
             {{count: message.received, within: 7d, at_least: {}}}]}}",
            number % 3,
            // The one that a back-test counts acts on the second half of what everybody writes.
            if number == 0 { half } else { 1_000 + number }
        ),
        _ => {
            // What every event has; of messages more.
            let told_apart = match if others == Others::Together { number % 3 } else { 1 } {
                0 => format!("{{field: interaction.language, is: x-{number}}}"),
                1 => format!("{{field: delivery.connection, is: place-{number}}}"),
                _ => format!("{{field: interaction.ticket, one_of: [a{number}, b{number}]}}"),
            };
            format!("{{all: [{{field: customer.open_orders, more_than: 0}}, {told_apart}]}}")
        }
    };
    let text = format!(
        "rule: rule-{number:05}\nmode: on\non: {on}\nwhen: {when}\n\
         then: [{{id: tag, do: customer.add_tag, with: {{tag: t}}}}]"
    );
    (format!("{number}.yaml"), text)
}

fn with_rules(count: usize, others: Others, half: usize) -> Settings {
    let rules = (0..count).map(|number| rule(number, others, half)).collect();
    Settings { rules, ..settings(&[]) }
}

/// What the customers bought; rules are loaded afterwards.
fn past() -> Vec<Told> {
    let bought = |customer: usize| -> Vec<Event> {
        let placed = |number: usize| {
            let ids = [format!("customer:{customer}"), format!("+49151{customer:07}")];
            let order = event::Order {
                buyer: Some(named(&[&ids[0], &ids[1]], "Somebody")),
                placed_at: Some(at(1)),
                ..order(&format!("{customer}-{number}"))
            };
            let minute = i64::try_from(customer * ORDERS_EACH + number).unwrap();
            event("order.created", minute, Payload::Order(order))
        };
        (0..ORDERS_EACH).map(placed).collect()
    };
    (0..CUSTOMERS).map(|customer| told("shop", 1, bought(customer))).collect()
}

fn said(number: usize) -> Told {
    let minute = 10_000 + i64::try_from(number).unwrap();
    let ids = [format!("wa-id:49151{:07}", number % CUSTOMERS), format!("+49151{:07}", number % CUSTOMERS)];
    let ids = [ids[0].as_str(), ids[1].as_str()];
    let said = message(&format!("m{number}"), minute, "whatsapp", "in", &ids, "Where is my parcel?");
    told("wa", minute, vec![event("message.received", minute, Payload::Interaction(said))])
}

fn journal(settings: &Settings, past: &[Told], said: &[Told]) -> Vec<Sequenced> {
    let plain = Settings { rules: Vec::new(), ..settings.clone() };
    let mut journal = support::journal(&plain, past.iter());
    let seq = journal.len() as u64 + 1;
    let record = Record::Settings(Box::new(settings.clone()));
    journal.push(Sequenced { seq, at: Timestamp::EPOCH, record });
    for told in said {
        let seq = journal.len() as u64 + 1;
        journal.extend(records(told, seq));
    }
    journal
}

/// A view in memory that tells how long its commits took.
#[derive(Default)]
struct Timed {
    store: MemoryStore,
    committing_ns: AtomicU64,
}

impl Store for Timed {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(table, key)
    }

    fn scan(&self, table: Table, range: Range, order: Order, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.store.scan(table, range, order, limit)
    }

    fn count_in(&self, table: Table, range: Range, limit: usize) -> Result<usize, StoreError> {
        self.store.count_in(table, range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let start = Instant::now();
        let committed = self.store.commit(batch);
        let took = u64::try_from(start.elapsed().as_nanos()).unwrap();
        self.committing_ns.store(took, Ordering::Relaxed);
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

/// A hub that has heard of everything before the messages, and the messages.
fn before(journal: &[Sequenced], said: usize, keeps: Keeps) -> (Timed, Fold, &[Sequenced]) {
    let (before, messages) = journal.split_at(journal.len() - 2 * said);
    let store = Timed::default();
    let mut fold = Fold::open(&store).unwrap().keeping(keeps);
    before.chunks(BATCH).for_each(|batch| drop(fold.apply(&store, batch).unwrap()));
    (store, fold, messages)
}

/// Each message in a commit of its own: without the commit, and with it.
fn one_by_one(journal: &[Sequenced], said: usize) -> ((Duration, Duration), (Duration, Duration)) {
    let (store, mut fold, messages) = before(journal, said, Keeps::All);
    let one = |pair: &[Sequenced]| {
        let start = Instant::now();
        fold.apply(&store, pair).unwrap();
        let whole = start.elapsed();
        let committing = Duration::from_nanos(store.committing_ns.load(Ordering::Relaxed));
        (whole.saturating_sub(committing), whole)
    };
    let (folded, whole) = messages.chunks(2).map(one).unzip();
    (percentiles(folded), percentiles(whole))
}

fn in_batches(journal: &[Sequenced], said: usize, keeps: Keeps) -> Duration {
    let (store, mut fold, messages) = before(journal, said, keeps);
    let start = ran();
    messages.chunks(BATCH).for_each(|batch| drop(fold.apply(&store, batch).unwrap()));
    ran() - start
}
