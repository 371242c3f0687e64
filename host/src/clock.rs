//! The one place that asks what time it is. Everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use hub_model::Timestamp;

/// How soon to look again at a clock that is turned by hand.
const MANUAL_LOOK: Duration = Duration::from_millis(10);

/// The machine's clock, or one that tests turn by hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
    /// Turned by hand as well, and by whoever waits for it: it is then as late as they waited for. For one thing at a time.
    Jumping(Arc<AtomicI64>),
    /// Runs so many times faster than the machine's, from a moment on: a day of a shop in a minute of a test.
    Fast {
        from: Timestamp,
        began: Instant,
        times: u32,
    },
}

impl Clock {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since =
                    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
            }
            Self::Manual(now) | Self::Jumping(now) => Timestamp(now.load(Ordering::SeqCst)),
            Self::Fast { from, began, times } => from.plus(began.elapsed().saturating_mul(*times)),
        }
    }

    /// Waits for so long by this clock. One turned by hand is not waited for: whoever turns it goes on.
    pub async fn sleep(&self, time: Duration) {
        match self {
            Self::System => tokio::time::sleep(time).await,
            Self::Jumping(now) => {
                let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
                now.fetch_add(nanos, Ordering::SeqCst);
            }
            Self::Manual(_) => tokio::time::sleep(time.min(MANUAL_LOOK)).await,
            Self::Fast { times, .. } => tokio::time::sleep(time / (*times).max(1)).await,
        }
    }
}
