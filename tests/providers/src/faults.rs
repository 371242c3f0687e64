//! Faults to order: what goes wrong, for which calls, how often. Acting stays with the provider;
//! this file only decides whether it acts and what becomes of its answer.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use hyper::body::{Frame, SizeHint};
use serde::{Deserialize, Serialize};
use tokio::time::Sleep;

use crate::control::Disarmed;
use crate::gate;
use crate::outbox::happens;
use crate::serve::Hangup;
use crate::state::Provider;

/// Longer than any timeout of ours; a slip of the keyboard must not hang a test for an hour.
const DELAY_MS_MAX: u64 = 120_000;
/// Enough to look slow; every piece costs one pause.
const PIECES_MAX: usize = 64;
/// All answers of the simulator are far smaller.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is to go wrong for the next calls that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Any provider when absent.
    #[serde(default)]
    pub provider: Option<Provider>,
    /// Any method when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Of the path below the provider's prefix; empty matches all.
    #[serde(default)]
    pub path_prefix: String,
    /// How many calls meet it.
    #[serde(default = "once")]
    pub times: u32,
    /// How many calls that match pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// Of the calls after those: how many meet it, drawn from `seed`. The others pass, and do not count in `times`.
    #[serde(default = "always")]
    pub percent: u8,
    #[serde(default)]
    pub seed: u64,
    /// Wait before the provider acts. It acts even when the caller has gone by then.
    #[serde(default)]
    pub delay_before_ms: u64,
    /// Wait after it acted, before it answers.
    #[serde(default)]
    pub delay_after_ms: u64,
    #[serde(default)]
    pub outcome: Outcome,
}

/// What becomes of the call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Acts and answers as usual; for faults that only delay.
    #[default]
    Answered,
    /// Does not act; answers this status in the provider's shape. `retry_after` is text: Shopify sends "2.0".
    Status { status: u16, retry_after: Option<String> },
    /// Acts, then answers this status all the same.
    StatusAfterActing { status: u16, retry_after: Option<String> },
    /// Acts, then closes the connection without an answer.
    AnswerLost,
    /// Does not act; the connection is reset.
    ConnectionReset,
    /// Acts; the answer's body comes in pieces with a pause before each.
    SlowBody { pause_ms: u64, pieces: usize },
    /// Acts; announces the whole body, sends half, closes.
    CutBody,
    /// Acts; a well-formed HTTP answer with half the JSON.
    TruncatedJson,
    /// Acts; the JSON is announced as a web page.
    WrongContentType,
    /// Acts; the answer has no body.
    EmptyBody,
    /// Acts; blanks follow the JSON until the body has this size, which is still sound JSON.
    OversizedBody { bytes: usize },
    /// Does not act; a web page of whatever stands before the provider.
    Page { status: u16 },
}

impl Fault {
    /// One call of any kind, no delays.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            provider: None,
            method: None,
            path_prefix: String::new(),
            times: once(),
            skip: 0,
            percent: always(),
            seed: 0,
            delay_before_ms: 0,
            delay_after_ms: 0,
            outcome,
        }
    }

    /// For one provider only.
    pub fn at(provider: Provider, outcome: Outcome) -> Self {
        Self { provider: Some(provider), ..Self::new(outcome) }
    }

    fn matches(&self, provider: Provider, method: &str, path: &str) -> bool {
        self.provider.is_none_or(|wanted| wanted == provider)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && path.starts_with(&self.path_prefix)
    }
}

impl Outcome {
    /// Its name, as the control interface spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Status { .. } => "status",
            Self::StatusAfterActing { .. } => "status_after_acting",
            Self::AnswerLost => "answer_lost",
            Self::ConnectionReset => "connection_reset",
            Self::SlowBody { .. } => "slow_body",
            Self::CutBody => "cut_body",
            Self::TruncatedJson => "truncated_json",
            Self::WrongContentType => "wrong_content_type",
            Self::EmptyBody => "empty_body",
            Self::OversizedBody { .. } => "oversized_body",
            Self::Page { .. } => "page",
        }
    }
}

fn once() -> u32 {
    1
}

fn always() -> u8 {
    100
}

/// Why a fault was not armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    #[error("`times` must be at least 1")]
    Never,
    #[error("status {0} is not an HTTP failure")]
    Status(u16),
    #[error("a delay of {0} ms is longer than {DELAY_MS_MAX} ms")]
    Delay(u64),
    #[error("a slow body needs 1 to {PIECES_MAX} pieces")]
    Pieces,
    #[error("`percent` must be 1 to 100")]
    Percent,
    #[error("a body has at most {ANSWER_BYTES_MAX} bytes")]
    Size,
}

/// A fault still waiting for calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArmedFault {
    pub id: u64,
    pub times_left: u32,
    /// How many calls have matched.
    pub matched: u64,
    pub fault: Fault,
}

impl ArmedFault {
    /// Counts a call that matches, and says whether this one is met.
    fn strikes(&mut self) -> bool {
        let number = self.matched;
        self.matched += 1;
        let Fault { skip, percent, seed, .. } = self.fault;
        number >= u64::from(skip) && happens(seed, "fault", number, percent)
    }
}

/// All armed faults, oldest first; the first that matches and strikes is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    armed: Vec<ArmedFault>,
    given: u64,
}

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) -> Result<u64, FaultError> {
        check(&fault)?;
        self.given += 1;
        self.armed.push(ArmedFault { id: self.given, times_left: fault.times, matched: 0, fault });
        Ok(self.given)
    }

    pub(crate) fn take(&mut self, provider: Provider, method: &str, path: &str) -> Option<Fault> {
        let matching = |armed: &&mut ArmedFault| armed.fault.matches(provider, method, path);
        let armed =
            self.armed.iter_mut().filter(matching).find_map(|armed| armed.strikes().then_some(armed))?;
        armed.times_left -= 1;
        let fault = armed.fault.clone();
        self.armed.retain(|armed| armed.times_left > 0);
        Some(fault)
    }

    pub(crate) fn list(&self) -> &[ArmedFault] {
        &self.armed
    }

    pub(crate) fn disarm(&mut self, id: u64) -> Disarmed {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id != id);
        if self.armed.len() < before { Disarmed::Yes } else { Disarmed::NotArmed }
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }
}

fn check(fault: &Fault) -> Result<(), FaultError> {
    if fault.times == 0 {
        return Err(FaultError::Never);
    }
    if !(1..=100).contains(&fault.percent) {
        return Err(FaultError::Percent);
    }
    let pause = match fault.outcome {
        Outcome::Status { status, .. }
        | Outcome::StatusAfterActing { status, .. }
        | Outcome::Page { status }
            if !(400..=599).contains(&status) =>
        {
            return Err(FaultError::Status(status));
        }
        Outcome::SlowBody { pieces, .. } if !(1..=PIECES_MAX).contains(&pieces) => {
            return Err(FaultError::Pieces);
        }
        Outcome::OversizedBody { bytes } if bytes > ANSWER_BYTES_MAX => return Err(FaultError::Size),
        Outcome::SlowBody { pause_ms, .. } => pause_ms,
        _ => 0,
    };
    match [fault.delay_before_ms, fault.delay_after_ms, pause].into_iter().max() {
        Some(longest) if longest > DELAY_MS_MAX => Err(FaultError::Delay(longest)),
        _ => Ok(()),
    }
}

/// Runs a call under a fault. `act` is the provider acting; it is dropped unrun where the fault comes first.
pub(crate) async fn befall(
    fault: &Fault,
    provider: Provider,
    act: impl Future<Output = Response>,
) -> Response {
    wait(fault.delay_before_ms).await;
    let response = match &fault.outcome {
        Outcome::Status { status, retry_after } => refuse(provider, *status, retry_after.as_deref()),
        Outcome::Page { status } => page(*status),
        Outcome::ConnectionReset => hang_up(Hangup::Reset),
        Outcome::StatusAfterActing { status, retry_after } => {
            drop(act.await);
            refuse(provider, *status, retry_after.as_deref())
        }
        Outcome::AnswerLost => {
            drop(act.await);
            hang_up(Hangup::Close)
        }
        Outcome::Answered => act.await,
        outcome => spoil(outcome, act.await).await,
    };
    wait(fault.delay_after_ms).await;
    response
}

async fn wait(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn failing(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

fn page(status: u16) -> Response {
    let page = "<!doctype html><title>Error</title><h1>The origin did not answer</h1>";
    (failing(status), Html(page)).into_response()
}

fn refuse(provider: Provider, status: u16, retry_after: Option<&str>) -> Response {
    let status = failing(status);
    let answer = gate::failure(provider, status);
    match retry_after {
        Some(after) => answer.with_header("retry-after", after).into_response(),
        None => answer.into_response(),
    }
}

fn hang_up(hangup: Hangup) -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(hangup);
    response
}

/// Changes how a good answer travels.
async fn spoil(outcome: &Outcome, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
    // The length set for the whole answer no longer holds; hyper takes it from the body instead.
    parts.headers.remove(CONTENT_LENGTH);
    let body = match outcome {
        Outcome::SlowBody { pause_ms, pieces } => {
            Body::new(UnreliableBody::slow(&whole, *pieces, Duration::from_millis(*pause_ms)))
        }
        Outcome::CutBody => Body::new(UnreliableBody::cut(&whole)),
        Outcome::TruncatedJson => Body::from(whole.slice(..whole.len() / 2)),
        Outcome::EmptyBody => Body::empty(),
        Outcome::OversizedBody { bytes } => {
            let mut padded = whole.to_vec();
            padded.resize(whole.len().max(*bytes), b' ');
            Body::from(padded)
        }
        _ => {
            parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            Body::from(whole)
        }
    };
    Response::from_parts(parts, body)
}

/// A body that dawdles, or ends before the length it announced.
struct UnreliableBody {
    pieces: VecDeque<Bytes>,
    announced: u64,
    pause: Duration,
    pausing: Option<Pin<Box<Sleep>>>,
    ends: Ends,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Whole,
    /// What was written so far must reach the wire before the error does: one turn to flush it.
    CutAfterFlush,
    Cut,
}

impl UnreliableBody {
    fn slow(whole: &Bytes, pieces: usize, pause: Duration) -> Self {
        let size = whole.len().div_ceil(pieces).max(1);
        let pieces = whole.chunks(size).map(Bytes::copy_from_slice).collect();
        Self { pieces, announced: length(whole), pause, pausing: None, ends: Ends::Whole }
    }

    fn cut(whole: &Bytes) -> Self {
        let pieces = VecDeque::from([whole.slice(..whole.len() / 2)]);
        Self {
            pieces,
            announced: length(whole),
            pause: Duration::ZERO,
            pausing: None,
            ends: Ends::CutAfterFlush,
        }
    }
}

impl UnreliableBody {
    fn end<T>(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Hangup>>> {
        match self.ends {
            Ends::Whole => Poll::Ready(None),
            Ends::Cut => Poll::Ready(Some(Err(Hangup::Close))),
            Ends::CutAfterFlush => {
                self.ends = Ends::Cut;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl hyper::body::Body for UnreliableBody {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        if self.pieces.is_empty() {
            return self.end(context);
        }
        let pause = self.pause;
        if !pause.is_zero() {
            let pausing = self.pausing.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            ready!(pausing.as_mut().poll(context));
            self.pausing = None;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
