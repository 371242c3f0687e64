//! What connectors make of a real story, told in any order: webhooks and pages about the same objects, doubled, late and
//! interleaved, are one and the same model. And bodies that went wrong on their way: never a broken call, never a silent
//! drop.
//!
//! `HUB_MIXED_SEED` draws other orders, `HUB_PERMUTATIONS` more of them (64 without), `HUB_MUTATIONS` says how many
//! bodies each connector is given (500 without).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hub_fold::record::{Delivery, Polled, Record, Reported};
use hub_fold::{Fold, Sequenced, model_digest};
use hub_model::Timestamp;
use hub_runtime::{CallErrorKind, Patience, Plugin, Runtime, RuntimeOptions, Settings};
use hub_store::{MemoryStore, Store as _};
use hub_tests::day::dice::Dice;
use hub_tests::day::fast::{self, Fast, FastOptions};
use hub_tests::day::known;
use hub_tests::day::life::{Day, Scale, customer_id, order_id};
use hub_tests::support::{binaries, connections, http_client, number};
use jiff::SignedDuration;
use omnihub::app::Acting;
use omnihub::data::Data;
use omnihub_plugin::testing::mutated;
use provider_simulator::Disorder;
use serde_json::json;

const SEED: u64 = 7;
const PERMUTATIONS: u64 = 64;
const MUTATIONS: u64 = 500;
/// A story of four hours in fifteen seconds.
const SPEED: u32 = 960;
const MINUTES: u64 = 200;
/// Records folded in one commit, as the hub folds some of them together.
const BATCH: usize = 16;
const DIFFERENCES_SHOWN: usize = 8;

/// One thing the hub was told.
#[derive(Clone)]
enum Told {
    /// With what the connector made of it when it came, and what it makes of it two hours later.
    Delivered {
        delivery: Delivery,
        reported: Box<Reported>,
        again: Box<Reported>,
    },
    Page(Polled),
}

/// What the hub was told by one connection.
#[derive(Default)]
struct Story {
    told: Vec<Told>,
    settings: Option<Record>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_story_in_any_order_is_one_model() {
    let seed = number("HUB_MIXED_SEED").unwrap_or(SEED);
    let permutations = number("HUB_PERMUTATIONS").unwrap_or(PERMUTATIONS);
    eprintln!("HUB_MIXED_SEED={seed} HUB_PERMUTATIONS={permutations}");
    let stories = lived(seed).await;
    let mut wrong = Vec::new();
    for connection in connections::all() {
        let name = connection.name;
        let story = stories.get(name).unwrap();
        let pages = story.told.iter().filter(|told| matches!(told, Told::Page(_))).count();
        eprintln!("{name}: {} deliveries, {pages} pages with something on them", story.told.len() - pages);
        assert!(story.told.len() - pages >= 20, "{name}: a story of {} is none", story.told.len());
        assert!(pages >= 5 || name == connections::WHATSAPP, "{name}: {pages} pages");
        wrong.extend(check(name, story, seed, permutations));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same digest for every order; else what is different, for the first order that is.
fn check(name: &str, story: &Story, seed: u64, permutations: u64) -> Option<String> {
    let as_it_was = folded(&in_order(story, &story.told));
    let digest = model_digest(&as_it_was).unwrap();
    let (half, _) = story.told.split_at(story.told.len() / 2);
    assert_ne!(
        model_digest(&folded(&in_order(story, half))).unwrap(),
        digest,
        "{name}: half a story is another"
    );
    let mut otherwise = Vec::new();
    for permutation in 0..permutations {
        let mut dice = Dice::new(seed ^ (permutation << 20));
        let store = folded(&shuffled(story, &mut dice));
        if model_digest(&store).unwrap() != digest {
            otherwise.push((permutation, store));
        }
    }
    let (first, store) = otherwise.first()?;
    let differences = known::differences(&known::all(&as_it_was).unwrap(), &known::all(store).unwrap());
    let shown: Vec<_> = differences.iter().take(DIFFERENCES_SHOWN).cloned().collect();
    Some(format!(
        "{name}: {} of {permutations} orders make another model; order {first}, {} rows:\n{}",
        otherwise.len(),
        differences.len(),
        shown.join("\n")
    ))
}

fn folded(records: &[Record]) -> MemoryStore {
    let store = MemoryStore::new();
    let mut fold = Fold::open(&store).unwrap();
    let sequenced: Vec<Sequenced> = (1..)
        .zip(records)
        .map(|(seq, record)| {
            let at = Timestamp(1_772_323_200_000_000_000 + i64::try_from(seq).unwrap() * 1_000_000_000);
            Sequenced { seq, at, record: record.clone() }
        })
        .collect();
    for batch in sequenced.chunks(BATCH) {
        fold.apply(&store, batch).unwrap();
    }
    assert_eq!(store.applied().unwrap(), records.len() as u64);
    store
}

/// Each delivery, and at once what was made of it.
fn in_order(story: &Story, told: &[Told]) -> Vec<Record> {
    let mut records: Vec<Record> = story.settings.iter().cloned().collect();
    for told in told {
        match told {
            Told::Delivered { delivery, reported, .. } => {
                records.push(Record::Delivery(delivery.clone()));
                let delivery = Some(records.len() as u64);
                records.push(Record::Reported(Reported { delivery, ..*reported.clone() }));
            }
            Told::Page(page) => records.push(Record::Polled(page.clone())),
        }
    }
    records
}

/// Any order, a third of it twice; a connector takes its time, so that what it makes of a delivery comes a little later.
fn shuffled(story: &Story, dice: &mut Dice) -> Vec<Record> {
    let mut told: Vec<(Told, bool)> = story.told.iter().map(|told| (told.clone(), false)).collect();
    let twice: Vec<_> =
        told.iter().filter(|_| dice.percent(33)).map(|(told, _)| (told.clone(), true)).collect();
    told.extend(twice);
    dice.shuffle(&mut told);
    let mut records: Vec<Record> = story.settings.iter().cloned().collect();
    let mut owed: Vec<Record> = Vec::new();
    for (told, is_second) in told {
        match told {
            Told::Page(page) => records.push(Record::Polled(page)),
            Told::Delivered { mut delivery, reported, again } => {
                // Sent again under another name: the inbox knows the first one's.
                delivery.dedupe = dice.draw().to_be_bytes().repeat(2).try_into().unwrap();
                records.push(Record::Delivery(delivery));
                let of = Some(records.len() as u64);
                let reported = if is_second { again } else { reported };
                owed.push(Record::Reported(Reported { delivery: of, ..*reported }));
            }
        }
        if dice.percent(60) {
            dice.shuffle(&mut owed);
            records.append(&mut owed);
        }
    }
    records.append(&mut owed);
    records
}

/// Lets people live for some hours, and takes what the hub heard of it by connection.
async fn lived(seed: u64) -> BTreeMap<String, Story> {
    let from: jiff::Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let fast = Fast::start(FastOptions {
        from,
        times: SPEED,
        rules: Vec::new(),
        changes: Vec::new(),
        // So that pages are read between two webhooks about one thing.
        disorder: |_| Disorder {
            seed: SEED,
            delay_percent: 30,
            delay_ms: [60_000, 1_200_000],
            ..Disorder::default()
        },
        acting: Acting::Reading,
    })
    .await
    .unwrap();
    let scale =
        Scale { people: 14, orders: 20, tickets: 14, messages: 40, comments: 12, stock: 60, points: 40 };
    let start = fast.control().now();
    Day::drawn(seed, start, MINUTES, scale).live(&fast).await.unwrap();
    unmake(&fast).await;
    let rest = fast.control().now().checked_add(SignedDuration::from_mins(45)).unwrap();
    fast.until(rest).await;
    fast.hub().settle().await;
    let again = heard(&fast);
    let stopped = fast.stop().await.unwrap();
    let (data, _fold) = Data::open(&stopped.config).unwrap();
    stories(&data, again)
}

/// What ends: an order, a customer, a ticket, a comment's words, a user.
async fn unmake(fast: &Fast) {
    let client = http_client().unwrap();
    let send = async |method: reqwest::Method, path: String, body: serde_json::Value| {
        let url = format!("{}{path}", fast.simulator_url());
        let answer = client.request(method, url).bearer_auth("somebody").json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    };
    let first_comment = {
        let world = fast.control().world();
        world.zendesk.tickets.get(&2).and_then(|ticket| ticket.comments.first()).map(|comment| comment.id)
    };
    let world = serde_json::to_value(fast.control().world()).unwrap();
    let requester =
        world.pointer("/zendesk/tickets/5/requester_id").and_then(serde_json::Value::as_u64).unwrap();
    let nothing = json!({});
    send(reqwest::Method::DELETE, format!("/shopify/merchant/orders/{}", order_id(1)), nothing.clone()).await;
    send(reqwest::Method::DELETE, format!("/shopify/merchant/customers/{}", customer_id(2)), nothing.clone())
        .await;
    send(reqwest::Method::DELETE, "/zendesk/api/v2/tickets/1".into(), nothing.clone()).await;
    let redact = format!("/zendesk/api/v2/tickets/2/comments/{}/redact", first_comment.unwrap());
    send(reqwest::Method::PUT, redact, json!({ "text": "question" })).await;
    send(reqwest::Method::DELETE, "/zendesk/api/v2/tickets/3".into(), nothing.clone()).await;
    send(reqwest::Method::DELETE, "/zendesk/api/v2/deleted_tickets/3".into(), nothing.clone()).await;
    // Only what is solved is rated.
    let solved = json!({ "ticket": { "status": "solved" } });
    send(reqwest::Method::PUT, "/zendesk/api/v2/tickets/4".into(), solved).await;
    let rating = json!({ "satisfaction_rating": { "score": "good", "comment": "fine" } });
    send(reqwest::Method::POST, "/zendesk/api/v2/tickets/4/satisfaction_rating".into(), rating).await;
    // Nobody is deleted who waits for an answer.
    let waits = |ticket: &provider_simulator::Ticket| {
        ticket.requester_id == requester && !matches!(ticket.status.as_str(), "closed" | "deleted")
    };
    let tickets = fast.control().world().zendesk.tickets;
    for ticket in tickets.values().filter(|ticket| waits(ticket)) {
        let closed = json!({ "ticket": { "status": "closed" } });
        send(reqwest::Method::PUT, format!("/zendesk/api/v2/tickets/{}", ticket.id), closed).await;
    }
    send(reqwest::Method::DELETE, format!("/zendesk/api/v2/users/{requester}"), nothing).await;
}

/// Each delivery given to its connector once more, as if it had come two hours later; by its place in the journal.
fn heard(fast: &Fast) -> BTreeMap<u64, Reported> {
    let mut again = BTreeMap::new();
    let hub = fast.hub();
    for (seq, time_ns, record) in records(&hub.data) {
        let Record::Delivery(delivery) = record else { continue };
        let connection = hub.plugins.connection(&delivery.connection).unwrap();
        let later = hub_runtime::Delivery {
            topic: delivery.topic,
            headers: delivery.headers,
            body: String::from_utf8(delivery.body).unwrap(),
            received_at_ns: time_ns + 2 * 3_600_000_000_000,
        };
        let plugin = &connection.connector.plugin;
        let report = plugin.normalise(later, &connection.settings, Patience::Whole).unwrap().unwrap();
        let reported = Reported {
            delivery: None,
            connection: delivery.connection,
            connector: delivery.connector,
            version: plugin.version().to_owned(),
            events: report.events,
            notes: report.notes,
            findings: Vec::new(),
        };
        again.insert(seq, reported);
    }
    again
}

fn records(data: &Data) -> Vec<(u64, i64, Record)> {
    let mut reader = data.journal.reader(hub_journal::Seq::ZERO.next());
    let mut all = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        let read = Record::decode(record.kind, &record.payload).unwrap();
        all.push((record.seq.get(), record.time_ns, read));
    }
    all
}

fn stories(data: &Data, mut again: BTreeMap<u64, Reported>) -> BTreeMap<String, Story> {
    let mut deliveries = BTreeMap::new();
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    let mut settings = None;
    for (seq, _, record) in records(data) {
        match record {
            Record::Delivery(delivery) => drop(deliveries.insert(seq, delivery)),
            Record::Reported(mut reported) => {
                let of = reported.delivery.unwrap();
                // What an enricher says of a text does not depend on when it is asked; it is asked once.
                reported.findings.clear();
                let told = deliveries.remove(&of).zip(again.remove(&of));
                let story = stories.entry(reported.connection.clone()).or_default();
                let told = told.map(|(delivery, again)| Told::Delivered {
                    delivery,
                    reported: reported.into(),
                    again: again.into(),
                });
                story.told.extend(told);
            }
            Record::Polled(mut page) => {
                page.reported.findings.clear();
                let story = stories.entry(page.reported.connection.clone()).or_default();
                if !page.reported.events.is_empty() {
                    story.told.push(Told::Page(page));
                }
            }
            Record::Settings(_) => settings = Some(record),
            _ => {}
        }
    }
    stories.values_mut().for_each(|story| story.settings.clone_from(&settings));
    stories
}

/// A recorded delivery of a golden case.
struct Golden {
    headers: Vec<(String, String)>,
    body: String,
}

#[test]
fn damaged_bodies_are_told_noted_or_refused() {
    let wanted = number("HUB_MUTATIONS").unwrap_or(MUTATIONS);
    let seed = number("HUB_MIXED_SEED").unwrap_or(SEED);
    let cache_dir = Some(fast::compiled().unwrap());
    let runtime = Runtime::new(RuntimeOptions { cache_dir, ..RuntimeOptions::default() }).unwrap();
    let mut wrong = Vec::new();
    for connection in connections::all() {
        let name = connection.name;
        let path = binaries::components().unwrap().join(format!("connector-{name}.wasm"));
        let plugin = runtime.install(&std::fs::read(path).unwrap()).unwrap();
        let golden = Arc::new(golden(name));
        let began = std::time::Instant::now();
        let counted = Arc::new(Counted::default());
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (plugin, golden, counted) = (plugin.clone(), Arc::clone(&golden), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let share = (thread..wanted).step_by(usize::try_from(THREADS).unwrap());
                    share
                        .filter_map(|n| damaged(&plugin, &golden, Dice::new(seed ^ (n << 8)), &counted))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for thread in threads {
            wrong.extend(thread.join().unwrap().into_iter().map(|problem| format!("{name}: {problem}")));
        }
        eprintln!("{name}: {wanted} bodies in {:.1?}, {counted:?}", began.elapsed());
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.iter().take(DIFFERENCES_SHOWN).cloned().collect::<Vec<_>>().join("\n")
    );
}

const THREADS: u64 = 2;

/// What bodies came to.
#[derive(Debug, Default)]
struct Counted {
    told: AtomicU64,
    only_noted: AtomicU64,
    refused: AtomicU64,
    over_a_limit: AtomicU64,
}

/// What was wrong with what became of a golden body after one to four accidents.
fn damaged(plugin: &Plugin, golden: &[Golden], mut dice: Dice, counted: &Counted) -> Option<String> {
    let index = usize::try_from(dice.below(golden.len() as u64)).unwrap();
    let chosen = golden.get(index).unwrap();
    let accidents: Vec<(u16, u8)> = (0..dice.within(1..5))
        .map(|_| (u16::try_from(dice.below(1 << 16)).unwrap(), u8::try_from(dice.below(12)).unwrap()))
        .collect();
    let body = mutated(&chosen.body, &accidents);
    let topic =
        chosen.headers.iter().find(|(name, _)| name.ends_with("-topic")).map(|(_, topic)| topic.clone());
    let delivery = hub_runtime::Delivery {
        topic,
        headers: chosen.headers.clone(),
        body: body.clone(),
        received_at_ns: 1_767_225_600_000_000_000,
    };
    let count = |of: &AtomicU64| of.fetch_add(1, Ordering::Relaxed);
    match plugin.normalise(delivery, &settings(plugin), Patience::Whole) {
        Ok(Ok(report)) if report.events.is_empty() && report.notes.is_empty() => {
            return Some(format!("dropped in silence: {body}"));
        }
        Ok(Ok(report)) if report.events.is_empty() => count(&counted.only_noted),
        Ok(Ok(_)) => count(&counted.told),
        Ok(Err(_)) => count(&counted.refused),
        Err(error) if matches!(error.kind, CallErrorKind::OutputTooLarge { .. }) => {
            count(&counted.over_a_limit)
        }
        Err(error) => return Some(format!("{error}: {body}")),
    };
    None
}

fn golden(name: &str) -> Vec<Golden> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/plugins").join(name);
    let mut cases: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let read = |case: &std::path::PathBuf| {
        let http = std::fs::read_to_string(case.join("delivery.http")).ok()?;
        let (head, body) = http.split_once("\n\n")?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let headers =
            headers.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Some(Golden { headers: headers.collect(), body: body.to_owned() })
    };
    cases.iter().filter_map(read).collect()
}

/// The manifest's own defaults, as a connection without settings has them.
fn settings(plugin: &Plugin) -> Settings {
    let all = plugin.manifest().unwrap().settings.iter();
    all.filter_map(|setting| Some((setting.key.clone(), setting.default.clone()?))).collect()
}
