//! How Zendesk's API is spoken to: paths, headers, and what answers mean, the same for reading, acting and looking after
//! the webhook. Nothing here calls out: who does is handed in, so that all of it can be tried against a script.

use omnihub_plugin::host::http::{HttpError, Method, Request, Response};
use omnihub_plugin::members::{self, Members};
use omnihub_plugin::{Failure, Header, answer};
use serde_json::Value;

/// Everything but exports.
pub(crate) const SUPPORT: &str = "support";
/// Incremental exports have a limit of their own, so small that waiting for it must not keep actions waiting.
pub(crate) const EXPORT: &str = "export";

/// Two changes met; trying again is what Zendesk asks for.
const CONFLICT_MS: u64 = 2_000;
/// An answer of success that says nothing we can read: a proxy's page, or half an answer.
const GARBLED_MS: u64 = 10_000;

/// Sends a request to an endpoint.
pub(crate) type Send<'a> = &'a mut dyn FnMut(&str, &Request) -> Result<Response, HttpError>;

pub(crate) fn get(path: String) -> Request {
    Request { method: Method::Get, path, headers: Vec::new(), body: None }
}

pub(crate) fn with_body(method: Method, path: String, body: &Value) -> Request {
    let headers = vec![header("content-type", "application/json")];
    Request { method, path, headers, body: Some(body.to_string()) }
}

pub(crate) fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: value.into() }
}

/// Reads, and judges the answer. Nothing is in doubt when none comes.
pub(crate) fn read<T: Members>(send: Send<'_>, endpoint: &str, path: String) -> Result<T, Failure> {
    let response = send(endpoint, &get(path)).map_err(answer::unread)?;
    judged(&response)?;
    members::read(&response.body).ok_or(Failure::RetryAfterMs(GARBLED_MS))
}

/// What a list lacks that an answer of success should hold.
pub(crate) fn garbled() -> Failure {
    Failure::RetryAfterMs(GARBLED_MS)
}

pub(crate) fn judged(response: &Response) -> Result<(), Failure> {
    if response.status == 409 {
        return Err(Failure::RetryAfterMs(answer::pause_ms(response).unwrap_or(CONFLICT_MS)));
    }
    if response.status == 422 && is_closed(&response.body) {
        return Err(Failure::Rejected("the ticket is closed, which is for ever: open a new one".into()));
    }
    answer::check(response, error_code)
}

/// Zendesk's own word that there is no such thing; a wrong path or subdomain answers 404 as well, and otherwise.
pub(crate) fn is_unknown(response: &Response) -> bool {
    response.status == 404 && error_code(&response.body).as_deref() == Some("RecordNotFound")
}

/// `{"error": "RecordInvalid", …}` or `{"error": {"title": …}}`. Descriptions may repeat what we sent: they stay out.
fn error_code(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let error = body.get("error")?;
    error.as_str().or_else(|| error.get("title")?.as_str()).map(|code| code.replace(' ', ""))
}

/// `{"details": {"status": [{"description": "Status: closed prevents ticket update"}]}}`
fn is_closed(body: &str) -> bool {
    let body: Option<Value> = serde_json::from_str(body).ok();
    let details = body.as_ref().and_then(|body| body.pointer("/details/status")?.as_array());
    let said = |detail: &Value| detail.get("description").and_then(Value::as_str).map(str::to_lowercase);
    details.is_some_and(|details| {
        details.iter().filter_map(said).any(|description| description.contains("closed prevents"))
    })
}

/// For a query's value: all but the unreserved characters of RFC 3986 as %XX.
pub(crate) fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

/// A page of a list by cursor. `path` may have a query already.
pub(crate) fn list_page(path: &str, size: u32, after: Option<&str>) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    let after = after.map(|after| format!("&page%5Bafter%5D={}", percent_encoded(after))).unwrap_or_default();
    format!("{path}{joint}page%5Bsize%5D={size}{after}")
}
