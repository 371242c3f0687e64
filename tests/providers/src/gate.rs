//! Every provider call passes here: it is logged, meets injected faults, and must carry a token.
//! Knows no provider's behaviour; asks the provider's module where they differ.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::faults::Fault;
use crate::serve::Hangup;
use crate::state::{Call, Provider, Shared};
use crate::{credentials, faults, graph, shopify, square, zendesk};

/// None of the simulated calls comes near; it keeps a runaway caller from filling memory.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone)]
struct Gate {
    provider: Provider,
    shared: Shared,
}

pub(crate) fn guard(router: Router, provider: Provider, shared: &Shared) -> Router {
    let gate = Gate { provider, shared: shared.clone() };
    let unknown_path = async move || failure(provider, StatusCode::NOT_FOUND);
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(async move || failure(provider, StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(gate, pass))
}

/// Not the provider's interface but the world around it: merchants who edit and customers who write. Nothing is logged
/// or goes wrong there, and no token is asked for: they go on while the interface is down.
fn is_backstage(provider: Provider, path: &str) -> bool {
    match provider {
        Provider::Shopify => path.starts_with("/merchant/"),
        Provider::Graph => path.starts_with("/people/"),
        Provider::Zendesk | Provider::Square | Provider::Voucherify => false,
    }
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if is_backstage(gate.provider, request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return failure(gate.provider, StatusCode::PAYLOAD_TOO_LARGE).into_response();
    };
    let (n, fault) = log(&gate, &parts, &body);
    let headers = parts.headers.clone();
    let act = act(gate.clone(), n, headers, Request::from_parts(parts, Body::from(body)), next);
    let response = match fault {
        None => act.await,
        Some(fault) => befall(fault, gate.provider, act).await,
    };
    let dropped = response.extensions().get::<Hangup>().is_some();
    let status = (!dropped).then(|| response.status().as_u16());
    gate.shared.lock().calls.close(n, status);
    response
}

/// On a task of its own: a provider goes on with what it was asked, also when the caller gave up waiting.
async fn befall(
    fault: Fault,
    provider: Provider,
    act: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let befalling = tokio::spawn(async move { faults::befall(&fault, provider, act).await });
    // It ends early only by a panic of a handler.
    befalling.await.unwrap_or_else(|_| failure(provider, StatusCode::INTERNAL_SERVER_ERROR).into_response())
}

/// Numbers the call and takes the fault that is armed for it, in one step.
fn log(gate: &Gate, parts: &http::request::Parts, body: &Bytes) -> (u64, Option<Fault>) {
    let at = gate.shared.now();
    let path = parts.uri.path();
    let mut worlds = gate.shared.lock();
    let down = worlds.outbox.outages.fault(gate.provider, at);
    let named = down.as_ref().map(|_| "outage".to_owned());
    let fault = down.or_else(|| worlds.faults.take(gate.provider, parts.method.as_str(), path));
    let n = worlds.calls.open(|n| Call {
        n,
        at,
        provider: gate.provider,
        method: parts.method.to_string(),
        path: path.to_owned(),
        idempotency_key: idempotency_key(gate.provider, &parts.headers, body),
        status: None,
        handled: false,
        fault: named.or_else(|| fault.as_ref().map(|fault| fault.outcome.kind().to_owned())),
    });
    (n, fault)
}

async fn act(gate: Gate, n: u64, headers: HeaderMap, request: Request, next: Next) -> Response {
    let response = if authorised(&gate, &headers) {
        next.run(request).await
    } else {
        failure(gate.provider, StatusCode::UNAUTHORIZED).into_response()
    };
    gate.shared.lock().calls.handled(n);
    response
}

fn authorised(gate: &Gate, headers: &HeaderMap) -> bool {
    let token = match gate.provider {
        Provider::Shopify => shopify::token(headers),
        Provider::Zendesk => zendesk::token(headers),
        Provider::Graph => graph::token(headers),
        Provider::Square => square::token(headers),
        Provider::Voucherify => credentials::header(headers, "x-app-token"),
    };
    gate.shared.options().credentials.accept(token.as_deref())
}

fn idempotency_key(provider: Provider, headers: &HeaderMap, body: &Bytes) -> Option<String> {
    match provider {
        Provider::Zendesk => zendesk::idempotency_key(headers),
        Provider::Square => square::idempotency_key(body),
        // None of the calls simulated for these takes a key.
        Provider::Shopify | Provider::Graph | Provider::Voucherify => None,
    }
}

/// The provider's own words for a failure that has only a status.
pub(crate) fn failure(provider: Provider, status: StatusCode) -> Answer {
    let body: Value = match provider {
        Provider::Shopify => shopify::failure_body(status),
        Provider::Zendesk => zendesk::failure_body(status),
        Provider::Graph => graph::failure_body(status),
        Provider::Square => square::failure_body(status),
        Provider::Voucherify => json!({
            "code": status.as_u16(),
            "key": status.canonical_reason().unwrap_or("error").to_lowercase().replace(' ', "_"),
            "message": status.canonical_reason().unwrap_or("Error"),
        }),
    };
    Answer::new(status, body)
}
