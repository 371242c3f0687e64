//! A hub that is offered twice what it can process: how much of its pace it keeps, how it says no, and how soon it is itself
//! again. Those who deliver do not wait for one answer before the next is due, and offer again what was refused, as providers
//! do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::server::Server;
use super::table::Table;
use super::{SECRET, load, order, write_config};
use crate::support::connections::SHOPIFY;

/// How long the pace of a hub that is offered just enough is measured, and how long it is offered too much.
const CALM: Duration = Duration::from_secs(15);
const OVERLOAD: Duration = Duration::from_secs(60);
/// Before that: a view that is new is much faster, and slows down by itself.
const GROWN: Duration = Duration::from_secs(45);
/// Deliveries that may wait: what a burst fills within the minute.
const BACKLOG: usize = 10_000;
/// Enough that the hub's answers do not pace those who deliver.
const CONNECTIONS: usize = 128;
/// Deliveries that wait at most while the hub is offered as much as it takes: it acknowledges faster than it processes.
const CALM_WAITING: usize = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);
const RECOVERED_WITHIN: Duration = Duration::from_secs(120);

/// What became of the deliveries.
#[derive(Default)]
struct Sent {
    taken: AtomicUsize,
    refused: AtomicUsize,
    /// Anything but 200 and a 503 that says when to come again.
    unclean: AtomicUsize,
    next: AtomicUsize,
    /// As the hub said last.
    processed: AtomicUsize,
}

pub(super) async fn measure(table: &mut Table) -> Result<(), String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = write_config(scratch.path())?;
    set_backlog(&config)?;
    let (hub, _) = Server::hub(&config, scratch.path()).await?;
    let sent = Arc::new(Sent::default());

    eprintln!("deliveries for a view that is not new, {} s", GROWN.as_secs());
    paced(&hub, &sent, GROWN, None).await?;
    eprintln!("what it can process, {} s", CALM.as_secs());
    let (_, before) = paced(&hub, &sent, CALM, None).await?;
    until_processed(&hub, &sent).await?;

    let offered = 2.0 * before;
    eprintln!("twice of that, {offered:.0} deliveries/s, {} s", OVERLOAD.as_secs());
    let refused_before = sent.refused.load(Ordering::Relaxed);
    let (most_kb, kept) = paced(&hub, &sent, OVERLOAD, Some(offered)).await?;
    let ended = Instant::now();
    let answered_again = until_taken(&hub, &sent).await?;
    until_processed(&hub, &sent).await?;
    let recovered = ended.elapsed();

    let refused = sent.refused.load(Ordering::Relaxed) - refused_before;
    // The more it holds, the slower it is: overload is held against the pace on either side of it.
    eprintln!("what it can process now, {} s", CALM.as_secs());
    let (_, after) = paced(&hub, &sent, CALM, None).await?;
    let pace = f64::midpoint(before, after);

    table.row("processed, offered as much as it takes", format!("{before:.0}/s"), "");
    table.row("processed, offered twice that for a minute", format!("{kept:.0}/s"), "");
    table.row("processed, offered as much as it takes again", format!("{after:.0}/s"), "");
    table.row("of its pace kept", format!("{:.0} %", 100.0 * kept / pace), "≥ 90 %");
    table.row("answered 503 with Retry-After", refused.to_string(), "");
    table.row("answered otherwise", sent.unclean.load(Ordering::Relaxed).to_string(), "0");
    table.row("until a delivery is taken again", format!("{} ms", answered_again.as_millis()), "≤ 5 s");
    table.row("until nothing waits any more", format!("{:.1} s", recovered.as_secs_f64()), "≤ 5 s");
    table.row("resident memory at most, overloaded", format!("{} MB", most_kb / 1_024), "bounded");
    hub.stop().await
}

fn set_backlog(config: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(config).map_err(|error| error.to_string())?;
    let text = text.replacen("[ingress]\n", &format!("[ingress]\nbacklog_max = {BACKLOG}\n"), 1);
    std::fs::write(config, text).map_err(|error| error.to_string())
}

/// Delivers for so long, so many a second or as many as are processed. The most memory the hub held, in KiB, and what it
/// processed a second.
async fn paced(
    hub: &Server,
    sent: &Arc<Sent>,
    lasts: Duration,
    per_second: Option<f64>,
) -> Result<(u64, f64), String> {
    let (began, before) = (Instant::now(), hub.processed().await?);
    let every = per_second.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        senders.spawn(deliver(hub.ingress, Arc::clone(sent), began + lasts, every));
    }
    let mut most_kb = 0;
    while began.elapsed() < lasts {
        most_kb = most_kb.max(hub.resident_kb());
        sent.processed.store(hub.processed().await?, Ordering::Relaxed);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let processed = hub.processed().await?.saturating_sub(before);
    let pace = processed as f64 / began.elapsed().as_secs_f64();
    while let Some(ended) = senders.join_next().await {
        ended.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    }
    Ok((most_kb, pace))
}

async fn deliver(
    to: std::net::SocketAddr,
    sent: Arc<Sent>,
    until: Instant,
    every: Option<Duration>,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let mut due = every.map(tokio::time::interval);
    if let Some(due) = &mut due {
        // What was missed is offered as well.
        due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    }
    let mut order = None;
    while Instant::now() < until {
        match &mut due {
            Some(due) => drop(due.tick().await),
            None => sent.until_few_wait(until).await,
        }
        sent.once(&mut stream, &mut order).await?;
    }
    Ok(())
}

/// The bytes of an order that was not taken.
type Refused = Option<Vec<u8>>;

impl Sent {
    async fn until_few_wait(&self, until: Instant) {
        let waiting =
            || self.taken.load(Ordering::Relaxed).saturating_sub(self.processed.load(Ordering::Relaxed));
        while waiting() > CALM_WAITING && Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY / 10).await;
        }
    }

    /// The order that was refused last, or the next.
    async fn once(&self, stream: &mut TcpStream, refused: &mut Refused) -> std::io::Result<u16> {
        let order = refused.take().unwrap_or_else(|| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            order::request_to(SHOPIFY, number, &order::body(number), SECRET)
        });
        stream.write_all(&order).await?;
        let answer = load::read_answer(stream).await?;
        let count = match answer.status {
            200 => &self.taken,
            503 if answer.says_when => &self.refused,
            _ => &self.unclean,
        };
        count.fetch_add(1, Ordering::Relaxed);
        *refused = (answer.status == 503).then_some(order);
        Ok(answer.status)
    }
}

async fn until_taken(hub: &Server, sent: &Sent) -> Result<Duration, String> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(hub.ingress).await.map_err(|error| error.to_string())?;
    let mut order = None;
    while began.elapsed() < RECOVERED_WITHIN {
        if sent.once(&mut stream, &mut order).await.map_err(|error| error.to_string())? == 200 {
            return Ok(began.elapsed());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(format!("nothing is taken {RECOVERED_WITHIN:?} after the load has ended"))
}

async fn until_processed(hub: &Server, sent: &Sent) -> Result<(), String> {
    hub.wait_processed(sent.taken.load(Ordering::Relaxed)).await
}
