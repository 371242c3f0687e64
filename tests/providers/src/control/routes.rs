//! `/control`: JSON in, JSON out, one function per act of [`Control`].

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::rows::{Claim, Rows};
use super::{Control, Disarmed, Seed};
use crate::clock::later_ms;
use crate::doors::DoorError;
use crate::faults::Fault;
use crate::outages::Outage;
use crate::outbox::{Connection, Delivery, Ending, NoConnection, OutboxAccount, Parcel, Standing};
use crate::pump::{AT_ONCE_MAX, Pumped};
use crate::state::Provider;

pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/state", get(async |State(control): State<Control>| Json(control.world())))
        .route("/counts", get(async |State(control): State<Control>| Json(control.counts())))
        .route("/count", post(count))
        .route("/assert", post(assert))
        .route("/reset", post(reset))
        .route("/seed", post(seed))
        .route("/faults", get(list_faults).post(inject).delete(clear_faults))
        .route("/faults/{id}", delete(disarm))
        .route("/outages", get(list_outages).post(plan_outage).delete(clear_outages))
        .route("/outages/{id}", delete(cancel_outage))
        .route("/clock", get(show_clock))
        .route("/clock/advance", post(advance))
        .route("/connections/{name}", put(connect).delete(disconnect))
        .route("/connections/{name}/standing", put(set_standing))
        .route("/connections/{name}/handshake", post(handshake))
        .route("/announcements", post(announce))
        .route("/deliveries", get(list_deliveries).post(deliver))
        .route("/outbox", get(async |State(control): State<Control>| Json(control.outbox())))
        .route("/outbox/send", post(send_due))
        .route("/outbox/flush", post(flush))
        .route("/doors", get(list_doors).post(add_door))
        .route("/doors/{id}/open", post(open_door))
        .route("/doors/{id}/close", post(close_door))
        .fallback(async || refused(StatusCode::NOT_FOUND, "no such control"))
        .with_state(control)
}

/// Why a control call was not obeyed.
struct Refused {
    status: StatusCode,
    why: String,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.why }))).into_response()
    }
}

fn refused(status: StatusCode, why: impl std::fmt::Display) -> Refused {
    Refused { status, why: why.to_string() }
}

/// The parser's words may quote the input; only this interface, which no customer reaches, shows them.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| refused(StatusCode::BAD_REQUEST, error))
}

async fn reset(State(control): State<Control>) -> StatusCode {
    control.reset();
    StatusCode::NO_CONTENT
}

async fn seed(State(control): State<Control>, body: Bytes) -> Result<StatusCode, Refused> {
    let seed: Seed = read(&body)?;
    control.seed(seed).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_faults(State(control): State<Control>) -> Response {
    Json(json!({ "faults": control.faults() })).into_response()
}

async fn inject(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let fault: Fault = read(&body)?;
    let id = control.inject(fault).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok(created(id))
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.clear_faults();
    StatusCode::NO_CONTENT
}

async fn disarm(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    match control.disarm(id) {
        Disarmed::Yes => StatusCode::NO_CONTENT.into_response(),
        Disarmed::NotArmed => refused(StatusCode::NOT_FOUND, "no such fault is armed").into_response(),
    }
}

/// An empty body is `{}`: every field of what it is for may be left out.
fn read_or_default<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    if body.is_empty() { read(&Bytes::from_static(b"{}")) } else { read(body) }
}

fn created(id: u64) -> Response {
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

fn no_connection(error: NoConnection) -> Refused {
    refused(StatusCode::NOT_FOUND, error)
}

async fn count(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let rows: Rows = read(&body)?;
    let counted = control.count(&rows).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok(Json(counted).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    claims: Vec<Claim>,
}

async fn assert(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let Claims { claims } = read(&body)?;
    let mut failed = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let counted = control.count(&claim.rows).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
        if !claim.holds(&counted) {
            failed.push(json!({ "index": index, "claim": claim, "counted": counted }));
        }
    }
    let held = claims.len() - failed.len();
    let status = if failed.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, Json(json!({ "held": held, "failed": failed }))).into_response())
}

async fn list_outages(State(control): State<Control>) -> Response {
    Json(json!({ "outages": control.outages() })).into_response()
}

async fn plan_outage(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let outage: Outage = read(&body)?;
    let id = control.plan_outage(outage).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok(created(id))
}

async fn clear_outages(State(control): State<Control>) -> StatusCode {
    control.clear_outages();
    StatusCode::NO_CONTENT
}

async fn cancel_outage(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    if control.cancel_outage(id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refused(StatusCode::NOT_FOUND, "no such outage is planned").into_response()
    }
}

async fn show_clock(State(control): State<Control>) -> Response {
    Json(json!({ "now": control.now() })).into_response()
}

/// What a run did, and what is left to do.
#[derive(Serialize)]
struct Sent {
    attempts: u64,
    taken: u64,
    now: Timestamp,
    waiting: usize,
    next_due: Option<Timestamp>,
}

impl Sent {
    fn after(pumped: Pumped, control: &Control) -> Response {
        let outbox = control.outbox();
        let Pumped { attempts, taken } = pumped;
        let OutboxAccount { now, waiting, next_due, .. } = outbox;
        Json(Self { attempts, taken, now, waiting, next_due }).into_response()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Advance {
    ms: Option<u64>,
    to: Option<Timestamp>,
    at_once: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Pace {
    at_once: Option<usize>,
}

/// One after the other, unless asked for more.
fn at_once(asked: Option<usize>) -> Result<usize, Refused> {
    let asked = asked.unwrap_or(1);
    if (1..=AT_ONCE_MAX).contains(&asked) {
        return Ok(asked);
    }
    Err(refused(StatusCode::BAD_REQUEST, format!("`at_once` must be 1 to {AT_ONCE_MAX}")))
}

async fn advance(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let Advance { ms, to, at_once: pace } = read(&body)?;
    let to = match (ms, to) {
        (Some(ms), None) => later_ms(control.now(), ms),
        (None, Some(to)) => to,
        _ => return Err(refused(StatusCode::BAD_REQUEST, "either `ms` or `to` is needed")),
    };
    let pumped = control.advance_to(to, at_once(pace)?).await;
    Ok(Sent::after(pumped, &control))
}

async fn send_due(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let pace: Pace = read_or_default(&body)?;
    let pumped = control.send_due(at_once(pace.at_once)?).await;
    Ok(Sent::after(pumped, &control))
}

async fn flush(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let pace: Pace = read_or_default(&body)?;
    let pumped = control.flush(at_once(pace.at_once)?).await;
    Ok(Sent::after(pumped, &control))
}

async fn connect(
    State(control): State<Control>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refused> {
    let connection: Connection = read(&body)?;
    control.connect(&name, connection).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disconnect(State(control): State<Control>, Path(name): Path<String>) -> Result<StatusCode, Refused> {
    control.disconnect(&name).map_err(no_connection)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_standing(
    State(control): State<Control>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refused> {
    let standing: Standing = read(&body)?;
    control.set_standing(&name, standing).map_err(no_connection)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    verify_token: String,
}

async fn handshake(
    State(control): State<Control>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let Token { verify_token } = read(&body)?;
    let handshake = control.handshake(&name, &verify_token).await.map_err(no_connection)?;
    Ok(Json(handshake).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcement {
    provider: Provider,
    topic: String,
    body: Value,
}

async fn announce(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let Announcement { provider, topic, body } = read(&body)?;
    let deliveries = control.announce(provider, &topic, &body);
    Ok((StatusCode::CREATED, Json(json!({ "deliveries": deliveries }))).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    connection: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    event_id: Option<String>,
    /// Sent byte by byte as it stands here: a number too long for any integer stays what it is.
    #[serde(default)]
    body: Option<Box<RawValue>>,
    /// For what is not JSON.
    #[serde(default)]
    body_text: Option<String>,
    #[serde(default)]
    after_ms: u64,
}

async fn deliver(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let posted: Posted = read(&body)?;
    let body = match (posted.body, posted.body_text) {
        (Some(json), None) => json.get().to_owned(),
        (None, Some(text)) => text,
        _ => return Err(refused(StatusCode::BAD_REQUEST, "either `body` or `body_text` is needed")),
    };
    let parcel = Parcel {
        topic: posted.topic,
        headers: posted.headers.into_iter().collect(),
        event_id: posted.event_id,
        body: Bytes::from(body),
        after_ms: posted.after_ms,
    };
    Ok(created(control.deliver(&posted.connection, parcel).map_err(no_connection)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    connection: Option<String>,
    topic: Option<String>,
    ending: Option<Ending>,
}

async fn list_deliveries(State(control): State<Control>, Query(wanted): Query<Wanted>) -> Response {
    let mut deliveries = control.deliveries();
    deliveries.retain(|delivery: &Delivery| {
        wanted.connection.as_ref().is_none_or(|name| *name == delivery.connection)
            && wanted.topic.as_ref().is_none_or(|topic| *topic == delivery.topic)
            && wanted.ending.is_none_or(|ending| ending == delivery.ending)
    });
    Json(json!({ "deliveries": deliveries })).into_response()
}

async fn list_doors(State(control): State<Control>) -> Response {
    Json(json!({ "doors": control.doors() })).into_response()
}

fn no_door(error: DoorError) -> Refused {
    let status = match error {
        DoorError::Unknown => StatusCode::NOT_FOUND,
        DoorError::Port(_) => StatusCode::CONFLICT,
    };
    refused(status, error)
}

async fn add_door(State(control): State<Control>) -> Result<Response, Refused> {
    let door = control.add_door().await.map_err(no_door)?;
    Ok((StatusCode::CREATED, Json(door)).into_response())
}

async fn open_door(State(control): State<Control>, Path(id): Path<u64>) -> Result<Response, Refused> {
    Ok(Json(control.open_door(id).map_err(no_door)?).into_response())
}

async fn close_door(State(control): State<Control>, Path(id): Path<u64>) -> Result<Response, Refused> {
    Ok(Json(control.close_door(id).await.map_err(no_door)?).into_response())
}
