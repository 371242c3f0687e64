//! A connector's request made into one that may leave: its path stays below what was declared, its headers are ones a
//! connector may set. Everything unclear is refused; no path is repaired, because a repaired path is one nobody
//! checked.

use hub_runtime::{HttpMethod, HttpRequest};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};

use super::bind::{BoundEndpoint, check_reach};

/// Servers refuse more; 8 KiB is what most take of a request's first line.
const PATH_BYTES_MAX: usize = 8 * 1024;

/// Connectors set two or three.
const HEADERS_MAX: usize = 32;

/// What servers commonly take of one header line.
const HEADER_BYTES_MAX: usize = 8 * 1024;

/// The largest thing a rule sends is a message with its template; a batch of stock counts stays far below.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Headers without power over connection, identity or routing. Beside these there are the provider's own: "x-…" and
/// "…-version".
const ALLOWED: [&str; 12] = [
    "accept",
    "accept-language",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "prefer",
    "x-idempotency-key",
    "x-request-id",
];

/// Steer the connection, say who is calling, or make proxies and frameworks read another request than was checked.
const RESERVED: [&str; 16] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

const RESERVED_STARTS: [&str; 9] = [
    "proxy-",
    "sec-",
    "x-client-ip",
    "x-forwarded",
    "x-http-method",
    "x-method-override",
    "x-original-",
    "x-real-ip",
    "x-rewrite-",
];

/// Credentials are the host's to add. One that a connector brings along would be somebody else's account.
const CREDENTIAL_WORDS: [&str; 7] = ["api-key", "apikey", "auth", "cookie", "secret", "session", "token"];

/// Why a request does not leave. Holds nothing the connector wrote but a header's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    #[error("the path has to begin with one \"/\"")]
    PathStart,
    #[error("the path is longer than {PATH_BYTES_MAX} bytes")]
    PathLong,
    #[error("the path holds a character that has to be percent-encoded")]
    PathCharacter,
    #[error("the path holds an empty, \".\" or \"..\" segment")]
    PathSegment,
    #[error("the path holds an encoded dot, slash, percent or control character, or a broken one")]
    PathEncoding,
    #[error("the path is none of those the connector declares: {0:?}")]
    PathUndeclared(Vec<String>),
    #[error("the path would lead away from the endpoint's address")]
    Elsewhere,
    #[error("the host is a {0} address; allow_private = true for this endpoint in hub.toml permits it")]
    PrivateAddress(&'static str),
    #[error("{0}; allow_private = true for this endpoint in hub.toml permits it")]
    PrivateName(super::resolve::ResolveError),
    #[error("more than {HEADERS_MAX} headers")]
    HeadersMany,
    #[error("a header's name or value is not allowed in HTTP, or longer than {HEADER_BYTES_MAX} bytes")]
    HeaderForm,
    #[error("a connector may not set the header {0:?}")]
    Header(String),
    #[error("the header {0:?} is there twice")]
    HeaderTwice(String),
    #[error("the body is larger than {BODY_BYTES_MAX} bytes")]
    BodyLong,
    #[error("the request is not one the client can send")]
    Unsendable,
}

/// The request as it will leave.
pub(super) fn build(endpoint: &BoundEndpoint, request: HttpRequest) -> Result<Request, Denied> {
    let url = target(endpoint, &request.path)?;
    let mut headers = plugin_headers(endpoint, &request.headers)?;
    if let Some(credential) = endpoint.credential() {
        headers.insert(credential.name.clone(), credential.value.clone());
    }
    if request.body.as_ref().is_some_and(|body| body.len() > BODY_BYTES_MAX) {
        return Err(Denied::BodyLong);
    }
    let mut ready = Request::new(method(request.method), url);
    *ready.headers_mut() = headers;
    *ready.body_mut() = request.body.map(Into::into);
    Ok(ready)
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    }
}

/// The endpoint's address with the connector's path and query behind it.
pub(super) fn target(endpoint: &BoundEndpoint, path_and_query: &str) -> Result<Url, Denied> {
    if path_and_query.len() > PATH_BYTES_MAX {
        return Err(Denied::PathLong);
    }
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    check_path(path)?;
    check_query(query.unwrap_or_default())?;
    if !endpoint.paths().iter().any(|declared| path.starts_with(declared.as_str())) {
        return Err(Denied::PathUndeclared(endpoint.paths().to_vec()));
    }
    let full_path = format!("{}{path}", endpoint.base().path().trim_end_matches('/'));
    let mut url = endpoint.base().clone();
    url.set_path(&full_path);
    url.set_query(query);
    // The URL type has the last word on what a path means: it has to mean what was checked.
    let is_same_place = url.path() == full_path
        && url.origin() == endpoint.base().origin()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_same_place {
        return Err(Denied::Elsewhere);
    }
    check_reach(&url, endpoint.reach()).map_err(Denied::PrivateAddress)?;
    Ok(url)
}

/// Whether a path has only one reading.
pub(super) fn check_path(path: &str) -> Result<(), Denied> {
    let rest = path.strip_prefix('/').ok_or(Denied::PathStart)?;
    if rest.starts_with('/') {
        return Err(Denied::PathStart);
    }
    if !path.bytes().all(is_path_byte) {
        return Err(Denied::PathCharacter);
    }
    check_encoding(path)?;
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        // What stands behind ";" is a parameter for some servers: "..;x" is ".." to them.
        let name = segment.split(';').next().unwrap_or_default();
        let is_last_and_empty = segment.is_empty() && segments.peek().is_none();
        if matches!(name, "." | "..") || (name.is_empty() && !is_last_and_empty) {
            return Err(Denied::PathSegment);
        }
    }
    Ok(())
}

/// What RFC 3986 lets stand in a path, without "@": nothing we call needs it, and it has meant a host before.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:/%".contains(&byte)
}

/// No byte that means something to a path may come in disguise.
fn check_encoding(path: &str) -> Result<(), Denied> {
    for encoded in path.split('%').skip(1) {
        let digits = encoded.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte =
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(Denied::PathEncoding)?;
        if byte.is_ascii_control() || b"./\\%;".contains(&byte) {
            return Err(Denied::PathEncoding);
        }
    }
    Ok(())
}

/// A query cannot change the place; it only has to be one line of visible characters, and not a fragment.
fn check_query(query: &str) -> Result<(), Denied> {
    let is_plain = query.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\".contains(&byte));
    if is_plain { Ok(()) } else { Err(Denied::PathCharacter) }
}

fn plugin_headers(endpoint: &BoundEndpoint, wanted: &[(String, String)]) -> Result<HeaderMap, Denied> {
    if wanted.len() > HEADERS_MAX {
        return Err(Denied::HeadersMany);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in wanted {
        if name.len() + value.len() > HEADER_BYTES_MAX {
            return Err(Denied::HeaderForm);
        }
        let name: HeaderName = name.parse().map_err(|_| Denied::HeaderForm)?;
        let is_credential = endpoint.credential().is_some_and(|credential| credential.name == name);
        if is_credential || !is_allowed(name.as_str()) {
            return Err(Denied::Header(name.to_string()));
        }
        let value = header_value(value).ok_or(Denied::HeaderForm)?;
        if headers.insert(name.clone(), value).is_some() {
            return Err(Denied::HeaderTwice(name.to_string()));
        }
    }
    Ok(headers)
}

fn header_value(text: &str) -> Option<HeaderValue> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_visible.then(|| HeaderValue::from_str(text).ok()).flatten()
}

/// `name` is in lower case.
pub(super) fn is_allowed(name: &str) -> bool {
    if ALLOWED.contains(&name) {
        return true;
    }
    let is_provider_s_own = name.starts_with("x-") || name.ends_with("-version");
    is_provider_s_own && !is_reserved(name) && !CREDENTIAL_WORDS.iter().any(|word| name.contains(word))
}

/// Neither a connector nor a credential may set these.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || RESERVED_STARTS.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests;
