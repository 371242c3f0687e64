//! A ticket's tags: PUT adds, POST replaces, DELETE takes away.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ticket::Refusal;
use super::{act, bad_request, events, id_of};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

#[derive(Deserialize)]
struct Posted {
    tags: Vec<String>,
    #[serde(default)]
    safe_update: Option<Value>,
    #[serde(default)]
    updated_stamp: Option<String>,
}

pub(super) async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let worlds = shared.lock();
    Ok(Answer::ok(json!({ "tags": worlds.zendesk.ticket(id_of(&id)?)?.tags })))
}

pub(super) async fn add(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change(&shared, &id, &body, StatusCode::OK, |tags, named| tags.extend(named))
}

pub(super) async fn set(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change(&shared, &id, &body, StatusCode::CREATED, |tags, named| *tags = named.into_iter().collect())
}

pub(super) async fn remove(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change(&shared, &id, &body, StatusCode::OK, |tags, named| tags.retain(|tag| !named.contains(tag)))
}

fn change(
    shared: &Shared,
    id: &str,
    body: &Bytes,
    status: StatusCode,
    apply: impl FnOnce(&mut BTreeSet<String>, Vec<String>),
) -> Answered {
    let id = id_of(id)?;
    let posted: Posted = serde_json::from_slice(body)
        .map_err(|_| bad_request("Invalid attribute", "The request needs a list of tags"))?;
    act(shared, |scene| {
        let second = scene.second();
        let desk = scene.desk();
        let mut ticket = desk.ticket(id)?.clone();
        ticket.may_change().map_err(Refusal::answer)?;
        let (safe, stamp) = (posted.safe_update.as_ref(), posted.updated_stamp.as_deref());
        ticket.is_current(safe, stamp).map_err(Refusal::answer)?;
        let before = ticket.tags.clone();
        apply(&mut ticket.tags, posted.tags);
        let answer = Answer::new(status, json!({ "tags": ticket.tags }));
        if before != ticket.tags {
            let change = json!({
                "id": desk.next_id(), "type": "Change", "field_name": "tags", "previous_value": before, "value": ticket.tags,
            });
            ticket.touch(second);
            ticket.note(desk.next_id(), super::API_USER_ID, json!({}), vec![change.clone()]);
            desk.tickets.insert(id, ticket);
            events::ticket_changed(scene, id, &[change]);
        }
        Ok(answer)
    })
}
