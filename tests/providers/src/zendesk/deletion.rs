//! Tickets that go away: for a while, or for good. The export goes on listing them.

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::json;

use super::{act, events, id_of, not_found};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

const SCRUBBED: &str = "SCRUBBED";

pub(super) async fn put_away(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    act(&shared, |scene| {
        let second = scene.second();
        let desk = scene.desk();
        let mut ticket = desk.ticket(id)?.clone();
        ticket.deleted_from = Some(std::mem::replace(&mut ticket.status, "deleted".to_owned()));
        ticket.touch(second);
        desk.tickets.insert(id, ticket);
        events::ticket(scene, id, "soft_deleted", json!({}));
        Ok(Answer::new(StatusCode::NO_CONTENT, json!(null)))
    })
}

pub(super) async fn restore(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    act(&shared, |scene| {
        let second = scene.second();
        let ticket = scene.desk().tickets.get_mut(&id).filter(|ticket| !ticket.is_scrubbed());
        let ticket = ticket.ok_or_else(not_found)?;
        ticket.status = ticket.deleted_from.take().ok_or_else(not_found)?;
        ticket.touch(second);
        events::ticket(scene, id, "undeleted", json!({}));
        Ok(Answer::ok(json!({})))
    })
}

/// For good: Zendesk does it in a job, here it is done when the answer comes.
pub(super) async fn scrub(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    act(&shared, |scene| {
        let second = scene.second();
        let ticket = scene.desk().tickets.get_mut(&id);
        let ticket = ticket.filter(|ticket| ticket.is_deleted() && !ticket.is_scrubbed());
        let ticket = ticket.ok_or_else(not_found)?;
        ticket.subject = Some(SCRUBBED.to_owned());
        SCRUBBED.clone_into(&mut ticket.description);
        ticket.comments.clear();
        ticket.audits.clear();
        ticket.tags.clear();
        ticket.touch(second);
        events::ticket(scene, id, "permanently_deleted", json!({}));
        Ok(Answer::ok(json!({ "job_status": { "id": format!("scrub-{id}"), "status": "completed" } })))
    })
}

impl super::Ticket {
    fn is_scrubbed(&self) -> bool {
        self.is_deleted() && self.subject.as_deref() == Some(SCRUBBED)
    }
}
