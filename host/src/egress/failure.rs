//! What a failed call means to the one who has to decide whether to repeat it. When in doubt the request counts as
//! sent: an effect done twice is worse than one looked after by a person.

use std::error::Error;
use std::io;

use hub_runtime::HttpError;

use super::bind::BoundEndpoint;
use super::request::Denied;
use super::resolve::ResolveError;

/// Certificate problems can name many hosts.
const TLS_REASON_CHARS_MAX: usize = 200;

pub(super) fn of(endpoint: &BoundEndpoint, error: &reqwest::Error) -> HttpError {
    if let Some(blocked @ ResolveError::Blocked(_)) = cause::<ResolveError>(error) {
        return endpoint.denied(&Denied::PrivateName(*blocked));
    }
    if error.is_builder() {
        return endpoint.denied(&Denied::Unsendable);
    }
    if cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse_too_large) {
        return endpoint.unreadable("its headers are larger than the cap");
    }
    if was_never_sent(error) {
        return HttpError::Unreachable(endpoint.says(format_args!("not reached: {}", reason(error))));
    }
    HttpError::Interrupted(endpoint.says(format_args!("sent, but no whole answer: {}", reason(error))))
}

/// No connection was made, or it was gone before the first byte of the request was written.
fn was_never_sent(error: &reqwest::Error) -> bool {
    error.is_connect() || cause::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled)
}

/// In words of our own: the client's own texts name the whole address, query and all.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "out of time".to_owned();
    }
    if let Some(resolve) = cause::<ResolveError>(error) {
        return resolve.to_string();
    }
    if let Some(io) = cause::<io::Error>(error) {
        return match tls_problem(io) {
            Some(tls) => format!("TLS: {tls}").chars().take(TLS_REASON_CHARS_MAX).collect(),
            None => io.kind().to_string(),
        };
    }
    match cause::<hyper::Error>(error) {
        Some(http) if http.is_parse() => "the answer is not HTTP".to_owned(),
        Some(http) if http.is_incomplete_message() => "the connection was closed too early".to_owned(),
        _ => "the connection broke".to_owned(),
    }
}

/// TLS problems come as I/O errors, wrapped more than once.
fn tls_problem(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    match inner.downcast_ref::<rustls::Error>() {
        Some(tls) => Some(tls),
        None => tls_problem(inner.downcast_ref::<io::Error>()?),
    }
}

/// The first of its kind behind an error.
fn cause<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(found) = source.downcast_ref::<E>() {
            return Some(found);
        }
        next = source.source();
    }
    None
}
