//! When things happen in the story, counted back from now, in the forms the providers write times in. "Thursday" is
//! today, whatever day it is: rules ignore what is too old, and a story that ends in the past would move nobody.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// The shop is in Berlin, in winter; Shopify writes times with the shop's offset.
const SHOP_OFFSET: Offset = Offset::constant(1);

const SECONDS_A_DAY: i64 = 24 * 3_600;

/// Days before Thursday.
pub(super) const LAST_WEEK: i64 = 5;
pub(super) const MONDAY: i64 = 3;
pub(super) const WEDNESDAY: i64 = 1;

#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    now: Timestamp,
}

/// A moment of the story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(Timestamp);

impl Calendar {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now }
    }

    /// At an hour of an earlier day, in UTC.
    pub(super) fn at(self, days_ago: i64, hour: i64, minute: i64) -> Moment {
        let today = self.now.as_second() - self.now.as_second().rem_euclid(SECONDS_A_DAY);
        let second = today - days_ago * SECONDS_A_DAY + hour * 3_600 + minute * 60;
        // A clock at the beginning of time has no week before it; then the story happens at once.
        Moment(Timestamp::from_second(second).unwrap_or(self.now))
    }

    /// Today, so many minutes ago.
    pub(super) fn ago(self, minutes: i64) -> Moment {
        Moment(self.now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(self.now))
    }
}

impl Moment {
    pub(super) fn later(self, minutes: i64) -> Self {
        Self(self.0.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(self.0))
    }

    /// "2026-03-02T09:14:00+01:00", as Shopify writes in bodies.
    pub(super) fn shop(self) -> String {
        self.whole_seconds().display_with_offset(SHOP_OFFSET).to_string()
    }

    /// "2026-03-02T08:14:00Z", as Zendesk and Square write.
    pub(super) fn utc(self) -> String {
        self.whole_seconds().to_string()
    }

    /// Unix seconds as text, as WhatsApp writes.
    pub(super) fn seconds(self) -> String {
        self.0.as_second().to_string()
    }

    /// Unix milliseconds as a number, as Instagram writes.
    pub(super) fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    fn whole_seconds(self) -> Timestamp {
        Timestamp::from_second(self.0.as_second()).unwrap_or(self.0)
    }
}
