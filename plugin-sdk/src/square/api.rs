//! Calls to Square: how a request is written and what its answer means. Decides nothing about what is asked.

use serde_json::Value;

use super::VERSION;
use crate::host::http::{self, HttpError, Method, Request, Response};
use crate::{Effect, Failure, Header, answer, members};

/// The endpoint's name in the manifest.
pub const ENDPOINT: &str = "square";

/// Everything outside that a connector may touch, so that what it does there can be tested without a host. Any closure
/// that answers requests is one.
pub trait Outside {
    /// As [`http::send`].
    ///
    /// # Errors
    /// See [`HttpError`].
    fn send(&mut self, endpoint: &str, request: &Request) -> Result<Response, HttpError>;

    /// As [`http::pause`].
    fn pause(&mut self, _endpoint: &str, _milliseconds: u64) {}
}

impl<F: FnMut(&str, &Request) -> Result<Response, HttpError>> Outside for F {
    fn send(&mut self, endpoint: &str, request: &Request) -> Result<Response, HttpError> {
        self(endpoint, request)
    }
}

/// The real outside.
#[derive(Clone, Copy, Debug)]
pub struct Host;

impl Outside for Host {
    fn send(&mut self, endpoint: &str, request: &Request) -> Result<Response, HttpError> {
        http::send(endpoint, request)
    }

    fn pause(&mut self, endpoint: &str, milliseconds: u64) {
        http::pause(endpoint, milliseconds);
    }
}

/// A request as Square wants it. `version` is the operator's word for `Square-Version`.
///
/// # Errors
/// [`Failure::Misconfigured`] when the version is no date.
pub fn request(
    version: Option<&str>,
    method: Method,
    path: impl Into<String>,
    body: Option<&Value>,
) -> Result<Request, Failure> {
    let version = version.map(str::trim).filter(|version| !version.is_empty()).unwrap_or(VERSION);
    if !version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err(Failure::Misconfigured("square_version is no date such as 2026-01-22".into()));
    }
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    let mut headers = vec![header("square-version", version)];
    headers.extend(body.map(|_| header("content-type", "application/json")));
    Ok(Request { method, path: path.into(), headers, body: body.map(Value::to_string) })
}

/// A parameter of an action that was given something.
#[must_use]
pub fn given<'a>(effect: &'a Effect, name: &str) -> Option<&'a str> {
    let given = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    given.filter(|value| !value.is_empty())
}

/// A parameter of an action that has to be there.
///
/// # Errors
/// [`Failure::Rejected`] naming the parameter.
pub fn required<'a>(effect: &'a Effect, name: &str) -> Result<&'a str, Failure> {
    given(effect, name).ok_or_else(|| Failure::Rejected(format!("{name} is missing")))
}

/// A reference that a provider gave back, where it is the id of an effect: others write what they like there.
#[must_use]
pub fn effect_id(reference: &str) -> Option<String> {
    /// As [`Effect::id`] is written: 128 bits.
    const DIGITS: usize = 32;
    let digits = reference.strip_prefix("eff_").unwrap_or(reference);
    let is_effect = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_effect.then(|| reference.to_owned())
}

crate::members! {
    Errors {
        list: errors: Error;
    }
    Error {
        text: code;
    }
}

/// Square's word for what went wrong: the code of the first error.
#[must_use]
pub fn code(body: &str) -> Option<String> {
    let errors: Errors = members::read(body)?;
    errors.errors?.into_iter().flatten().find_map(|error| error.code).map(|code| code.0)
}

/// Text as one segment of a path; `None` where it could be read as more than one, or as none.
#[must_use]
pub fn segment(text: &str) -> Option<String> {
    let text = text.trim();
    let is_one = !matches!(text, "" | "." | "..");
    let fits =
        |byte: u8| !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b'%' | b';' | b'?' | b'#');
    (is_one && text.bytes().all(fits)).then(|| encoded(text))
}

/// Percent-encoded for a query's value.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The answer to a request that only looks.
///
/// # Errors
/// What to do about any answer that is none; nothing is ever in doubt.
pub fn look(outside: &mut dyn Outside, request: &Request) -> Result<Response, Failure> {
    let response = outside.send(ENDPOINT, request).map_err(answer::unread)?;
    answer::check(&response, code)?;
    Ok(response)
}

/// The answer to a request that acts and carries an idempotency key.
///
/// # Errors
/// What to do about any other answer.
pub fn act(outside: &mut dyn Outside, request: &Request) -> Result<Response, Failure> {
    let response = outside.send(ENDPOINT, request).map_err(answer::unanswered)?;
    answer::check(&response, code)?;
    Ok(response)
}
