//! The day of the year on which a customer has their birthday. Of which year nobody needs to know.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::time::Timestamp;

/// A day every year; the 29th of February is the 28th where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birthday {
    month: i8,
    day: i8,
}

/// A leap year: every birthday there is, is one of its days.
const YEAR_OF_ALL_DAYS: i16 = 2_000;

/// Noon of UTC is on the same date from Hawaii to Auckland in winter: nobody hears a day early or late.
const HOUR: i8 = 12;

impl FromStr for Birthday {
    type Err = ();

    /// Month and day, `09-21`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (month, day) = text.split_once('-').ok_or(())?;
        let number = |text: &str| match text.as_bytes() {
            [b'0'..=b'9', b'0'..=b'9'] => text.parse::<i8>().map_err(|_| ()),
            _ => Err(()),
        };
        let (month, day) = (number(month)?, number(day)?);
        Date::new(YEAR_OF_ALL_DAYS, month, day).map_err(|_| ())?;
        Ok(Self { month, day })
    }
}

impl fmt::Display for Birthday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl Birthday {
    /// Noon of the next birthday after a moment, in UTC. `None` at the end of time.
    #[must_use]
    pub fn next_after(self, moment: Timestamp) -> Option<Timestamp> {
        let year = year(moment)?;
        let mut years = [year, year.checked_add(1)?].into_iter();
        years.find_map(|year| self.in_year(year).filter(|at| *at > moment))
    }

    /// Whether this is the moment of one of its days.
    #[must_use]
    pub fn is_at(self, moment: Timestamp) -> bool {
        year(moment).and_then(|year| self.in_year(year)) == Some(moment)
    }

    fn in_year(self, year: i16) -> Option<Timestamp> {
        let date =
            Date::new(year, self.month, self.day).or_else(|_| Date::new(year, self.month, self.day - 1));
        let noon = date.ok()?.at(HOUR, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp(i64::try_from(noon.timestamp().as_nanosecond()).ok()?))
    }
}

fn year(moment: Timestamp) -> Option<i16> {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(moment.0)).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).year())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_birthday_comes_every_year_at_noon() {
        let cases = [
            ("09-21", "2026-01-01T00:00:00Z", "2026-09-21T12:00:00Z"),
            ("09-21", "2026-09-21T11:59:59Z", "2026-09-21T12:00:00Z"),
            ("09-21", "2026-09-21T12:00:00Z", "2027-09-21T12:00:00Z"),
            ("01-01", "2026-12-31T23:00:00Z", "2027-01-01T12:00:00Z"),
            ("02-29", "2026-01-01T00:00:00Z", "2026-02-28T12:00:00Z"),
            ("02-29", "2026-02-28T12:00:00Z", "2027-02-28T12:00:00Z"),
            ("02-29", "2028-01-01T00:00:00Z", "2028-02-29T12:00:00Z"),
        ];
        for (birthday, moment, next) in cases {
            let birthday: Birthday = birthday.parse().unwrap();
            assert_eq!(birthday.next_after(at(moment)), Some(at(next)), "{birthday} after {moment}");
            assert!(birthday.is_at(at(next)) && !birthday.is_at(at(next).plus(Duration::from_nanos(1))));
        }
    }

    #[test]
    fn what_is_no_day_is_no_birthday() {
        for text in [
            "",
            "0",
            "13-01",
            "02-30",
            "00-10",
            "9-21",
            "09-21-1998",
            "1998-09-21",
            "--09-21",
            "９-21",
            "+9-21",
        ] {
            assert_eq!(text.parse::<Birthday>(), Err(()), "{text:?}");
        }
        assert_eq!("02-29".parse::<Birthday>().unwrap().to_string(), "02-29");
        assert_eq!("09-21".parse::<Birthday>().unwrap().next_after(Timestamp(i64::MAX)), None);
    }
}
