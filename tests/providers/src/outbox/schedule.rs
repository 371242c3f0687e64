//! When a provider tries again what was not taken, and how long it waits for an answer. Pure.
//!
//! The tables are the providers' documented ones. Where only a number and a span are documented (Shopify: 8 over 4 h;
//! Meta: at once, then less and less over 36 h; Zendesk: how often for which answer) the steps between are ours.

use jiff::{SignedDuration, Timestamp};

use super::{Attempt, AttemptKind, Reply};
use crate::clock::later;
use crate::state::Provider;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds since the first attempt: each wait twice the one before, the eighth ends at four hours.
const SHOPIFY: [u64; 8] = [56, 169, 395, 847, 1_750, 3_557, 7_171, 4 * HOUR];
const META: [u64; 10] =
    [0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 36 * HOUR];
/// Waits of 1, 2, 4, 8, 16, 32, 60 minutes, 2, 4, 8 and 8 hours.
const SQUARE: [u64; 11] = [
    MINUTE,
    3 * MINUTE,
    7 * MINUTE,
    15 * MINUTE,
    31 * MINUTE,
    63 * MINUTE,
    123 * MINUTE,
    243 * MINUTE,
    483 * MINUTE,
    963 * MINUTE,
    1_443 * MINUTE,
];
const VOUCHERIFY: [u64; 12] = [
    MINUTE,
    2 * MINUTE,
    4 * MINUTE,
    8 * MINUTE,
    16 * MINUTE,
    32 * MINUTE,
    64 * MINUTE,
    128 * MINUTE,
    256 * MINUTE,
    512 * MINUTE,
    1_024 * MINUTE,
    24 * HOUR,
];

const ZENDESK_CONFLICT_RETRIES: usize = 3;
const ZENDESK_TIMEOUT_RETRIES: usize = 5;
/// Not documented; as for a conflict.
const ZENDESK_ASKED_RETRIES: usize = 3;
/// What counts as a short `Retry-After`.
const ZENDESK_RETRY_AFTER_S_MAX: u64 = 60;
/// Not documented.
const ZENDESK_RETRY_S: u64 = 10;

/// How long the provider waits for the answer.
pub(crate) fn timeout_ms(provider: Provider) -> u64 {
    match provider {
        Provider::Shopify | Provider::Graph => 5_000,
        Provider::Zendesk | Provider::Square | Provider::Voucherify => 10_000,
    }
}

/// When to try again after the last of these attempts, none of which was taken; none is giving up.
pub(crate) fn next_attempt(
    provider: Provider,
    own: Option<&[u64]>,
    attempts: &[Attempt],
    now: Timestamp,
) -> Option<Timestamp> {
    let made = || attempts.iter().filter(|attempt| attempt.kind != AttemptKind::Duplicate);
    let retries = made().count().saturating_sub(1);
    let table: &[u64] = match (own, provider) {
        (Some(own), _) => own,
        (None, Provider::Shopify) => &SHOPIFY,
        (None, Provider::Graph) => &META,
        (None, Provider::Square) => &SQUARE,
        (None, Provider::Voucherify) => &VOUCHERIFY,
        (None, Provider::Zendesk) => {
            let replies: Vec<_> = made().map(|attempt| attempt.reply).collect();
            return zendesk_wait(&replies).map(|wait| later(now, seconds(wait)));
        }
    };
    let first = made().next()?.at;
    let due = later(first, seconds(*table.get(retries)?));
    Some(due.max(now))
}

/// By what the last answer was, and how often it was that before.
fn zendesk_wait(replies: &[Reply]) -> Option<u64> {
    let times = |same: fn(&Reply) -> bool| replies.iter().filter(|reply| same(reply)).count();
    match *replies.last()? {
        Reply::Status { status: 409, .. } => {
            let conflicts = times(|reply| matches!(reply, Reply::Status { status: 409, .. }));
            (conflicts <= ZENDESK_CONFLICT_RETRIES).then_some(ZENDESK_RETRY_S)
        }
        Reply::Status { status: 429 | 503, retry_after_s: Some(wait) } => {
            let asked = times(|reply| matches!(reply, Reply::Status { status: 429 | 503, .. }));
            (asked <= ZENDESK_ASKED_RETRIES && wait <= ZENDESK_RETRY_AFTER_S_MAX).then_some(wait)
        }
        Reply::TimedOut | Reply::Unheard { .. } => {
            let timeouts = times(|reply| matches!(reply, Reply::TimedOut | Reply::Unheard { .. }));
            (timeouts <= ZENDESK_TIMEOUT_RETRIES).then_some(ZENDESK_RETRY_S)
        }
        Reply::Status { .. } | Reply::Refused | Reply::Broken => None,
    }
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
