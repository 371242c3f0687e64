//! Calls of the Graph API and what its answers mean. A send cannot be repeated safely, because Meta takes no
//! idempotency key: what leaves a doubt there is [`Failure::OutcomeUnknown`] and never a retry.

mod usage;

use crate::answer::{pause_ms, unanswered, unread};
use crate::host::http::{self, HttpError, Method, Request, Response};
use crate::model::Header;
use crate::{Failure, members, meta};

/// The gate was closed and nothing was sent: calls of the app (4), custom and account limits (613, 80007), numbers
/// (130429), pairs of numbers (131056), overload (131016).
const THROTTLED: [i64; 6] = [4, 613, 80_007, 130_429, 131_016, PAIR];
/// Too many messages to one person: no reason to keep the others waiting.
const PAIR: i64 = 131_056;
/// Meta asks to try again and does not say what became of this attempt.
const VAGUE: [i64; 3] = [1, 2, 131_000];
/// This message can never be sent, whatever the HTTP status says: bad parameter, user not available, undeliverable,
/// account locked, window closed, spam and marketing limits, opted out, type, template.
const PERMANENT: [i64; 11] =
    [100, 551, 131_026, 131_031, 131_047, 131_048, 131_049, 131_050, 131_051, 132_000, 132_001];
/// Sent outside the 24-hour window: error 10 with this subcode is about the message, not about the token.
const OUTSIDE_WINDOW: i64 = 2_534_022;

/// A 429 without Retry-After.
const TOO_MANY_MS: u64 = 60_000;
/// Meta allows about one message per six seconds to one person.
const THROTTLED_MS: u64 = 6_000;
const VAGUE_MS: u64 = 2_000;
/// Backing off doubles at most this often: two seconds become about two minutes, six about six and a half.
const DOUBLINGS_MAX: u32 = 6;

crate::members! {
    Answer { object: error: GraphError; }
    GraphError { text: code, error_subcode, is_transient; }
}

impl GraphError {
    fn code(&self) -> Option<i64> {
        self.code.as_ref()?.0.parse().ok()
    }

    fn subcode(&self) -> Option<i64> {
        self.error_subcode.as_ref()?.0.parse().ok()
    }
}

/// Where requests go: the host, or a scripted provider in tests.
pub trait Graph {
    /// Sends a request to the endpoint "graph".
    ///
    /// # Errors
    /// Why no answer came.
    fn send(&mut self, request: &Request) -> Result<Response, HttpError>;

    /// Says that the provider wants to be left alone for so long.
    fn pause(&mut self, milliseconds: u64);
}

/// The provider itself, through the host.
#[derive(Debug)]
pub struct Host;

impl Graph for Host {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        http::send("graph", request)
    }

    fn pause(&mut self, milliseconds: u64) {
        http::pause("graph", milliseconds);
    }
}

/// Whether a request may be made again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Reads, and writes that done twice are done once.
    Harmless,
    /// It would be a second message.
    Never,
}

/// No, and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Meta's code, where it names one.
    pub code: Option<i64>,
    /// What the host should do.
    pub failure: Failure,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { code: None, failure }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}

/// `/<version>/<node>/<edge>?<query>`; the edge may be empty.
///
/// # Errors
/// [`Failure::Misconfigured`] when the version is none.
pub fn path(version: &str, node: &str, edge: &str, query: &[(&str, &str)]) -> Result<String, Failure> {
    let numbers = version.strip_prefix('v').unwrap_or_default();
    if !numbers.split('.').all(is_plain) {
        return Err(Failure::Misconfigured("api_version".into()));
    }
    let mut path = format!("/{version}/{}", encoded(node));
    if !edge.is_empty() {
        path.push('/');
        path.push_str(edge);
    }
    for (index, (name, value)) in query.iter().enumerate() {
        path.push(if index == 0 { '?' } else { '&' });
        path.push_str(&format!("{name}={}", encoded(value)));
    }
    Ok(path)
}

/// A setting that names a node of the graph.
///
/// # Errors
/// [`Failure::Misconfigured`] when it would lead the path elsewhere.
pub fn node<'a>(setting: &str, value: &'a str) -> Result<&'a str, Failure> {
    if is_plain(value) { Ok(value) } else { Err(Failure::Misconfigured(setting.into())) }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// All but the unreserved characters of RFC 3986 as %XX.
fn encoded(text: &str) -> String {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let encode =
        |byte: u8| if is_unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

/// A read.
#[must_use]
pub fn get(path: String) -> Request {
    Request { method: Method::Get, path, headers: Vec::new(), body: None }
}

/// A write of JSON.
#[must_use]
pub fn post(path: String, body: String) -> Request {
    let headers = vec![Header { name: "content-type".into(), value: "application/json".into() }];
    Request { method: Method::Post, path, headers, body: Some(body) }
}

/// Makes a call, and passes the body of an answer that says yes. What the provider says of its limits on the way is
/// told to the host.
///
/// # Errors
/// What follows when no answer came or it says no.
pub fn call(
    graph: &mut dyn Graph,
    request: &Request,
    attempt: u32,
    repeat: Repeat,
) -> Result<String, Refusal> {
    let response = graph.send(request).map_err(|error| match repeat {
        Repeat::Harmless => unread(error),
        Repeat::Never => unanswered(error),
    })?;
    if let Some(milliseconds) = usage::pause_ms(&response) {
        graph.pause(milliseconds);
    }
    let refusal = match judge(response, attempt) {
        Ok(body) => return Ok(body),
        Err(refusal) => refusal,
    };
    match (&refusal.failure, refusal.code) {
        (Failure::RetryAfterMs(milliseconds), Some(code)) if THROTTLED.contains(&code) && code != PAIR => {
            graph.pause(*milliseconds);
        }
        (Failure::OutcomeUnknown(_), _) if repeat == Repeat::Harmless => {
            return Err(Refusal { failure: Failure::RetryAfterMs(doubled(VAGUE_MS, attempt)), ..refusal });
        }
        _ => {}
    }
    Err(refusal)
}

/// The body of an answer that says yes. An error code of Meta's goes before the HTTP status, which varies.
fn judge(response: Response, attempt: u32) -> Result<String, Refusal> {
    let error = members::read::<Answer>(&response.body).and_then(|answer| answer.error);
    if (200..300).contains(&response.status) && error.is_none() {
        return Ok(response.body);
    }
    let error = error.unwrap_or_default();
    Err(Refusal { code: error.code(), failure: failure(&response, &error, attempt) })
}

fn failure(response: &Response, error: &GraphError, attempt: u32) -> Failure {
    let status = response.status;
    let doubtful = status >= 500 && status != 503;
    let named = |code: i64| Failure::Rejected(format!("the provider answers with code {code}"));
    match error.code() {
        Some(10) if error.subcode() == Some(OUTSIDE_WINDOW) => named(10),
        Some(code) if PERMANENT.contains(&code) => named(code),
        Some(code @ (10 | 102 | 190 | 200..=299)) => Failure::Unauthorised(format!("code {code}")),
        Some(code) if THROTTLED.contains(&code) => {
            Failure::RetryAfterMs(pause(response, THROTTLED_MS, attempt))
        }
        _ if doubtful => Failure::OutcomeUnknown(format!("the provider answers {status}")),
        Some(code) if VAGUE.contains(&code) || meta::flag(error.is_transient.as_ref()) => {
            Failure::RetryAfterMs(pause(response, VAGUE_MS, attempt))
        }
        code => by_status(response, code, attempt),
    }
}

fn by_status(response: &Response, code: Option<i64>, attempt: u32) -> Failure {
    let code = code.map(|code| format!(" with code {code}")).unwrap_or_default();
    match response.status {
        429 => Failure::RetryAfterMs(pause_ms(response).unwrap_or(TOO_MANY_MS)),
        503 => Failure::RetryAfterMs(pause(response, VAGUE_MS, attempt)),
        401 | 403 => Failure::Unauthorised(format!("the provider answers {}{code}", response.status)),
        200..=399 => Failure::OutcomeUnknown(format!("the provider answers {}{code}", response.status)),
        status => Failure::Rejected(format!("the provider answers {status}{code}")),
    }
}

/// What the provider asks for, else `base` doubled with every attempt.
fn pause(response: &Response, base: u64, attempt: u32) -> u64 {
    pause_ms(response).unwrap_or(doubled(base, attempt))
}

fn doubled(base: u64, attempt: u32) -> u64 {
    base << attempt.saturating_sub(1).min(DOUBLINGS_MAX)
}

#[cfg(test)]
mod tests;
