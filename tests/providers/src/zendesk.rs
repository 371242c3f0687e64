//! Zendesk's ticketing REST API: routes, credentials, rate limits, and what all its parts share. What a ticket is and how
//! it may change is in `ticket`, each group of calls in a file of its own, what is told to webhooks in `events`.

mod comments;
mod deletion;
mod events;
mod export;
mod hooks;
mod paging;
mod ratings;
mod search;
mod tags;
mod ticket;
mod tickets;
mod users;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use self::ratings::Rating;
pub use self::ticket::{Comment, Ticket};
use self::users::User;
use crate::answer::{Answer, Answered};
use crate::credentials;
use crate::state::{Shared, Worlds, whole_seconds};

const IDEMPOTENCY_HEADER: &str = "idempotency-key";
/// Zendesk keeps a key about two hours; after that it counts as new.
const IDEMPOTENCY_KEPT: SignedDuration = SignedDuration::from_hours(2);
/// The user our API token belongs to.
const API_USER_ID: u64 = 1_000;
/// Account-wide limit from which on an account has the high-volume add-on, and with it more exports.
const WITH_ADD_ON: u32 = 2_500;
const EXPORTS_PER_MINUTE: u32 = 10;
const EXPORTS_PER_MINUTE_WITH_ADD_ON: u32 = 30;

/// What the help desk remembers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Desk {
    pub tickets: BTreeMap<u64, Ticket>,
    /// All but the API user.
    pub users: BTreeMap<u64, User>,
    /// By the ticket they are of.
    pub ratings: BTreeMap<u64, Rating>,
    #[serde(skip)]
    idempotent: BTreeMap<String, Remembered>,
    #[serde(skip)]
    ids_given: Given,
    #[serde(skip)]
    minute: Minute,
    #[serde(skip)]
    export_minute: Minute,
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

impl Given {
    fn other(&mut self) -> u64 {
        /// Above every ticket id, so a mix-up shows.
        const FIRST: u64 = 9_000_000_000;
        self.others += 1;
        FIRST + self.others
    }
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
        self.ids_given.other()
    }

    fn remembered(&mut self, key: &str, now: Timestamp) -> Option<&Remembered> {
        self.idempotent.retain(|_, it| now.duration_since(it.at) < IDEMPOTENCY_KEPT);
        self.idempotent.get(key)
    }

    fn ticket(&self, id: u64) -> Result<&Ticket, Answer> {
        self.tickets.get(&id).filter(|ticket| !ticket.is_deleted()).ok_or_else(not_found)
    }
}

pub(crate) fn router(shared: &Shared) -> Router {
    tickets_router()
        .merge(others_router())
        .layer(from_fn_with_state(shared.clone(), limit_rate))
        .with_state(shared.clone())
}

/// Zendesk takes most paths with and without ".json"; where an id ends the path, its handler sees to that.
fn tickets_router() -> Router<Shared> {
    let tickets = || get(tickets::list).post(tickets::create);
    let tags = || put(tags::add).post(tags::set).delete(tags::remove).get(tags::show);
    let hide = "/api/v2/tickets/{id}/comments/{comment}/make_private";
    let redact = "/api/v2/tickets/{id}/comments/{comment}/redact";
    Router::new()
        .route("/api/v2/tickets", tickets())
        .route("/api/v2/tickets.json", tickets())
        .route("/api/v2/tickets/{id}", get(tickets::show).put(tickets::update).delete(deletion::put_away))
        .route("/api/v2/tickets/{id}/comments", get(comments::list))
        .route("/api/v2/tickets/{id}/comments.json", get(comments::list))
        .route(hide, put(comments::make_private))
        .route(&format!("{hide}.json"), put(comments::make_private))
        .route(redact, put(comments::redact))
        .route(&format!("{redact}.json"), put(comments::redact))
        .route("/api/v2/tickets/{id}/audits", get(comments::audits))
        .route("/api/v2/tickets/{id}/audits.json", get(comments::audits))
        .route("/api/v2/tickets/{id}/tags", tags())
        .route("/api/v2/tickets/{id}/tags.json", tags())
        .route("/api/v2/tickets/{id}/satisfaction_rating", post(ratings::rate))
        .route("/api/v2/tickets/{id}/satisfaction_rating.json", post(ratings::rate))
        .route("/api/v2/deleted_tickets/{id}", delete(deletion::scrub))
        .route("/api/v2/deleted_tickets/{id}/restore", put(deletion::restore))
        .route("/api/v2/deleted_tickets/{id}/restore.json", put(deletion::restore))
}

fn others_router() -> Router<Shared> {
    Router::new()
        .route("/api/v2/search", get(tickets::find))
        .route("/api/v2/search.json", get(tickets::find))
        .route("/api/v2/users", post(users::create))
        .route("/api/v2/users.json", post(users::create))
        .route("/api/v2/users/search", get(users::find))
        .route("/api/v2/users/search.json", get(users::find))
        .route("/api/v2/users/{id}", get(users::show).put(users::update).delete(users::delete))
        .route("/api/v2/deleted_users", get(users::list_deleted))
        .route("/api/v2/deleted_users.json", get(users::list_deleted))
        .route("/api/v2/deleted_users/{id}", get(users::show_deleted).delete(users::forget))
        .route("/api/v2/satisfaction_ratings", get(ratings::list))
        .route("/api/v2/satisfaction_ratings.json", get(ratings::list))
        .route("/api/v2/incremental/tickets/cursor", get(export::tickets))
        .route("/api/v2/incremental/tickets/cursor.json", get(export::tickets))
        .route("/api/v2/incremental/users/cursor", get(export::users))
        .route("/api/v2/incremental/users/cursor.json", get(export::users))
        .route("/api/v2/webhooks", get(hooks::list))
        .route("/api/v2/webhooks/{id}", get(hooks::show).patch(hooks::patch))
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

/// Counts the call in its minute; says in both spellings of the headers how many are left. Exports have a minute of their
/// own besides.
async fn limit_rate(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let limit = shared.options().zendesk_requests_per_minute;
    let second = shared.now().as_second();
    let reset = 60 - second.rem_euclid(60);
    let is_export = request.uri().path().contains("/incremental/");
    let exports = if limit >= WITH_ADD_ON { EXPORTS_PER_MINUTE_WITH_ADD_ON } else { EXPORTS_PER_MINUTE };
    let (calls, may_export) = {
        let desk = &mut shared.lock().zendesk;
        let calls = desk.minute.count(second);
        (calls, !is_export || desk.export_minute.count(second) <= exports)
    };
    let mut response = match (calls <= limit, may_export) {
        (true, true) => next.run(request).await,
        (true, false) => {
            limited(reset, "Number of allowed incremental export API requests per minute exceeded")
        }
        (false, _) => limited(reset, "Number of allowed API requests per minute exceeded"),
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

fn limited(reset: i64, description: &str) -> Response {
    let body = json!({ "error": "APIRateLimitExceeded", "description": description });
    let answer = Answer::new(StatusCode::TOO_MANY_REQUESTS, body);
    answer.with_header("retry-after", &reset.to_string()).into_response()
}

impl Minute {
    /// How many calls there were in this minute, with this one.
    fn count(&mut self, second: i64) -> u32 {
        let number = second.div_euclid(60);
        if self.number != number {
            *self = Self { number, calls: 0 };
        }
        self.calls = self.calls.saturating_add(1);
        self.calls
    }
}

/// Paths may end in `.json`, or not.
fn id_of(text: &str) -> Result<u64, Answer> {
    text.strip_suffix(".json").unwrap_or(text).parse().map_err(|_| {
        bad_request(
            "Invalid attribute",
            "You passed an invalid value for the id attribute. Must be an integer",
        )
    })
}

/// An object with one more member.
fn with(mut object: Value, name: &str, member: impl Into<Value>) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member.into());
    }
    object
}

fn not_found() -> Answer {
    failure(StatusCode::NOT_FOUND)
}

/// The parts of the world a change touches, and when it happens.
struct Scene<'a> {
    worlds: &'a mut Worlds,
    base_url: &'a str,
    /// As exact as the clock; what is stored has whole seconds.
    now: Timestamp,
}

impl Scene<'_> {
    fn desk(&mut self) -> &mut Desk {
        &mut self.worlds.zendesk
    }

    /// As Zendesk stores it.
    fn second(&self) -> Timestamp {
        whole_seconds(self.now)
    }
}

/// Acts under the lock, so that a change and what is told of it are one.
fn act(shared: &Shared, act: impl FnOnce(&mut Scene<'_>) -> Answered) -> Answered {
    let now = shared.now();
    act(&mut Scene { worlds: &mut shared.lock(), base_url: shared.base_url(), now })
}
