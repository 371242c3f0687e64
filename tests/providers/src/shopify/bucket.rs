//! Shopify's leaking bucket of query cost. Counts in thousandths of a point: one millisecond at one
//! point per second.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::options::BucketSize;

const MILLI: u64 = 1_000;

#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    size: BucketSize,
    available_milli: u64,
    counted_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Enough,
    TooFew,
}

impl Bucket {
    pub(crate) fn new(size: BucketSize) -> Self {
        Self { size, available_milli: u64::from(size.points_max) * MILLI, counted_at: None }
    }

    /// Takes the cost, or nothing.
    pub(crate) fn take(&mut self, points: u32, now: Timestamp) -> Taken {
        self.restore(now);
        match self.available_milli.checked_sub(u64::from(points) * MILLI) {
            Some(left) => {
                self.available_milli = left;
                Taken::Enough
            }
            None => Taken::TooFew,
        }
    }

    /// Gives back what was asked for and not used.
    pub(crate) fn give(&mut self, points: u32) {
        let full = u64::from(self.size.points_max) * MILLI;
        self.available_milli = self.available_milli.saturating_add(u64::from(points) * MILLI).min(full);
    }

    fn restore(&mut self, now: Timestamp) {
        let since = self.counted_at.replace(now).unwrap_or(now);
        // A clock that went back restores nothing.
        let passed_ms = u64::try_from(now.duration_since(since).as_millis()).unwrap_or(0);
        let restored = passed_ms.saturating_mul(u64::from(self.size.points_per_second));
        let full = u64::from(self.size.points_max) * MILLI;
        self.available_milli = self.available_milli.saturating_add(restored).min(full);
    }

    pub(crate) fn status(&self) -> Value {
        json!({
            "maximumAvailable": f64::from(self.size.points_max),
            "currentlyAvailable": self.available_milli / MILLI,
            "restoreRate": f64::from(self.size.points_per_second),
        })
    }
}
