//! What a connector may ask of the hub while it acts. `host` implements [`ActingHost`]: it knows the operator's
//! grants, the credentials and the network; this crate only counts and carries.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A future behind a pointer, so that [`ActingHost`] can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The hub as an acting connector sees it. One value serves one call.
pub trait ActingHost: Send + Sync {
    /// Sends a request to an endpoint of the manifest. The host checks grant, path and address, adds the credentials
    /// and caps the answer.
    fn http<'a>(
        &'a self,
        endpoint: &'a str,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>>;

    /// Leaves an endpoint alone for a while: its provider asked for it.
    fn pause(&self, endpoint: &str, pause: Duration);

    /// A value an earlier call left.
    ///
    /// # Errors
    /// Why it cannot be read: the call ends, for a connector that took it for absent might do a thing twice.
    fn state_get(&self, key: &str) -> Result<Option<String>, String>;

    /// Keeps a value. Only called after the connector has succeeded, once per key.
    fn state_set(&self, key: &str, value: &str);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: HttpMethod,
    /// Path and query below the endpoint's base address.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Why there is no answer; the connector decides by the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// The manifest does not name this endpoint or the operator did not bind it.
    NotGranted(String),
    /// The address, path or header is not allowed.
    Denied(String),
    /// No connection was made: the provider saw nothing.
    Unreachable(String),
    /// The request was sent and no whole answer came: the provider may have acted.
    Interrupted(String),
    /// The answer is larger than the cap, or not text.
    Unreadable(String),
    /// This call has used up its share of requests.
    Exhausted,
}

/// The acting half of a call's state: the host, what the call has used of it, and what it wants kept.
pub(crate) struct Acting {
    pub(crate) host: Arc<dyn ActingHost>,
    pub(crate) requests: u32,
    /// What `state.set` collected; handed to the host when the call has succeeded.
    pub(crate) kept: BTreeMap<String, String>,
    /// The guest has just waited for the network: the tick that passed meanwhile is not its own.
    pub(crate) waited: bool,
}

impl Acting {
    pub(crate) fn new(host: Arc<dyn ActingHost>) -> Self {
        Self { host, requests: 0, kept: BTreeMap::new(), waited: false }
    }

    pub(crate) fn keep_state(&self) {
        for (key, value) in &self.kept {
            self.host.state_set(key, value);
        }
    }
}
