//! Cases counted, and the figure they make. Whole numbers only, rounded once, half away from zero.

use serde::Serialize;

use super::figure::{Figure, KpiUnit};

/// A figure with its sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// In the figure's unit; of durations what the definition says, median or mean. `None` without a sample.
    pub value: Option<i64>,
    /// Cases it is of.
    pub sample: u64,
    /// Half of the durations are no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<i64>,
    /// Nine of ten durations are no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<i64>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing: Option<&'static str>,
}

#[derive(Default)]
pub(super) struct Tally {
    count: u64,
    sum: i64,
    /// Of durations each, for the percentiles.
    each: Vec<i64>,
}

impl Tally {
    /// `counted` is seconds; 1 or 0; a score; or 1, 0 and -1 for promoters, passives and detractors.
    pub(super) fn count(&mut self, unit: KpiUnit, counted: i64) {
        self.count += 1;
        self.sum = self.sum.saturating_add(counted);
        if unit == KpiUnit::Seconds {
            self.each.push(counted);
        }
    }

    pub(super) fn measured(mut self, figure: Figure) -> Measured {
        let mean = |scale: i64| mean(self.sum.saturating_mul(scale), self.count);
        let mut measured = Measured { sample: self.count, ..Measured::default() };
        match figure.unit() {
            KpiUnit::PerMille | KpiUnit::NpsTenths => measured.value = mean(1_000),
            KpiUnit::Hundredths => measured.value = mean(100),
            KpiUnit::Seconds => {
                measured.mean = mean(1);
                self.each.sort_unstable();
                measured.median = percentile(&self.each, 50);
                measured.p90 = percentile(&self.each, 90);
                let is_mean = figure == Figure::HandleTime;
                measured.value = if is_mean { measured.mean } else { measured.median };
            }
        }
        measured.nothing = measured.value.is_none().then(|| figure.nothing());
        measured
    }
}

fn mean(sum: i64, count: u64) -> Option<i64> {
    let count = i64::try_from(count).ok().filter(|count| *count > 0)?;
    let half = if sum < 0 { -(count / 2) } else { count / 2 };
    Some(sum.saturating_add(half) / count)
}

/// The nearest rank: a value that was seen, and at least `percent` of a hundred are no greater.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 90)), (Some(50), Some(90)));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 90)), (Some(7), Some(7)));
        assert_eq!(percentile(&[1, 2, 1_000], 50), Some(2));
        assert_eq!(percentile(&[1, 2, 1_000], 90), Some(1_000));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn means_are_rounded_once_and_alike_on_both_sides_of_zero() {
        assert_eq!(mean(2_000, 3), Some(667));
        assert_eq!(mean(-2_000, 3), Some(-667));
        assert_eq!(mean(1_000, 3), Some(333));
        assert_eq!(mean(0, 0), None);
    }

    #[test]
    fn promoters_less_detractors() {
        let mut tally = Tally::default();
        // Six promoters, two passives, two detractors.
        for counted in [1, 1, 1, 1, 1, 1, 0, 0, -1, -1] {
            tally.count(KpiUnit::NpsTenths, counted);
        }
        assert_eq!(tally.measured(Figure::Nps).value, Some(400));
    }
}
