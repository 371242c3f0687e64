//! Where providers deliver. Reads a request under its limits, has its signature checked over the raw bytes, and answers
//! 200 only for what the inbox made durable. Never parses for meaning: what a payload says is the connector's business.

mod serve;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::BytesMut;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::clock::Clock;
use crate::inbox::{Accepted, Inbox, InboxError};
use crate::metrics::{ByConnection, ByReason, Metrics};
use crate::pipeline::Verified;
use crate::plugins::Plugins;
use crate::record::{HeardDelivery, Recorder};
use crate::signature::{self, Incoming};

pub(crate) use serve::{ServeLimits, serve};

pub(crate) struct Ingress {
    pub plugins: Arc<Plugins>,
    pub inbox: Arc<Inbox>,
    pub metrics: Arc<Metrics>,
    pub recorder: Option<Arc<Recorder>>,
    pub clock: Clock,
    pub body_bytes_max: usize,
    pub body_timeout: Duration,
}

/// How long a provider should wait before it sends again what we have no room for.
const RETRY_AFTER_SECONDS: &str = "5";

/// The routes of the ingress listener.
pub(crate) fn router(ingress: Arc<Ingress>) -> Router {
    Router::new()
        .route("/hooks/{connection}", get(handshake).post(deliver))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(ingress)
}

/// Why a request is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Signature(&'static str),
    LengthRequired,
    TooLarge,
    Encoding,
    Slow,
    Broken,
    Full,
    Disk,
}

impl Refused {
    fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::Signature(reason) => (StatusCode::UNAUTHORIZED, reason),
            Self::LengthRequired => (StatusCode::LENGTH_REQUIRED, "length_required"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Encoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "slow_body"),
            Self::Broken => (StatusCode::BAD_REQUEST, "broken_body"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "backlog_full"),
            Self::Disk => (StatusCode::SERVICE_UNAVAILABLE, "journal"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, _) = self.parts();
        match self {
            Self::Full | Self::Disk => (status, [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)]).into_response(),
            // One answer for every kind of bad signature and for an unknown connection.
            _ => status.into_response(),
        }
    }
}

async fn deliver(
    State(ingress): State<Arc<Ingress>>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let began = tokio::time::Instant::now();
    match ingress.deliver(&connection, &headers, body).await {
        Ok(accepted) => {
            let by = ByConnection { connection };
            match accepted {
                Accepted::New(_) => ingress.metrics.accepted.get_or_create(&by).inc(),
                Accepted::Duplicate => ingress.metrics.duplicates.get_or_create(&by).inc(),
            };
            ingress.metrics.acknowledge_seconds.observe(began.elapsed().as_secs_f64());
            StatusCode::OK.into_response()
        }
        Err(refused) => {
            let (_, reason) = refused.parts();
            ingress.metrics.refused.get_or_create(&ByReason { reason }).inc();
            refused.into_response()
        }
    }
}

impl Ingress {
    async fn deliver(
        &self,
        connection: &str,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<Accepted, Refused> {
        let is_compressed = || headers.contains_key(header::CONTENT_ENCODING) && !is_identity(headers);
        let read = match self.inbox.is_full() {
            // Nobody's body is read and no signature checked for nothing: who is overloaded has better things to do.
            true => Err(Refused::Full),
            false if is_compressed() => Err(Refused::Encoding),
            false => self.read(headers, &mut body).await,
        };
        if matches!(read, Err(Refused::Full | Refused::Encoding | Refused::TooLarge)) {
            tokio::spawn(linger(body));
        }
        let body = read?;
        let verified = self.verify(connection, headers, &body)?;
        let topic = self.recorder.as_ref().and_then(|_| verified.topic().map(str::to_owned));
        let accepted = self.inbox.accept(verified, self.clock.now()).await;
        if let (Some(recorder), Ok(Accepted::New(seq))) = (&self.recorder, &accepted) {
            let (connection, headers) = (connection.to_owned(), headers.clone());
            recorder.delivery(HeardDelivery { seq: seq.get(), connection, topic, headers, body });
        }
        accepted.map_err(|error| match error {
            InboxError::Full => Refused::Full,
            InboxError::Journal(error) => {
                tracing::error!(connection, %error, "delivery not acknowledged");
                Refused::Disk
            }
            InboxError::View(error) => {
                tracing::error!(connection, %error, "delivery not acknowledged");
                Refused::Disk
            }
        })
    }

    /// The whole body under its cap and in its time.
    async fn read(&self, headers: &HeaderMap, body: &mut Body) -> Result<Bytes, Refused> {
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match length {
            None if !headers.contains_key(header::TRANSFER_ENCODING) => return Err(Refused::LengthRequired),
            Some(length) if length > self.body_bytes_max as u64 => return Err(Refused::TooLarge),
            _ => {}
        }
        let read =
            tokio::time::timeout(self.body_timeout, whole(Limited::new(body, self.body_bytes_max))).await;
        match read {
            Err(_) => Err(Refused::Slow),
            Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Refused::TooLarge),
            Ok(Err(_)) => Err(Refused::Broken),
            Ok(Ok(body)) => Ok(body),
        }
    }

    fn verify(&self, name: &str, headers: &HeaderMap, body: &[u8]) -> Result<Verified, Refused> {
        let now = self.clock.now();
        let connection = self.plugins.connection(name);
        let hook =
            connection.as_ref().and_then(|connection| connection.hook(&|name| headers.contains_key(name)));
        let (Some(connection), Some(hook)) = (&connection, hook) else {
            let incoming = Incoming { headers, body, public_url: None, now };
            signature::refuse_unknown(&incoming);
            return Err(Refused::Signature("unknown_connection"));
        };
        let incoming = Incoming { headers, body, public_url: Some(&connection.public_url), now };
        Verified::check(connection, hook, &incoming).map_err(|refusal| Refused::Signature(refusal.word()))
    }
}

/// A body in one piece. What comes in several is copied and let go of: each, be it a byte, holds on to the eight kilobytes that
/// it was read into.
async fn whole<B>(mut body: B) -> Result<Bytes, B::Error>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        if whole.is_empty() && body.is_end_stream() {
            return Ok(piece);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// How much of a refused body is read and dropped, and for how long.
const LINGER_BYTES_MAX: usize = 1024 * 1024;
const LINGER_MAX: Duration = Duration::from_secs(1);

/// Takes what the sender has under way of a body that is refused unread, while the answer goes out: closing at once
/// resets the connection, and the answer may be lost with it (RFC 9112, 9.6).
async fn linger(body: Body) {
    let mut rest = Limited::new(body, LINGER_BYTES_MAX);
    let read = async { while let Some(Ok(_)) = rest.frame().await {} };
    // Whoever sends longer sees the connection closed.
    drop(tokio::time::timeout(LINGER_MAX, read).await);
}

fn is_identity(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Meta asks once whether the address is ours.
async fn handshake(
    State(ingress): State<Arc<Ingress>>,
    Path(connection): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let connection = ingress.plugins.connection(&connection);
    let Some((declared, tokens)) = connection.as_ref().and_then(|connection| connection.handshake()) else {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    };
    match signature::handshake(declared, query.as_deref().unwrap_or_default(), tokens) {
        signature::Handshake::Answer(challenge) => {
            ([(header::CONTENT_TYPE, "text/plain")], challenge).into_response()
        }
        signature::Handshake::Refused => StatusCode::FORBIDDEN.into_response(),
    }
}
