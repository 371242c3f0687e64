//! A connection at work: whether what happens reaches it, and what failing does to its subscription.

use jiff::Timestamp;

use super::breaker::Breaker;
use super::disorder::Fate;
use super::{Connection, Delivery, Ending, Failing, Reply, Scheme, Standing, Tally, schedule};

/// A connection at work.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) connection: Connection,
    pub(super) standing: Standing,
    pub(super) tally: Tally,
    breaker: Breaker,
}

impl Line {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, standing: Standing::Active, tally: Tally::default(), breaker: Breaker::default() }
    }

    pub(super) fn ending_of_new(&mut self, fate: &Fate, lost: bool, now: Timestamp) -> Ending {
        match self.standing {
            Standing::Removed | Standing::Disabled => return Ending::Unsubscribed,
            Standing::Paused { until } if until > now => return Ending::Lost,
            Standing::Paused { .. } => self.standing = Standing::Active,
            Standing::Active => {}
        }
        match (lost, fate.dropped) {
            (true, _) => Ending::Lost,
            (false, true) => Ending::Dropped,
            (false, false) => Ending::Waiting,
        }
    }

    /// The reply, unless it gets lost on the way back.
    pub(super) fn heard(&self, number: u64, attempt: usize, reply: Reply) -> Reply {
        match reply {
            Reply::Status { status, .. } if self.connection.disorder.unheard(number, attempt) => {
                Reply::Unheard { status }
            }
            reply => reply,
        }
    }

    pub(super) fn judge(&mut self, reply: Reply, now: Timestamp) {
        let breaks = matches!(self.connection.scheme, Scheme::Zendesk { .. })
            && self.connection.failing == Failing::AsProvider;
        if breaks && let Some(until) = self.breaker.pause_after(reply.is_taken(), now) {
            self.standing = Standing::Paused { until };
        }
    }

    pub(super) fn next_attempt(&self, delivery: &Delivery, now: Timestamp) -> Option<Timestamp> {
        let own = self.connection.retry_after_s.as_deref();
        schedule::next_attempt(delivery.provider, own, &delivery.attempts, now)
    }

    /// A delivery failed for good.
    pub(super) fn gave_up(&mut self) {
        match (&self.connection.scheme, self.connection.failing) {
            (Scheme::Shopify { .. }, Failing::AsProvider) => self.standing = Standing::Removed,
            (Scheme::Voucherify, Failing::AsProvider) => self.standing = Standing::Disabled,
            _ => {}
        }
    }
}
