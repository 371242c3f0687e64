//! Zendesk's ticketing REST API: routes, credentials, idempotency keys, rate limit, search.
//! What a ticket is and how it may change is next door in `ticket`.

mod search;
mod ticket;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::ticket::{Comment, Ticket};
use self::ticket::{Fields, Refusal};
use crate::answer::{Answer, Answered};
use crate::credentials;
use crate::state::{Shared, whole_seconds};

const IDEMPOTENCY_HEADER: &str = "idempotency-key";
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Zendesk keeps a key about two hours; after that it counts as new.
const IDEMPOTENCY_KEPT: SignedDuration = SignedDuration::from_hours(2);
/// The page size of Zendesk's lists.
const PAGE_MAX: usize = 100;

/// What the help desk remembers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Desk {
    pub tickets: BTreeMap<u64, Ticket>,
    /// Requesters by lower-case e-mail.
    pub users: BTreeMap<String, u64>,
    #[serde(skip)]
    idempotent: BTreeMap<String, Remembered>,
    #[serde(skip)]
    ids_given: Given,
    #[serde(skip)]
    minute: Minute,
}

/// Ids are never given twice, not even after a reset.
#[derive(Debug, Clone, Copy, Default)]
struct Given {
    tickets: u64,
    others: u64,
}

#[derive(Debug, Clone)]
struct Remembered {
    body: Bytes,
    answer: Answer,
    at: Timestamp,
}

/// The calls counted in one minute of the clock.
#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    number: i64,
    calls: u32,
}

impl Desk {
    /// A desk without tickets that goes on counting where this one is.
    pub(crate) fn emptied(&self) -> Self {
        Self { ids_given: self.ids_given, ..Self::default() }
    }

    fn next_ticket_id(&mut self) -> u64 {
        self.ids_given.tickets += 1;
        self.ids_given.tickets
    }

    /// For users, comments and audits.
    fn next_id(&mut self) -> u64 {
        /// Above every ticket id, so a mix-up shows.
        const FIRST: u64 = 9_000_000_000;
        self.ids_given.others += 1;
        FIRST + self.ids_given.others
    }

    fn user(&mut self, email: &str) -> u64 {
        let email = email.to_lowercase();
        match self.users.get(&email) {
            Some(id) => *id,
            None => {
                let id = self.next_id();
                self.users.insert(email, id);
                id
            }
        }
    }

    fn remembered(&mut self, key: &str, now: Timestamp) -> Option<&Remembered> {
        self.idempotent.retain(|_, it| now.duration_since(it.at) < IDEMPOTENCY_KEPT);
        self.idempotent.get(key)
    }

    fn matching_external_id(&self, external_id: &str) -> Vec<&Ticket> {
        self.tickets.values().filter(|ticket| ticket.external_id.as_deref() == Some(external_id)).collect()
    }
}

pub(crate) fn router(shared: &Shared) -> Router {
    let tickets = || get(list).post(create);
    let tags = || put(add_tags).post(set_tags).delete(remove_tags).get(show_tags);
    Router::new()
        .route("/api/v2/tickets", tickets())
        .route("/api/v2/tickets.json", tickets())
        .route("/api/v2/tickets/{id}", get(show).put(update))
        .route("/api/v2/tickets/{id}/comments", get(comments))
        .route("/api/v2/tickets/{id}/comments.json", get(comments))
        .route("/api/v2/tickets/{id}/tags", tags())
        .route("/api/v2/tickets/{id}/tags.json", tags())
        .route("/api/v2/search", get(find))
        .route("/api/v2/search.json", get(find))
        .layer(from_fn_with_state(shared.clone(), limit_rate))
        .with_state(shared.clone())
}

pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    credentials::basic_api_token(headers).or_else(|| credentials::bearer(headers).map(str::to_owned))
}

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get(IDEMPOTENCY_HEADER)?.to_str().ok().map(str::to_owned)
}

pub(crate) fn failure_body(status: StatusCode) -> Value {
    match status {
        StatusCode::UNAUTHORIZED => json!({ "error": "Couldn't authenticate you" }),
        StatusCode::TOO_MANY_REQUESTS => json!({
            "error": "APIRateLimitExceeded",
            "description": "Number of allowed API requests per minute exceeded",
        }),
        StatusCode::NOT_FOUND => json!({ "error": "RecordNotFound", "description": "Not found" }),
        other => json!({
            "error": other.canonical_reason().unwrap_or("Error").replace(' ', ""),
            "description": other.canonical_reason().unwrap_or("Error"),
        }),
    }
}

fn failure(status: StatusCode) -> Answer {
    Answer::new(status, failure_body(status))
}

fn bad_request(title: &str, message: &str) -> Answer {
    Answer::new(StatusCode::BAD_REQUEST, json!({ "error": { "title": title, "message": message } }))
}

/// Counts the call in its minute; says in both spellings of the headers how many are left.
async fn limit_rate(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let limit = shared.options().zendesk_requests_per_minute;
    let second = shared.now().as_second();
    let reset = 60 - second.rem_euclid(60);
    let calls = {
        let minute = &mut shared.lock().zendesk.minute;
        let number = second.div_euclid(60);
        if minute.number != number {
            *minute = Minute { number, calls: 0 };
        }
        minute.calls = minute.calls.saturating_add(1);
        minute.calls
    };
    let mut response = if calls > limit {
        failure(StatusCode::TOO_MANY_REQUESTS).with_header("retry-after", &reset.to_string()).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (limit_name, left_name) in
        [("x-rate-limit", "x-rate-limit-remaining"), ("ratelimit-limit", "ratelimit-remaining")]
    {
        headers.insert(limit_name, limit.into());
        headers.insert(left_name, limit.saturating_sub(calls).into());
    }
    headers.insert("ratelimit-reset", reset.into());
    response
}

#[derive(Deserialize)]
struct Posted {
    ticket: Fields,
}

fn posted_ticket(body: &Bytes) -> Result<Fields, Answer> {
    serde_json::from_slice::<Posted>(body).map(|posted| posted.ticket).map_err(|_| {
        bad_request("Invalid attribute", "The request needs a ticket with attributes of the right types")
    })
}

async fn create(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answered {
    let key = idempotency_key(&headers);
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARS_MAX) {
        return Err(idempotency_error("Idempotency key must be 1 to 255 characters long"));
    }
    let now = shared.now();
    let mut worlds = shared.lock();
    let desk = &mut worlds.zendesk;
    if let Some(earlier) = key.as_ref().and_then(|key| desk.remembered(key, now)) {
        return if earlier.body == body {
            Ok(earlier.answer.clone().with_header("x-idempotency-lookup", "hit"))
        } else {
            Err(idempotency_error("Request parameters don't match the given idempotency key"))
        };
    }
    let answer = create_ticket(desk, posted_ticket(&body)?, shared.base_url(), now)?;
    match key {
        None => Ok(answer),
        Some(key) => {
            desk.idempotent.insert(key, Remembered { body, answer: answer.clone(), at: now });
            Ok(answer.with_header("x-idempotency-lookup", "miss"))
        }
    }
}

fn idempotency_error(description: &str) -> Answer {
    let body = json!({ "error": "IdempotentRequestError", "description": description });
    Answer::new(StatusCode::BAD_REQUEST, body)
}

fn create_ticket(desk: &mut Desk, fields: Fields, base_url: &str, now: Timestamp) -> Answered {
    let checked = fields.check_new(|id| desk.tickets.get(&id)).map_err(Refusal::answer)?;
    let requester = checked.requester_email.as_deref().map(|email| desk.user(email));
    let id = desk.next_ticket_id();
    let ticket = checked.into_ticket(id, requester, desk.next_id(), whole_seconds(now));
    let audit = ticket::creation_audit(&ticket, || desk.next_id());
    let answer =
        Answer::new(StatusCode::CREATED, json!({ "ticket": ticket.to_json(base_url), "audit": audit }))
            .with_header("location", &ticket.url(base_url));
    desk.tickets.insert(id, ticket);
    Ok(answer)
}

/// Paths may end in `.json`, or not.
fn ticket_id(text: &str) -> Result<u64, Answer> {
    text.strip_suffix(".json").unwrap_or(text).parse().map_err(|_| {
        bad_request(
            "Invalid attribute",
            "You passed an invalid value for the id attribute. Must be an integer",
        )
    })
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = ticket_id(&id)?;
    let worlds = shared.lock();
    let ticket = worlds.zendesk.tickets.get(&id).ok_or_else(|| failure(StatusCode::NOT_FOUND))?;
    Ok(Answer::ok(json!({ "ticket": ticket.to_json(shared.base_url()) })))
}

async fn comments(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let id = ticket_id(&id)?;
    let worlds = shared.lock();
    let ticket = worlds.zendesk.tickets.get(&id).ok_or_else(|| failure(StatusCode::NOT_FOUND))?;
    let comments: Vec<_> = ticket.comments.iter().map(Comment::to_json).collect();
    Ok(Answer::ok(json!({ "count": comments.len(), "comments": comments, "next_page": null })))
}

async fn update(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    let id = ticket_id(&id)?;
    let fields = posted_ticket(&body)?;
    change(&shared, id, |ticket, ids, now| {
        let events = ticket.update(fields, ids, now)?;
        let audit = ticket::audit(ticket, events, ids);
        Ok(Answer::ok(json!({ "ticket": ticket.to_json(shared.base_url()), "audit": audit })))
    })
}

/// Runs a change on a copy and keeps it only when it was not refused.
fn change(
    shared: &Shared,
    id: u64,
    act: impl FnOnce(&mut Ticket, &mut dyn FnMut() -> u64, Timestamp) -> Result<Answer, Refusal>,
) -> Answered {
    let now = whole_seconds(shared.now());
    let mut worlds = shared.lock();
    let desk = &mut worlds.zendesk;
    let mut ticket = desk.tickets.get(&id).cloned().ok_or_else(|| failure(StatusCode::NOT_FOUND))?;
    let answer = act(&mut ticket, &mut || desk.next_id(), now).map_err(Refusal::answer)?;
    desk.tickets.insert(id, ticket);
    Ok(answer)
}

#[derive(Deserialize)]
struct PostedTags {
    tags: Vec<String>,
    #[serde(default)]
    safe_update: Option<Value>,
    #[serde(default)]
    updated_stamp: Option<String>,
}

async fn show_tags(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let worlds = shared.lock();
    let ticket =
        worlds.zendesk.tickets.get(&ticket_id(&id)?).ok_or_else(|| failure(StatusCode::NOT_FOUND))?;
    Ok(Answer::ok(json!({ "tags": ticket.tags })))
}

async fn add_tags(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change_tags(&shared, &id, &body, StatusCode::OK, |ticket, tags| ticket.tags.extend(tags))
}

async fn set_tags(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change_tags(&shared, &id, &body, StatusCode::CREATED, |ticket, tags| {
        ticket.tags = tags.into_iter().collect();
    })
}

async fn remove_tags(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change_tags(&shared, &id, &body, StatusCode::OK, |ticket, tags| {
        ticket.tags.retain(|tag| !tags.contains(tag));
    })
}

fn change_tags(
    shared: &Shared,
    id: &str,
    body: &Bytes,
    status: StatusCode,
    apply: impl FnOnce(&mut Ticket, Vec<String>),
) -> Answered {
    let id = ticket_id(id)?;
    let posted: PostedTags = serde_json::from_slice(body)
        .map_err(|_| bad_request("Invalid attribute", "The request needs a list of tags"))?;
    change(shared, id, |ticket, _, now| {
        ticket.may_change()?;
        ticket.is_current(posted.safe_update.as_ref(), posted.updated_stamp.as_deref())?;
        apply(ticket, posted.tags);
        ticket.updated_at = now;
        Ok(Answer::new(status, json!({ "tags": ticket.tags })))
    })
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    external_id: Option<String>,
}

async fn list(
    State(shared): State<Shared>,
    Query(query): Query<ListQuery>,
    Query(asked): Query<AskedPage>,
    uri: Uri,
) -> Answered {
    let worlds = shared.lock();
    let found: Vec<_> = match &query.external_id {
        Some(external_id) => worlds.zendesk.matching_external_id(external_id),
        None => worlds.zendesk.tickets.values().collect(),
    };
    let tickets = found.iter().map(|ticket| ticket.to_json(shared.base_url())).collect();
    Ok(asked.show("tickets", tickets, shared.base_url(), &uri))
}

#[derive(Deserialize)]
struct SearchQuery {
    query: String,
}

async fn find(
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
        .filter(|ticket| now.duration_since(ticket.created_at) >= lag && wanted.matches(ticket))
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
struct AskedPage {
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
