//! How much time goes into deliveries that have failed before. Each try of one that its connector never comes to an end with
//! burns a whole budget; a bounded share of one processor goes there, so that the others have theirs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hub_model::Timestamp;

/// When deliveries that have failed may be tried again.
#[derive(Debug)]
pub(crate) struct Retries {
    /// Of a processor's time, in percent, 1 to 100.
    share: u32,
    rest_until: Mutex<Timestamp>,
}

impl Retries {
    pub(crate) fn new(share: u32) -> Self {
        Self { share: share.clamp(1, 100), rest_until: Mutex::new(Timestamp::EPOCH) }
    }

    /// Until when none may be tried; `None` when one may be now.
    pub(crate) fn rest(&self, now: Timestamp) -> Option<Timestamp> {
        Some(*self.rest_until()).filter(|until| *until > now)
    }

    /// One was tried in vain and took so long. Those that succeed are no burden but the hub's work.
    pub(crate) fn failed(&self, taken: Duration, now: Timestamp) {
        let rest = taken.saturating_mul(100 / self.share - 1);
        let mut until = self.rest_until();
        *until = now.plus(rest).max(*until);
    }

    /// Nothing can panic while it is locked.
    fn rest_until(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        self.rest_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_followed_by_a_rest_in_proportion() {
        let retries = Retries::new(2);
        let at = |ms: i64| Timestamp(ms * 1_000_000);
        assert_eq!(retries.rest(at(1_000)), None);
        retries.failed(Duration::from_millis(200), at(1_000));
        assert_eq!(retries.rest(at(1_000)), Some(at(10_800)));
        // Another thread was in the middle of one: the longer rest counts.
        retries.failed(Duration::from_millis(1), at(1_100));
        assert_eq!(retries.rest(at(10_799)), Some(at(10_800)));
        assert_eq!(retries.rest(at(10_800)), None);
    }

    #[test]
    fn a_share_of_all_means_no_rest() {
        let retries = Retries::new(100);
        retries.failed(Duration::from_secs(1), Timestamp(5));
        assert_eq!(retries.rest(Timestamp(5)), None);
    }
}
