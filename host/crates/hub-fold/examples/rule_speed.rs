//! Measures what rules cost an event: `cargo run --release -p hub-fold --example rule_speed [events]`.
//!
//! Messages of known customers are folded one by one into memory while so many rules are loaded, of which 20 act on
//! messages: the others act on something else. What the rules cost is what an event costs beyond one without rules.
//! Then the same journal is folded in the batches of a back-test. Ratios of one run are worth more than its times.
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

use std::env;
use std::time::{Duration, Instant};

use hub_fold::record::{Record, Settings};
use hub_fold::{Fold, Sequenced};
use hub_model::Timestamp;
use hub_model::event::{self, Event, Payload};
use hub_store::MemoryStore;

use support::events::{at, event, named, order};
use support::{Told, message, records, settings, told};

const EVENTS_DEFAULT: usize = 5_000;
const CUSTOMERS: usize = 500;
const ORDERS_EACH: usize = 4;
/// Rules that act on a message.
const MATCHING: usize = 20;
const LOADED: [usize; 4] = [0, 100, 1_000, 10_000];
/// Records folded in one commit, as the hub does.
const BATCH: usize = 256;

const OTHER_EVENTS: [&str; 6] =
    ["order.created", "order.paid", "order.updated", "ticket.created", "ticket.updated", "survey.answered"];

fn main() {
    let events = env::args().nth(1).map_or(EVENTS_DEFAULT, |count| count.parse().unwrap());
    let past: Vec<Told> = past();
    let said: Vec<Told> = (0..events).map(said).collect();
    println!("{events} messages of {CUSTOMERS} customers with {ORDERS_EACH} orders each, folded into memory");
    println!(
        "{:>7} {:>9} {:>11} {:>11} {:>10} {:>12}",
        "rules", "matching", "p50", "p99", "of 100", "batched/s"
    );
    let mut hundred = None;
    for rules in LOADED {
        let journal = journal(&with_rules(rules), &past, &said);
        let mut times = one_by_one(&journal, said.len());
        times.sort();
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        if rules == 100 {
            hundred = Some(p99);
        }
        let ratio = hundred.map_or(1.0, |hundred| p99.as_secs_f64() / hundred.as_secs_f64());
        let batched = said.len() as f64 / in_batches(&journal, said.len()).as_secs_f64();
        let matching = rules.min(MATCHING);
        println!("{rules:>7} {matching:>9} {p50:>11.1?} {p99:>11.1?} {ratio:>9.2}x {batched:>12.0}");
    }
}

/// As a shop writes them: a channel, two fields of the customer, how often they wrote.
fn rule(number: usize, on: &str) -> String {
    let when = match on {
        "message.received" => format!(
            "{{all: [{{field: interaction.channel, is: whatsapp}}, \
             {{field: customer.open_orders, more_than: {}}}, {{field: customer.tags, not_contains: vip}}, \
             {{count: message.received, within: 7d, at_least: {}}}]}}",
            number % 3,
            1_000 + number
        ),
        _ => "{field: delivery.connection, is: nowhere}".to_owned(),
    };
    format!(
        "rule: rule-{number:05}\nmode: on\non: {on}\nwhen: {when}\n\
         then: [{{id: tag, do: customer.add_tag, with: {{tag: t}}}}]"
    )
}

fn with_rules(count: usize) -> Settings {
    let mut settings = settings(&[]);
    let on = |number: usize| match number {
        0..MATCHING => "message.received",
        _ => OTHER_EVENTS[number % OTHER_EVENTS.len()],
    };
    settings.rules = (0..count).map(|number| (format!("{number}.yaml"), rule(number, on(number)))).collect();
    settings
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

/// A hub that has heard of everything before the messages, and the messages.
fn before(journal: &[Sequenced], said: usize) -> (MemoryStore, Fold, &[Sequenced]) {
    let (before, messages) = journal.split_at(journal.len() - 2 * said);
    let store = MemoryStore::new();
    let mut fold = Fold::open(&store).unwrap();
    before.chunks(BATCH).for_each(|batch| drop(fold.apply(&store, batch).unwrap()));
    (store, fold, messages)
}

/// Each message in a commit of its own.
fn one_by_one(journal: &[Sequenced], said: usize) -> Vec<Duration> {
    let (store, mut fold, messages) = before(journal, said);
    let one = |pair: &[Sequenced]| {
        let start = Instant::now();
        fold.apply(&store, pair).unwrap();
        start.elapsed()
    };
    messages.chunks(2).map(one).collect()
}

fn in_batches(journal: &[Sequenced], said: usize) -> Duration {
    let (store, mut fold, messages) = before(journal, said);
    let start = Instant::now();
    messages.chunks(BATCH).for_each(|batch| drop(fold.apply(&store, batch).unwrap()));
    start.elapsed()
}
