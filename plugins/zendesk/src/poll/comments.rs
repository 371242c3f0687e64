//! Comments, ticket by ticket: the export says which tickets changed, and each one's comments are listed. A ticket is read
//! from its first comment on, because that also shows what was blotted out or made private since; the fold knows the rest.

use omnihub_plugin::{Failure, Page, Position, Remark, Report, answer, members};

use super::Reading;
use super::export::{self, newest};
use super::place::Place;
use crate::api::{self, Send};
use crate::map::{self, comment, ticket};
use crate::wire::{Detail, Listed};

/// So many tickets with a few pages of comments each fit into one call.
const TICKETS_AT_ONCE: u32 = 12;
/// A comment may have 64 KiB.
const COMMENTS_AT_ONCE: u32 = 50;
/// The host grants a call twenty requests; the export may need a few.
const LISTS_MAX: usize = 15;
/// What a call hands over is limited as well; the next call goes on.
const BYTES_MAX: usize = 2 << 20;

struct Budget {
    lists: usize,
    bytes: usize,
}

impl Budget {
    fn is_left(&self) -> bool {
        self.lists < LISTS_MAX && self.bytes < BYTES_MAX
    }
}

pub(super) fn page(position: &Position, reading: &Reading, send: Send<'_>) -> Result<Page, Failure> {
    let mut place = Place::of(position)?;
    let exported = export::page("tickets", "", TICKETS_AT_ONCE, &place, send)?;
    let tickets = exported.export.tickets.as_deref().ok_or_else(api::garbled)?;
    let newest = newest(tickets, |detail| ticket::changed_at(detail, position.now));
    let mut report = Report::new();
    let mut budget = Budget { lists: 0, bytes: 0 };
    let before = place.clone();
    match rest(tickets, &mut place, &mut report, &mut budget, position.now, &reading.meaning, send) {
        Ok(Rest::None) => {
            let mut next = Place { after: exported.after.clone(), start: place.start, ..Place::default() };
            next.reached = place.reached;
            let reached = next.reach(exported.reached(newest, position.now), position.now);
            Ok(Page { report, cursor: Some(next.text()), more: exported.more, reached })
        }
        Ok(Rest::Some) => Ok(unfinished(place, report, position.now)),
        // What is read is kept; the host waits as long as Zendesk asks before it goes on.
        Err(Failure::RetryAfterMs(_)) if place.is_beyond(&before) => {
            Ok(unfinished(place, report, position.now))
        }
        Err(failure) => Err(failure),
    }
}

/// The same page of the export again, without what is done.
fn unfinished(mut place: Place, report: Report, now: i64) -> Page {
    let reached = place.reach(None, now);
    Page { report, cursor: Some(place.text()), more: true, reached }
}

/// Whether a page of the export has tickets left whose comments are not read.
enum Rest {
    None,
    Some,
}

fn rest(
    tickets: &[Option<Detail>],
    place: &mut Place,
    report: &mut Report,
    budget: &mut Budget,
    now: i64,
    settings: &map::Settings,
    send: Send<'_>,
) -> Result<Rest, Failure> {
    for (index, detail) in tickets.iter().enumerate() {
        let Some((detail, thread)) = detail.as_ref().and_then(|it| Some((it, ticket::thread(it)?))) else {
            report.note(format!("/tickets/{index}"), Remark::Malformed, "an item without id");
            continue;
        };
        if !ticket::is_readable(detail) || place.done.contains(&thread.ticket) {
            continue;
        }
        if place.ticket.as_ref() != Some(&thread.ticket) {
            place.comments_after = None;
        }
        place.ticket = Some(thread.ticket.clone());
        loop {
            if !budget.is_left() {
                return Ok(Rest::Some);
            }
            place.comments_after =
                list(&thread, place.comments_after.as_deref(), report, budget, now, settings, send)?;
            if place.comments_after.is_none() {
                break;
            }
        }
        place.ticket = None;
        place.done.push(thread.ticket);
    }
    Ok(Rest::None)
}

/// One page of a ticket's comments; where the next begins, if there is one.
fn list(
    thread: &comment::Thread,
    after: Option<&str>,
    report: &mut Report,
    budget: &mut Budget,
    now: i64,
    settings: &map::Settings,
    send: Send<'_>,
) -> Result<Option<String>, Failure> {
    let path =
        format!("/api/v2/tickets/{}/comments.json?include=users", api::percent_encoded(&thread.ticket));
    let request = api::get(api::list_page(&path, COMMENTS_AT_ONCE, after));
    let response = send(api::SUPPORT, &request).map_err(answer::unread)?;
    budget.lists += 1;
    budget.bytes += response.body.len();
    let here = format!("/tickets/{}/comments", thread.ticket);
    if response.status == 404 {
        report.note(here, Remark::Ignored, "the ticket is gone");
        return Ok(None);
    }
    api::judged(&response)?;
    let listed: Listed = members::read(&response.body).ok_or_else(api::garbled)?;
    let comments = listed.comments.as_deref().ok_or_else(api::garbled)?;
    let users = listed.users.as_deref().unwrap_or_default();
    for (index, item) in comments.iter().enumerate() {
        match item.as_ref().and_then(|it| comment::listed(it, users, thread, settings, now)) {
            Some(event) => report.events.push(event),
            None => report.note(format!("{here}/{index}"), Remark::Malformed, "a comment without id"),
        }
    }
    Ok(listed.next(after))
}
