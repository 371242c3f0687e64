//! Zendesk's circuit breaker: a webhook that mostly fails is left alone for a moment, and what happens in that moment
//! is never sent.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::clock::later;

const WINDOW: SignedDuration = SignedDuration::from_mins(5);
const ERRORS_MAX: usize = 1_000;
const ERROR_PERCENT: usize = 70;
/// Not documented: a share of fewer answers says nothing.
const ANSWERS_MIN: usize = 10;
/// "Briefly" is all the documentation says.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// The answers of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    answers: VecDeque<(Timestamp, bool)>,
    errors: usize,
}

impl Breaker {
    /// Counts an answer; says until when the webhook is left alone, should this have been one failure too many.
    pub(super) fn pause_after(&mut self, taken: bool, now: Timestamp) -> Option<Timestamp> {
        self.answers.push_back((now, taken));
        self.errors += usize::from(!taken);
        while let Some((at, taken)) = self.answers.front().copied()
            && now.duration_since(at) > WINDOW
        {
            self.answers.pop_front();
            self.errors -= usize::from(!taken);
        }
        let answers = self.answers.len();
        let mostly_failing = answers >= ANSWERS_MIN && self.errors * 100 >= answers * ERROR_PERCENT;
        if !mostly_failing && self.errors <= ERRORS_MAX {
            return None;
        }
        *self = Self::default();
        Some(later(now, PAUSE))
    }
}
