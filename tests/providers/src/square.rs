//! Square: routes, credentials, idempotency keys and error shapes. What stock, points and customers are is next door, in
//! `inventory`, `loyalty` and `customers`; what it says when they change, in `webhooks`.

mod customers;
mod inventory;
mod loyalty;
mod page;
mod quantity;
mod webhooks;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::customers::Customers;
pub(crate) use self::inventory::Inventory;
pub use self::inventory::StockCount;
pub(crate) use self::loyalty::Loyalty;
pub use self::loyalty::{LoyaltyAccount, LoyaltyEvent};
use crate::answer::{Answer, Answered};
use crate::clock::later_ms;
use crate::credentials;
use crate::options::Unknown;
use crate::outbox::Outbox;
use crate::state::{Ids, Shared};
use crate::voucherify::Project;

const VERSION_HEADER: &str = "square-version";
/// What an application is pinned to when a call names no version.
const VERSION_DEFAULT: &str = "2026-01-22";
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 128;

/// What the seller's account remembers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seller {
    pub(crate) inventory: Inventory,
    pub(crate) loyalty: Loyalty,
    customers: Customers,
    /// What the same merchant has at Voucherify, which shares this world.
    pub(crate) voucherify: Project,
    /// When something last happened here.
    #[serde(skip)]
    latest: Option<Timestamp>,
    #[serde(skip)]
    idempotent: BTreeMap<(String, String), (Value, Answer)>,
}

impl Seller {
    /// Stock as it stands, by article, location and state.
    pub fn counts(&self) -> Vec<StockCount> {
        self.inventory.counts()
    }

    /// A loyalty account, if there is one.
    pub fn loyalty_account(&self, id: &str) -> Option<&LoyaltyAccount> {
        self.loyalty.account(id)
    }

    /// Now, but later than everything before by a millisecond: Square's times tell its changes apart, however fast they
    /// follow and however still the clock stands.
    pub(crate) fn moment(&mut self, now: Timestamp) -> Timestamp {
        let moment = self.latest.map_or(now, |latest| now.max(later_ms(latest, 1)));
        self.latest = Some(moment);
        moment
    }

    /// The points ledger, oldest first.
    pub fn loyalty_events(&self) -> &[LoyaltyEvent] {
        self.loyalty.events()
    }
}

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/v2/customers", post(create_customer))
        .route("/v2/customers/{id}", get(show_customer).delete(delete_customer))
        .route("/v2/inventory/changes/batch-create", post(change_inventory))
        .route("/v2/inventory/changes/batch-retrieve", post(retrieve_changes))
        .route("/v2/inventory/counts/batch-retrieve", post(retrieve_counts))
        .route("/v2/inventory/{catalog_object_id}", get(show_counts))
        .route("/v2/loyalty/accounts", post(open_account))
        .route("/v2/loyalty/accounts/search", post(search_accounts))
        .route("/v2/loyalty/accounts/{id}", get(show_account))
        .route("/v2/loyalty/accounts/{id}/adjust", post(adjust_points))
        .route("/v2/loyalty/accounts/{id}/accumulate", post(accumulate_points))
        .route("/v2/loyalty/events/search", post(search_events))
        .route("/v2/loyalty/rewards", post(create_reward))
        .route("/v2/loyalty/rewards/{id}", get(show_reward).delete(delete_reward))
        .route("/v2/loyalty/rewards/{id}/redeem", post(redeem_reward))
        .route("/v2/webhooks/subscriptions", get(list_subscriptions))
        .route("/v2/webhooks/subscriptions/{id}", put(update_subscription))
        .layer(from_fn(speak_version))
        .with_state(shared.clone())
}

pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    credentials::bearer(headers).map(str::to_owned)
}

pub(crate) fn idempotency_key(body: &Bytes) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get("idempotency_key")?.as_str().map(str::to_owned)
}

pub(crate) fn failure_body(status: StatusCode) -> Value {
    let (category, code, detail) = match status {
        StatusCode::UNAUTHORIZED => {
            ("AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized.")
        }
        StatusCode::TOO_MANY_REQUESTS => ("RATE_LIMIT_ERROR", "RATE_LIMITED", "Too many requests."),
        StatusCode::NOT_FOUND => ("INVALID_REQUEST_ERROR", "NOT_FOUND", "Resource not found."),
        StatusCode::SERVICE_UNAVAILABLE => ("API_ERROR", "SERVICE_UNAVAILABLE", "Service unavailable."),
        StatusCode::GATEWAY_TIMEOUT => ("API_ERROR", "GATEWAY_TIMEOUT", "Gateway timeout."),
        status if status.is_server_error() => ("API_ERROR", "INTERNAL_SERVER_ERROR", "Internal error."),
        _ => ("INVALID_REQUEST_ERROR", "BAD_REQUEST", "Bad request."),
    };
    json!({ "errors": [{ "category": category, "code": code, "detail": detail }] })
}

/// One entry of Square's `errors`, always about the request.
#[derive(Debug)]
pub(crate) struct SquareError {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
    field: Option<String>,
}

impl SquareError {
    pub(crate) fn bad(code: &'static str, detail: &'static str, field: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, detail, field: Some(field.into()) }
    }

    pub(crate) fn not_found(detail: &'static str) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", detail, field: None }
    }
}

impl From<SquareError> for Answer {
    fn from(error: SquareError) -> Self {
        let mut entry =
            json!({ "category": "INVALID_REQUEST_ERROR", "code": error.code, "detail": error.detail });
        if let Some((entry, field)) = entry.as_object_mut().zip(error.field) {
            entry.insert("field".to_owned(), json!(field));
        }
        Answer::new(error.status, json!({ "errors": [entry] }))
    }
}

/// Refuses a version that is no date; says in the answer which version was spoken.
async fn speak_version(request: Request, next: Next) -> Response {
    let version = match request.headers().get(VERSION_HEADER) {
        None => HeaderValue::from_static(VERSION_DEFAULT),
        Some(version) => version.clone(),
    };
    if version.to_str().ok().and_then(|text| text.parse::<Date>().ok()).is_none() {
        let error = SquareError::bad(
            "INVALID_SQUARE_VERSION_FORMAT",
            "The version must be YYYY-MM-DD.",
            "Square-Version",
        );
        return Answer::from(error).into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(VERSION_HEADER, version);
    response
}

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, SquareError> {
    serde_json::from_value(value.clone())
        .map_err(|_| SquareError::bad("BAD_REQUEST", "A value is missing or of the wrong type.", "body"))
}

fn json_body(body: &Bytes) -> Result<Value, SquareError> {
    serde_json::from_slice(body).map_err(|_| SquareError::bad("BAD_REQUEST", "The body is not JSON.", "body"))
}

/// Acts once per key. Only what succeeded is remembered: a refused call may be corrected under its key.
fn once(
    seller: &mut Seller,
    operation: &str,
    body: Value,
    act: impl FnOnce(&mut Seller, &Value) -> Result<Value, SquareError>,
) -> Answered {
    let key = match body.get("idempotency_key").and_then(Value::as_str) {
        None | Some("") => {
            let detail = "Field must be set";
            return Err(SquareError::bad("MISSING_REQUIRED_PARAMETER", detail, "idempotency_key").into());
        }
        Some(key) if key.chars().count() > IDEMPOTENCY_KEY_CHARS_MAX => {
            let detail = "Field must not be greater than 128 in length";
            return Err(SquareError::bad("VALUE_TOO_LONG", detail, "idempotency_key").into());
        }
        Some(key) => (operation.to_owned(), key.to_owned()),
    };
    match seller.idempotent.get(&key) {
        Some((earlier, answer)) if *earlier == body => Ok(answer.clone()),
        Some(_) => {
            let detail = "The idempotency key can only be retried with the same request data.";
            Err(SquareError::bad("IDEMPOTENCY_KEY_REUSED", detail, "idempotency_key").into())
        }
        None => {
            let answer = Answer::ok(act(seller, &body)?);
            seller.idempotent.insert(key, (body, answer.clone()));
            Ok(answer)
        }
    }
}

async fn change_inventory(State(shared): State<Shared>, body: Bytes) -> Answered {
    let body = json_body(&body)?;
    let (now, unknown) = (shared.now(), shared.options().unknown);
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    once(&mut worlds.square, "inventory", body, |seller, body| {
        let moment = seller.moment(now);
        let answer = seller.inventory.change(parse(body)?, unknown, &mut worlds.ids, (now, moment))?;
        let told = ("inventory_counts", answer.get("counts").cloned().unwrap_or_default());
        webhooks::announce(&mut worlds.outbox, &mut worlds.ids, moment, "inventory.count.updated", told);
        Ok(answer)
    })
}

async fn retrieve_counts(State(shared): State<Shared>, body: Bytes) -> Answered {
    Ok(Answer::ok(shared.lock().square.inventory.retrieve(&json_body(&body)?)?))
}

async fn retrieve_changes(State(shared): State<Shared>, body: Bytes) -> Answered {
    Ok(Answer::ok(shared.lock().square.inventory.changes(&json_body(&body)?)?))
}

async fn show_counts(State(shared): State<Shared>, Path(catalog_object_id): Path<String>) -> Answered {
    Ok(Answer::ok(shared.lock().square.inventory.show(&catalog_object_id)))
}

async fn create_customer(State(shared): State<Shared>, body: Bytes) -> Answered {
    let fields = parse(&json_body(&body)?)?;
    let now = shared.now();
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let moment = worlds.square.moment(now);
    let customer = worlds.square.customers.create(fields, &mut worlds.ids, moment)?;
    let told = ("customer", customer.clone());
    webhooks::announce(&mut worlds.outbox, &mut worlds.ids, moment, "customer.created", told);
    Ok(Answer::ok(json!({ "customer": customer })))
}

async fn show_customer(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    Ok(Answer::ok(json!({ "customer": shared.lock().square.customers.show(&id)? })))
}

/// Takes no key: who is deleted is not there to be deleted again.
async fn delete_customer(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let (now, unknown) = (shared.now(), shared.options().unknown);
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let moment = worlds.square.moment(now);
    let customer = worlds.square.customers.delete(&id, unknown, moment)?;
    let told = ("customer", customer);
    webhooks::announce(&mut worlds.outbox, &mut worlds.ids, moment, "customer.deleted", told);
    Ok(Answer::ok(json!({})))
}

async fn show_account(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let worlds = shared.lock();
    let account = worlds.square.loyalty.account(&id);
    let account = account.ok_or_else(|| SquareError::not_found("Loyalty account not found."))?;
    Ok(Answer::ok(json!({ "loyalty_account": account })))
}

async fn search_accounts(State(shared): State<Shared>, body: Bytes) -> Answered {
    Ok(Answer::ok(shared.lock().square.loyalty.search_accounts(&json_body(&body)?)?))
}

async fn search_events(State(shared): State<Shared>, body: Bytes) -> Answered {
    Ok(Answer::ok(shared.lock().square.loyalty.search_events(&json_body(&body)?)?))
}

async fn show_reward(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let worlds = shared.lock();
    let reward =
        worlds.square.loyalty.reward(&id).ok_or_else(|| SquareError::not_found("Reward not found."))?;
    Ok(Answer::ok(json!({ "reward": reward })))
}

async fn open_account(State(shared): State<Shared>, body: Bytes) -> Answered {
    change_points(&shared, "loyalty", json_body(&body)?, |loyalty, body, _, ids, now| {
        loyalty.open(parse(body)?, ids, now)
    })
}

async fn adjust_points(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change_points(&shared, &format!("loyalty/{id}"), json_body(&body)?, |loyalty, body, unknown, ids, now| {
        loyalty.adjust(&id, parse(body)?, unknown, ids, now)
    })
}

async fn accumulate_points(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change_points(&shared, &format!("loyalty/{id}"), json_body(&body)?, |loyalty, body, unknown, ids, now| {
        loyalty.accumulate(&id, parse(body)?, unknown, ids, now)
    })
}

async fn create_reward(State(shared): State<Shared>, body: Bytes) -> Answered {
    change_points(&shared, "rewards", json_body(&body)?, |loyalty, body, unknown, ids, now| {
        loyalty.create_reward(parse(body)?, unknown, ids, now)
    })
}

async fn redeem_reward(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    change_points(&shared, &format!("rewards/{id}"), json_body(&body)?, |loyalty, body, _, ids, now| {
        loyalty.redeem_reward(&id, parse(body)?, ids, now)
    })
}

/// Takes no key: a reward that is gone cannot be taken back again.
async fn delete_reward(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let now = shared.now();
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let moment = worlds.square.moment(now);
    let done = worlds.square.loyalty.delete_reward(&id, &mut worlds.ids, moment)?;
    tell(&mut worlds.outbox, &mut worlds.ids, moment, &done);
    Ok(Answer::ok(done.answer))
}

/// Changes points once per key, and tells everybody who subscribed.
fn change_points(
    shared: &Shared,
    operation: &str,
    body: Value,
    act: impl FnOnce(&mut Loyalty, &Value, Unknown, &mut Ids, Timestamp) -> Result<loyalty::Done, SquareError>,
) -> Answered {
    let (now, unknown) = (shared.now(), shared.options().unknown);
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    once(&mut worlds.square, operation, body, |seller, body| {
        let moment = seller.moment(now);
        let done = act(&mut seller.loyalty, body, unknown, &mut worlds.ids, moment)?;
        tell(&mut worlds.outbox, &mut worlds.ids, moment, &done);
        Ok(done.answer)
    })
}

/// One change is an entry and an account, and a webhook for each.
fn tell(outbox: &mut Outbox, ids: &mut Ids, at: Timestamp, done: &loyalty::Done) {
    if let Some(event) = &done.event {
        webhooks::announce(outbox, ids, at, "loyalty.event.created", ("loyalty_event", event.clone()));
    }
    let told = ("loyalty_account", json!(done.account));
    webhooks::announce(outbox, ids, at, done.account_event, told);
}

async fn list_subscriptions(
    State(shared): State<Shared>,
    Query(wanted): Query<webhooks::WantedSubscriptions>,
) -> Answered {
    Ok(Answer::ok(webhooks::list(&shared.lock().outbox, &wanted)?))
}

async fn update_subscription(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    let update = parse(&json_body(&body)?)?;
    Ok(Answer::ok(webhooks::update(&mut shared.lock().outbox, &id, update)?))
}
