//! Who may ask: whoever shows a token, as far as its scopes go; or, while there is none, whoever reaches the loopback
//! address and is no web page of somebody else's. A page can make a browser call the hub under a name of its own (DNS
//! rebinding) or post there blindly: neither gets in. And nobody asks, or tries tokens, faster than is good for the rest.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hub_fold::{Scope, TokenState};
use hub_model::{Timestamp, TokenId};

use super::bearer::{Form, form};
use super::error::{AdminError, Refused};
use super::keyring::{Caller, Found, Who};
use super::pace::{Counts, Rate, neighbourhood};
use super::{Admin, Api, Shared};
use crate::metrics::ByReason;

/// Far more than people and scrapers ask: a loop gone wild is slowed, and nobody else with it.
const CALLS: Rate = Rate { at_once: 2_000, every: Duration::from_millis(2) };
/// Wrong tokens from one address: some typing, and then so slowly that trying out words takes years.
const TRIES: Rate = Rate { at_once: 10, every: Duration::from_secs(5) };

pub(super) struct Guard {
    admin: Arc<Admin>,
    calls: Mutex<Counts<Counted>>,
    tries: Mutex<Counts<IpAddr>>,
}

/// Whose requests are counted together. A flood of strangers keeps nobody waiting who has a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Address(IpAddr),
    Root,
    Token(TokenId),
}

impl Guard {
    pub(super) fn new(admin: Arc<Admin>) -> Self {
        Self { admin, calls: Mutex::new(Counts::new(CALLS)), tries: Mutex::new(Counts::new(TRIES)) }
    }

    fn admit(&self, request: &Request, now: Timestamp) -> Result<Caller, AdminError> {
        let address = address(request.extensions());
        let found = self.recognise(request.method(), request.headers(), address, now);
        let counted = match found.as_ref().map(|caller| &caller.who) {
            Ok(Who::Token { id, .. }) => Counted::Token(*id),
            Ok(Who::Root) => Counted::Root,
            Ok(Who::Nobody) | Err(_) => Counted::Address(address),
        };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.take(counted, now).map_err(AdminError::TooMany)?;
        found
    }

    fn recognise(
        &self,
        method: &Method,
        headers: &HeaderMap,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Caller, AdminError> {
        // With a token too: a name that is not ours is a mistake, and the next one may be somebody's page.
        if !self.is_ours(headers) {
            return Err(AdminError::Host);
        }
        if self.admin.keyring.is_needed() {
            return self.token_holder(headers, address, now);
        }
        if *method != Method::GET && is_cross_site(headers) {
            return Err(AdminError::CrossSite);
        }
        Ok(Caller::unnamed())
    }

    /// A token that was made, or is long, is always looked up: nobody finds one by trying, so nobody can keep its owner
    /// out. One that a person may have thought of is not, while somebody at the same address tries one after the other.
    fn token_holder(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Caller, AdminError> {
        let Some(shown) = bearer(headers) else { return Err(Refused::Missing.into()) };
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        match self.admin.keyring.find(shown, now) {
            Found::Caller(caller) => Ok(caller),
            Found::Guessable(caller) => match tries.wait(&address, now) {
                Some(wait) => Err(AdminError::TooMany(wait)),
                None => Ok(caller),
            },
            Found::Ended(TokenState::Expired) => Err(Refused::Expired.into()),
            Found::Ended(_) => Err(Refused::Revoked.into()),
            Found::Nothing => {
                tries.take(address, now).map_err(AdminError::TooMany)?;
                Err(if form(shown) == Form::Damaged { Refused::Damaged } else { Refused::Unknown }.into())
            }
        }
    }

    /// Called by an address, by localhost or by a name the configuration has. Every browser says what it calls; who does
    /// not is none. A page cannot have a browser call an address and be of that address itself.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let is_ours = |name: &str| {
            name.parse::<IpAddr>().is_ok()
                || name.eq_ignore_ascii_case("localhost")
                || self.admin.config.admin.hosts.iter().any(|host| name.eq_ignore_ascii_case(host))
        };
        let mut named = headers.get_all(header::HOST).iter();
        named.all(|host| host.to_str().ok().and_then(host_name).is_some_and(is_ours))
    }
}

/// Where a request comes from, as the kernel says: what a header says, its sender chose.
fn address(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| neighbourhood(peer.ip()))
}

/// The host without its port, the brackets of IPv6 and the dot that ends a full name.
fn host_name(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map(|(name, _)| name);
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    Some(name.strip_suffix('.').unwrap_or(name))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(shown.trim())
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

/// Lets a request through, and says whose it is, or answers it.
pub(super) async fn check(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    match guard.admit(&request, guard.admin.clock.now()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => {
            let reason = ByReason { reason: refused.reason() };
            guard.admin.metrics.admin_refused.get_or_create(&reason).inc();
            refused.into_response()
        }
    }
}

/// In place of [`check`] for whoever has opened the data: there is nothing to keep from them.
pub(super) async fn let_in(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Caller::unnamed());
    next.run(request).await
}

/// Asks for a scope before a route's handler, or anything else of its, runs.
pub(super) async fn demand(State(scope): State<Scope>, request: Request, next: Next) -> Response {
    match request.extensions().get::<Caller>() {
        Some(caller) if caller.scopes.contains(&scope) => next.run(request).await,
        Some(_) => AdminError::Scope(scope).into_response(),
        None => AdminError::from(Refused::Missing).into_response(),
    }
}

/// No handler gets at anything without somebody who asks.
impl FromRequestParts<Arc<Api>> for Shared {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, AdminError> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or(Refused::Missing)?;
        Ok(Self { api: Arc::clone(api), caller })
    }
}

/// What every answer says to browsers and proxies: keep nothing, guess nothing, show it nowhere.
pub(super) const SEALS: [(HeaderName, &str); 5] = [
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
