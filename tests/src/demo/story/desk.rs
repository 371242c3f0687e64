//! Zendesk's bodies: events of a subscription, and the body an administrator wrote into a trigger for calls.

use serde_json::{Value, json};

use super::calendar::Moment;
use crate::support::connections::ZENDESK;
use crate::support::delivery::Outgoing;

pub(super) struct User {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: &'static str,
}

pub(super) struct Ticket<'a> {
    pub(super) id: &'static str,
    pub(super) subject: &'static str,
    pub(super) requester: &'a User,
    /// How it came in, in Zendesk's words.
    pub(super) via: &'static str,
    pub(super) created: Moment,
}

/// One event; `id` names it for ever.
fn event(id: &str, kind: &str, subject: &str, at: Moment, detail: &Value, event: &Value) -> Outgoing {
    let body = json!({
        "account_id": 100_001,
        "id": id,
        "type": format!("zen:event-type:{kind}"),
        "subject": subject,
        "time": at.utc(),
        "zendesk_event_version": "2022-11-06",
        "detail": detail,
        "event": event,
    });
    Outgoing::json(ZENDESK, id, &body)
}

pub(super) fn user_created(id: &str, user: &User, at: Moment) -> Outgoing {
    let detail = json!({
        "id": user.id, "email": user.email, "role": "end-user", "created_at": at.utc(), "updated_at": at.utc(),
        "default_group_id": "0", "organization_id": "0", "external_id": "",
    });
    event(id, "user.created", &format!("zen:user:{}", user.id), at, &detail, &json!({}))
}

pub(super) fn ticket_created(id: &str, ticket: &Ticket<'_>) -> Outgoing {
    let at = ticket.created;
    event(id, "ticket.created", &subject_of(ticket), at, &ticket_detail(ticket, at), &json!({}))
}

/// What the customer wrote.
pub(super) fn comment_added(
    id: &str,
    ticket: &Ticket<'_>,
    comment: &str,
    text: &str,
    at: Moment,
) -> Outgoing {
    let author = json!({"id": ticket.requester.id, "is_staff": false, "name": ticket.requester.name});
    comment_by(id, ticket, comment, text, at, &author, Visible::ToCustomer)
}

/// Who writes in a chat of the desk's messenger.
#[derive(Clone, Copy)]
pub(super) enum Chatting {
    Visitor,
    Agent,
}

pub(super) fn chat_message(
    id: &str,
    ticket: &Ticket<'_>,
    who: Chatting,
    message: &str,
    text: &str,
    at: Moment,
) -> Outgoing {
    let actor = match who {
        Chatting::Visitor => {
            json!({"id": "5f1a2b3c4d5e6f7a8b9c0d14", "name": ticket.requester.name, "type": "end_user"})
        }
        Chatting::Agent => json!({"id": "900100", "name": "Mara Lindt", "type": "agent"}),
    };
    let told = json!({
        "actor": actor,
        "conversation_id": format!("chat-{}", ticket.id),
        "message": {"id": message, "body": text},
    });
    event(id, "messaging_ticket.message_added", &subject_of(ticket), at, &json!({"id": ticket.id}), &told)
}

/// What an agent noted for colleagues.
pub(super) fn note_added(id: &str, ticket: &Ticket<'_>, comment: &str, text: &str, at: Moment) -> Outgoing {
    let author = json!({"id": "900100", "is_staff": true, "name": "Mara Lindt"});
    comment_by(id, ticket, comment, text, at, &author, Visible::ToStaff)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visible {
    ToCustomer,
    ToStaff,
}

fn comment_by(
    id: &str,
    ticket: &Ticket<'_>,
    comment: &str,
    text: &str,
    at: Moment,
    author: &Value,
    visible: Visible,
) -> Outgoing {
    let added = json!({
        "comment": {"id": comment, "body": text, "is_public": visible == Visible::ToCustomer, "author": author},
    });
    event(id, "ticket.comment_added", &subject_of(ticket), at, &ticket_detail(ticket, at), &added)
}

pub(super) fn ticket_solved(id: &str, ticket: &Ticket<'_>, at: Moment) -> Outgoing {
    let changed = json!({"current": "SOLVED", "previous": "OPEN"});
    event(id, "ticket.status_changed", &subject_of(ticket), at, &ticket_detail(ticket, at), &changed)
}

fn subject_of(ticket: &Ticket<'_>) -> String {
    format!("zen:ticket:{}", ticket.id)
}

fn ticket_detail(ticket: &Ticket<'_>, updated: Moment) -> Value {
    json!({
        "id": ticket.id,
        "subject": ticket.subject,
        "description": ticket.subject,
        "status": "OPEN",
        "priority": "NORMAL",
        "type": "INCIDENT",
        "requester_id": ticket.requester.id,
        "submitter_id": ticket.requester.id,
        "actor_id": ticket.requester.id,
        "assignee_id": "900100",
        "group_id": "900200",
        "brand_id": "900300",
        "form_id": "900400",
        "organization_id": null,
        "external_id": null,
        "is_public": true,
        "tags": ["delivery"],
        "via": {"channel": ticket.via},
        "created_at": ticket.created.utc(),
        "updated_at": updated.utc(),
    })
}

/// A trigger tells of a call: the template the connector's README proposes.
pub(super) fn call_by_trigger(id: &str, ticket: &Ticket<'_>, summary: &str) -> Outgoing {
    let body = json!({
        "ticket_id": ticket.id,
        "title": ticket.subject,
        "status": "Open",
        "priority": "Normal",
        "tags": "delivery phone",
        "via": "Phone call (incoming)",
        "description": summary,
        "requester_id": ticket.requester.id,
        "requester_email": ticket.requester.email,
        "requester_name": ticket.requester.name,
        "requester_phone": ticket.requester.phone,
        "created_at": ticket.created.utc(),
        "updated_at": ticket.created.utc(),
    });
    Outgoing::json(ZENDESK, id, &body)
}
