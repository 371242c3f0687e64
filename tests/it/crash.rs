//! The hub killed at random moments under load. Senders do what providers do: the same delivery again until it is
//! acknowledged. Afterwards nothing acknowledged is missing, and every effect happened once.
//!
//! `HUB_CRASHES` says how often to kill (8 without), `HUB_SEED` repeats the moments of a run that failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use hub_tests::support::admin::{Admin, DeliverySummary};
use hub_tests::support::connections::{INSTAGRAM, INSTAGRAM_ACCOUNT, SHOPIFY};
use hub_tests::support::delivery::{Outgoing, Signer};
use hub_tests::support::number;
use hub_tests::support::sender::Sender;
use hub_tests::support::stage::{Stage, StageOptions};
use jiff::Timestamp;
use provider_simulator::{BucketSize, SimulatorOptions};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

const CRASHES: u64 = 8;
const SENDERS: usize = 8;
/// The hub lives so long between two crashes: long enough to fold and to act, short enough to have much in hand.
const LIFE_MS: std::ops::Range<u64> = 20..400;
/// A person's order and message, then the next person: a pace that keeps hub, providers and machine busy without making
/// the clean-up at the end the longest part.
const PACE: Duration = Duration::from_millis(15);
/// Before a sender tries a hub again that did not answer.
const RETRY: Duration = Duration::from_millis(10);
/// Reads under way at once while everything is looked through at the end.
const READS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_happens_twice() {
    let crashes = number("HUB_CRASHES").unwrap_or(CRASHES);
    let seed = number("HUB_SEED").unwrap_or_else(|| Timestamp::now().as_millisecond().unsigned_abs());
    eprintln!("HUB_SEED={seed} HUB_CRASHES={crashes}");
    let mut stage =
        Stage::set(StageOptions { simulator: unhurried(), ..StageOptions::default() }).await.unwrap();
    let (hub, hub_now) = watch::channel(stage.sender().unwrap());
    let load = Arc::new(Load::default());
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        senders.spawn(Arc::clone(&load).send(hub_now.clone()));
    }
    let mut dice = Dice(seed);
    for _ in 0..crashes {
        tokio::time::sleep(Duration::from_millis(dice.within(LIFE_MS))).await;
        stage.kill().await.unwrap();
        stage.start().await.unwrap();
        hub.send_replace(stage.sender().unwrap());
    }
    load.enough.store(true, Ordering::SeqCst);
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    let people = load.next.load(Ordering::SeqCst);
    assert!(people > 0, "nothing was sent");
    let admin = stage.admin().unwrap();
    admin.quiet(|_| {}).await.unwrap();

    check_deliveries(&admin, people).await;
    check_effects(&stage, &admin, people).await;
    stage.stop().await.unwrap();
    stage.verify_journal().await.unwrap().unwrap();
}

/// Providers that set no limits: those have tests of their own.
fn unhurried() -> SimulatorOptions {
    SimulatorOptions {
        shopify_bucket: BucketSize { points_max: 1_000_000, points_per_second: 100_000 },
        zendesk_requests_per_minute: 1_000_000,
        ..SimulatorOptions::default()
    }
}

/// People who order and then complain, one after the other.
#[derive(Default)]
struct Load {
    next: AtomicU64,
    enough: AtomicBool,
}

impl Load {
    async fn send(self: Arc<Self>, hub: watch::Receiver<Sender>) {
        while !self.enough.load(Ordering::SeqCst) {
            let person = self.next.fetch_add(1, Ordering::SeqCst);
            // Known before they write, so that the rule about open orders has something to say.
            for delivery in [order(person), complaint(person)] {
                until_acknowledged(&hub, &delivery).await;
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

async fn until_acknowledged(hub: &watch::Receiver<Sender>, delivery: &Outgoing) {
    loop {
        let sender = hub.borrow().clone();
        match sender.deliver(delivery, Signer::Provider).await {
            Ok(200) => return,
            // Whether it was kept before the hub died nobody knows: again, as any provider would.
            Err(_) | Ok(503) => tokio::time::sleep(RETRY).await,
            Ok(other) => panic!("{} was answered {other}", delivery.id),
        }
    }
}

fn webhook_id(person: u64) -> String {
    format!("order-of-{person}")
}

fn customer_id(person: u64) -> u64 {
    9_000_000_000_000 + person
}

fn igsid(person: u64) -> String {
    format!("66{person:014}")
}

fn order(person: u64) -> Outgoing {
    let now = Timestamp::now().to_string();
    let id = customer_id(person);
    let body = json!({
        "id": 5_000_000_000_000 + person,
        "name": person.to_string(),
        "token": format!("token-{person}"),
        "created_at": now, "updated_at": now, "processed_at": now,
        "financial_status": "paid", "fulfillment_status": null,
        "currency": "EUR", "total_price": "12.00",
        "customer": {"id": id, "email": format!("person{person}@example.com"), "verified_email": true},
    });
    Outgoing::json(SHOPIFY, webhook_id(person), &body).with_topic("orders/create")
}

fn complaint(person: u64) -> Outgoing {
    let now = Timestamp::now().as_millisecond();
    let message = json!({
        "mid": format!("mid-{person}"),
        "text": "This is terrible, it is late and nobody answers. I am very disappointed!",
        "referral": {"ref": format!("order_token-{person}"), "source": "SHORTLINKS", "type": "OPEN_THREAD"},
    });
    let item = json!({
        "sender": {"id": igsid(person)}, "recipient": {"id": INSTAGRAM_ACCOUNT}, "timestamp": now, "message": message,
    });
    let body = json!({"object": "instagram", "entry": [{"id": INSTAGRAM_ACCOUNT, "time": now, "messaging": [item]}]});
    Outgoing::json(INSTAGRAM, format!("complaint-of-{person}"), &body)
}

/// Every order was acknowledged, so every order's webhook is there, and settled; and every complaint is in the model.
async fn check_deliveries(admin: &Admin, people: u64) {
    assert_eq!(admin.deliveries(Some("pending")).await.unwrap().len(), 0);
    let parked = admin.deliveries(Some("parked")).await.unwrap();
    assert!(parked.is_empty(), "{:?}", parked.first());
    let processed = admin.deliveries(Some("processed")).await.unwrap();
    let orders: Vec<&DeliverySummary> =
        processed.iter().filter(|delivery| delivery.connection == SHOPIFY).collect();
    let ids: Vec<String> = futures_util::stream::iter(orders)
        .map(|delivery| async {
            admin.delivery_header(delivery.seq, "x-shopify-webhook-id").await.unwrap().unwrap()
        })
        .buffer_unordered(READS)
        .collect()
        .await;
    let found: BTreeSet<String> = ids.into_iter().collect();
    let missing: Vec<String> = (0..people).map(webhook_id).filter(|id| !found.contains(id)).collect();
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    let counts = admin.status().await.unwrap().counts;
    assert_eq!(counts.interactions, people, "complaints in the model");
    assert_eq!(counts.customers, people, "each order and its complaint are one person's");
}

/// One ticket for each complaint, whatever the hub remembered of the call; and no tag that no effect asked for.
async fn check_effects(stage: &Stage, admin: &Admin, people: u64) {
    for state in ["parked", "unknown"] {
        let stuck = admin.effects(state).await.unwrap();
        assert!(stuck.is_empty(), "{:?}", stuck.first());
    }
    let world = stage.providers().world();
    let mut tickets: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for ticket in world.zendesk.tickets.values() {
        *tickets.entry(ticket.external_id.as_deref()).or_default() += 1;
    }
    let twice: Vec<_> = tickets.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "opened twice: {twice:?}");
    assert_eq!(tickets.len() as u64, people, "one ticket for each conversation");
    let tags = stage.providers().counts().tags as u64;
    let effects = admin.status().await.unwrap().counts.effects;
    assert_eq!(tickets.len() as u64 + tags, effects, "every effect happened once");
    for effect in admin.effects("confirmed").await.unwrap() {
        if effect.connection != SHOPIFY {
            assert!(
                tickets.contains_key(&Some(effect.id.as_str())),
                "confirmed, and not there: {}",
                effect.id
            );
        }
    }
}

/// Sebastiano Vigna's SplitMix64: moments to crash at need no more.
struct Dice(u64);

impl Dice {
    fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start + (mixed ^ (mixed >> 31)) % (range.end - range.start)
    }
}
