//! A webhook on its way, and the accounts that are kept: what control shows and tests assert.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Connection, Standing};
use crate::state::Provider;

/// One webhook and everything that became of it; never its body, nor its headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    pub n: u64,
    /// What the provider calls it: the same on every attempt and copy.
    pub id: String,
    pub connection: String,
    pub provider: Provider,
    pub topic: String,
    pub announced_at: Timestamp,
    pub body_bytes: usize,
    /// Of the body, in hex: says whether the hub has what was sent.
    pub body_sha256: String,
    /// How late the first attempt is on purpose.
    pub late_ms: u64,
    /// Whether a second copy is sent.
    pub duplicated: bool,
    pub attempts: Vec<Attempt>,
    pub ending: Ending,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Attempt {
    pub at: Timestamp,
    pub kind: AttemptKind,
    pub reply: Reply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    First,
    Retry,
    /// A copy on purpose: its answer decides nothing.
    Duplicate,
}

/// What an attempt met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    Status {
        status: u16,
        retry_after_s: Option<u64>,
    },
    /// Nobody listens.
    Refused,
    TimedOut,
    /// The connection ended before the answer did.
    Broken,
    /// It was answered, and the answer lost on purpose: to the provider a timeout.
    Unheard {
        status: u16,
    },
}

impl Reply {
    pub(super) fn is_taken(self) -> bool {
        matches!(self, Self::Status { status: 200..=299, .. })
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An attempt is still due.
    Waiting,
    /// Answered 2xx.
    Delivered,
    /// Never answered 2xx, and the provider tries no more.
    GaveUp,
    /// Never sent, by the percentage.
    Dropped,
    /// The subscription was removed or disabled.
    Unsubscribed,
    /// It happened during a pause or an outage that loses webhooks.
    Lost,
}

/// What is to be sent to one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parcel {
    pub topic: String,
    /// In addition to the provider's own, or instead of those with the same name.
    pub headers: Vec<(String, String)>,
    /// Groups deliveries that one act caused (Shopify); its own when absent.
    pub event_id: Option<String>,
    /// Sent as it is, every time.
    pub body: Bytes,
    /// The first attempt is due so much later.
    pub after_ms: u64,
}

/// A connection by that name was never set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such connection")]
pub struct NoConnection;

/// How many deliveries of a connection came to which end, and how many requests it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    pub announced: u64,
    pub attempts: u64,
    pub delivered: u64,
    pub gave_up: u64,
    pub dropped: u64,
    pub unsubscribed: u64,
    pub lost: u64,
}

impl Tally {
    pub(super) fn count(&mut self, ending: Ending) {
        match ending {
            Ending::Waiting => {}
            Ending::Delivered => self.delivered += 1,
            Ending::GaveUp => self.gave_up += 1,
            Ending::Dropped => self.dropped += 1,
            Ending::Unsubscribed => self.unsubscribed += 1,
            Ending::Lost => self.lost += 1,
        }
    }
}

/// A connection and how it fares. Its secret is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionAccount {
    pub connection: Connection,
    pub standing: Standing,
    pub tally: Tally,
}

/// The outbox as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxAccount {
    pub now: Timestamp,
    /// Attempts due, now or later.
    pub waiting: usize,
    pub next_due: Option<Timestamp>,
    /// Announcements no connection had subscribed to.
    pub unclaimed: u64,
    pub connections: BTreeMap<String, ConnectionAccount>,
}
