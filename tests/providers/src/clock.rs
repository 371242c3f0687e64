//! The providers' own clock. They live outside the hub, so they keep time themselves. All providers, the outbox and
//! outages read this one; tests turn it by hand or over `/control`, forward only.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// Tells the time to a [`Simulator`](crate::Simulator). Clones are the same clock.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How far it was turned ahead of its source.
    ahead: Arc<Mutex<SignedDuration>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// Stands still until it is turned: whatever happens in between happens at one moment, every time it is run.
    pub fn stopped_at(at: Timestamp) -> Self {
        Self::from_fn(move || at)
    }

    /// Starts there and runs so many times as fast as the machine's: at 1,440 a day takes a minute.
    pub fn compressed(start: Timestamp, times: u32) -> Self {
        let started = Instant::now();
        Self::from_fn(move || {
            let elapsed = started.elapsed().saturating_mul(times);
            later(start, SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX))
        })
    }

    /// Any other notion of time.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(now), ahead: Arc::default() }
    }

    pub fn now(&self) -> Timestamp {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        later((self.source)(), ahead)
    }

    /// Turns it forward to this moment; a moment that has passed leaves it as it is.
    pub fn forward_to(&self, to: Timestamp) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        *ahead = (*ahead).max(to.duration_since((self.source)()));
    }
}

/// Adds, and stops at the end of time.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// As [`later`], in milliseconds.
pub(crate) fn later_ms(at: Timestamp, ms: u64) -> Timestamp {
    later(at, SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
