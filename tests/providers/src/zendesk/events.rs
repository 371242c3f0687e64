//! What webhooks are told: an event for each thing that happened, in the shape of event subscriptions. Ids are text there,
//! words upper case, and the time has more digits than the API's.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Scene, Ticket};
use crate::state::Provider;

/// What a webhook is subscribed to that is subscribed to all there is.
pub(super) const EVERYTHING: &str = "zen:event-type:*";
const ACCOUNT_ID: u64 = 100_001;

fn announce(scene: &mut Scene<'_>, kind: &str, subject: &str, version: &str, detail: &Value, event: &Value) {
    let id = scene.worlds.ids.uuid();
    let topic = format!("zen:event-type:{kind}");
    let body = json!({
        "type": topic,
        "account_id": ACCOUNT_ID,
        "id": id,
        "subject": subject,
        "time": scene.now,
        "zendesk_event_version": version,
        "detail": detail,
        "event": event,
    });
    scene.worlds.outbox.announce(Provider::Zendesk, &topic, &body);
}

/// One event of a ticket as it now is.
pub(super) fn ticket(scene: &mut Scene<'_>, id: u64, what: &str, event: Value) {
    let Some(detail) = scene.desk().tickets.get(&id).map(detail) else { return };
    announce(scene, &format!("ticket.{what}"), &format!("zen:ticket:{id}"), "2022-11-06", &detail, &event);
}

/// An id is text, and nobody null.
fn id_text(id: Option<u64>) -> Value {
    id.map_or(Value::Null, |id| id.to_string().into())
}

fn upper(word: Option<&str>) -> Value {
    word.map_or(Value::Null, |word| word.to_uppercase().into())
}

fn detail(ticket: &Ticket) -> Value {
    json!({
        "actor_id": id_text(ticket.audits.last().map(|audit| audit.author_id)),
        "assignee_id": id_text(ticket.assignee_id),
        "brand_id": "360001",
        "created_at": ticket.created_at,
        "description": ticket.description,
        "external_id": ticket.external_id,
        "group_id": id_text(ticket.group_id),
        "id": ticket.id.to_string(),
        "is_public": ticket.comments.iter().any(|comment| comment.public),
        "organization_id": null,
        "priority": upper(ticket.priority.as_deref()),
        "requester_id": ticket.requester_id.to_string(),
        "status": upper(Some(&ticket.status)),
        "subject": ticket.subject,
        "submitter_id": ticket.requester_id.to_string(),
        "tags": if ticket.tags.is_empty() { Value::Null } else { json!(ticket.tags) },
        "type": upper(ticket.kind.as_deref()),
        "updated_at": ticket.updated_at,
        "via": { "channel": ticket.channel },
    })
}

/// A ticket and its first comment.
pub(super) fn ticket_made(scene: &mut Scene<'_>, id: u64) {
    ticket(scene, id, "created", json!({}));
    let comments = scene.desk().tickets.get(&id).map(|ticket| ticket.comments.clone()).unwrap_or_default();
    for comment in comments {
        commented(scene, id, &comment.to_json());
    }
}

/// An event for each change of an audit.
pub(super) fn ticket_changed(scene: &mut Scene<'_>, id: u64, changes: &[Value]) {
    for change in changes {
        match member(change, "field_name").as_str() {
            Some(field) => {
                field_changed(scene, id, field, member(change, "previous_value"), member(change, "value"))
            }
            None => commented(scene, id, change),
        }
    }
}

fn member<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

fn commented(scene: &mut Scene<'_>, id: u64, comment: &Value) {
    let author = member(comment, "author_id").as_u64();
    let user = author.and_then(|author| scene.desk().users.get(&author));
    let event = json!({ "comment": {
        "id": id_text(member(comment, "id").as_u64()),
        "body": member(comment, "body"),
        "is_public": member(comment, "public"),
        "author": {
            "id": id_text(author),
            "is_staff": user.is_none_or(|user| user.is_staff()),
            "name": user.map_or("API user", |user| user.name.as_str()),
        },
    } });
    ticket(scene, id, "comment_added", event);
}

fn field_changed(scene: &mut Scene<'_>, id: u64, field: &str, previous: &Value, current: &Value) {
    let what = match field {
        "assignee_id" => "agent_assignment",
        "group_id" => "group_assignment",
        "custom_fields" => "custom_field",
        other => other,
    };
    let said = |value: &Value| match (field, value) {
        ("status" | "priority" | "type", Value::String(word)) => upper(Some(word)),
        ("assignee_id" | "group_id", Value::Number(number)) => number.to_string().into(),
        (_, value) => value.clone(),
    };
    let event = match field {
        "tags" => tags_changed(&texts(previous), &texts(current)),
        _ => json!({ "current": said(current), "previous": said(previous) }),
    };
    ticket(scene, id, &format!("{what}_changed"), event);
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

pub(super) fn tags_changed(before: &BTreeSet<String>, now: &BTreeSet<String>) -> Value {
    json!({
        "tags_added": now.difference(before).collect::<Vec<_>>(),
        "tags_removed": before.difference(now).collect::<Vec<_>>(),
    })
}

/// One event of a user as they now are. Absent is "" and "0" there.
pub(super) fn user(scene: &mut Scene<'_>, id: u64, what: &str, event: Value) {
    let Some(user) = scene.desk().users.get(&id) else { return };
    let detail = json!({
        "created_at": user.created_at,
        "default_group_id": "0",
        "email": user.email.as_deref().unwrap_or_default(),
        "external_id": user.external_id.as_deref().unwrap_or_default(),
        "id": id.to_string(),
        "organization_id": "0",
        "role": user.role,
        "updated_at": user.updated_at,
    });
    announce(scene, &format!("user.{what}"), &format!("zen:user:{id}"), "2022-06-20", &detail, &event);
}
