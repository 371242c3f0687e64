//! Resolution time: one pass over all tickets, those of nobody included. The view keeps the last status alone; when
//! statuses changed is told by the ticket's events.

use std::time::Duration;

use hub_model::model::Ticket;
use hub_model::{EventId, Timestamp};
use hub_store::{Order, Range, Table, prefix_range};

use super::behind::{Behind, Case};
use super::contacts::seconds;
use super::figure::Figure;
use super::window::KpiWindow;
use crate::FoldError;
use crate::read::{View, Walk};
use crate::row::{EventRow, NodeRow, Subject, SubjectKind, decode, key};

/// What desks call the event of a change of status.
const STATUS_CHANGED: &str = "ticket.status_changed";

/// Changes of status looked at of one requester, and entries of one ticket: more than any ticket has that people work on.
const LOOKED_AT_MAX: usize = 1_000;

pub(super) fn walk(view: View<'_>, window: &KpiWindow, each: &mut dyn FnMut(Case)) -> Result<(), FoldError> {
    view.walk(Table::Ticket, Range::all(), Order::Ascending, |row_key, row| {
        let ticket: Ticket = decode(Table::Ticket, row)?;
        let Some(subject) = subject_of(row_key, SubjectKind::Ticket) else { return Ok(Walk::On) };
        let Some((created_at, solved_at)) = solved(view, &subject, &ticket, window)? else {
            return Ok(Walk::On);
        };
        each(Case {
            figure: Figure::Resolution,
            at: solved_at,
            outcome: Ok(seconds(solved_at.since(created_at))),
            customer: customer(view, ticket.requester.as_ref().map(|requester| requester.value))?,
            conversation: None,
            channel: ticket.channel.as_ref().map(|channel| channel.value.clone()),
            queue: queue(view, &subject, &ticket)?,
            behind: Behind::new(SubjectKind::Ticket, &subject),
        });
        Ok(Walk::On)
    })
}

/// The thing a row's key is of. A key holds connection and id; of an id too long for a key what is left of it.
pub(super) fn subject_of(row_key: &[u8], kind: SubjectKind) -> Option<Subject> {
    let mut parts = row_key.splitn(2, |byte| *byte == 0);
    let mut part = || Some(String::from_utf8_lossy(parts.next()?).into_owned());
    Some(Subject { kind, connection: part()?, id: part()? })
}

/// The customer an account belongs to.
pub(super) fn customer(
    view: View<'_>,
    account: Option<hub_model::NodeId>,
) -> Result<Option<hub_model::NodeId>, FoldError> {
    let Some(account) = account else { return Ok(None) };
    Ok(view.get::<NodeRow>(&account.0)?.and_then(|node| node.customer))
}

/// When a ticket was opened and last solved, if it may have been in the window.
fn solved(
    view: View<'_>,
    subject: &Subject,
    ticket: &Ticket,
    window: &KpiWindow,
) -> Result<Option<(Timestamp, Timestamp)>, FoldError> {
    let (Some(status), Some(created_at)) = (&ticket.status, &ticket.created_at) else { return Ok(None) };
    let told_at = Timestamp(status.version);
    if told_at < window.since() {
        return Ok(None);
    }
    let solved_at = match status.value.as_str() {
        "solved" => told_at,
        // Without the change before, the closing is all that is known.
        "closed" => changed_before(view, subject, ticket, told_at)?
            .filter(|changed_at| *changed_at >= created_at.value)
            .unwrap_or(told_at),
        _ => return Ok(None),
    };
    Ok(Some((created_at.value, solved_at)))
}

/// The last change of a ticket's status before a moment.
fn changed_before(
    view: View<'_>,
    subject: &Subject,
    ticket: &Ticket,
    before: Timestamp,
) -> Result<Option<Timestamp>, FoldError> {
    let about = match &ticket.requester {
        Some(requester) => key::events_prefix(requester.value, STATUS_CHANGED),
        None => key::about_prefix(subject),
    };
    let mut changed_at = None;
    let rows = view.store.scan(Table::Index, prefix_range(&about), Order::Descending, LOOKED_AT_MAX)?;
    for (row_key, _) in rows {
        let Some(event) = key::trailing_id(&row_key).map(EventId) else { continue };
        let Some(event) = view.get::<EventRow>(&event.0)? else { continue };
        let is_it = event.name == STATUS_CHANGED && event.subject.as_ref() == Some(subject);
        // A status is told with the second it changed in.
        if is_it && before.since(event.happened_at) >= Duration::from_secs(1) {
            changed_at = changed_at.max(Some(event.happened_at));
        }
    }
    Ok(changed_at)
}

/// Where rules say what was said on it belongs, else the desk's own group.
fn queue(view: View<'_>, subject: &Subject, ticket: &Ticket) -> Result<Option<String>, FoldError> {
    let rows = view.scan(Table::Index, &key::said_on_prefix(subject), LOOKED_AT_MAX)?;
    let said: Result<Vec<Subject>, FoldError> = rows
        .iter()
        .map(|(_, id)| {
            let id: String = decode(Table::Index, id)?;
            Ok(Subject { kind: SubjectKind::Interaction, connection: subject.connection.clone(), id })
        })
        .collect();
    let ruled = view.routing(said?.iter())?.queue;
    Ok(ruled.or_else(|| ticket.group.as_ref().map(|group| group.value.clone())))
}

/// The channel and the queue of a ticket.
pub(super) fn place(
    view: View<'_>,
    connection: &str,
    id: &str,
) -> Result<(Option<String>, Option<String>), FoldError> {
    let Some(ticket) = view.get::<Ticket>(&key::object(connection, &[id]))? else { return Ok((None, None)) };
    let subject = Subject { kind: SubjectKind::Ticket, connection: connection.to_owned(), id: id.to_owned() };
    let queue = queue(view, &subject, &ticket)?;
    Ok((ticket.channel.map(|channel| channel.value), queue))
}
