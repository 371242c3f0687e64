//! Ratings: a list from a start time on. It is not said whether the time is that of the asking or of the answering, so
//! every run looks back over some days; what was seen is known to the fold.

use omnihub_plugin::{Failure, Page, Position, Remark, Report};

use super::SECOND;
use super::place::{Place, SETTLED_AFTER};
use crate::api::{self, Send};
use crate::map::rating;
use crate::wire::Listed;

/// Zendesk's most.
const PAGE_SIZE: u32 = 100;
/// Customers rate within days of being asked.
const LOOK_BACK: i64 = 7 * 24 * 60 * 60;

pub(super) fn page(position: &Position, send: Send<'_>) -> Result<Page, Failure> {
    let mut place = Place::of(position)?;
    let now = position.now.div_euclid(SECOND);
    let began = *place.began.get_or_insert(now);
    let path = format!("/api/v2/satisfaction_ratings.json?start_time={}", place.start);
    let path = api::list_page(&path, PAGE_SIZE, place.after.as_deref());
    let listed: Listed = api::read(send, api::SUPPORT, path)?;
    let report = report(&listed, position.now)?;
    let after = listed.next(place.after.as_deref());
    let more = after.is_some();
    let mut next = match after {
        Some(after) => Place { after: Some(after), ..place },
        None => Place {
            start: began.saturating_sub(LOOK_BACK).max(place.start),
            reached: place.reached,
            ..Place::default()
        },
    };
    // The list's order is not said, so only its end is a place that was reached.
    let reached = next.reach((!more).then(|| began.saturating_sub(SETTLED_AFTER)), position.now);
    Ok(Page { report, cursor: Some(next.text()), more, reached })
}

fn report(listed: &Listed, now: i64) -> Result<Report, Failure> {
    let ratings = listed.satisfaction_ratings.as_deref().ok_or_else(api::garbled)?;
    let mut report = Report::new();
    let mut offered = 0_usize;
    for (index, item) in ratings.iter().enumerate() {
        let event = item.as_ref().ok_or("not an object").and_then(|rating| rating::listed(rating, now));
        match event {
            Ok(Some(event)) => report.events.push(event),
            Ok(None) => offered += 1,
            Err(reason) => report.note(format!("/satisfaction_ratings/{index}"), Remark::Malformed, reason),
        }
    }
    if offered > 0 {
        let reason = format!("{offered} of them only offered, not answered");
        report.note("/satisfaction_ratings", Remark::Ignored, reason);
    }
    Ok(report)
}
