//! What may differ from one simulator to the next, with the defaults the demo runs on.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::clock::Clock;
use crate::credentials::Credentials;

/// Zendesk's limit with the high-volume add-on; large enough not to surprise a load test by default.
const ZENDESK_REQUESTS_PER_MINUTE: u32 = 2_500;

/// How to run a [`Simulator`](crate::Simulator).
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to do with customers, orders, accounts and articles nobody seeded.
    pub unknown: Unknown,
    /// Which tokens are let in.
    pub credentials: Credentials,
    /// The providers' clock.
    pub clock: Clock,
    /// Shopify's leaking bucket of query cost.
    pub shopify_bucket: BucketSize,
    /// Zendesk's account-wide limit.
    pub zendesk_requests_per_minute: u32,
    /// How long a new Zendesk ticket stays invisible to search, which indexes late. Lists show it at once.
    pub zendesk_search_lag: Duration,
    /// When webhooks leave.
    pub sending: Sending,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            unknown: Unknown::Created,
            credentials: Credentials::any(),
            clock: Clock::system(),
            shopify_bucket: BucketSize::default(),
            zendesk_requests_per_minute: ZENDESK_REQUESTS_PER_MINUTE,
            zendesk_search_lag: Duration::ZERO,
            sending: Sending::WhenAsked,
        }
    }
}

/// What happens to an id of the right form that names nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It comes into being on first touch, so a demo needs no seeding.
    Created,
    /// It is refused as the provider refuses it.
    Refused,
}

/// When webhooks leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// When control turns the clock, flushes or sends: the same every time.
    WhenAsked,
    /// Also when the clock reaches their time by itself: for demos, on a clock that runs.
    ByItself,
}

/// A leaking bucket: how much it holds and how fast it fills up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSize {
    /// Cost points it holds when full.
    pub points_max: u32,
    /// Cost points restored each second.
    pub points_per_second: u32,
}

impl Default for BucketSize {
    /// Shopify's standard plan.
    fn default() -> Self {
        Self { points_max: 2_000, points_per_second: 100 }
    }
}
