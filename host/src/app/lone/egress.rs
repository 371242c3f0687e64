//! The one function for outgoing calls without the hub that makes them: endpoints are bound and requests sent as
//! connectors' are. Only who looks names up, and the limits, are in the hands of whoever starts it; what comes of a lookup
//! is judged as always.

use std::collections::BTreeMap;
use std::sync::Arc;

use hub_runtime::manifest::Endpoint;
use hub_runtime::{HttpError, HttpRequest, HttpResponse};

pub use crate::egress::{EgressOptions, LookingUp, Lookup, Url};

use crate::config::EndpointConfig;
use crate::egress::{BoundEndpoint, Egress, bind};

/// Makes calls.
pub struct LoneEgress(pub(super) Egress);

/// Where calls may go.
pub struct LoneEndpoint(BoundEndpoint);

impl LoneEndpoint {
    /// Binds what a connector declares, with the connection's settings and without secrets.
    ///
    /// # Errors
    /// What the operator would read.
    pub fn bind(
        endpoint: &Endpoint,
        operator: &EndpointConfig,
        settings: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        Ok(Self(bind(endpoint, operator, settings, &BTreeMap::new())?))
    }

    /// Where a request would go; nothing leaves.
    ///
    /// # Errors
    /// What the connector would be told of a request that may not.
    pub fn target(&self, request: HttpRequest) -> Result<Url, HttpError> {
        self.0.target(request)
    }
}

impl LoneEgress {
    /// # Errors
    /// TLS or the HTTP client cannot be set up.
    pub fn new(options: EgressOptions, lookup: Arc<dyn Lookup>) -> anyhow::Result<Self> {
        Ok(Self(Egress::asking(options, lookup)?))
    }

    /// # Errors
    /// What the connector would be told.
    pub async fn send(
        &self,
        endpoint: &LoneEndpoint,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        self.0.send(&endpoint.0, request).await
    }
}
