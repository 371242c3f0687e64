//! The one place that makes outgoing calls for connectors. Where a call may go is decided when an endpoint is bound
//! ([`bind`]) and checked again for every request; names are resolved here, so that the address that was checked is the
//! address that is called. Never follows a redirect, keeps a cookie, asks the environment for a proxy, or repeats a
//! request: whether to try again is the dispatcher's decision.

mod address;
mod bind;
mod failure;
mod hidden;
mod request;
mod resolve;

pub(crate) use bind::{BindError, BoundEndpoint, bind};
pub use reqwest::Url;
pub use resolve::{LookingUp, Lookup};

use std::sync::Arc;
use std::time::Duration;

use hub_runtime::{HttpError, HttpRequest, HttpResponse};
use reqwest::header::HeaderMap;
use reqwest::{Client, ClientBuilder, Response};

use bind::Reach;
use resolve::{Resolver, SystemLookup};

const USER_AGENT: &str = concat!("omnihub/", env!("CARGO_PKG_VERSION"));

/// A provider that closes an idle connection just as we use it leaves a call without a known outcome. Node's servers
/// close after 5 s, the shortest we know.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// The dispatcher runs a few calls per connection at a time.
const IDLE_CONNECTIONS_MAX: usize = 4;

/// Shopify sends about 40.
const RESPONSE_HEADERS_MAX: usize = 100;

/// What a connector is given of them; a `Link` for the next page is the longest of use.
const RESPONSE_HEADER_BYTES_MAX: usize = 32 * 1024;

/// What remains for the answer at the least when connecting has used up its time. Also keeps the two timeouts apart:
/// the later one then always means that the request was sent.
const ANSWER_TIME_MIN: Duration = Duration::from_millis(100);

/// Headers that are about the connection or our state at the provider, not about the answer.
const RESPONSE_HEADERS_DROPPED: [&str; 6] =
    ["connection", "keep-alive", "proxy-authenticate", "set-cookie", "set-cookie2", "transfer-encoding"];

/// Limits of every call.
#[derive(Clone, Debug)]
pub struct EgressOptions {
    pub connect_timeout: Duration,
    /// From the first packet to the last byte of the answer.
    pub timeout: Duration,
    pub response_bytes_max: usize,
}

impl Default for EgressOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            // The largest page of the providers we know, 250 orders, is below 1.5 MB.
            response_bytes_max: 2 * 1024 * 1024,
        }
    }
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EgressError {
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// Makes the calls. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Egress {
    /// Two clients, because they keep connections: one opened to a private address must not serve an endpoint that
    /// may not go there.
    public: Client,
    private: Client,
    options: EgressOptions,
}

impl Egress {
    /// # Errors
    /// TLS or the client cannot be set up.
    pub(crate) fn new(options: EgressOptions) -> Result<Self, EgressError> {
        Self::asking(options, Arc::new(SystemLookup))
    }

    /// As [`Self::new`], with names looked up by somebody else than the system.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn asking(options: EgressOptions, lookup: Arc<dyn Lookup>) -> Result<Self, EgressError> {
        let tls = tls()?;
        let resolver = |reach| Resolver::new(reach, Arc::clone(&lookup));
        let public = client(&options, resolver(Reach::Public), tls.clone()).https_only(true).build()?;
        let private = client(&options, resolver(Reach::Private), tls).build()?;
        Ok(Self { public, private, options })
    }

    /// Sends one request to where the endpoint is bound, with its credentials, and gives back the whole answer
    /// whatever its status.
    ///
    /// # Errors
    /// The case says how far the request got. The texts hold no secret, query or body.
    pub(crate) async fn send(
        &self,
        endpoint: &BoundEndpoint,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let request = endpoint.request(request)?;
        let client = match endpoint.reach() {
            Reach::Public => &self.public,
            Reach::Private => &self.private,
        };
        let failed = |error: reqwest::Error| failure::of(endpoint, &error);
        let mut response = client.execute(request).await.map_err(failed)?;
        let status = response.status();
        if status.is_informational() {
            return Err(endpoint.unreadable("it changes to another protocol"));
        }
        let headers = readable_headers(response.headers())
            .ok_or_else(|| endpoint.unreadable("its headers are larger than the cap"))?;
        let body = read_body(&mut response, endpoint, self.options.response_bytes_max).await?;
        let hidden = endpoint.hidden();
        let headers = headers.into_iter().map(|(name, value)| (name, hidden.taken_out(value))).collect();
        Ok(HttpResponse { status: status.as_u16(), headers, body: hidden.taken_out(body) })
    }
}

fn client(options: &EgressOptions, resolver: Resolver, tls: rustls::ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(options.connect_timeout)
        .timeout(options.timeout.max(options.connect_timeout + ANSWER_TIME_MIN))
        .http1_max_headers(RESPONSE_HEADERS_MAX)
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
}

fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Those that are text; `None` when they are too much.
fn readable_headers(headers: &HeaderMap) -> Option<Vec<(String, String)>> {
    let mut kept = Vec::new();
    let mut bytes = 0;
    for (name, value) in headers {
        let Ok(text) = value.to_str() else { continue };
        if RESPONSE_HEADERS_DROPPED.contains(&name.as_str()) {
            continue;
        }
        bytes += name.as_str().len() + text.len();
        if bytes > RESPONSE_HEADER_BYTES_MAX {
            return None;
        }
        kept.push((name.as_str().to_owned(), text.to_owned()));
    }
    Some(kept)
}

/// Counts what arrives; what the answer says of its length is not asked.
async fn read_body(
    response: &mut Response,
    endpoint: &BoundEndpoint,
    bytes_max: usize,
) -> Result<String, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure::of(endpoint, &error))? {
        if body.len() + chunk.len() > bytes_max {
            return Err(endpoint.unreadable(&format!("its body is larger than {bytes_max} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| endpoint.unreadable("its body is not UTF-8 text"))
}

#[cfg(test)]
mod tests;
