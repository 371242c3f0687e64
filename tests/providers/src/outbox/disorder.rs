//! What goes wrong between a provider and the hub, by percentages. Drawn from a seed and the number of the delivery
//! within its connection, so that one seed tells one story, whatever other connections do.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest any provider tries: a delay beyond it would outlive the delivery.
const SPREAD_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// How unreliable the way to one connection is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disorder {
    pub seed: u64,
    /// Of all deliveries: never sent.
    pub drop_percent: u8,
    /// Sent twice, whatever became of the first.
    pub duplicate_percent: u8,
    /// A second copy follows the first within this time.
    pub duplicate_ms: [u64; 2],
    /// Sent late.
    pub delay_percent: u8,
    pub delay_ms: [u64; 2],
    /// Overtaken by what follows within a short time.
    pub reorder_percent: u8,
    pub reorder_ms: [u64; 2],
    /// Of all attempts: the answer is lost, so the provider tries again what has arrived.
    pub unheard_percent: u8,
}

impl Default for Disorder {
    fn default() -> Self {
        Self {
            seed: 0,
            drop_percent: 0,
            duplicate_percent: 0,
            duplicate_ms: [0, 60_000],
            delay_percent: 0,
            delay_ms: [60_000, 3_600_000],
            reorder_percent: 0,
            reorder_ms: [1, 2_000],
            unheard_percent: 0,
        }
    }
}

/// Why a disorder was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisorderError {
    #[error("`{0}_percent` is more than 100")]
    Percent(&'static str),
    #[error("`{0}_ms` must be from the shorter to the longer, at most {SPREAD_MS_MAX}")]
    Spread(&'static str),
}

/// What happens to one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) dropped: bool,
    /// Before the first attempt; delay and reordering together.
    pub(crate) late_ms: u64,
    /// How long after the first attempt's time a copy follows.
    pub(crate) copy_after_ms: Option<u64>,
}

impl Disorder {
    pub(crate) fn check(&self) -> Result<(), DisorderError> {
        let percents = [
            ("drop", self.drop_percent),
            ("duplicate", self.duplicate_percent),
            ("delay", self.delay_percent),
            ("reorder", self.reorder_percent),
            ("unheard", self.unheard_percent),
        ];
        let spreads =
            [("duplicate", self.duplicate_ms), ("delay", self.delay_ms), ("reorder", self.reorder_ms)];
        if let Some((name, _)) = percents.into_iter().find(|(_, percent)| *percent > 100) {
            return Err(DisorderError::Percent(name));
        }
        let senseless = |[least, most]: [u64; 2]| least > most || most > SPREAD_MS_MAX;
        match spreads.into_iter().find(|(_, spread)| senseless(*spread)) {
            Some((name, _)) => Err(DisorderError::Spread(name)),
            None => Ok(()),
        }
    }

    /// Of the delivery with this number within its connection.
    pub(crate) fn fate(&self, number: u64) -> Fate {
        let delay = self.drawn("delay", number, self.delay_percent, self.delay_ms);
        let reorder = self.drawn("reorder", number, self.reorder_percent, self.reorder_ms);
        Fate {
            dropped: happens(self.seed, "drop", number, self.drop_percent),
            late_ms: delay.unwrap_or(0) + reorder.unwrap_or(0),
            copy_after_ms: self.drawn("duplicate", number, self.duplicate_percent, self.duplicate_ms),
        }
    }

    /// Whether the answer to this attempt is lost.
    pub(crate) fn unheard(&self, number: u64, attempt: usize) -> bool {
        let attempt = u64::try_from(attempt).unwrap_or(u64::MAX);
        let seed = drawn(self.seed, "unheard", number);
        happens(seed, "attempt", attempt, self.unheard_percent)
    }

    fn drawn(&self, what: &str, number: u64, percent: u8, [least, most]: [u64; 2]) -> Option<u64> {
        let far = || drawn(self.seed, &format!("{what} by"), number) % (most - least + 1);
        happens(self.seed, what, number, percent).then(|| least + far())
    }
}

/// One throw: yes in `percent` of a hundred.
pub(crate) fn happens(seed: u64, what: &str, number: u64, percent: u8) -> bool {
    drawn(seed, what, number) % 100 < u64::from(percent)
}

/// The same for the same question; nothing is remembered between two.
fn drawn(seed: u64, what: &str, number: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(number.to_be_bytes());
    hash.update(what.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
