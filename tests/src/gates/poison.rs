//! One delivery of a thousand that its connector never comes to an end with, tried again as soon as the hub likes: the
//! others hardly notice. What they notice is told by the processor time the hub takes for each: how fast they pass is
//! that, and whatever else the machine has to do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};
use hub_gates::{Fault, Gate, Level, Report, Setup};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;
use tokio::task::JoinSet;

use crate::gates::hostile::guests;
use crate::support::binaries::copy_components;
use crate::support::connections::{self, SHOPIFY};
use crate::support::delivery::{Outgoing, Signer};
use crate::support::sender::Sender;
use crate::support::stage::{Stage, StageOptions};

/// Sound deliveries of a round.
const ROUND: u64 = 2_000;
const ROUNDS: [u64; 3] = [10, 100, 400];
const POISON_EVERY: u64 = 1_000;
const SENDERS: u64 = 8;
/// Per mille of the throughput that the others must keep, as the hub is shipped.
const KEPT_MIN: u64 = 950;
/// Built with its checks, and beside whatever else runs before a commit, two hubs without poison differ by up to a twentieth.
const KEPT_MIN_BEFORE_A_COMMIT: u64 = 850;
/// How long the hub may take for a round, on a machine with other things to do.
const ROUND_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A failed delivery is due again at once, and often: only the hub's own restraint keeps it from being tried.
const TRIES: usize = 50;

/// The guest that can be poisoned, as its manifest and its connection are called.
const GUEST: &str = "guest";
const KEY_FILE: &str = "key";
const KEY: &[u8] = b"signing-key-of-some-length";

const NO_REST: Fault = Fault("what fails is tried again without a rest");

pub(crate) const GATE: Gate = Gate {
    name: "poison",
    says: "one delivery of a thousand that no try comes to an end with leaves the others 95 % of their throughput",
    run,
    faults: &[NO_REST],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(error) = super::on_runtime(poisoned(setup, &mut report)) {
        report.failures.push(format!("the hub could not be tried: {error:#}"));
    }
    report
}

async fn poisoned(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let plugins = tempfile::tempdir()?;
    copy_components(plugins.path())?;
    std::fs::write(plugins.path().join("guest.wasm"), guests::named("loop-on-poison").component())?;
    std::fs::write(plugins.path().join(KEY_FILE), format!("whsec_{}", STANDARD.encode(KEY)))?;
    // Both take turns, and short ones, so that whatever else the machine does is done to both.
    let (mut calm, mut ill) = (hub(plugins.path(), setup).await?, hub(plugins.path(), setup).await?);
    let warm = Round { first: 0, sound: ROUND, poisoned: false };
    warm.play(&calm).await.context("while the first hub warms up")?;
    warm.play(&ill).await.context("while the second hub warms up")?;
    let rounds = setup.cases(ROUNDS);
    let mut taken = [Taken::default(); 2];
    for number in 1..=rounds {
        let round = Round { first: number * ROUND, ..warm };
        taken[0].add(round.play(&calm).await.context("without poison")?);
        taken[1].add(Round { poisoned: true, ..round }.play(&ill).await.context("with poison")?);
    }
    let kept = micros(taken[0].cpu) * 1_000 / micros(taken[1].cpu).max(1);
    let sound = rounds * ROUND;
    let vain = ill.admin()?.counter("omnihub_deliveries_setbacks_total").await?;
    report.figure("sound deliveries to each of two hubs", sound);
    report.figure("tries that came to no end", vain);
    report.figure("µs of processor time for a sound one, without poison", micros(taken[0].cpu) / sound);
    report.figure("with poison", micros(taken[1].cpu) / sound);
    report.figure("per mille of the throughput kept, by that", kept);
    report.figure("ms until all sound ones were processed, without poison", micros(taken[0].wall) / 1_000);
    report.figure("with poison", micros(taken[1].wall) / 1_000);
    if vain <= sound / POISON_EVERY {
        report.failures.push("hardly anything failed, or none of it was tried again".to_owned());
    }
    let kept_min = if setup.level == Level::Commit { KEPT_MIN_BEFORE_A_COMMIT } else { KEPT_MIN };
    if kept < kept_min {
        report.failures.push(format!("with poison the others keep {kept} ‰ of their throughput"));
    }
    calm.stop().await?;
    ill.stop().await
}

/// A hub that can be poisoned and wastes no time between two tries.
async fn hub(plugins: &Path, setup: &Setup) -> anyhow::Result<Stage> {
    let mut changes = connections::left_alone();
    let key = format!("file:{}", plugins.join(KEY_FILE).display());
    changes.extend([
        ("plugins_dir".to_owned(), plugins.display().to_string().into()),
        (format!("connections.{GUEST}.connector"), GUEST.into()),
        (format!("connections.{GUEST}.secrets.token"), key.into()),
        ("processing.retry_delays".to_owned(), vec![0_i64; TRIES].into()),
    ]);
    if setup.has(NO_REST) {
        changes.push(("processing.retry_share".to_owned(), 100.into()));
    }
    Stage::set(StageOptions { changes, ..StageOptions::default() }).await
}

/// Deliveries sent as fast as the hub takes them, half of them to each of two connections.
#[derive(Clone, Copy)]
struct Round {
    first: u64,
    sound: u64,
    poisoned: bool,
}

impl Round {
    fn end(&self) -> u64 {
        self.first + self.sound
    }

    /// Until every sound delivery is processed.
    async fn play(self, stage: &Stage) -> anyhow::Result<Taken> {
        let admin = stage.admin()?;
        let cpu_before = stage.hub()?.cpu_time();
        let done = admin.counter(PROCESSED).await? + self.sound;
        let began = Instant::now();
        let next = Arc::new(AtomicU64::new(self.first));
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            senders.spawn(self.send(stage.sender()?, Arc::clone(&next)));
        }
        while let Some(sent) = senders.join_next().await {
            sent.context("a sender panicked")??;
        }
        while admin.counter(PROCESSED).await? < done {
            ensure!(began.elapsed() < ROUND_WITHIN, "the others are not processed after {ROUND_WITHIN:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Taken { wall: began.elapsed(), cpu: stage.hub()?.cpu_time().saturating_sub(cpu_before) })
    }

    async fn send(self, sender: Sender, next: Arc<AtomicU64>) -> anyhow::Result<()> {
        // The first of each thousand, so that the others have all of it before them.
        let is_poisoned = |number: u64| (number - self.first).is_multiple_of(POISON_EVERY);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.end() {
                return Ok(());
            }
            if self.poisoned && is_poisoned(number) {
                given(&sender, format!("!{number}")).await?;
            }
            if number.is_multiple_of(2) {
                given(&sender, number.to_string()).await?;
            } else {
                let status = sender.deliver(&order(number), Signer::Provider).await?;
                ensure!(status == 200, "order {number} was answered {status}");
            }
        }
    }
}

/// What a round took of the hub.
#[derive(Clone, Copy, Default)]
struct Taken {
    wall: Duration,
    cpu: Duration,
}

impl Taken {
    fn add(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

const PROCESSED: &str = "omnihub_deliveries_processed_total";

/// Delivers to the guest, signed as https://www.standardwebhooks.com says.
async fn given(sender: &Sender, body: String) -> anyhow::Result<()> {
    let time = Timestamp::now().as_second().to_string();
    let mut mac = hmac::Hmac::<Sha256>::new_from_slice(KEY).context("the key is no key")?;
    mac.update(format!("{body}.{time}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let headers =
        [("webhook-id", body.clone()), ("webhook-timestamp", time), ("webhook-signature", signature)];
    let delivery = Outgoing {
        connection: GUEST.to_owned(),
        id: body.clone(),
        topic: None,
        headers: Vec::new(),
        body: body.into_bytes(),
    };
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match sender.post(&delivery, headers).await?.status {
        200 => Ok(()),
        status => bail!("{} was answered {status}", delivery.id),
    }
}

fn order(number: u64) -> Outgoing {
    let now = Timestamp::now().to_string();
    let body = json!({
        "id": 5_000_000_000_000_u64 + number, "name": number.to_string(), "created_at": now, "updated_at": now,
        "financial_status": "paid", "currency": "EUR", "total_price": "12.00",
    });
    Outgoing::json(SHOPIFY, format!("order-{number}"), &body).with_topic("orders/create")
}

fn micros(taken: Duration) -> u64 {
    u64::try_from(taken.as_micros()).unwrap_or(u64::MAX)
}
