//! Which tokens the providers let in. Never prints one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The tokens a [`Simulator`](crate::Simulator) accepts; a call without any token is always refused.
#[derive(Clone)]
pub struct Credentials(Option<String>);

impl Credentials {
    /// Lets every token in.
    pub fn any() -> Self {
        Self(None)
    }

    /// Lets exactly one token in, at every provider; for Zendesk's basic form it is the part after `/token:`.
    pub fn only(token: impl Into<String>) -> Self {
        Self(Some(token.into()))
    }

    pub(crate) fn accept(&self, token: Option<&str>) -> bool {
        match (token, &self.0) {
            (None | Some(""), _) => false,
            (Some(_), None) => true,
            (Some(given), Some(expected)) => given == expected,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Credentials(one)" } else { "Credentials(any)" })
    }
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    scheme_value(headers, "bearer")
}

/// A token that is the whole of a header.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The API token inside `Authorization: Basic base64({email}/token:{api_token})`.
pub(crate) fn basic_api_token(headers: &HeaderMap) -> Option<String> {
    let decoded = STANDARD.decode(scheme_value(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, token) = text.split_once(':')?;
    user.strip_suffix("/token").filter(|email| email.contains('@')).map(|_| token.to_owned())
}

fn scheme_value<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| value.trim())
}
