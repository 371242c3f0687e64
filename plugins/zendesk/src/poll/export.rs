//! Incremental exports: pages from a start time, then from cursor to cursor, until the stream's end.

use omnihub_plugin::host::http::{HttpError, Response};
use omnihub_plugin::lenient::said;
use omnihub_plugin::{Event, Failure, Page, Position, Remark, Report, answer, members};

use super::place::{Place, SETTLED_AFTER};
use super::{Reading, SECOND};
use crate::api::{self, Send, percent_encoded};
use crate::map::{ticket, user};
use crate::wire::{Detail, Export};

/// Well below Zendesk's own 1,000, so that a page is read within a call's time.
pub(super) const PAGE_SIZE: u32 = 500;
const PAGE_SIZE_MAX: u32 = 1_000;
/// A page too large for the host is asked for again with a part of its items.
const SMALLER: u32 = 8;

/// What a page of an export holds and where the next one begins.
pub(super) struct Exported {
    pub(super) export: Export,
    pub(super) after: Option<String>,
    pub(super) more: bool,
}

/// Asks for the page at a place. `what` is the path behind "incremental/", `include` what is to come along.
pub(super) fn page(
    what: &str,
    include: &str,
    size: u32,
    place: &Place,
    send: Send<'_>,
) -> Result<Exported, Failure> {
    let response = sized(what, include, size, place, send)?;
    api::judged(&response)?;
    let export: Export = members::read(&response.body).ok_or_else(api::garbled)?;
    let after = said(export.after_cursor.clone());
    let ended = export.end_of_stream.as_ref().is_none_or(|ended| ended.0 == "true");
    // A page that leads back to itself would be read for ever.
    let more = !ended && after.is_some() && after != place.after;
    Ok(Exported { after: after.or_else(|| place.after.clone()), export, more })
}

fn sized(what: &str, include: &str, size: u32, place: &Place, send: Send<'_>) -> Result<Response, Failure> {
    let from = match &place.after {
        Some(after) => format!("cursor={}", percent_encoded(after)),
        None => format!("start_time={}", place.start),
    };
    let mut size = size.clamp(1, PAGE_SIZE_MAX);
    loop {
        let path = format!("/api/v2/incremental/{what}/cursor.json?{from}&per_page={size}{include}");
        match send(api::EXPORT, &api::get(path)) {
            Err(HttpError::Unreadable(_)) if size > 1 => size = (size / SMALLER).max(1),
            other => return other.map_err(answer::unread),
        }
    }
}

/// Tickets, and the users who have to do with them.
pub(super) fn tickets(position: &Position, reading: &Reading, send: Send<'_>) -> Result<Page, Failure> {
    let place = Place::of(position)?;
    let size = reading.page_size.unwrap_or(PAGE_SIZE);
    let exported = page("tickets", "&include=users", size, &place, send)?;
    let tickets = exported.export.tickets.as_deref().ok_or_else(api::garbled)?;
    let mut report = Report::new();
    shown(tickets, "/tickets", &mut report, |detail| ticket::shown(detail, position.now, &reading.meaning));
    people(exported.export.users.as_deref().unwrap_or_default(), &mut report, position.now);
    let newest = newest(tickets, |detail| ticket::changed_at(detail, position.now));
    Ok(exported.next(place, report, newest, position.now))
}

pub(super) fn users(position: &Position, reading: &Reading, send: Send<'_>) -> Result<Page, Failure> {
    let place = Place::of(position)?;
    let size = reading.page_size.unwrap_or(PAGE_SIZE);
    let exported = page("users", "", size, &place, send)?;
    let users = exported.export.users.as_deref().ok_or_else(api::garbled)?;
    let mut report = Report::new();
    people(users, &mut report, position.now);
    let newest = newest(users, |detail| ticket::changed_at(detail, position.now));
    Ok(exported.next(place, report, newest, position.now))
}

impl Exported {
    fn next(&self, place: Place, report: Report, newest: Option<i64>, now: i64) -> Page {
        let mut next = Place { after: self.after.clone(), ..place };
        let reached = next.reach(self.reached(newest, now), now);
        Page { report, cursor: Some(next.text()), more: self.more, reached }
    }

    /// Exports are in the order of changes; at the end all but the newest minute is read.
    pub(super) fn reached(&self, newest: Option<i64>, now: i64) -> Option<i64> {
        if self.more { newest } else { Some(now.div_euclid(SECOND).saturating_sub(SETTLED_AFTER)) }
    }
}

/// The second of the newest change on a page.
pub(super) fn newest(items: &[Option<Detail>], changed_at: impl Fn(&Detail) -> Option<i64>) -> Option<i64> {
    items.iter().flatten().filter_map(changed_at).max().map(|time| time.div_euclid(SECOND))
}

/// The events of each item; one that cannot be read is noted, and the others count.
fn shown(
    items: &[Option<Detail>],
    at: &str,
    report: &mut Report,
    events: impl Fn(&Detail) -> Option<Vec<Event>>,
) {
    for (index, item) in items.iter().enumerate() {
        match item.as_ref().and_then(&events) {
            Some(events) => report.events.extend(events),
            None => report.note(format!("{at}/{index}"), Remark::Malformed, "an item without id"),
        }
    }
}

/// Users that are customers; how many others there were is one note.
fn people(users: &[Option<Detail>], report: &mut Report, now: i64) {
    let mut staff = 0_usize;
    for (index, item) in users.iter().enumerate() {
        match item {
            Some(detail) if user::is_staff(detail) => staff += 1,
            Some(detail) => match user::shown(detail, now) {
                Some(events) => report.events.extend(events),
                None => report.note(format!("/users/{index}"), Remark::Malformed, "a user without id"),
            },
            None => report.note(format!("/users/{index}"), Remark::Malformed, "not an object"),
        }
    }
    if staff > 0 {
        report.note("/users", Remark::Ignored, format!("{staff} of them staff, who are no customers"));
    }
}
