//! The simulator over real HTTP: what each provider does, what control shows, what faults do to callers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking, helpers included")]

mod control;
mod day;
mod faults;
mod graph;
mod outages;
mod outbox;
mod program;
mod readme;
mod receiver;
mod rows;
mod shopify;
mod square;
mod voucherify;
mod zendesk;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Once};

use http::StatusCode;
use jiff::Timestamp;
use provider_simulator::{Clock, Simulator, SimulatorOptions};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

/// 2026-03-01T10:00:30Z: half a minute into a minute of Zendesk's rate limit.
const START_SECOND: i64 = 1_772_359_230;

/// A clock the test turns.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn at_start() -> Self {
        Self(Arc::new(AtomicI64::new(START_SECOND)))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::from_fn(move || hand.now())
    }
}

/// A simulator on a hand-turned clock, and a client.
struct Play {
    simulator: Simulator,
    client: Client,
    hand: Hand,
}

impl Play {
    async fn start() -> Self {
        Self::with(SimulatorOptions::default()).await
    }

    async fn with(options: SimulatorOptions) -> Self {
        let hand = Hand::at_start();
        let options = SimulatorOptions { clock: hand.clock(), ..options };
        let simulator = Simulator::start(options).await.unwrap();
        Self { simulator, client: client(), hand }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path)).bearer_auth("t")
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.url(path)).bearer_auth("t").json(body)
    }

    fn put(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.put(self.url(path)).bearer_auth("t").json(body)
    }
}

fn client() -> Client {
    static TLS: Once = Once::new();
    TLS.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
    Client::builder().no_proxy().build().unwrap()
}

/// Sends, and returns status and JSON.
async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// Sends what must succeed, and returns its JSON.
async fn good(request: RequestBuilder) -> Value {
    let (status, body) = answer(request).await;
    assert!(status.is_success(), "{status} {body}");
    body
}
