//! Times that come again: a cron expression by the clock of a place. Weekdays are counted as cron does (0 and 7 are Sunday,
//! 1 is Monday); the library underneath counts them otherwise, so they are handed to it by name.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use jiff::civil;

use crate::quiet::zone;

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Times looked at for one that has not passed: of those the clocks show twice or skip there are a few a year.
const LOOKED_AT_MAX: usize = 1_000;

/// Times that come again.
#[derive(Clone, Debug)]
pub struct Timetable {
    written: String,
    tz: String,
    cron: Box<cron::Schedule>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimetableError {
    #[error("has {0} fields; write minute, hour, day, month and weekday: \"*/5 * * * *\"")]
    Fields(usize),
    #[error("names a weekday that is none; write 0 to 7, or mon to sun")]
    Weekday,
    #[error("is no cron expression: {0}")]
    Cron(String),
    #[error("is by the clock of `{0}`, which is no time zone")]
    Zone(String),
}

impl Timetable {
    /// Reads a cron expression of five fields, by the clock of a zone as IANA names it. Where day and weekday are both
    /// given, both have to fit.
    ///
    /// # Errors
    /// What is wrong with it, to be read behind the expression.
    pub fn new(written: &str, tz: &str) -> Result<Self, TimetableError> {
        let fields: Vec<&str> = written.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(TimetableError::Fields(fields.len()));
        };
        let weekday = weekdays(weekday).ok_or(TimetableError::Weekday)?;
        // The library's expressions begin with seconds.
        let cron = cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekday}"))
            .map_err(|error| TimetableError::Cron(error.to_string()))?;
        zone(tz).ok_or_else(|| TimetableError::Zone(tz.to_owned()))?;
        Ok(Self { written: fields.join(" "), tz: tz.to_owned(), cron: Box::new(cron) })
    }

    /// The first time after `now`, both in nanoseconds since 1970; `None` when there is none any more. A time that the
    /// clocks skip comes as late as it would have, one they show twice comes once.
    #[must_use]
    pub fn after(&self, now_ns: i64) -> Option<i64> {
        let zone = zone(&self.tz)?;
        let now = jiff::Timestamp::from_nanosecond(i128::from(now_ns)).ok()?;
        let shown = as_chrono(zone.to_datetime(now))?;
        let times = self.cron.after(&shown).take(LOOKED_AT_MAX);
        let mut moments = times.filter_map(|shown| {
            zone.to_ambiguous_timestamp(as_jiff(shown)?).compatible().ok().filter(|at| *at > now)
        });
        i64::try_from(moments.next()?.as_nanosecond()).ok()
    }

    /// The seven whole days before the one that `now` is in, by the clock there.
    #[must_use]
    pub fn week_before(&self, now_ns: i64) -> Option<Week> {
        let zone = zone(&self.tz)?;
        let today = zone.to_datetime(jiff::Timestamp::from_nanosecond(i128::from(now_ns)).ok()?).date();
        let begins = |day: civil::Date| {
            let at =
                zone.to_ambiguous_timestamp(day.to_datetime(civil::Time::midnight())).compatible().ok()?;
            i64::try_from(at.as_nanosecond()).ok()
        };
        let first = today.checked_sub(jiff::Span::new().days(7)).ok()?;
        let dates = format!("{first} to {}", today.yesterday().ok()?);
        Some(Week { from_ns: begins(first)?, until_ns: begins(today)?, dates })
    }
}

/// Seven days of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// When the first day begins, in nanoseconds since 1970.
    pub from_ns: i64,
    /// When the last day has ended.
    pub until_ns: i64,
    /// Its first and its last day: "2026-05-04 to 2026-05-10".
    pub dates: String,
}

impl Timetable {
    /// The first words of a rule's sentence: in words where it is a time of the day, else as it is written.
    pub(crate) fn sentence(&self) -> String {
        let fields: Vec<&str> = self.written.split(' ').collect();
        let [minute, hour, "*", "*", weekday] = fields.as_slice() else {
            return format!("Whenever {self} says so");
        };
        let (Ok(minute), Ok(hour)) = (minute.parse::<u8>(), hour.parse::<u8>()) else {
            return format!("Whenever {self} says so");
        };
        let days = match weekdays(weekday).as_deref() {
            None | Some("*") => "day".to_owned(),
            Some("MON,TUE,WED,THU,FRI") => "day from Monday to Friday".to_owned(),
            Some(days) => days.split(',').map(day_name).collect::<Vec<_>>().join(" and "),
        };
        format!("Every {days} at {hour:02}:{minute:02} ({})", self.tz)
    }
}

fn day_name(day: &str) -> &'static str {
    const NAMES: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let place = WEEKDAYS.iter().position(|name| *name == day);
    place.and_then(|place| NAMES.get(place)).copied().unwrap_or_default()
}

/// By the clock of UTC, as what is no place's own is written.
impl FromStr for Timetable {
    type Err = TimetableError;

    fn from_str(written: &str) -> Result<Self, TimetableError> {
        Self::new(written, "UTC")
    }
}

/// The expression, and whose clock it is by.
impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", self.written, self.tz)
    }
}

impl PartialEq for Timetable {
    fn eq(&self, other: &Self) -> bool {
        (&self.written, &self.tz) == (&other.written, &other.tz)
    }
}

impl Eq for Timetable {}

impl serde::Serialize for Timetable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The weekdays a field means, by name.
fn weekdays(field: &str) -> Option<String> {
    if matches!(field, "*" | "?") {
        return Some("*".to_owned());
    }
    let mut days = [false; 8];
    for part in field.split(',') {
        let (range, step) =
            part.split_once('/').map_or((part, Some(1)), |(range, step)| (range, step.parse().ok()));
        let step = step.filter(|step| *step > 0)?;
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None if part.contains('/') => (weekday(range)?, 6),
            None => (weekday(range)?, weekday(range)?),
        };
        // From Friday to Sunday: Sunday is the seventh day then.
        let last = if last < first && last == 0 { 7 } else { last };
        if last < first {
            return None;
        }
        (first..=last)
            .step_by(step)
            .for_each(|day| days.iter_mut().skip(day).take(1).for_each(|is| *is = true));
    }
    days[0] |= days[7];
    let named = WEEKDAYS.iter().zip(days).filter(|(_, is)| *is).map(|(name, _)| *name);
    Some(named.collect::<Vec<_>>().join(","))
}

fn weekday(text: &str) -> Option<usize> {
    let by_name = WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(text));
    by_name.or_else(|| text.parse().ok().filter(|day| *day <= 7))
}

/// What the clocks there show, as if it were UTC: the library knows no zones then.
fn as_chrono(shown: civil::DateTime) -> Option<DateTime<Utc>> {
    let date = chrono::NaiveDate::from_ymd_opt(
        i32::from(shown.year()),
        u32::try_from(shown.month()).ok()?,
        u32::try_from(shown.day()).ok()?,
    )?;
    let part = |number: i8| u32::try_from(number).ok();
    let time = date.and_hms_opt(part(shown.hour())?, part(shown.minute())?, part(shown.second())?)?;
    Some(time.and_utc())
}

fn as_jiff(shown: DateTime<Utc>) -> Option<civil::DateTime> {
    let part = |number: u32| i8::try_from(number).ok();
    let date = civil::Date::new(i16::try_from(shown.year()).ok()?, part(shown.month())?, part(shown.day())?);
    Some(date.ok()?.at(part(shown.hour())?, part(shown.minute())?, part(shown.second())?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(written: &str, tz: &str, now: &str) -> String {
        let now: jiff::Timestamp = now.parse().unwrap();
        let at = Timetable::new(written, tz).unwrap().after(i64::try_from(now.as_nanosecond()).unwrap());
        jiff::Timestamp::from_nanosecond(i128::from(at.unwrap())).unwrap().to_string()
    }

    #[test]
    fn the_next_time_is_after_now_by_the_clock_of_the_place() {
        assert_eq!(next("*/5 * * * *", "UTC", "2026-03-01T10:04:59.999Z"), "2026-03-01T10:05:00Z");
        assert_eq!(next("*/5 * * * *", "UTC", "2026-03-01T10:05:00Z"), "2026-03-01T10:10:00Z");
        assert_eq!(next("0 9 * * *", "Europe/Berlin", "2026-03-01T10:00:00Z"), "2026-03-02T08:00:00Z");
        assert_eq!(next("0 9 * * *", "Europe/Berlin", "2026-07-01T10:00:00Z"), "2026-07-02T07:00:00Z");
        // On 29 March 2026 the clocks go from two to three, on 25 October from three to two.
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
    }

    #[test]
    fn the_week_before_has_seven_days_of_the_place() {
        let week = |tz: &str, now: &str| {
            let now: jiff::Timestamp = now.parse().unwrap();
            let now = i64::try_from(now.as_nanosecond()).unwrap();
            let Week { from_ns, until_ns, dates } =
                Timetable::new("0 8 * * 1", tz).unwrap().week_before(now).unwrap();
            let shown = |at| jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap().to_string();
            [shown(from_ns), shown(until_ns), dates]
        };
        assert_eq!(
            week("UTC", "2026-03-02T08:00:00Z"),
            ["2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z", "2026-02-23 to 2026-03-01"]
        );
        // The clocks went forward within it: it is an hour short.
        assert_eq!(
            week("Europe/Berlin", "2026-03-30T06:00:00Z"),
            ["2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-23 to 2026-03-29"]
        );
    }

    #[test]
    fn weekdays_are_counted_as_cron_does() {
        // 2026-03-01 is a Sunday.
        let on = |weekday: &str, expected: &str| {
            let at = next(&format!("0 9 * * {weekday}"), "UTC", "2026-03-01T09:00:00Z");
            assert_eq!(at, format!("2026-03-{expected}T09:00:00Z"), "{weekday}");
        };
        for (weekday, expected) in [
            ("1-5", "02"),
            ("1", "02"),
            ("mon", "02"),
            ("MON-FRI", "02"),
            ("0", "08"),
            ("7", "08"),
            ("sun", "08"),
            ("6", "07"),
            ("5-7", "06"),
            ("fri-sun", "06"),
            ("2,4", "03"),
            ("3-5/2", "04"),
            ("*", "02"),
            ("2/2", "03"),
        ] {
            on(weekday, expected);
        }
    }

    #[test]
    fn what_is_none_says_so() {
        let problem = |written: &str, tz: &str| Timetable::new(written, tz).unwrap_err().to_string();
        assert_eq!(
            problem("* * * *", "UTC"),
            "has 4 fields; write minute, hour, day, month and weekday: \"*/5 * * * *\""
        );
        assert!(problem("99 * * * *", "UTC").starts_with("is no cron expression"));
        for weekday in ["8", "mon-sun-tue", "5-2", "x", "1/0"] {
            assert!(problem(&format!("0 9 * * {weekday}"), "UTC").contains("weekday"), "{weekday}");
        }
        assert!(problem("0 9 * * *", "Europe/Berlim").contains("no time zone"));
        assert_eq!(Timetable::new("0 0 30 2 *", "UTC").unwrap().after(0), None, "there is no such day");
    }
}
