//! What becomes of an attempt at an effect: a pure decision over its outcome, its grade and how often it was tried.

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

/// The receipt of an attempt.
#[must_use]
pub(crate) fn judge(
    ended: Ended,
    grade: Grade,
    attempt: u32,
    now: Timestamp,
    limits: &Effects,
    jitter: u64,
) -> Outcome {
    match ended {
        Ok(Ok(receipt)) => {
            Outcome::Confirmed { reference: receipt.reference, already_done: receipt.already_done }
        }
        Ok(Err(failure)) => failed(failure, grade, attempt, now, limits, jitter),
        // A plugin that broke off may have sent its request before.
        Err(error) => unknown(error.to_string(), grade, attempt, now, limits, jitter),
    }
}

fn failed(
    failure: Failure,
    grade: Grade,
    attempt: u32,
    now: Timestamp,
    limits: &Effects,
    jitter: u64,
) -> Outcome {
    let reason = failure.to_string();
    match failure {
        Failure::RetryAfterMs(ms) => {
            again(now.plus(Duration::from_millis(ms)), reason, false, attempt, limits)
        }
        Failure::OutcomeUnknown(_) => unknown(reason, grade, attempt, now, limits, jitter),
        // Nothing is wrong with the effect: it waits, however long, until the operator has mended the configuration.
        Failure::Unauthorised(_) | Failure::Misconfigured(_) => {
            let at = now.plus(pause(attempt, limits, jitter));
            Outcome::RetryAt { at, reason, uncertain: false }
        }
        Failure::Rejected(_) | Failure::Unsupported(_) => Outcome::Parked { reason },
    }
}

fn unknown(
    reason: String,
    grade: Grade,
    attempt: u32,
    now: Timestamp,
    limits: &Effects,
    jitter: u64,
) -> Outcome {
    match interrupted(grade) {
        Interrupted::TryAgain => {
            again(now.plus(pause(attempt, limits, jitter)), reason, true, attempt, limits)
        }
        Interrupted::Unknown => Outcome::Unknown { reason },
    }
}

fn again(at: Timestamp, reason: String, uncertain: bool, attempt: u32, limits: &Effects) -> Outcome {
    if attempt >= limits.attempts_max {
        return Outcome::Parked { reason: format!("{reason}; tried {attempt} times") };
    }
    Outcome::RetryAt { at, reason, uncertain }
}

/// Never at once: whatever was in the way needs a moment.
const PAUSE_MIN_MS: u64 = 100;

/// Doubles with each attempt up to the longest, then any part of it, so that many effects that failed together do not come
/// back together ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
fn pause(attempt: u32, limits: &Effects, jitter: u64) -> Duration {
    let doubled = limits.retry_delay.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(20)));
    let longest = doubled.min(limits.retry_delay_max);
    let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(PAUSE_MIN_MS);
    Duration::from_millis(PAUSE_MIN_MS + jitter % (millis - PAUSE_MIN_MS + 1))
}

#[cfg(test)]
mod tests;
