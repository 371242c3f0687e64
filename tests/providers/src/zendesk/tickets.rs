//! Making, showing, changing and finding tickets.

use axum::extract::{Path, Query, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ticket::{self, Fields, Refusal, Ticket};
use super::{Remembered, Scene, act, bad_request, events, id_of, idempotency_key, search};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// The page size of Zendesk's lists.
const PAGE_MAX: usize = 100;

#[derive(Deserialize)]
struct Posted {
    ticket: Fields,
}

fn posted_ticket(body: &Bytes) -> Result<Fields, Answer> {
    serde_json::from_slice::<Posted>(body).map(|posted| posted.ticket).map_err(|_| {
        bad_request("Invalid attribute", "The request needs a ticket with attributes of the right types")
    })
}

pub(super) async fn create(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answered {
    let key = idempotency_key(&headers);
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARS_MAX) {
        return Err(idempotency_error("Idempotency key must be 1 to 255 characters long"));
    }
    act(&shared, |scene| {
        let now = scene.now;
        let desk = scene.desk();
        if let Some(earlier) = key.as_ref().and_then(|key| desk.remembered(key, now)) {
            return if earlier.body == body {
                Ok(earlier.answer.clone().with_header("x-idempotency-lookup", "hit"))
            } else {
                Err(idempotency_error("Request parameters don't match the given idempotency key"))
            };
        }
        let answer = make(scene, posted_ticket(&body)?)?;
        match key {
            None => Ok(answer),
            Some(key) => {
                scene.desk().idempotent.insert(key, Remembered { body, answer: answer.clone(), at: now });
                Ok(answer.with_header("x-idempotency-lookup", "miss"))
            }
        }
    })
}

fn idempotency_error(description: &str) -> Answer {
    let body = json!({ "error": "IdempotentRequestError", "description": description });
    Answer::new(StatusCode::BAD_REQUEST, body)
}

fn make(scene: &mut Scene<'_>, fields: Fields) -> Answered {
    let (second, base_url) = (scene.second(), scene.base_url);
    let metadata = fields.metadata();
    let desk = scene.desk();
    let checked = fields.check_new(|id| desk.tickets.get(&id)).map_err(Refusal::answer)?;
    let requester = checked.requester.as_ref().map(|who| (who.email.clone(), who.name.clone()));
    let requester = requester.map(|(email, name)| scene.person(&email, name.as_deref()));
    let desk = scene.desk();
    let id = desk.next_ticket_id();
    let mut ticket = checked.into_ticket(id, requester, desk.next_id(), second);
    let audit_events = ticket::creation_events(&ticket, || desk.next_id());
    let author = ticket.comments.first().map_or(ticket.requester_id, |comment| comment.author_id);
    ticket.note(desk.next_id(), author, metadata, audit_events);
    let audit = ticket.audits.last().map(|audit| audit.to_json(id));
    let answer =
        Answer::new(StatusCode::CREATED, json!({ "ticket": ticket.to_json(base_url), "audit": audit }))
            .with_header("location", &ticket.url(base_url));
    desk.tickets.insert(id, ticket);
    events::ticket_made(scene, id);
    Ok(answer)
}

pub(super) async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = id_of(&id)?;
    let worlds = shared.lock();
    Ok(Answer::ok(json!({ "ticket": worlds.zendesk.ticket(id)?.to_json(shared.base_url()) })))
}

pub(super) async fn update(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    let id = id_of(&id)?;
    let fields = posted_ticket(&body)?;
    act(&shared, |scene| {
        let (second, base_url) = (scene.second(), scene.base_url);
        let desk = scene.desk();
        let mut ticket = desk.ticket(id)?.clone();
        let (metadata, author) = (fields.metadata(), fields.author());
        let given = &mut desk.ids_given;
        let users = &desk.users;
        let is_staff = |id: u64| users.get(&id).is_none_or(|user| user.is_staff());
        // On a copy, which is kept only when the change was not refused.
        let changes =
            ticket.update(fields, &mut || given.other(), second, is_staff).map_err(Refusal::answer)?;
        ticket.note(given.other(), author, metadata, changes.clone());
        let audit = ticket.audits.last().map(|audit| audit.to_json(id));
        let answer = Answer::ok(json!({ "ticket": ticket.to_json(base_url), "audit": audit }));
        desk.tickets.insert(id, ticket);
        events::ticket_changed(scene, id, &changes);
        Ok(answer)
    })
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    external_id: Option<String>,
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Query(query): Query<ListQuery>,
    Query(asked): Query<AskedPage>,
    uri: Uri,
) -> Answered {
    let worlds = shared.lock();
    let wanted = |ticket: &&Ticket| {
        !ticket.is_deleted()
            && query.external_id.as_ref().is_none_or(|id| ticket.external_id.as_ref() == Some(id))
    };
    let found = worlds.zendesk.tickets.values().filter(wanted);
    let tickets = found.map(|ticket| ticket.to_json(shared.base_url())).collect();
    Ok(asked.show("tickets", tickets, shared.base_url(), &uri))
}

#[derive(Deserialize)]
pub(super) struct SearchQuery {
    query: String,
}

pub(super) async fn find(
    State(shared): State<Shared>,
    Query(query): Query<SearchQuery>,
    Query(asked): Query<AskedPage>,
    uri: Uri,
) -> Answered {
    let wanted = search::read(&query.query).map_err(|_| {
        let body = json!({ "error": "invalid", "description": "Invalid search: a term is not simulated" });
        Answer::new(StatusCode::UNPROCESSABLE_ENTITY, body)
    })?;
    let lag = SignedDuration::try_from(shared.options().zendesk_search_lag).unwrap_or(SignedDuration::MAX);
    let now = shared.now();
    let worlds = shared.lock();
    let results = (worlds.zendesk.tickets.values())
        .filter(|ticket| !ticket.is_deleted() && now.duration_since(ticket.created_at) >= lag)
        .filter(|ticket| wanted.matches(ticket))
        .map(|ticket| {
            let mut found = ticket.to_json(shared.base_url());
            if let Some(found) = found.as_object_mut() {
                found.insert("result_type".to_owned(), json!("ticket"));
            }
            found
        })
        .collect();
    Ok(asked.show("results", results, shared.base_url(), &uri))
}

/// Offset paging: `next_page` is set while there is more.
#[derive(Deserialize)]
pub(super) struct AskedPage {
    #[serde(default)]
    page: Option<usize>,
    #[serde(default)]
    per_page: Option<usize>,
}

impl AskedPage {
    fn show(&self, name: &str, all: Vec<Value>, base_url: &str, uri: &Uri) -> Answer {
        let size = self.per_page.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let number = self.page.unwrap_or(1).max(1);
        let count = all.len();
        let shown: Vec<_> = all.into_iter().skip((number - 1).saturating_mul(size)).take(size).collect();
        let next = (number.saturating_mul(size) < count).then(|| page_url(base_url, uri, number + 1, size));
        let previous = (number > 1).then(|| page_url(base_url, uri, number - 1, size));
        Answer::ok(json!({ name: shown, "count": count, "next_page": next, "previous_page": previous }))
    }
}

fn page_url(base_url: &str, uri: &Uri, number: usize, size: usize) -> String {
    let is_paging = |part: &&str| part.starts_with("page=") || part.starts_with("per_page=");
    let mut query: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    query.retain(|part| !part.is_empty() && !is_paging(part));
    let paging = format!("page={number}&per_page={size}");
    query.push(&paging);
    format!("{base_url}/zendesk{}?{}", uri.path(), query.join("&"))
}
