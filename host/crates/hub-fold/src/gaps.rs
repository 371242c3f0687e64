//! How long a connection is usually quiet: noted with every delivery, asked by whoever watches for silence.

use std::time::Duration;

use hub_model::Timestamp;

use crate::row::{ConnectionRow, GAP_DAYS, Gap};

/// With fewer deliveries than this nobody can say what is usual.
const DELIVERIES_MIN: u64 = 20;

/// Nothing shorter counts as silence: providers hold deliveries back for minutes when they are busy themselves.
const USUAL_GAP_MIN: Duration = Duration::from_secs(15 * 60);

const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;

fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_NS)
}

impl ConnectionRow {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self { last_delivery_at: at, deliveries: 0, gaps: [Gap::default(); GAP_DAYS] }
    }

    /// Counts a delivery and keeps the day's greatest gap.
    pub(crate) fn delivered(&mut self, at: Timestamp) {
        let gap = at.since(self.last_delivery_at);
        let today = day(at);
        if let Some(kept) =
            usize::try_from(today.rem_euclid(GAP_DAYS as i64)).ok().and_then(|slot| self.gaps.get_mut(slot))
        {
            let longest = if kept.day == today { kept.longest.max(gap) } else { gap };
            *kept = Gap { day: today, longest };
        }
        self.deliveries = self.deliveries.saturating_add(1);
        self.last_delivery_at = self.last_delivery_at.max(at);
    }
}

/// The longest a connection has been quiet of late; `None` while there are too few deliveries to tell.
#[must_use]
pub fn usual_gap(connection: &ConnectionRow, now: Timestamp) -> Option<Duration> {
    if connection.deliveries < DELIVERIES_MIN {
        return None;
    }
    let oldest = day(now).saturating_sub(GAP_DAYS as i64 - 1);
    let remembered = connection.gaps.iter().filter(|gap| gap.day >= oldest).map(|gap| gap.longest);
    Some(remembered.max().unwrap_or_default().max(USUAL_GAP_MIN))
}
