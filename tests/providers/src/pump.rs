//! Carries webhooks to the hub: real requests, in the order of the simulated clock. What to send when, and what a reply
//! means, is decided in `outbox`; this file asks, sends, and reports back.

use std::io::ErrorKind;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, Method, Request};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::{Mutex, watch};

use crate::clock::later;
use crate::outbox::{Departure, Reply, schedule};
use crate::state::{Provider, Shared};

/// Shopify's; on this machine a connection takes no time at all, or is refused.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The answer to a webhook says nothing beside its status.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// Beyond every provider's last retry: a flush ends, also when what it sends makes the hub cause more.
const FLUSH_HORIZON: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Attempts on their way together are bound by sockets; more would measure the machine.
pub(crate) const AT_ONCE_MAX: usize = 64;
/// How often a simulator that sends by itself looks; far below anything a provider would do.
const LOOK: Duration = Duration::from_millis(10);

/// How far to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// What is due now; the clock stays.
    Now,
    /// To this moment.
    At(Timestamp),
    /// Until nothing waits any more; the clock ends at the last attempt.
    Empty,
}

/// What came of asking a receiver whether it wants webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Handshake {
    pub reply: Reply,
    /// Whether it answered 200 with the challenge and nothing else: only then would Meta subscribe it.
    pub accepted: bool,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pumped {
    pub attempts: u64,
    /// Those answered 2xx.
    pub taken: u64,
}

/// The connections out, and the turn to use them: two runs at once would race through one queue.
#[derive(Debug)]
pub(crate) struct Post {
    client: Client<HttpConnector, Body>,
    turn: Mutex<()>,
}

impl Post {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), turn: Mutex::new(()) }
    }
}

/// Runs to the end even when nobody waits for it: an attempt under way must not be forgotten.
pub(crate) async fn run(shared: Shared, until: Until, at_once: usize) -> Pumped {
    let running = tokio::spawn(run_here(shared, until, at_once.clamp(1, AT_ONCE_MAX)));
    // It fails only while the runtime is shut down.
    running.await.unwrap_or_default()
}

async fn run_here(shared: Shared, until: Until, at_once: usize) -> Pumped {
    let turn = shared.post().turn.lock().await;
    let started = shared.now();
    let mut pumped = Pumped::default();
    loop {
        let limit = match until {
            Until::Now => shared.now(),
            Until::At(moment) => moment,
            Until::Empty => later(started, FLUSH_HORIZON),
        };
        let departures = shared.lock().outbox.depart(limit, at_once);
        if departures.is_empty() {
            break;
        }
        for (departure, reply) in carry(&shared, departures).await {
            pumped.attempts += 1;
            pumped.taken += u64::from(matches!(reply, Reply::Status { status: 200..=299, .. }));
            shared.lock().outbox.arrived(&departure, reply);
        }
    }
    if let Until::At(moment) = until {
        shared.options().clock.forward_to(moment);
    }
    drop(turn);
    pumped
}

/// All at the same time; the replies in the order of departure.
async fn carry(shared: &Shared, departures: Vec<Departure>) -> Vec<(Departure, Reply)> {
    let tasks: Vec<_> = departures
        .into_iter()
        .map(|departure| {
            let client = shared.post().client.clone();
            tokio::spawn(async move {
                let reply = send(&client, &departure).await;
                (departure, reply)
            })
        })
        .collect();
    let mut arrived = Vec::with_capacity(tasks.len());
    for task in tasks {
        arrived.extend(task.await);
    }
    arrived
}

async fn send(client: &Client<HttpConnector, Body>, departure: &Departure) -> Reply {
    match request(departure) {
        Some(request) => exchange(client, request, departure.timeout).await.0,
        None => Reply::Refused,
    }
}

/// The reply, and what could be read of its body.
async fn exchange(
    client: &Client<HttpConnector, Body>,
    request: Request<Body>,
    timeout: Duration,
) -> (Reply, Bytes) {
    let exchange = async {
        let response = client.request(request).await.map_err(|error| unanswered(&error))?;
        let status = response.status().as_u16();
        let retry_after_s = response.headers().get(RETRY_AFTER).and_then(whole_seconds);
        // Read to its end, so that the connection can be used again; a body cut short was still an answer.
        let body = to_bytes(Body::new(response.into_body()), REPLY_BYTES_MAX).await.unwrap_or_default();
        Ok((Reply::Status { status, retry_after_s }, body))
    };
    match tokio::time::timeout(timeout, exchange).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(reply)) => (reply, Bytes::new()),
        Err(_) => (Reply::TimedOut, Bytes::new()),
    }
}

/// None for what cannot be put into a request: an address or a header that was not checked as such.
fn request(departure: &Departure) -> Option<Request<Body>> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&departure.target)
        .body(Body::from(departure.body.clone()))
        .ok()?;
    for (name, value) in &departure.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request.headers_mut().append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(request)
}

/// Meta's question before it subscribes an address, and whenever address or token are edited.
pub(crate) async fn handshake(shared: &Shared, target: &str, verify_token: &str) -> Handshake {
    let [first, second, ..] = shared.lock().ids.fresh();
    let challenge = format!("1{first:03}{second:03}");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", verify_token)
        .finish();
    let Ok(request) = Request::get(format!("{target}?{query}")).body(Body::empty()) else {
        return Handshake { reply: Reply::Refused, accepted: false };
    };
    let timeout = Duration::from_millis(schedule::timeout_ms(Provider::Graph));
    let (reply, body) = exchange(&shared.post().client, request, timeout).await;
    let accepted = matches!(reply, Reply::Status { status: 200, .. }) && body == challenge;
    Handshake { reply, accepted }
}

fn whole_seconds(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.trim().parse().ok()
}

fn unanswered(error: &Error) -> Reply {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return Reply::Refused,
            Some(ErrorKind::TimedOut) => return Reply::TimedOut,
            _ => cause = error.source(),
        }
    }
    Reply::Broken
}

/// Sends what comes due as the clock runs, until the simulator stops.
pub(crate) async fn run_by_itself(shared: Shared, mut stopped: watch::Receiver<()>) {
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        run(shared.clone(), Until::Now, 1).await;
    }
}
