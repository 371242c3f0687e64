//! Users: those who ask for help and those who help; how they are deleted, and then for good.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::paging::{self, Parameters};
use super::{API_USER_ID, Desk, Scene, Ticket, act, bad_request, events, id_of, not_found};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

/// What is left of a name.
const FORGOTTEN: &str = "Permanently Deleted User";
const ROLES: [&str; 3] = ["end-user", "agent", "admin"];

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: u64,
    pub name: String,
    /// Lower case.
    pub email: Option<String>,
    pub phone: Option<String>,
    pub role: String,
    pub tags: BTreeSet<String>,
    pub external_id: Option<String>,
    pub suspended: bool,
    /// False when the user was deleted.
    pub active: bool,
    /// Deleted for good: nothing but the id is left.
    pub forgotten: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl User {
    pub(super) fn is_staff(&self) -> bool {
        self.role != "end-user"
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "role": self.role,
            "tags": self.tags,
            "external_id": self.external_id,
            "suspended": self.suspended,
            "active": self.active,
            "verified": self.email.is_some(),
            "locale": "en-US",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }

    /// As the list of deleted users has them.
    fn to_deleted_json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "role": self.role,
            "active": self.active,
            "organization_id": null,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }

    fn forget(&mut self) {
        FORGOTTEN.clone_into(&mut self.name);
        (self.email, self.phone, self.external_id) = (None, None, None);
        self.tags.clear();
        self.forgotten = true;
    }
}

impl Desk {
    /// Those who are there, and those who were deleted but not for good.
    fn user(&self, id: u64) -> Option<&User> {
        self.users.get(&id).filter(|user| !user.forgotten)
    }
}

/// The users with these ids, each once, as lists carry them beside what they list.
pub(super) fn listed(desk: &Desk, ids: impl Iterator<Item = u64>) -> Value {
    let ids: BTreeSet<u64> = ids.collect();
    let api_user = json!({ "id": API_USER_ID, "name": "API user", "role": "admin", "active": true });
    ids.into_iter()
        .filter_map(|id| match id {
            API_USER_ID => Some(api_user.clone()),
            id => desk.user(id).map(User::to_json),
        })
        .collect()
}

impl Scene<'_> {
    /// The user with this address; they come to be when they first write.
    pub(super) fn person(&mut self, email: &str, name: Option<&str>) -> u64 {
        let email = email.to_lowercase();
        let known =
            self.desk().users.values().find(|user| user.active && user.email.as_deref() == Some(&email));
        match known.map(|user| user.id) {
            Some(id) => id,
            None => {
                let name = name.unwrap_or(&email).to_owned();
                self.newcomer(Fields { name: Some(name), email: Some(email), ..Fields::default() })
            }
        }
    }

    fn newcomer(&mut self, fields: Fields) -> u64 {
        let second = self.second();
        let id = self.desk().next_id();
        let user = User {
            id,
            name: fields.name.unwrap_or_default(),
            email: fields.email.map(|email| email.to_lowercase()),
            phone: fields.phone,
            role: fields.role.unwrap_or_else(|| "end-user".to_owned()),
            tags: fields.tags.unwrap_or_default(),
            external_id: fields.external_id,
            suspended: fields.suspended.unwrap_or_default(),
            active: true,
            forgotten: false,
            created_at: second,
            updated_at: second,
        };
        self.desk().users.insert(id, user);
        events::user(self, id, "created", json!({}));
        id
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    role: Option<String>,
    tags: Option<BTreeSet<String>>,
    external_id: Option<String>,
    suspended: Option<bool>,
}

fn posted(body: &Bytes) -> Result<Fields, Answer> {
    #[derive(Deserialize)]
    struct Posted {
        user: Fields,
    }
    let posted: Posted = serde_json::from_slice(body).map_err(|_| {
        bad_request("Invalid attribute", "The request needs a user with attributes of the right types")
    })?;
    let role_is_known = posted.user.role.as_deref().is_none_or(|role| ROLES.contains(&role));
    if role_is_known { Ok(posted.user) } else { Err(invalid("role", "Role: is not valid")) }
}

fn invalid(attribute: &str, words: &str) -> Answer {
    let body = json!({
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": { attribute: [{ "description": words }] },
    });
    Answer::new(StatusCode::UNPROCESSABLE_ENTITY, body)
}

pub(super) async fn create(State(shared): State<Shared>, body: Bytes) -> Answered {
    let fields = posted(&body)?;
    if fields.name.as_deref().is_none_or(|name| name.trim().is_empty()) {
        return Err(invalid("name", "Name: is too short (is 0 characters)"));
    }
    act(&shared, |scene| {
        let email = fields.email.as_ref().map(|email| email.to_lowercase());
        let is_taken = |user: &User| user.active && user.email.is_some() && user.email == email;
        if scene.desk().users.values().any(is_taken) {
            return Err(invalid("email", "Email: is already being used by another user"));
        }
        let id = scene.newcomer(fields);
        let user = scene.desk().users.get(&id).map(User::to_json);
        Ok(Answer::new(StatusCode::CREATED, json!({ "user": user })))
    })
}

pub(super) async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    let worlds = shared.lock();
    let user = worlds.zendesk.user(id).ok_or_else(not_found)?;
    Ok(Answer::ok(json!({ "user": user.to_json() })))
}

/// `query=email:ana@example.com`; what else Zendesk searches for is refused.
pub(super) async fn find(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Answered {
    let email = parameters.get("query").and_then(|query| query.strip_prefix("email:"));
    let email = email.ok_or_else(|| bad_request("Invalid attribute", "this query is not simulated"))?;
    let email = email.trim_matches('"').to_lowercase();
    let worlds = shared.lock();
    let found: Vec<_> = (worlds.zendesk.users.values())
        .filter(|user| user.active && user.email.as_deref() == Some(&email))
        .map(User::to_json)
        .collect();
    Ok(Answer::ok(json!({ "count": found.len(), "users": found, "next_page": null })))
}

pub(super) async fn update(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    let id = id_of(&id)?;
    let fields = posted(&body)?;
    act(&shared, |scene| {
        let second = scene.second();
        let user = scene.desk().users.get_mut(&id).filter(|user| user.active).ok_or_else(not_found)?;
        let before = user.clone();
        user.name = fields.name.unwrap_or(before.name.clone());
        user.email = fields.email.map(|email| email.to_lowercase()).or(before.email.clone());
        user.phone = fields.phone.or(before.phone.clone());
        user.role = fields.role.unwrap_or(before.role.clone());
        user.tags = fields.tags.unwrap_or_else(|| before.tags.clone());
        user.external_id = fields.external_id.or(before.external_id.clone());
        user.suspended = fields.suspended.unwrap_or(before.suspended);
        user.updated_at = second;
        let now = user.clone();
        changed(scene, &before, &now);
        Ok(Answer::ok(json!({ "user": now.to_json() })))
    })
}

fn changed(scene: &mut Scene<'_>, before: &User, now: &User) {
    let mut told = |what: &str, previous: Value, current: Value| {
        if previous != current {
            events::user(scene, now.id, what, json!({ "current": current, "previous": previous }));
        }
    };
    told("name_changed", json!(before.name), json!(now.name));
    told("external_id_changed", json!(before.external_id), json!(now.external_id));
    told("suspended_changed", json!(before.suspended), json!(now.suspended));
    told("role_changed", json!(before.role), json!(now.role));
    for (kind, was, is) in [("email", &before.email, &now.email), ("phone_number", &before.phone, &now.phone)]
    {
        if was != is {
            let identity = json!({ "identity": { "type": kind, "value": is, "verified": false } });
            events::user(scene, now.id, "identity_created", identity);
        }
    }
    if before.tags != now.tags {
        let tags = events::tags_changed(&before.tags, &now.tags);
        events::user(scene, now.id, "tags_changed", tags);
    }
}

/// Deleted users stay, and are not active. Who waits for an answer is not deleted; the words of that refusal are ours.
pub(super) async fn delete(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    act(&shared, |scene| {
        let second = scene.second();
        let desk = scene.desk();
        let user = desk.users.get_mut(&id).filter(|user| user.active).ok_or_else(not_found)?;
        let waits =
            |ticket: &Ticket| ticket.requester_id == id && !ticket.is_deleted() && ticket.status != "closed";
        if desk.tickets.values().any(waits) {
            return Err(invalid("base", "User: is the requester of tickets that are not closed"));
        }
        user.active = false;
        user.updated_at = second;
        let answer = Answer::ok(json!({ "user": user.to_json() }));
        events::user(scene, id, "active_changed", json!({ "current": false, "previous": true }));
        events::user(scene, id, "deleted", json!({}));
        Ok(answer)
    })
}

/// Those deleted for good are among them, without anything personal.
pub(super) async fn list_deleted(
    State(shared): State<Shared>,
    Query(parameters): Query<Parameters>,
) -> Answered {
    let worlds = shared.lock();
    let deleted = worlds.zendesk.users.values().filter(|user| !user.active);
    let deleted = deleted.map(User::to_deleted_json).collect();
    Ok(Answer::ok(paging::page(&parameters, "deleted_users", deleted)?))
}

pub(super) async fn show_deleted(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    let worlds = shared.lock();
    let user = worlds.zendesk.user(id).filter(|user| !user.active).ok_or_else(not_found)?;
    Ok(Answer::ok(json!({ "deleted_user": user.to_deleted_json() })))
}

/// For good, and only who was deleted before. Zendesk goes through its products for it; here it is done when the answer
/// comes, and nobody is told. What was written in tickets stays.
pub(super) async fn forget(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    act(&shared, |scene| {
        let second = scene.second();
        let user = scene.desk().users.get_mut(&id).filter(|user| !user.active && !user.forgotten);
        let user = user.ok_or_else(not_found)?;
        let before = user.to_deleted_json();
        user.forget();
        user.updated_at = second;
        Ok(Answer::ok(json!({ "deleted_user": before })))
    })
}
