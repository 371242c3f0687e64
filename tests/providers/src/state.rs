//! What all providers share: the world behind one lock, the log of calls, and fresh ids.
//! What each provider remembers is defined beside its behaviour.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::faults::Faults;
use crate::graph::Graph;
use crate::options::SimulatorOptions;
use crate::outbox::Outbox;
use crate::pump::Post;
use crate::shopify::Shop;
use crate::square::Seller;
use crate::zendesk::Desk;

/// A long soak makes more calls than anyone reads; the newest tell the story and memory stays near 30 MB.
const CALLS_KEPT_MAX: usize = 100_000;

/// One of the simulated providers; the name is also its path prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Shopify,
    Zendesk,
    /// Meta: Instagram and WhatsApp.
    Graph,
    Square,
    Voucherify,
}

/// One call a provider received. No bodies, no headers: those may hold personal data or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    pub n: u64,
    pub at: Timestamp,
    pub provider: Provider,
    pub method: String,
    /// Below the provider's prefix, without the query.
    pub path: String,
    pub idempotency_key: Option<String>,
    /// What the caller was told; none while it is under way and when the connection was dropped.
    pub status: Option<u16>,
    /// Whether the provider itself worked on it to the end, whatever the caller was told.
    pub handled: bool,
    /// The injected fault that met this call; `outage` when the provider was down.
    pub fault: Option<String>,
}

/// The newest calls, oldest first, and how many there were in all.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    kept: VecDeque<Call>,
    total: u64,
}

impl CallLog {
    pub(crate) fn open(&mut self, call: impl FnOnce(u64) -> Call) -> u64 {
        self.total += 1;
        if self.kept.len() == CALLS_KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(call(self.total));
        self.total
    }

    pub(crate) fn close(&mut self, n: u64, status: Option<u16>) {
        self.change(n, |call| call.status = status);
    }

    pub(crate) fn handled(&mut self, n: u64) {
        self.change(n, |call| call.handled = true);
    }

    fn change(&mut self, n: u64, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.kept.iter_mut().rev().find(|call| call.n == n) {
            change(call);
        }
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.kept.iter()
    }

    /// All calls since the start or the last reset, also those no longer kept.
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// Everything behind the lock.
#[derive(Debug)]
pub(crate) struct Worlds {
    pub(crate) shopify: Shop,
    pub(crate) zendesk: Desk,
    pub(crate) graph: Graph,
    pub(crate) square: Seller,
    pub(crate) calls: CallLog,
    pub(crate) faults: Faults,
    /// Webhooks owed and sent; [`Outbox::announce`] is how a provider says that something happened.
    pub(crate) outbox: Outbox,
    pub(crate) ids: Ids,
}

impl Worlds {
    /// Forgets everything except which ids were given out: a provider never reuses one.
    pub(crate) fn reset(&mut self, options: &SimulatorOptions) {
        self.shopify = Shop::new(options.shopify_bucket);
        self.zendesk = self.zendesk.emptied();
        self.graph = Graph::default();
        self.square = Seller::default();
        self.calls = CallLog::default();
        self.faults = Faults::default();
        self.outbox.reset();
    }
}

/// Makes ids that no other run of the simulator made.
#[derive(Debug)]
pub(crate) struct Ids {
    /// Keeps apart those who give out ids at the same time.
    series: &'static str,
    started: Timestamp,
    given: u64,
}

impl Ids {
    fn new(series: &'static str, started: Timestamp) -> Self {
        Self { series, started, given: 0 }
    }

    /// Thirty-two bytes never returned before.
    pub(crate) fn fresh(&mut self) -> [u8; 32] {
        self.given += 1;
        let mut hash = Sha256::new();
        hash.update(self.started.as_nanosecond().to_be_bytes());
        hash.update(self.given.to_be_bytes());
        hash.update(self.series.as_bytes());
        hash.finalize().into()
    }

    /// In the shape of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let text = hex::encode(self.fresh());
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
    }
}

/// The handle every handler gets.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: SimulatorOptions,
    base_url: String,
    worlds: Mutex<Worlds>,
    post: Post,
}

impl Shared {
    pub(crate) fn new(options: SimulatorOptions, base_url: String) -> Self {
        let clock = options.clock.clone();
        let started = clock.now();
        let worlds = Worlds {
            shopify: Shop::new(options.shopify_bucket),
            zendesk: Desk::default(),
            graph: Graph::default(),
            square: Seller::default(),
            calls: CallLog::default(),
            faults: Faults::default(),
            outbox: Outbox::new(clock, Ids::new("deliveries", started)),
            ids: Ids::new("", started),
        };
        Self(Arc::new(Inner { options, base_url, worlds: Mutex::new(worlds), post: Post::new() }))
    }

    pub(crate) fn options(&self) -> &SimulatorOptions {
        &self.0.options
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.0.base_url
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.options.clock.now()
    }

    /// The way out, for the pump.
    pub(crate) fn post(&self) -> &Post {
        &self.0.post
    }

    /// One lock for all: every act of a provider is atomic, as its own database would make it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Worlds> {
        self.0.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To whole seconds, as providers that write `...:05Z` do.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
