//! The webhooks an administrator made, which are the connections of the outbox: seen, and switched on and off. They cannot be
//! made here, because Zendesk gives each a secret that only an administrator gets to see.

use axum::extract::{Path, Query, State};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::events::EVERYTHING;
use super::paging::{self, Parameters};
use super::{bad_request, not_found};
use crate::answer::{Answer, Answered};
use crate::outbox::{Connection, Outbox, Scheme, Standing};
use crate::state::{Provider, Shared};

fn id(connection: &Connection) -> Option<&str> {
    match &connection.scheme {
        Scheme::Zendesk { webhook_id, .. } => Some(webhook_id),
        _ => None,
    }
}

/// `None` when it was taken away.
fn shown(name: &str, connection: &Connection, standing: Standing) -> Option<Value> {
    let status = match standing {
        Standing::Active | Standing::Paused { .. } => "active",
        Standing::Disabled => "inactive",
        Standing::Removed => return None,
    };
    let subscriptions = connection.topics.clone().unwrap_or_else(|| vec![EVERYTHING.to_owned()]);
    Some(json!({
        "id": id(connection)?, "name": name, "endpoint": connection.target, "status": status,
        "subscriptions": subscriptions, "http_method": "POST", "request_format": "json",
    }))
}

fn all(outbox: &Outbox) -> Vec<Value> {
    let lines = outbox.subscriptions(Provider::Zendesk);
    lines.filter_map(|(name, connection, standing)| shown(name, connection, standing)).collect()
}

pub(super) async fn list(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Answered {
    let worlds = shared.lock();
    Ok(Answer::ok(paging::page(&parameters, "webhooks", all(&worlds.outbox))?))
}

pub(super) async fn show(State(shared): State<Shared>, Path(wanted): Path<String>) -> Answered {
    let worlds = shared.lock();
    let is_wanted = |hook: &Value| hook.get("id").and_then(Value::as_str) == Some(&wanted);
    let found = all(&worlds.outbox).into_iter().find(is_wanted);
    Ok(Answer::ok(json!({ "webhook": found.ok_or_else(not_found)? })))
}

#[derive(Deserialize)]
struct Posted {
    webhook: Fields,
}

/// What else could be changed is not simulated, and refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    status: String,
}

pub(super) async fn patch(State(shared): State<Shared>, Path(wanted): Path<String>, body: Bytes) -> Answered {
    let posted: Option<Posted> = serde_json::from_slice(&body).ok();
    let standing = match posted.as_ref().map(|posted| posted.webhook.status.as_str()) {
        Some("active") => Standing::Active,
        Some("inactive") => Standing::Disabled,
        _ => return Err(bad_request("Invalid attribute", "status must be active or inactive")),
    };
    let mut worlds = shared.lock();
    let outbox = &mut worlds.outbox;
    let found = outbox
        .subscriptions(Provider::Zendesk)
        .find(|(_, connection, standing)| {
            id(connection) == Some(&wanted) && !matches!(standing, Standing::Removed)
        })
        .map(|(name, ..)| name.to_owned());
    let name = found.ok_or_else(not_found)?;
    outbox.set_standing(&name, standing).map_err(|_| not_found())?;
    Ok(Answer::new(StatusCode::NO_CONTENT, json!(null)))
}
