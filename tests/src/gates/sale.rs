//! A sale: people who order, and some who then complain, as long as it goes on. Providers deliver as they do, the same again until
//! it is acknowledged; what must have become of it all is known at the end.

mod checks;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use provider_simulator::{BucketSize, SimulatorOptions};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::connections::{INSTAGRAM, INSTAGRAM_ACCOUNT, SHOPIFY};
use crate::support::delivery::{Outgoing, Signer};
use crate::support::sender::Sender;
use crate::support::stage::{Stage, StageOptions};

const SENDERS: usize = 8;
/// A person's order and message, then the next person: a pace that keeps hub, providers and machine busy without making
/// the clean-up at the end the longest part.
const PACE: Duration = Duration::from_millis(15);
/// One person in so many complains: each complaint is a ticket, and the connector opens no more than Zendesk's smallest plan
/// takes, three a second. More would only wait until the sale is over.
const COMPLAINS_EVERY: u64 = 8;
/// Before a sender tries a hub again that did not answer.
const RETRY: Duration = Duration::from_millis(10);

/// A hub, its providers, and those who deliver to it.
pub(super) struct Sale {
    pub(super) stage: Stage,
    hub: watch::Sender<Sender>,
    load: Arc<Load>,
    senders: JoinSet<anyhow::Result<()>>,
}

impl Sale {
    pub(super) async fn open() -> anyhow::Result<Self> {
        let stage = Stage::set(StageOptions { simulator: unhurried(), ..StageOptions::default() }).await?;
        let (hub, hub_now) = watch::channel(stage.sender()?);
        let load = Arc::new(Load::default());
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            senders.spawn(Arc::clone(&load).send(hub_now.clone()));
        }
        Ok(Self { stage, hub, load, senders })
    }

    /// Starts the hub again that was ended; senders go on with it.
    pub(super) async fn reopen(&mut self) -> anyhow::Result<()> {
        self.stage.start().await?;
        self.hub.send_replace(self.stage.sender()?);
        Ok(())
    }

    /// Ends the sale, lets the hub finish, and tells what is not as it must be. Gives the number of people as well.
    pub(super) async fn close(mut self) -> anyhow::Result<(u64, Vec<String>)> {
        self.load.enough.store(true, Ordering::SeqCst);
        while let Some(ended) = self.senders.join_next().await {
            ended.context("a sender panicked")??;
        }
        let people = self.load.next.load(Ordering::SeqCst);
        let complaints = people.div_ceil(COMPLAINS_EVERY);
        let admin = self.stage.admin()?;
        admin.quiet(|_| {}).await?;
        let mut failures = checks::deliveries(&admin, people, complaints).await?;
        failures.extend(checks::effects(&self.stage, &admin, complaints).await?);
        self.stage.stop().await?;
        failures.extend(self.stage.verify_journal().await?.err());
        Ok((people, failures))
    }
}

/// Providers that set no limits: those have tests of their own.
fn unhurried() -> SimulatorOptions {
    SimulatorOptions {
        shopify_bucket: BucketSize { points_max: 1_000_000, points_per_second: 100_000 },
        zendesk_requests_per_minute: 1_000_000,
        ..SimulatorOptions::default()
    }
}

/// People who order, one after the other.
#[derive(Default)]
struct Load {
    next: AtomicU64,
    enough: AtomicBool,
}

impl Load {
    async fn send(self: Arc<Self>, hub: watch::Receiver<Sender>) -> anyhow::Result<()> {
        while !self.enough.load(Ordering::SeqCst) {
            let person = self.next.fetch_add(1, Ordering::SeqCst);
            // Known before they write, so that the rule about open orders has something to say.
            until_acknowledged(&hub, &order(person)).await?;
            if person.is_multiple_of(COMPLAINS_EVERY) {
                until_acknowledged(&hub, &complaint(person)).await?;
            }
            tokio::time::sleep(PACE).await;
        }
        Ok(())
    }
}

async fn until_acknowledged(hub: &watch::Receiver<Sender>, delivery: &Outgoing) -> anyhow::Result<()> {
    loop {
        let sender = hub.borrow().clone();
        match sender.deliver(delivery, Signer::Provider).await {
            Ok(200) => return Ok(()),
            // Whether it was kept before the hub ended nobody knows: again, as any provider would.
            Err(_) | Ok(503) => tokio::time::sleep(RETRY).await,
            Ok(other) => bail!("{} was answered {other}", delivery.id),
        }
    }
}

fn webhook_id(person: u64) -> String {
    format!("order-of-{person}")
}

fn order(person: u64) -> Outgoing {
    let now = Timestamp::now().to_string();
    let id = 9_000_000_000_000 + person;
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
        "sender": {"id": format!("66{person:014}")}, "recipient": {"id": INSTAGRAM_ACCOUNT}, "timestamp": now,
        "message": message,
    });
    let body = json!({"object": "instagram", "entry": [{"id": INSTAGRAM_ACCOUNT, "time": now, "messaging": [item]}]});
    Outgoing::json(INSTAGRAM, format!("complaint-of-{person}"), &body)
}
