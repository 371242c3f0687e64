//! Square: routes, credentials, idempotency keys and error shapes. What stock and points are is next door,
//! in `inventory` and `loyalty`.

mod inventory;
mod loyalty;
mod quantity;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use self::inventory::Inventory;
pub use self::inventory::StockCount;
pub(crate) use self::loyalty::Loyalty;
pub use self::loyalty::{LoyaltyAccount, LoyaltyEvent};
use crate::answer::{Answer, Answered};
use crate::credentials;
use crate::state::Shared;

const VERSION_HEADER: &str = "square-version";
/// What an application is pinned to when a call names no version.
const VERSION_DEFAULT: &str = "2026-01-22";
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 128;

/// What the seller's account remembers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seller {
    pub(crate) inventory: Inventory,
    pub(crate) loyalty: Loyalty,
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

    /// The points ledger, oldest first.
    pub fn loyalty_events(&self) -> &[LoyaltyEvent] {
        self.loyalty.events()
    }
}

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/v2/inventory/changes/batch-create", post(change_inventory))
        .route("/v2/inventory/counts/batch-retrieve", post(retrieve_counts))
        .route("/v2/inventory/{catalog_object_id}", get(show_counts))
        .route("/v2/loyalty/accounts/{id}", get(show_account))
        .route("/v2/loyalty/accounts/{id}/adjust", post(adjust_points))
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
        seller.inventory.change(parse(body)?, unknown, &mut worlds.ids, now)
    })
}

async fn retrieve_counts(State(shared): State<Shared>, body: Bytes) -> Answered {
    let wanted: inventory::WantedCounts = parse(&json_body(&body)?)?;
    Ok(Answer::ok(shared.lock().square.inventory.retrieve(&wanted)?))
}

async fn show_counts(State(shared): State<Shared>, Path(catalog_object_id): Path<String>) -> Answered {
    Ok(Answer::ok(shared.lock().square.inventory.show(&catalog_object_id)))
}

async fn show_account(State(shared): State<Shared>, Path(id): Path<String>) -> Answered {
    let worlds = shared.lock();
    let account = worlds.square.loyalty.account(&id);
    let account = account.ok_or_else(|| SquareError::not_found("Loyalty account not found."))?;
    Ok(Answer::ok(json!({ "loyalty_account": account })))
}

async fn adjust_points(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    let body = json_body(&body)?;
    let (now, unknown) = (shared.now(), shared.options().unknown);
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let operation = format!("loyalty/{id}");
    once(&mut worlds.square, &operation, body, |seller, body| {
        seller.loyalty.adjust(&id, parse(body)?, unknown, &mut worlds.ids, now)
    })
}
