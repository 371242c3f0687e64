//! How much of its CPU budget a delivery is given. One that its connector never comes to an end with burns whatever it gets,
//! at every try, while sound ones wait: so a first try gets what is generous for this connector, and no more. If that was
//! too little, a later try gets the whole budget, when there is time for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::limits::Budget;

/// For which try a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The first of several: a multiple of what the connector has usually needed, once that is known.
    Short,
    /// The whole budget.
    Whole,
}

/// So many times what is usual is still no sign of trouble.
const TIMES_USUAL: u32 = 20;

/// Nor is what no clock here can tell from nothing: the time is looked at once a [tick](crate::limits::TICK).
const LEAST: Duration = Duration::from_millis(5);

/// What reading a byte may take beside it: twenty times what our slowest connector takes.
const PER_BYTE: Duration = Duration::from_nanos(200);

/// The latest call counts an eighth.
const WEIGHT: u64 = 8;

/// What successful calls of a plugin have taken lately: a moving average, in nanoseconds; 0 before the first. Threads may
/// overwrite each other's word, which is no worse than a call not made.
#[derive(Debug, Default)]
pub(crate) struct Usual(AtomicU64);

impl Usual {
    pub(crate) fn learn(&self, taken: Duration) {
        let taken = u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX).max(1);
        let next = match self.0.load(Ordering::Relaxed) {
            0 => taken,
            known => known - known / WEIGHT + taken / WEIGHT,
        };
        self.0.store(next, Ordering::Relaxed);
    }

    pub(crate) fn limit(&self, whole: Budget, patience: Patience, bytes: usize) -> Budget {
        let usual = Duration::from_nanos(self.0.load(Ordering::Relaxed));
        if patience == Patience::Whole || usual.is_zero() {
            return whole;
        }
        let reading = PER_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
        let generous = usual.saturating_mul(TIMES_USUAL).max(LEAST).saturating_add(reading);
        Budget { cpu: generous.min(whole.cpu), ..whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Budget = Budget { cpu: Duration::from_millis(200), wall: Duration::from_secs(10) };

    fn short_after(calls_us: &[u64], bytes: usize) -> Duration {
        let usual = Usual::default();
        calls_us.iter().for_each(|taken| usual.learn(Duration::from_micros(*taken)));
        usual.limit(WHOLE, Patience::Short, bytes).cpu
    }

    #[test]
    fn a_first_try_gets_a_multiple_of_what_is_usual() {
        assert_eq!(short_after(&[], 0), WHOLE.cpu);
        assert_eq!(short_after(&[100], 0), LEAST);
        assert_eq!(short_after(&[100], 100_000), LEAST + Duration::from_millis(20));
        assert_eq!(short_after(&[2_000], 0), Duration::from_millis(40));
        assert_eq!(short_after(&[50_000], 0), WHOLE.cpu);
        assert_eq!(short_after(&[100], usize::MAX), WHOLE.cpu);
        // One long call is not usual; many are.
        assert_eq!(short_after(&[800, 8_700], 0), Duration::from_micros(35_750));
        assert!(short_after(&[[100].as_slice(), &[2_000; 40]].concat(), 0) > Duration::from_millis(39));
    }

    #[test]
    fn a_later_try_gets_the_whole_budget() {
        let usual = Usual::default();
        usual.learn(Duration::from_micros(100));
        assert_eq!(usual.limit(WHOLE, Patience::Whole, 0).cpu, WHOLE.cpu);
    }
}
