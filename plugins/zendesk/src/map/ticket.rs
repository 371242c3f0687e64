//! Tickets. Events come field by field, there is no coarse "updated": each says only its field, so that one which comes
//! late cannot take back what others said. The API shows whole tickets.

use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::Ticket;
use omnihub_plugin::{Event, Failure, Payload, Report};

use super::{
    MESSAGING, Settings, Told, channel, comment, effect, end_of_second, id, rating, status, tags, time,
    user_party, whole_second, word,
};
use crate::wire::Detail;

/// Changes of what the hub has no field for: told as `ticket.updated` that names the change.
const OTHER_CHANGES: [&str; 18] = [
    "brand_changed",
    "csat_requested",
    "custom_field_changed",
    "custom_status_changed",
    "description_changed",
    "email_ccs_changed",
    "followers_changed",
    "form_changed",
    "marked_as_spam",
    "merged",
    "next_sla_breach_changed",
    "ola_policy_changed",
    "organization_changed",
    "problem_link_changed",
    "schedule_changed",
    "sla_policy_changed",
    "submitter_changed",
    "task_due_at_changed",
];

pub(super) fn report(told: &Told<'_>, what: &str) -> Result<Report, Failure> {
    match what {
        "created" => created(told),
        "csat_received" => rating::received(told),
        "comment_added" => comment::added(told),
        "comment_made_private" => comment::made_private(told),
        "comment_redacted" => comment::redacted(told),
        "attachment_linked_to_comment" => comment::attached(told),
        "attachment_redacted_from_comment" => comment::detached(told),
        "soft_deleted" => {
            Ok(told.only(put_away(&told.detail, told.about()?, told.time, told.received_at, told.settings)))
        }
        "permanently_deleted" => Ok(told.only(gone(told.about()?, told.time, told.received_at))),
        _ => changed(told, what),
    }
}

fn created(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket_id = told.about()?;
    let at = time(&told.detail.created_at).or(told.time).map(whole_second);
    let ticket = Ticket { created_at: at, ..whole(&told.detail, ticket_id, told.settings) };
    Ok(told.only(beginning(ticket, &told.detail, at, told.received_at)))
}

/// All that is said of a ticket.
fn whole(detail: &Detail, ticket_id: &str, settings: &Settings) -> Ticket {
    Ticket {
        external_id: said(detail.external_id.clone()),
        subject: said(detail.subject.clone()),
        status: status(&detail.status),
        priority: word(&detail.priority),
        kind: word(&detail.kind),
        channel: via(detail),
        assignee: id(&detail.assignee_id),
        group: id(&detail.group_id),
        tags: tags(&detail.tags),
        created_at: time(&detail.created_at).map(whole_second),
        ..named(detail, ticket_id, settings)
    }
}

/// The ticket and whose it is: hubs that start late never hear of the ticket's creation.
fn named(detail: &Detail, ticket_id: &str, settings: &Settings) -> Ticket {
    let mut requester = id(&detail.requester_id).map(|requester| user_party(requester, None));
    if via(detail).as_deref() == Some(MESSAGING)
        && let Some(requester) = &mut requester
    {
        requester.ids.extend(settings.conversation(ticket_id));
    }
    Ticket { requester, ..Ticket::new(ticket_id) }
}

/// How the ticket came in. It does not change.
pub(super) fn via(detail: &Detail) -> Option<String> {
    detail.via.as_ref().and_then(|via| said(via.channel.clone())).map(|via| channel(&via))
}

fn beginning(ticket: Ticket, detail: &Detail, at: Option<i64>, received_at: i64) -> Event {
    let extra = extras([("effect", effect(&detail.external_id))]);
    let ticket_id = ticket.id.clone();
    // No tags are null in events and an empty list in the API.
    let tags = ticket.tags.filter(|tags| !tags.is_empty());
    let payload = Payload::Ticket(Ticket { extra, tags, ..ticket });
    Event::once("ticket.created", ticket_id, at, received_at, payload)
}

/// Deleted tickets can be brought back, and the hub's own flag cannot: it stands for the last word only.
fn put_away(
    detail: &Detail,
    ticket_id: &str,
    at: Option<i64>,
    received_at: i64,
    settings: &Settings,
) -> Event {
    let ticket = Ticket {
        status: Some("deleted".to_owned()),
        extra: extras([("changed", Some("soft_deleted".to_owned()))]),
        ..named(detail, ticket_id, settings)
    };
    let object = format!("{ticket_id}/soft_deleted");
    let at = at.map(whole_second);
    let event = Event::dated("ticket.deleted", &object, at, "", received_at, Payload::Ticket(ticket));
    Event { version: at.map_or(0, end_of_second), ..event }
}

/// The last word.
fn gone(ticket_id: &str, at: Option<i64>, received_at: i64) -> Event {
    let ticket = Ticket {
        deleted: true,
        extra: extras([("changed", Some("permanently_deleted".to_owned()))]),
        ..Ticket::new(ticket_id)
    };
    let key = format!("{ticket_id}/permanently_deleted");
    Event::once("ticket.deleted", key, at.map(whole_second), received_at, Payload::Ticket(ticket))
}

fn changed(told: &Told<'_>, what: &str) -> Result<Report, Failure> {
    let ticket_id = told.about()?;
    let mut ticket = named(&told.detail, ticket_id, told.settings);
    let current = &told.change.current;
    let mut name = "ticket.updated";
    match what {
        "status_changed" => {
            name = "ticket.status_changed";
            ticket.status = status(current);
        }
        "priority_changed" => ticket.priority = word(current),
        "type_changed" => ticket.kind = word(current),
        "subject_changed" => ticket.subject = said(current.clone()),
        "external_id_changed" => ticket.external_id = said(current.clone()),
        "agent_assignment_changed" => ticket.assignee = id(current),
        "group_assignment_changed" => ticket.group = id(current),
        "requester_changed" => {
            ticket.requester = id(current).map(|user| user_party(user, None)).or(ticket.requester)
        }
        "tags_changed" => {
            ticket.tags_added = texts(&told.change.tags_added);
            ticket.tags_removed = texts(&told.change.tags_removed);
        }
        "undeleted" => ticket.status = status(&told.detail.status),
        other if OTHER_CHANGES.contains(&other) => {}
        _ => return Ok(told.only(told.notice())),
    }
    let emptied = current.is_none() && what.ends_with("assignment_changed");
    ticket.extra = extras([
        ("changed", Some(what.to_owned())),
        ("cleared", emptied.then(|| "true".to_owned())),
        ("merged_into", id(&told.change.target_ticket_id)),
    ]);
    Ok(told.only(told.again(name, ticket_id, Payload::Ticket(ticket))))
}

pub(super) fn texts(list: &Option<Vec<Text>>) -> Vec<String> {
    list.iter().flatten().filter_map(|text| said(Some(text.clone()))).collect()
}

/// A ticket as the API shows it, at `now`: that it was made, and how it stands since it changed. `None` without an id.
pub(crate) fn shown(detail: &Detail, now: i64, settings: &Settings) -> Option<Vec<Event>> {
    let ticket_id = id(&detail.id)?;
    let (created_at, updated_at) =
        (time(&detail.created_at).map(whole_second), time(&detail.updated_at).map(whole_second));
    let status = status(&detail.status);
    if is_scrubbed(detail, status.as_deref()) {
        return Some(vec![gone(&ticket_id, updated_at, now)]);
    }
    if status.as_deref() == Some("deleted") {
        return Some(vec![put_away(detail, &ticket_id, updated_at, now, settings)]);
    }
    let whole = whole(detail, &ticket_id, settings);
    if created_at.is_some() && created_at == updated_at {
        return Some(vec![beginning(whole, detail, created_at, now)]);
    }
    // How it was at first nobody knows any more, except for what does not change.
    let first = Ticket { created_at, channel: whole.channel.clone(), ..Ticket::new(ticket_id.clone()) };
    let event = Event::dated("ticket.updated", &ticket_id, updated_at, "shown", now, Payload::Ticket(whole));
    let version = changed_at(detail, now).map_or(0, end_of_second);
    Some(vec![beginning(first, detail, created_at, now), Event { version, ..event }])
}

/// When the ticket last changed in any way. What Zendesk itself does to it leaves `updated_at` alone.
pub(crate) fn changed_at(detail: &Detail, now: i64) -> Option<i64> {
    let generated = detail.generated_timestamp.as_ref().and_then(|text| exact::unix_or_iso(&text.0));
    time(&detail.updated_at).max(generated.filter(|generated| *generated <= now))
}

/// Some time after its deletion Zendesk blots out what a ticket said, and goes on listing it.
fn is_scrubbed(detail: &Detail, status: Option<&str>) -> bool {
    let blotted = said(detail.subject.clone()).is_some_and(|subject| subject == "SCRUBBED");
    status == Some("scrubbed") || (status == Some("deleted") && blotted)
}

/// What the stream of comments has to know of a ticket.
pub(crate) fn thread(detail: &Detail) -> Option<comment::Thread> {
    Some(comment::Thread {
        ticket: id(&detail.id)?,
        channel: via(detail),
        requester: id(&detail.requester_id),
    })
}

/// Nobody can read the comments of a ticket that is deleted.
pub(crate) fn is_readable(detail: &Detail) -> bool {
    !matches!(status(&detail.status).as_deref(), Some("deleted" | "scrubbed"))
}
