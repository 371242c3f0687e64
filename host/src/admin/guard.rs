//! Who may ask: whoever shows the token, or, where none is set, whoever reaches the loopback address and is no web page
//! of somebody else's. A page can make a browser call loopback under a name of its own (DNS rebinding) or post there
//! blindly; neither gets in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::AdminError;
use crate::config::Config;

pub(super) struct Guard {
    /// Hashed, so that comparing takes as long for a wrong length.
    token: Option<[u8; 32]>,
    listen: SocketAddr,
}

impl Guard {
    pub(super) fn new(config: &Config) -> Self {
        let token = config.admin.token.as_ref().map(|token| Sha256::digest(token.expose()).into());
        Self { token, listen: config.admin.listen }
    }

    fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<(), AdminError> {
        if let Some(token) = &self.token {
            // No page of another site knows the token, so the name the hub is called by does not matter.
            return if shows(headers, token) { Ok(()) } else { Err(AdminError::Unauthorised) };
        }
        if !self.is_ours(headers) {
            return Err(AdminError::Host);
        }
        if *method != Method::GET && is_cross_site(headers) {
            return Err(AdminError::CrossSite);
        }
        Ok(())
    }

    /// Called by an address, by localhost or by where it listens. Every browser says what it calls; who does not is none.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(header::HOST) else { return true };
        let Some(name) = host.to_str().ok().and_then(host_name) else { return false };
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || name == self.listen.ip().to_string()
    }
}

/// The host without its port and without the brackets of IPv6.
fn host_name(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map(|(name, _)| name);
    }
    Some(host.split_once(':').map_or(host, |(name, _)| name))
}

fn shows(headers: &HeaderMap, token: &[u8; 32]) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, shown)) = shown.and_then(|value| value.split_once(' ')) else { return false };
    let shown: [u8; 32] = Sha256::digest(shown.trim()).into();
    scheme.eq_ignore_ascii_case("bearer") && bool::from(shown.ct_eq(token))
}

/// Browsers mark what a page sends: the origin of the page, and whether it is the site that is called.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let origin_differs = headers.get(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        origin != headers.get(header::HOST).and_then(|host| host.to_str().ok())
    });
    let site = headers.get(HeaderName::from_static("sec-fetch-site"));
    origin_differs || site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Lets a request through or answers it.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.admit(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// What every answer says to browsers and proxies: keep nothing, guess nothing, show it nowhere.
const SEALS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(super) async fn seal(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SEALS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
