//! How long a refusal takes tells nothing of the signature it should have been: deliveries that differ in its first byte
//! against those that differ in its last, in turns by chance.
//!
//! After Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (2017): Welch's t of the two, the slowest tenth
//! left out, where the machine was doing something else. Each delivery has a body of its own, so that both kinds look as
//! random to whatever reads them.

use std::hint::black_box;
use std::time::Instant;

use hub_gates::{Fault, Report, Setup};

use super::signed::Way;
use crate::day::dice::Dice;

/// Deliveries of one round, for each way of signing.
const DELIVERIES: [u64; 3] = [40_000, 1_000_000, 4_000_000];
/// What the paper calls clear: by chance it is met once in some millions of rounds.
const T_MAX: f64 = 5.0;
/// A leak shows again in every round; what the machine does beside does not.
const ROUNDS: usize = 3;
/// Of a hundred, the fastest.
const KEPT: usize = 90;

pub(super) const EARLY: Fault = Fault("signatures are compared up to the first byte that differs");

/// # Errors
/// A delivery cannot be signed.
pub(super) fn try_all(setup: &Setup, ways: &[Way], report: &mut Report) -> anyhow::Result<()> {
    let deliveries = setup.cases(DELIVERIES);
    let mut dice = Dice::new(setup.seed);
    let mut greatest = 0.0_f64;
    for way in ways {
        let mut least = f64::INFINITY;
        for _ in 0..ROUNDS {
            least = least.min(round(setup, way, deliveries, &mut dice)?.abs());
            if least < T_MAX {
                break;
            }
        }
        greatest = greatest.max(least);
        if least >= T_MAX {
            report.failures.push(format!(
                "{}: how long it takes to refuse a signature tells where it is wrong (t = {least:.1})",
                way.name
            ));
        }
    }
    report.figure("refusals timed of each way, in a round", deliveries);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number, not below nought"
    )]
    report.figure("hundredths of t, the greatest", (greatest * 100.0) as u64);
    Ok(())
}

fn round(setup: &Setup, way: &Way, deliveries: u64, dice: &mut Dice) -> anyhow::Result<f64> {
    let mut taken = Vec::new();
    for _ in 0..deliveries {
        let is_first = dice.percent(50);
        let flip = u8::try_from(1 + dice.below(255)).unwrap_or(1);
        let body = format!(r#"{{"id":"{:016x}"}}"#, dice.draw());
        let (mut right, mut shown) = (Vec::new(), Vec::new());
        let delivery = way.signed_as(&body, 0, |mac| {
            right.clone_from(mac);
            if let Some(byte) = if is_first { mac.first_mut() } else { mac.last_mut() } {
                *byte ^= flip;
            }
            shown.clone_from(mac);
        })?;
        let began = Instant::now();
        let refused = black_box(delivery.checked());
        if setup.has(EARLY) {
            black_box(right.iter().zip(&shown).position(|(right, shown)| black_box(right) != shown));
        }
        let nanoseconds = began.elapsed().as_nanos() as f64;
        anyhow::ensure!(refused.is_err(), "{}: a wrong signature is believed", way.name);
        taken.push((nanoseconds, is_first));
    }
    taken.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    taken.truncate(taken.len() * KEPT / 100);
    let of = |wanted| taken.iter().filter(move |(_, is_first)| *is_first == wanted).map(|(taken, _)| *taken);
    Ok(welch(Sample::of(of(true)), Sample::of(of(false))))
}

struct Sample {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Sample {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let count = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { count, mean, variance }
    }
}

fn welch(left: Sample, right: Sample) -> f64 {
    (left.mean - right.mean) / (left.variance / left.count + right.variance / right.count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{Sample, welch};

    #[test]
    fn means_are_told_apart_by_their_spread() {
        // Means 2 and 4, variances 1 and 1, three each: -2 / sqrt(2 / 3).
        let t = welch(Sample::of([1.0, 2.0, 3.0].into_iter()), Sample::of([3.0, 4.0, 5.0].into_iter()));
        assert!((t + 2.449_49).abs() < 1e-4, "{t}");
    }
}
