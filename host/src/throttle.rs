//! When the next request to a provider may leave. One [`Throttle`] per endpoint of a connection: the rate its connector
//! declares, the pauses its provider asks for, and a breaker that leaves a failing provider alone. Actions go first:
//! polling leaves a quarter of the burst to them and waits while one waits. Decisions are pure; [`Throttles`] keeps them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub_model::Timestamp;
use hub_runtime::manifest::Rate;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An effect of a rule.
    Act,
    /// Polling and looking after subscriptions.
    Look,
}

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It may, and is counted.
    Now,
    /// Ask again then.
    At(Timestamp),
    /// The provider keeps failing, or asked to be left alone, until then.
    Closed(Timestamp),
}

/// How a request ended, as far as the breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// With whatever the provider meant to say.
    Soundly,
    /// Not at all, not wholly, or with a 5xx.
    Badly,
}

/// Failures in a row that open the breaker. A single hiccup must not hold up a shop's messages.
const FAILURES_MAX: u32 = 5;
/// How long a breaker stays open the first time; it doubles up to the longest.
const OPEN_FIRST: Duration = Duration::from_secs(10);
const OPEN_LONGEST: Duration = Duration::from_secs(600);
/// A probe whose end nobody reports (its call was cut off) is given up after this.
const PROBE_MAX: Duration = Duration::from_secs(30);
/// How soon polling asks again while an action waits.
const YIELD: Duration = Duration::from_millis(50);

/// One endpoint's state.
#[derive(Debug, Default)]
struct State {
    rate: Option<Rate>,
    /// The time by which all requests counted so far would have left at an even pace (GCRA, ITU-T I.371).
    even: Timestamp,
    paused_until: Timestamp,
    failures: u32,
    /// Openings in a row without a sound answer between.
    openings: u32,
    open_until: Option<Timestamp>,
    probing_since: Option<Timestamp>,
    actions_waiting: u32,
}

impl State {
    fn turn(&mut self, purpose: Purpose, now: Timestamp) -> Turn {
        if let Some(closed) = self.closed(now) {
            return Turn::Closed(closed);
        }
        if purpose == Purpose::Look && self.actions_waiting > 0 {
            return Turn::At(now.plus(YIELD));
        }
        if let Some(rate) = self.rate {
            let interval = Duration::from_secs(60) / rate.per_minute.max(1);
            let ahead = interval * allowance(rate, purpose).saturating_sub(1);
            let earliest = self.even.minus(ahead);
            if earliest > now {
                return Turn::At(earliest);
            }
            self.even = self.even.max(now).plus(interval);
        }
        if self.open_until.is_some() {
            self.probing_since = Some(now);
        }
        Turn::Now
    }

    /// Until when nobody may call. After an open breaker's time one request at a time finds out whether it is over.
    fn closed(&self, now: Timestamp) -> Option<Timestamp> {
        let probing = self.probing_since.map(|since| since.plus(PROBE_MAX));
        let until =
            self.paused_until.max(self.open_until.unwrap_or_default()).max(probing.unwrap_or_default());
        (until > now).then_some(until)
    }

    fn answered(&mut self, answered: Answered, now: Timestamp) {
        match answered {
            Answered::Soundly => {
                self.failures = 0;
                self.openings = 0;
                self.open_until = None;
                self.probing_since = None;
            }
            Answered::Badly => {
                self.failures = self.failures.saturating_add(1);
                if self.probing_since.take().is_some() || self.failures >= FAILURES_MAX {
                    let doubled = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(self.openings.min(16)));
                    self.open_until = Some(now.plus(doubled.min(OPEN_LONGEST)));
                    self.openings = self.openings.saturating_add(1);
                    self.failures = 0;
                }
            }
        }
    }
}

/// Requests at once: polling leaves a quarter to actions.
fn allowance(rate: Rate, purpose: Purpose) -> u32 {
    match purpose {
        Purpose::Act => rate.burst.max(1),
        Purpose::Look => rate.burst.saturating_sub(rate.burst.div_ceil(4)).max(1),
    }
}

/// An endpoint's throttle, shared by everyone who calls it.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<State>);

impl Throttle {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may leave now; if so, it is counted.
    pub(crate) fn turn(&self, purpose: Purpose, now: Timestamp) -> Turn {
        self.state().turn(purpose, now)
    }

    /// Until when nobody may call, if the provider is being left alone.
    pub(crate) fn closed(&self, now: Timestamp) -> Option<Timestamp> {
        self.state().closed(now)
    }

    pub(crate) fn answered(&self, answered: Answered, now: Timestamp) {
        self.state().answered(answered, now);
    }

    /// Nothing leaves before then; a shorter pause than one already running changes nothing.
    pub(crate) fn pause(&self, until: Timestamp) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(until);
    }

    /// An action waits for its turn until the guard is dropped.
    pub(crate) fn wait(&self, purpose: Purpose) -> Option<Waiting<'_>> {
        (purpose == Purpose::Act).then(|| {
            self.state().actions_waiting += 1;
            Waiting(self)
        })
    }
}

/// Keeps polling back while an action waits.
pub(crate) struct Waiting<'a>(&'a Throttle);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.actions_waiting = state.actions_waiting.saturating_sub(1);
    }
}

/// All of them, by connection and endpoint. They outlive a swapped plugin: the provider has not forgotten either.
#[derive(Debug, Default)]
pub(crate) struct Throttles(Mutex<HashMap<(String, String), Arc<Throttle>>>);

impl Throttles {
    pub(crate) fn of(&self, connection: &str, endpoint: &str, rate: Option<Rate>) -> Arc<Throttle> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let throttle = Arc::clone(all.entry((connection.to_owned(), endpoint.to_owned())).or_default());
        throttle.state().rate = rate;
        throttle
    }
}

#[cfg(test)]
mod tests;
