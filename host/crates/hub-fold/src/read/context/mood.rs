//! How what a customer wrote of late sounds, and whether that gets better. Whole hundredths, as enrichers give them.

use hub_model::event::Direction;
use serde::Serialize;

use crate::read::conversations::Heard;

/// Scored messages of the customer that count.
const SCORED_MAX: usize = 20;

/// Hundredths the newer half has to differ by before we speak of a change.
const CHANGE_MIN: i32 = 15;

/// Pieces of evidence named.
const CUES_MAX: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mood {
    /// Messages that were scored, the newest twenty at most.
    pub scored: u64,
    /// Of the newest: "very_negative" … "very_positive".
    pub latest: String,
    /// Hundredths, -100 to 100: of the newer half, the middle one included.
    pub newer_mean: i32,
    /// Of the older half; absent when there is one message.
    pub older_mean: Option<i32>,
    pub trend: Trend,
    /// What the newer half was judged by, the weightiest first.
    pub evidence: Vec<(String, i32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    Improving,
    Steady,
    Worsening,
}

/// `None` when nothing they wrote was scored.
pub(super) fn mood(newest_first: &[Heard]) -> Option<Mood> {
    let inbound = newest_first.iter().filter(|heard| heard.direction() == Some(Direction::Inbound));
    let scored =
        inbound.filter_map(|heard| heard.said.understood()).filter(|finding| finding.has_sentiment());
    let findings: Vec<_> = scored.take(SCORED_MAX).collect();
    let latest = findings.first()?.sentiment.clone();
    let (newer, older) = findings.split_at_checked(findings.len().div_ceil(2))?;
    let newer_mean = mean(newer.iter().map(|finding| finding.score))?;
    let older_mean = mean(older.iter().map(|finding| finding.score));
    let change = older_mean.map_or(0, |older| newer_mean.saturating_sub(older));
    let trend = match change {
        CHANGE_MIN.. => Trend::Improving,
        _ if change <= -CHANGE_MIN => Trend::Worsening,
        _ => Trend::Steady,
    };
    let mut evidence: Vec<(String, i32)> =
        newer.iter().flat_map(|finding| finding.cues.iter().cloned()).collect();
    evidence.sort_by_key(|(cue, weight)| (std::cmp::Reverse(weight.unsigned_abs()), cue.clone()));
    evidence.dedup();
    evidence.truncate(CUES_MAX);
    Some(Mood { scored: findings.len() as u64, latest, newer_mean, older_mean, trend, evidence })
}

fn mean(scores: impl Iterator<Item = i32>) -> Option<i32> {
    let (sum, count) =
        scores.fold((0_i32, 0_i32), |(sum, count), score| (sum.saturating_add(score), count + 1));
    (count > 0).then(|| sum / count)
}
