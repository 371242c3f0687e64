//! When a stream is due: a cron expression of five fields, in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use hub_model::Timestamp;

/// A cron expression that can be asked for its next time.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    written: String,
    cron: Box<cron::Schedule>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScheduleError {
    #[error("has {0} fields; write minute, hour, day, month and weekday: \"*/5 * * * *\"")]
    Fields(usize),
    #[error("is no cron expression: {0}")]
    Cron(String),
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(written: &str) -> Result<Self, ScheduleError> {
        let fields = written.split_whitespace().count();
        if fields != 5 {
            return Err(ScheduleError::Fields(fields));
        }
        // The crate's expressions begin with seconds.
        let cron = cron::Schedule::from_str(&format!("0 {written}"))
            .map_err(|error| ScheduleError::Cron(error.to_string()))?;
        Ok(Self { written: written.to_owned(), cron: Box::new(cron) })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Schedule {
    /// The first time after `now`; `None` when there is none any more.
    pub(crate) fn after(&self, now: Timestamp) -> Option<Timestamp> {
        let now: DateTime<Utc> = DateTime::from_timestamp_nanos(now.0);
        self.cron.after(&now).next()?.timestamp_nanos_opt().map(Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_after_now() {
        let next = |written: &str, now: &str| {
            let schedule: Schedule = written.parse().unwrap();
            let now = now.parse::<DateTime<Utc>>().unwrap().timestamp_nanos_opt().unwrap();
            DateTime::from_timestamp_nanos(schedule.after(Timestamp(now)).unwrap().0).to_rfc3339()
        };
        assert_eq!(next("*/5 * * * *", "2026-03-01T10:04:59.999Z"), "2026-03-01T10:05:00+00:00");
        assert_eq!(next("*/5 * * * *", "2026-03-01T10:05:00Z"), "2026-03-01T10:10:00+00:00");
        assert_eq!(next("30 2 * * *", "2026-03-29T02:30:00Z"), "2026-03-30T02:30:00+00:00");
    }

    #[test]
    fn what_is_no_expression_says_so() {
        let problem = |written: &str| written.parse::<Schedule>().unwrap_err().to_string();
        assert_eq!(
            problem("* * * *"),
            "has 4 fields; write minute, hour, day, month and weekday: \"*/5 * * * *\""
        );
        assert!(problem("99 * * * *").starts_with("is no cron expression"));
    }
}
