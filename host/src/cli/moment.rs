//! A moment as people write it: a time, a date, or how far away it is.

use std::time::Duration;

use hub_model::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    At(Timestamp),
    /// So long ago, or from now: the option says which.
    Away(Duration),
}

impl Moment {
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Away(ago) => now.minus(ago),
        }
    }

    pub(super) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Away(time) => now.plus(time),
        }
    }
}

/// Reads RFC 3339, a date in UTC, or a number with m, h, d or w.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    let date = || format!("{text}T00:00:00Z").parse().ok();
    if let Some(at) = text.parse().ok().or_else(date) {
        return Ok(Moment::At(at));
    }
    let problem =
        || "write a time (2026-05-04T09:30:00Z), a date (2026-05-04) or a time away (12h, 30d)".to_owned();
    let unit = text.chars().last().ok_or_else(problem)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 24 * 3_600,
        'w' => 7 * 24 * 3_600,
        _ => return Err(problem()),
    };
    let count: u64 = text.trim_end_matches(unit).parse().map_err(|_| problem())?;
    Ok(Moment::Away(Duration::from_secs(count.saturating_mul(seconds))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_dates_and_durations_are_read() {
        let hour = Duration::from_secs(3_600);
        let at = |text: &str| Moment::At(text.parse().unwrap());
        assert_eq!(moment("2026-05-04T09:30:00Z"), Ok(at("2026-05-04T09:30:00Z")));
        assert_eq!(moment("2026-05-04"), Ok(at("2026-05-04T00:00:00Z")));
        assert_eq!(moment("12h"), Ok(Moment::Away(hour * 12)));
        assert_eq!(moment("30d"), Ok(Moment::Away(hour * 24 * 30)));
        for text in ["", "d", "soon", "-1d", "12", "1h30m", "30€"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
