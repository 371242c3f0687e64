//! A ticket's comments and audits, and what can be done to a comment afterwards.

use axum::extract::{Path, Query, State};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::{self, Parameters};
use super::ticket::{Audit, Comment};
use super::{act, bad_request, events, id_of, not_found, users, with};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

/// What stands in the place of each redacted letter.
const REDACTED: &str = "\u{2587}";

/// By cursor when asked for a page, else all at once.
pub(super) async fn list(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Answered {
    let id = id_of(&id)?;
    let worlds = shared.lock();
    let desk = &worlds.zendesk;
    let ticket = desk.ticket(id)?;
    let comments: Vec<_> = ticket.comments.iter().map(Comment::to_json).collect();
    let body = match parameters.keys().any(|name| name.starts_with("page[")) {
        true => paging::page(&parameters, "comments", comments)?,
        false => json!({ "count": comments.len(), "comments": comments, "next_page": null }),
    };
    let body = match parameters.get("include").is_some_and(|include| include == "users") {
        true => {
            with(body, "users", users::listed(desk, ticket.comments.iter().map(|comment| comment.author_id)))
        }
        false => body,
    };
    Ok(Answer::ok(body))
}

pub(super) async fn audits(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Answered {
    let id = id_of(&id)?;
    let worlds = shared.lock();
    let audits = worlds.zendesk.ticket(id)?.audits.iter().map(|audit: &Audit| audit.to_json(id)).collect();
    Ok(Answer::ok(paging::page(&parameters, "audits", audits)?))
}

pub(super) async fn make_private(
    State(shared): State<Shared>,
    Path((id, comment)): Path<(String, String)>,
) -> Answered {
    let (id, comment) = (id_of(&id)?, id_of(&comment)?);
    change(&shared, id, comment, "comment_made_private", |comment| {
        comment.public = false;
        Ok(Answer::new(StatusCode::NO_CONTENT, json!(null)))
    })
}

#[derive(Deserialize)]
struct Redaction {
    text: String,
}

/// Blots out every occurrence of a text.
pub(super) async fn redact(
    State(shared): State<Shared>,
    Path((id, comment)): Path<(String, String)>,
    body: Bytes,
) -> Answered {
    let (id, comment) = (id_of(&id)?, id_of(&comment)?);
    let posted: Option<Redaction> = serde_json::from_slice(&body).ok();
    let text = posted.map(|posted| posted.text).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| bad_request("Invalid attribute", "text is missing"))?;
    change(&shared, id, comment, "comment_redacted", |comment| {
        if !comment.body.contains(&text) {
            return Err(bad_request("Invalid attribute", "text is not in the comment"));
        }
        comment.body = comment.body.replace(&text, &REDACTED.repeat(text.chars().count()));
        Ok(Answer::ok(json!({ "comment": comment.to_json() })))
    })
}

fn change(
    shared: &Shared,
    id: u64,
    comment_id: u64,
    what: &str,
    apply: impl FnOnce(&mut Comment) -> Answered,
) -> Answered {
    act(shared, |scene| {
        let second = scene.second();
        let desk = scene.desk();
        let mut ticket = desk.ticket(id)?.clone();
        let comment = ticket.comments.iter_mut().find(|comment| comment.id == comment_id);
        let comment = comment.ok_or_else(not_found)?;
        let answer = apply(comment)?;
        let (body, comment_json) = (comment.body.clone(), comment.to_json());
        // The audit of the comment's writing says the same of it from now on.
        let told = ticket.audits.iter_mut().flat_map(|audit| &mut audit.events);
        for event in told.filter(|event| event.get("id").and_then(Value::as_u64) == Some(comment_id)) {
            *event = comment_json.clone();
        }
        if ticket.comments.first().is_some_and(|first| first.id == comment_id) {
            ticket.description.clone_from(&body);
        }
        ticket.touch(second);
        desk.tickets.insert(id, ticket);
        events::ticket(scene, id, what, json!({ "comment": { "id": comment_id.to_string() } }));
        Ok(answer)
    })
}
