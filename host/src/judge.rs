//! What becomes of an attempt at an effect: a pure decision over its outcome, its grade and how often it has failed.

use std::time::Duration;

use hub_fold::record::Outcome;
use hub_model::Timestamp;
use hub_rules::Grade;
use hub_runtime::{CallError, Failure, Receipt};

use crate::config::Effects;

/// How an attempt ended.
pub(crate) type Ended = Result<Result<Receipt, Failure>, CallError>;

/// What to do with an effect that was under way when the hub stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// Try again, telling the connector that the last try may have been carried out.
    TryAgain,
    /// A person has to look.
    Unknown,
}

/// Only an action that can neither be recognised nor repeated is left to a person.
#[must_use]
pub(crate) fn interrupted(grade: Grade) -> Interrupted {
    match grade {
        Grade::Keyed | Grade::Probed | Grade::Natural => Interrupted::TryAgain,
        Grade::Unsafe => Interrupted::Unknown,
    }
}

/// What an attempt was, beside how it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tried<'a> {
    pub(crate) grade: Grade,
    /// Failures before this attempt.
    pub(crate) failures: u32,
    /// When the effect was planned, or an operator last asked for it.
    pub(crate) owed_since: Timestamp,
    pub(crate) now: Timestamp,
    /// The provider fails for everybody and is left alone until then.
    pub(crate) down_until: Option<Timestamp>,
    pub(crate) limits: &'a Effects,
    /// Any number; spreads retries.
    pub(crate) jitter: u64,
}

/// The receipt of an attempt.
#[must_use]
pub(crate) fn judge(ended: Ended, tried: Tried<'_>) -> Outcome {
    match ended {
        Ok(Ok(receipt)) => {
            Outcome::Confirmed { reference: receipt.reference, already_done: receipt.already_done }
        }
        Ok(Err(failure)) => tried.failed(failure),
        // A plugin that broke off may have sent its request before.
        Err(error) => tried.unknown(error.to_string()),
    }
}

impl Tried<'_> {
    fn failed(self, failure: Failure) -> Outcome {
        let reason = failure.to_string();
        match failure {
            Failure::RetryAfterMs(ms) => {
                self.postponed(self.now.plus(Duration::from_millis(ms)), reason, false)
            }
            Failure::OutcomeUnknown(_) => self.unknown(reason),
            // Nothing is wrong with the effect: it waits, however long, until the operator has mended the configuration.
            Failure::Unauthorised(_) | Failure::Misconfigured(_) => {
                Outcome::Postponed { until: self.now.plus(self.pause()), reason, uncertain: false }
            }
            Failure::Rejected(_) | Failure::Unsupported(_) => Outcome::Parked { reason },
        }
    }

    fn unknown(self, reason: String) -> Outcome {
        match (interrupted(self.grade), self.down_until) {
            (Interrupted::Unknown, _) => Outcome::Unknown { reason },
            (Interrupted::TryAgain, Some(until)) => self.postponed(until.plus(self.pause()), reason, true),
            (Interrupted::TryAgain, None) => self.again(reason),
        }
    }

    /// A failure of its own: it has only so many.
    fn again(self, reason: String) -> Outcome {
        let failures = self.failures.saturating_add(1);
        if failures >= self.limits.attempts_max {
            return Outcome::Parked { reason: format!("{reason}; failed {failures} times") };
        }
        match self.is_too_late() {
            true => self.given_up(&reason),
            false => Outcome::RetryAt { at: self.now.plus(self.pause()), reason, uncertain: true },
        }
    }

    fn postponed(self, until: Timestamp, reason: String, uncertain: bool) -> Outcome {
        match self.is_too_late() {
            true => self.given_up(&reason),
            false => Outcome::Postponed { until, reason, uncertain },
        }
    }

    fn is_too_late(self) -> bool {
        self.now.since(self.owed_since) >= self.limits.give_up_after
    }

    fn given_up(self, reason: &str) -> Outcome {
        let hours = self.limits.give_up_after.as_secs() / 3_600;
        Outcome::Parked { reason: format!("{reason}; given up after {hours} hours") }
    }

    /// Doubles with each failure up to the longest, then any part of it, so that many effects that failed together do not
    /// come back together ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    fn pause(self) -> Duration {
        let doubled = self.limits.retry_delay.saturating_mul(2_u32.saturating_pow(self.failures.min(20)));
        let longest = doubled.min(self.limits.retry_delay_max);
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(PAUSE_MIN_MS);
        Duration::from_millis(PAUSE_MIN_MS + self.jitter % (millis - PAUSE_MIN_MS + 1))
    }
}

/// Never at once: whatever was in the way needs a moment.
const PAUSE_MIN_MS: u64 = 100;

#[cfg(test)]
mod tests;
