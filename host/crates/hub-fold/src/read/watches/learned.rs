//! What is to be expected of a rule, as its history has it. Counts in the windows in which a rule is watched, so that what
//! is learned is what is looked at; robust, so that a storm in the past does not become what is usual.

use hub_model::Timestamp;
use hub_rules::{Band, Rate};
use serde::Serialize;

use crate::band::STEPS;

const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;

/// How it is worked out, printed beside it.
pub const LEARNED_FROM: &str = "\
The rule's actions are counted in windows of time that move on by a twenty-fourth. Windows that end at the same place of \
the week are compared with each other, so that Sundays are measured by Sundays. Of their counts the square roots are taken, \
which chance spreads alike whether there are few or many: by one half. What is usual lies within four spreads of the \
median, a spread being one half, or 1.48 times the median distance from the median where that is more. `alarm_above` is \
the upper end of what is usual in a day, at the place of the week where it is highest. `alarm_below` is the lower end where \
it is lowest, of the shortest window among 1, 2, 3, 7, 14 and 28 days for which at least one action remains. Each needs \
four windows of each place; days of before the hub heard of anything do not count.";

/// From what follows: when nothing is wrong, a count in some ten thousand is beyond.
const SPREADS: i64 = 4;

/// Fewer say nothing of what is usual.
const SAMPLES_MIN: usize = 4;

/// Days of the windows in which silence may be noticed, shortest first: each goes into the week in whole steps, or the
/// week into it.
const SILENCE_DAYS: [i64; 6] = [1, 2, 3, 7, 14, 28];

/// Parts of one that square roots are worked out in.
const FINE: i64 = 1_000;

/// By how much chance spreads the square root of a count, in those parts.
const CHANCE: i64 = FINE / 2;

/// What history says is to be expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Learned {
    /// From when on it was counted, and how many whole days.
    pub since: Timestamp,
    pub days: i64,
    pub band: Option<Band>,
    /// Why a part of it, or all, is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing: Option<&'static str>,
}

const TOO_SHORT: &str = "four weeks of history are needed to tell what is usual";
const TOO_RARE: &str = "it acts too rarely for silence to mean anything";

impl Learned {
    /// `acted` is in order.
    pub(super) fn of(acted: &[Timestamp], (since, until): (Timestamp, Timestamp)) -> Self {
        let days = until.0.saturating_sub(since.0).max(0) / DAY_NS;
        let learned = Self { since, days, ..Self::default() };
        let bounds = |days: i64| Bounds::of(acted, (since, until), days);
        let Some(day) = bounds(1) else {
            return Self { nothing: Some(TOO_SHORT), ..learned };
        };
        let rate = |count: i64, days: i64| {
            let count = u64::try_from(count).ok().filter(|count| *count > 0)?;
            Some(Rate { count, per_ns: days * DAY_NS })
        };
        let below = SILENCE_DAYS.into_iter().find_map(|days| rate(bounds(days)?.low, days));
        let band = Band { below, above: rate(day.high, 1) };
        Self { band: Some(band), nothing: below.is_none().then_some(TOO_RARE), ..learned }
    }
}

/// The lowest and the highest count that is usual for windows of so many days.
struct Bounds {
    low: i64,
    high: i64,
}

impl Bounds {
    fn of(acted: &[Timestamp], (since, until): (Timestamp, Timestamp), days: i64) -> Option<Self> {
        let step_ns = days * DAY_NS / STEPS;
        let step = |at: Timestamp| at.0.div_euclid(step_ns);
        // Steps that are whole.
        let (first, last) = (step(since) + 1, step(until) - 1);
        let steps = usize::try_from(last.checked_sub(first)?.checked_add(1)?).ok()?;
        let mut counts = vec![0_i64; steps];
        for at in acted {
            let place = usize::try_from(step(*at).saturating_sub(first)).ok();
            if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
                *count += 1;
            }
        }
        // How many steps go into a week: windows of weeks have one place in it.
        let places = usize::try_from(if days % 7 == 0 { 1 } else { 7 * STEPS / days }).ok()?;
        let mut at_place = vec![Vec::new(); places];
        let windows = counts.windows(usize::try_from(STEPS).ok()?).map(|window| window.iter().sum::<i64>());
        for (number, count) in windows.enumerate() {
            at_place.get_mut(number % places)?.push(count);
        }
        // Windows of weeks overlap: four of them have to follow on each other as well.
        let windows_min = if places == 1 { SAMPLES_MIN * usize::try_from(STEPS).ok()? } else { SAMPLES_MIN };
        if at_place.iter().any(|counts| counts.len() < windows_min) {
            return None;
        }
        let usual: Vec<Self> = at_place.iter().map(|counts| Self::usual(counts)).collect();
        let low = usual.iter().map(|usual| usual.low).min()?;
        let high = usual.iter().map(|usual| usual.high).max()?;
        Some(Self { low, high })
    }

    /// From where to where counts are usual.
    fn usual(counts: &[i64]) -> Self {
        let root = |count: &i64| count.saturating_mul(FINE * FINE).isqrt();
        let usual = median(counts.iter().map(root).collect());
        let apart = median(counts.iter().map(|count| (root(count) - usual).abs()).collect());
        let spread = SPREADS * CHANCE.max(apart * 148 / 100);
        let (low, high) = ((usual - spread).max(0), usual + spread);
        let square = |root: i64| root.saturating_mul(root);
        Self { low: square(low) / (FINE * FINE), high: (square(high) + FINE * FINE - 1) / (FINE * FINE) }
    }
}

fn median(mut numbers: Vec<i64>) -> i64 {
    numbers.sort_unstable();
    let half = numbers.len() / 2;
    let at = |place: usize| numbers.get(place).copied().unwrap_or_default();
    match numbers.len() % 2 {
        0 => (at(half.saturating_sub(1)) + at(half)) / 2,
        _ => at(half),
    }
}

#[cfg(test)]
mod tests;
