//! Measures what reading costs: `cargo run --release -p hub-fold --example read_cost [customers] [interactions] [memory|sled]`.
//!
//! A population with names as common as real ones is folded, an order each and the rest of the interactions spread over
//! all; one customer in fifty is a regular with a hundred times as many. Then customers are searched for in every way,
//! and cards, timeline pages and conversations read, both of the many and of the regulars.
#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::env;
use std::error::Error;
use std::time::{Duration, Instant};

use hub_fold::read::{self, ConversationQuery, TimelineQuery};
use hub_fold::record::{Polled, Record, Reported};
use hub_fold::{Fold, Sequenced};
use hub_model::event::{
    Author, Direction, Event, Identity, IdentityKind, Interaction, Order, Party, Payload, Proof,
};
use hub_model::identity::{KeyContext, normalise};
use hub_model::{NodeId, Timestamp};
use hub_store::{MemoryStore, SledOptions, SledStore, Store};

const CUSTOMERS_DEFAULT: u64 = 100_000;
const INTERACTIONS_DEFAULT: u64 = 100_000;

/// Events of one record, as a page of a first reading has.
const BATCH: usize = 250;

/// One customer in so many is a regular.
const REGULAR_EVERY: u64 = 50;

/// Calls each figure is taken over.
const CALLS: u64 = 2_000;

const BEGINNING: Timestamp = Timestamp(1_780_000_000_000_000_000);

fn main() -> Result<(), Box<dyn Error>> {
    let mut asked = env::args().skip(1);
    let customers = asked.next().map_or(Ok(CUSTOMERS_DEFAULT), |count| count.parse())?;
    let interactions = asked.next().map_or(Ok(INTERACTIONS_DEFAULT), |count| count.parse())?;
    if asked.next().as_deref() == Some("sled") {
        let dir = tempfile::tempdir()?;
        let sled = SledStore::open(&dir.path().join("view"), &SledOptions::default())?;
        measure("sled", &sled, customers, interactions)
    } else {
        measure("memory", &MemoryStore::new(), customers, interactions)
    }
}

fn measure(name: &str, store: &dyn Store, customers: u64, interactions: u64) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    fill(store, customers, interactions)?;
    println!(
        "{name}: {customers} customers, {interactions} interactions, folded in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    for (what, query) in SEARCHES {
        let found = std::cell::Cell::new(0);
        time(what, |call| {
            let query = query.replace("{}", &(call * 7 % customers).to_string());
            found.set(found.get() + read::find_customers(store, &query, 20)?.len());
            Ok(())
        })?;
    }
    let anybody = |call: u64| id(call * 7_919 % customers);
    let regular = |call: u64| id(call * 7_919 % (customers / REGULAR_EVERY).max(1) * REGULAR_EVERY);
    let now = BEGINNING.plus(Duration::from_secs(interactions * 60));
    let page = TimelineQuery { limit: 50, ..TimelineQuery::default() };
    let talks = ConversationQuery { limit: 50, ..ConversationQuery::default() };
    time("card of anybody", |call| read::context(store, anybody(call), now).map(drop))?;
    time("card of a regular", |call| read::context(store, regular(call), now).map(drop))?;
    time("timeline of anybody", |call| read::timeline(store, anybody(call), &page).map(drop))?;
    time("timeline of a regular", |call| read::timeline(store, regular(call), &page).map(drop))?;
    time("conversations of anybody", |call| read::conversations(store, anybody(call), &talks).map(drop))?;
    time("conversations of a regular", |call| read::conversations(store, regular(call), &talks).map(drop))?;
    Ok(())
}

/// What is typed, with a customer's number where the braces stand.
const SEARCHES: [(&str, &str); 9] = [
    ("e-mail", "person{}@example.com"),
    ("phone", "030 1{}"),
    ("order", "#{}"),
    ("handle", "@handle.{}"),
    ("common first name", "jose"),
    ("beginning of a name", "ma"),
    ("first and last name", "josé fam{}"),
    ("two common beginnings", "gi fa"),
    ("nobody", "somebody else"),
];

fn time(
    what: &str,
    mut call: impl FnMut(u64) -> Result<(), hub_fold::FoldError>,
) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for number in 0..CALLS {
        let start = Instant::now();
        call(number)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| {
        times.get(times.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    let max = times.last().copied().unwrap_or_default().as_secs_f64() * 1e3;
    println!("  {what:28} p50 {:7.3} ms   p99 {:7.3} ms   max {max:7.3} ms", at(50), at(99));
    Ok(())
}

fn fill(store: &dyn Store, customers: u64, interactions: u64) -> Result<(), Box<dyn Error>> {
    let mut fold = Fold::open(store)?;
    let mut seq = 0;
    let orders = (0..customers).map(placed);
    let mut batch = Vec::with_capacity(BATCH);
    for event in orders.chain((0..interactions).map(|number| said(number, customers))) {
        batch.push(event);
        if batch.len() == BATCH {
            fold_page(store, &mut fold, &mut seq, std::mem::take(&mut batch))?;
        }
    }
    fold_page(store, &mut fold, &mut seq, batch)
}

fn fold_page(
    store: &dyn Store,
    fold: &mut Fold,
    seq: &mut u64,
    events: Vec<Event>,
) -> Result<(), Box<dyn Error>> {
    *seq += 1;
    let reported = Reported {
        delivery: None,
        connection: "shop".into(),
        connector: "shop".into(),
        version: "1.0.0".into(),
        events,
        notes: Vec::new(),
        findings: Vec::new(),
    };
    let page =
        Polled { stream: "all".into(), cursor: None, more: true, beginning: None, reached: None, reported };
    let at = BEGINNING.plus(Duration::from_secs(*seq));
    fold.apply(store, &[Sequenced { seq: *seq, at, record: Record::Polled(page) }])?;
    Ok(())
}

fn key(kind: IdentityKind, scope: &str, value: String, proof: Proof) -> Identity {
    Identity { kind, scope: scope.into(), value, proof }
}

fn account(who: u64) -> Identity {
    key(IdentityKind::ProviderId, "customer", who.to_string(), Proof::Provider)
}

fn id(who: u64) -> NodeId {
    let context = KeyContext { connection: "shop", default_country: None };
    normalise(&account(who), context).map_or(NodeId([0; 16]), |key| key.node())
}

/// Two hundred first names, the first of which every twentieth has, and three thousand family names.
fn person(who: u64) -> Party {
    let given = match who % 20 {
        0 => "José".to_owned(),
        1 => "Maria".to_owned(),
        _ => format!("Given{}", who % 200),
    };
    Party {
        ids: vec![
            account(who),
            key(IdentityKind::Email, "", format!("person{who}@example.com"), Proof::Verified),
            key(IdentityKind::Phone, "", format!("+49301{who:06}"), Proof::Verified),
            key(IdentityKind::Handle, "username", format!("handle.{who}"), Proof::Claimed),
        ],
        name: Some(format!("{given} Fam{} Müller{}", who % 3_000, who % 7)),
    }
}

fn event(name: &str, number: u64, at: Timestamp, payload: Payload) -> Event {
    Event { name: name.into(), key: number.to_string(), happened_at: at, version: at.0, payload }
}

fn placed(who: u64) -> Event {
    let at = BEGINNING.plus(Duration::from_secs(who));
    let order = Order {
        id: who.to_string(),
        number: Some(format!("#{who}")),
        buyer: Some(person(who)),
        total: None,
        subtotal: None,
        tax: None,
        discount: None,
        financial_status: Some("paid".into()),
        fulfilment_status: Some("unfulfilled".into()),
        placed_at: Some(at),
        cancelled_at: None,
        closed_at: None,
        tags: None,
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
        note: None,
        source: Some("web".into()),
        lines: None,
        fulfilments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        deleted: false,
        extra: Vec::new(),
    };
    event("order.created", who, at, Payload::Order(order))
}

/// Every second interaction is a regular's.
fn said(number: u64, customers: u64) -> Event {
    let who = match number % 2 {
        0 => number / 2 % (customers / REGULAR_EVERY).max(1) * REGULAR_EVERY,
        _ => number * 7_919 % customers,
    };
    let at = BEGINNING.plus(Duration::from_secs(number * 60));
    let interaction = Interaction {
        id: format!("m{number}"),
        channel: Some(if number.is_multiple_of(3) { "email" } else { "whatsapp" }.into()),
        kind: Some("message".into()),
        direction: Some(if number.is_multiple_of(5) { Direction::Outbound } else { Direction::Inbound }),
        author: Some(Author::Customer),
        customer: Some(Party { ids: vec![account(who)], name: None }),
        thread: number.is_multiple_of(7).then(|| format!("t{}", number / 70)),
        text: Some(format!(
            "Hello, where is my order #{who}? I have been waiting for some days now, thank you. {number}"
        )),
        attachments: Vec::new(),
        reply_to: None,
        ticket: None,
        order: None,
        sent_at: Some(at),
        status: None,
        status_detail: None,
        edited: false,
        reaction: None,
        erased: false,
        extra: Vec::new(),
    };
    event("message.received", number, at, Payload::Interaction(interaction))
}
