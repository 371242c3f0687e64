//! Hours in which nobody is written to, by the clock of a place. Owns the arithmetic with the place's changes of the
//! clock; the zones come with the program, so that every machine gives the same answer.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::{DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

/// Never the machine's own: a fold has to come out the same everywhere.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

const MINUTES_OF_HOUR: u16 = 60;
const MINUTES_OF_DAY: u16 = 24 * MINUTES_OF_HOUR;

/// From one time of the day to another, every day, over midnight where the first is the later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub from: TimeOfDay,
    /// The first minute that is not quiet.
    pub until: TimeOfDay,
    /// A zone's name, as IANA has it.
    pub tz: String,
}

/// Minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `21:00` or `8:30`.
    pub(crate) fn parse(text: &str) -> Option<TimeOfDay> {
        let (hour, minute) = text.split_once(':')?;
        let number = |digits: &str| {
            let is_number =
                (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { digits.parse::<u16>().ok() } else { None }
        };
        let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
        let is_sound = minute < MINUTES_OF_HOUR && hour * MINUTES_OF_HOUR < MINUTES_OF_DAY;
        is_sound.then_some(TimeOfDay(hour * MINUTES_OF_HOUR + minute))
    }

    fn of(time: Time) -> TimeOfDay {
        let part = |number: i8| u16::try_from(number).unwrap_or_default();
        TimeOfDay(part(time.hour()) * MINUTES_OF_HOUR + part(time.minute()))
    }

    fn time(self) -> Option<Time> {
        let part = |number: u16| i8::try_from(number).ok();
        Time::new(part(self.0 / MINUTES_OF_HOUR)?, part(self.0 % MINUTES_OF_HOUR)?, 0, 0).ok()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / MINUTES_OF_HOUR, self.0 % MINUTES_OF_HOUR)
    }
}

impl QuietHours {
    /// When the quiet hours end that this moment is in; `None` when it is in none. Nanoseconds since 1970, both.
    #[must_use]
    pub fn end(&self, now_ns: i64) -> Option<i64> {
        let zone = zone(&self.tz)?;
        let now = jiff::Timestamp::from_nanosecond(i128::from(now_ns)).ok()?;
        let local = zone.to_datetime(now);
        let time = TimeOfDay::of(local.time());
        let is_over_midnight = self.from > self.until;
        let is_quiet = match is_over_midnight {
            true => time >= self.from || time < self.until,
            false => time >= self.from && time < self.until,
        };
        if !is_quiet {
            return None;
        }
        let ends_tomorrow = is_over_midnight && time >= self.from;
        let day = if ends_tomorrow { local.date().tomorrow().ok()? } else { local.date() };
        moment(&zone, day.to_datetime(self.until.time()?), now)
    }
}

/// The first moment after `now` at which the clocks there show this. Where they skip it, as late as they would have.
fn moment(zone: &TimeZone, shown: DateTime, now: jiff::Timestamp) -> Option<i64> {
    let at = zone.to_ambiguous_timestamp(shown);
    let earlier = at.compatible().ok().filter(|at| *at > now);
    let at = earlier.or_else(|| at.later().ok()).filter(|at| *at > now)?;
    i64::try_from(at.as_nanosecond()).ok()
}

pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// The zone's name as it is listed, however its letters are written.
pub(crate) fn zone_name(written: &str) -> Option<String> {
    Some(zone(written)?.iana_name()?.to_owned())
}

/// Every zone's name.
pub(crate) fn zone_names() -> Vec<String> {
    ZONES.available().map(|name| name.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests;
