//! A window of time with its days and weeks. Days are those of a fixed distance from UTC: no table of time zones is read,
//! so the same question has the same answer on every machine.

use std::time::Duration;

use hub_model::Timestamp;

/// As far back as the journal is kept by default.
pub const KPI_DAYS_MAX: u64 = 400;

/// The farthest from UTC any place is, and has been.
const OFFSET_MINUTES_MAX: i32 = 18 * 60;

const MINUTE_NS: i64 = 60 * 1_000_000_000;
const DAY_NS: i64 = 24 * 60 * MINUTE_NS;
const WEEK_NS: i64 = 7 * DAY_NS;

/// From a moment to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KpiWindow {
    since: Timestamp,
    until: Timestamp,
    offset_minutes: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KpiWindowError {
    #[error("the window ends before it begins")]
    Empty,
    #[error("a window has at most {KPI_DAYS_MAX} days")]
    TooLong,
    #[error("no place is that far from UTC")]
    Offset,
}

impl KpiWindow {
    /// # Errors
    /// The window is empty or too long, or its days are nowhere.
    pub fn new(since: Timestamp, until: Timestamp, offset_minutes: i32) -> Result<Self, KpiWindowError> {
        if since >= until {
            return Err(KpiWindowError::Empty);
        }
        if until.since(since) > Duration::from_secs(KPI_DAYS_MAX * 24 * 3_600) {
            return Err(KpiWindowError::TooLong);
        }
        if offset_minutes.unsigned_abs() > OFFSET_MINUTES_MAX.unsigned_abs() {
            return Err(KpiWindowError::Offset);
        }
        Ok(Self { since, until, offset_minutes })
    }

    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    #[must_use]
    pub fn offset_minutes(&self) -> i32 {
        self.offset_minutes
    }

    /// This window and one as long before it.
    pub(super) fn with_before(self) -> Self {
        Self { since: self.since.minus(self.until.since(self.since)), ..self }
    }

    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }

    fn offset_ns(&self) -> i64 {
        i64::from(self.offset_minutes).saturating_mul(MINUTE_NS)
    }

    /// The number of the day a moment is on.
    pub(super) fn day(&self, at: Timestamp) -> i64 {
        at.0.saturating_add(self.offset_ns()).div_euclid(DAY_NS)
    }

    pub(super) fn days(&self) -> std::ops::RangeInclusive<i64> {
        self.day(self.since)..=self.day(Timestamp(self.until.0.saturating_sub(1)))
    }

    pub(super) fn day_begins(&self, day: i64) -> Timestamp {
        Timestamp(day.saturating_mul(DAY_NS).saturating_sub(self.offset_ns()))
    }

    /// Such as 2026-05-04.
    pub(super) fn date(&self, day: i64) -> String {
        let midnight = Timestamp(day.saturating_mul(DAY_NS)).to_string();
        midnight.split('T').next().unwrap_or_default().to_owned()
    }

    /// Whole weeks that end with the window, by number from its end.
    fn weeks_count(&self) -> i64 {
        self.until.0.saturating_sub(self.since.0) / WEEK_NS
    }

    /// The week a moment of the window is in, counted from its end.
    pub(super) fn week(&self, at: Timestamp) -> Option<usize> {
        let back = self.until.0.saturating_sub(1).saturating_sub(at.0) / WEEK_NS;
        (back < self.weeks_count()).then(|| usize::try_from(back).ok()).flatten()
    }

    /// The first one first, with where each begins.
    pub(super) fn weeks(&self) -> impl Iterator<Item = (usize, Timestamp)> + use<'_> {
        let begins = |back: i64| Timestamp(self.until.0.saturating_sub((back + 1).saturating_mul(WEEK_NS)));
        (0..self.weeks_count())
            .rev()
            .filter_map(move |back| Some((usize::try_from(back).ok()?, begins(back))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_that_of_its_place() {
        let window = |minutes| {
            KpiWindow::new(at("2026-05-01T00:00:00Z"), at("2026-05-15T00:00:00Z"), minutes).unwrap()
        };
        let evening = at("2026-05-04T22:30:00Z");
        let date = |minutes| window(minutes).date(window(minutes).day(evening));
        assert_eq!([date(0), date(120), date(-300)], ["2026-05-04", "2026-05-05", "2026-05-04"]);
        let berlin = window(120);
        assert_eq!(berlin.day_begins(berlin.day(evening)), at("2026-05-04T22:00:00Z"));
        assert_eq!((window(0).days().count(), berlin.days().count()), (14, 15));
        assert_eq!(window(0).date(-1), "1969-12-31");
    }

    #[test]
    fn weeks_end_with_the_window() {
        let window = KpiWindow::new(at("2026-05-01T00:00:00Z"), at("2026-05-18T00:00:00Z"), 0).unwrap();
        let begins: Vec<_> = window.weeks().map(|(week, from)| (week, from.to_string())).collect();
        let wanted = [(1, "2026-05-04T00:00:00Z".to_owned()), (0, "2026-05-11T00:00:00Z".to_owned())];
        assert_eq!(begins, wanted);
        assert_eq!(window.week(at("2026-05-17T23:59:59Z")), Some(0));
        assert_eq!(window.week(at("2026-05-11T00:00:00Z")), Some(0));
        assert_eq!(window.week(at("2026-05-10T23:59:59Z")), Some(1));
        assert_eq!(window.week(at("2026-05-03T23:59:59Z")), None);
    }

    #[test]
    fn what_is_no_window_is_refused() {
        let may = at("2026-05-01T00:00:00Z");
        let after = |days: u64| may.plus(Duration::from_secs(days * 24 * 3_600));
        assert_eq!(KpiWindow::new(may, may, 0), Err(KpiWindowError::Empty));
        assert_eq!(KpiWindow::new(may, after(401), 0), Err(KpiWindowError::TooLong));
        assert_eq!(KpiWindow::new(may, after(400), 18 * 60 + 1), Err(KpiWindowError::Offset));
        assert_eq!(KpiWindow::new(may, after(400), i32::MIN), Err(KpiWindowError::Offset));
        assert!(KpiWindow::new(may, after(400), -18 * 60).is_ok());
    }
}
