//! Thousands of clients that send a byte now and then, or nothing, and never end: whoever delivers as providers do is answered
//! as fast as ever, and the hub stays small.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hub_gates::{Fault, Report, Setup};
use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::connections::{self, SHOPIFY};
use crate::support::delivery::{Outgoing, Signer};
use crate::support::stage::{Stage, StageOptions};

const SLOW_CLIENTS: u64 = 5_000;
/// Files of our own beside their connections.
const FILES_BESIDE: u64 = 500;
const SECONDS: [u64; 3] = [30, 180, 600];
/// Between two bytes of a slow client.
const BYTE_EVERY: Duration = Duration::from_secs(2);
/// Before one comes back that was sent away.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const SENDERS: usize = 8;
const PACE: Duration = Duration::from_millis(25);
const P99_MAX: Duration = Duration::from_millis(250);
/// A build with all its checks keeps twice as much for each connection.
const RESIDENT_KB_MAX: u64 = if cfg!(debug_assertions) { 400 * 1_024 } else { 200 * 1_024 };

pub(super) const NO_END: Fault = Fault("a thousand connections may say nothing for an hour");

/// # Errors
/// The hub does not start or end, or this process may not open as many connections.
pub(super) async fn try_all(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    allow_files(SLOW_CLIENTS + FILES_BESIDE)?;
    let mut changes = connections::left_alone();
    if setup.has(NO_END) {
        changes.push(("ingress.connections_max".to_owned(), 1_000.into()));
        changes.push(("ingress.header_timeout".to_owned(), 3_600.into()));
    }
    let mut stage = Stage::set(StageOptions { changes, ..StageOptions::default() }).await?;
    // As it runs for weeks: with connectors that an earlier start has compiled.
    stage.stop().await?;
    stage.start().await?;
    let ingress = stage.hub()?.addresses().ingress.trim_start_matches("http://").to_owned();
    let (done, is_done) = watch::channel(false);
    let met = Arc::new(AtomicU64::new(0));
    let mut slow = JoinSet::new();
    for number in 0..SLOW_CLIENTS {
        slow.spawn(be_slow(number, ingress.clone(), Arc::clone(&met)));
    }
    let mut senders = JoinSet::new();
    for first in 0..SENDERS {
        senders.spawn(deliver(first, stage.sender()?, is_done.clone()));
    }
    let ends = Instant::now() + Duration::from_secs(setup.cases(SECONDS));
    let mut resident = 0;
    while Instant::now() < ends {
        sleep(Duration::from_secs(1)).await;
        resident = resident.max(stage.hub()?.resident_kb());
    }
    done.send_replace(true);
    let mut answered = Vec::new();
    while let Some(sent) = senders.join_next().await {
        answered.extend(sent.context("a sender panicked")??);
    }
    slow.shutdown().await;
    answered.sort_unstable();
    let p99 = answered.get(answered.len() * 99 / 100).copied().unwrap_or(Duration::MAX);
    report.figure("slow clients", SLOW_CLIENTS);
    report.figure("connections that they opened", met.load(Ordering::Relaxed));
    report.figure("deliveries beside them", answered.len() as u64);
    report.figure("ms until one was answered, p99", u64::try_from(p99.as_millis()).unwrap_or(u64::MAX));
    report.figure("MiB that the hub took, the most", resident / 1_024);
    if p99 > P99_MAX {
        report.failures.push(format!("beside slow clients the slowest hundredth waits for {p99:?}"));
    }
    if resident > RESIDENT_KB_MAX {
        report.failures.push(format!("slow clients make the hub take {} MiB", resident / 1_024));
    }
    stage.stop().await
}

fn allow_files(wanted: u64) -> anyhow::Result<()> {
    let limits = getrlimit(Resource::Nofile);
    if limits.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: limits.maximum, ..limits };
        setrlimit(Resource::Nofile, raised).context("more files cannot be opened")?;
        anyhow::ensure!(
            limits.maximum.is_none_or(|most| most >= wanted),
            "{wanted} files have to be open; `ulimit -Hn` allows fewer"
        );
    }
    Ok(())
}

/// Comes back for ever; each third is slow in another way.
async fn be_slow(number: u64, ingress: String, met: Arc<AtomicU64>) {
    let head = format!("POST /hooks/{SHOPIFY} HTTP/1.1\r\nhost: hub\r\ncontent-length: 1000\r\nx-slow: ");
    let whole = format!("{head}yes\r\n\r\n{{");
    let at_once: &[u8] = match number % 3 {
        // Says nothing, stops within its headers, stops within its body.
        0 => b"",
        1 => head.as_bytes(),
        _ => whole.as_bytes(),
    };
    loop {
        if let Ok(mut stream) = TcpStream::connect(&ingress).await {
            met.fetch_add(1, Ordering::Relaxed);
            let mut is_open = stream.write_all(at_once).await.is_ok();
            while is_open && !at_once.is_empty() {
                sleep(BYTE_EVERY).await;
                is_open = stream.write_all(b" ").await.is_ok();
            }
            if at_once.is_empty() {
                // Until the hub has enough of it.
                drop(stream.readable().await);
            }
        }
        sleep(AGAIN_AFTER).await;
    }
}

/// How long each delivery took.
async fn deliver(
    first: usize,
    sender: crate::support::sender::Sender,
    is_done: watch::Receiver<bool>,
) -> anyhow::Result<Vec<Duration>> {
    let mut taken = Vec::new();
    while !*is_done.borrow() {
        let order = order(first + taken.len() * SENDERS);
        let began = Instant::now();
        let status = sender.deliver(&order, Signer::Provider).await?;
        taken.push(began.elapsed());
        anyhow::ensure!(status == 200, "{} was answered {status} beside slow clients", order.id);
        sleep(PACE).await;
    }
    Ok(taken)
}

fn order(number: usize) -> Outgoing {
    let now = Timestamp::now().to_string();
    let body = json!({
        "id": 5_000_000_000_000_usize + number, "name": number.to_string(), "created_at": now, "updated_at": now,
        "financial_status": "paid", "currency": "EUR", "total_price": "12.00",
    });
    Outgoing::json(SHOPIFY, format!("order-{number}"), &body).with_topic("orders/create")
}
