//! Calls through the egress function, bound as an operator and a connector would have them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hub_runtime::manifest::{Auth, Endpoint};
use hub_runtime::{HttpError, HttpMethod, HttpRequest, HttpResponse};
use omnihub::app::lone::{EgressOptions, LoneEgress, LoneEndpoint, LookingUp, Lookup};
use omnihub::config::EndpointConfig;

/// What the operator allows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Public,
    Private,
}

/// Where a form of an address is written.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// By the operator, as the endpoint's address.
    Operator,
    /// By the connector, as the address it declares.
    Declared,
    /// In a setting that is the whole address.
    Setting,
    /// In a setting that is the host of the address.
    Host,
    /// In a setting that is a part of the host.
    Part,
}

pub(super) const PLACES: [Place; 5] =
    [Place::Operator, Place::Declared, Place::Setting, Place::Host, Place::Part];

/// Answers whatever it is told to, as a name server in wrong hands would.
#[derive(Default)]
pub(in crate::gates) struct Names {
    addresses: Mutex<Vec<SocketAddr>>,
    asked: AtomicU64,
}

impl Names {
    pub(in crate::gates) fn answer(&self, addresses: &[IpAddr]) {
        let addresses = addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// How often it was asked since the last time this was.
    pub(super) fn asked(&self) -> u64 {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl Lookup for Names {
    fn lookup(&self, _name: &str) -> LookingUp {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { Ok(addresses) })
    }
}

/// The egress function with its usual limits, and these names.
///
/// # Errors
/// It cannot be set up.
pub(in crate::gates) fn egress(options: EgressOptions, names: &Arc<Names>) -> anyhow::Result<LoneEgress> {
    LoneEgress::new(options, Arc::clone(names) as Arc<dyn Lookup>)
}

/// An endpoint whose address is written there.
///
/// # Errors
/// It is not bound.
pub(super) fn bound(place: Place, whole: &str, host: &str, grant: Grant) -> anyhow::Result<LoneEndpoint> {
    let (declared, operator, setting) = match place {
        Place::Operator => ("https://shop.example.com", Some(whole), ""),
        Place::Declared => (whole, None, ""),
        Place::Setting => ("{store}", None, whole),
        Place::Host => ("https://{store}/", None, host),
        Place::Part => ("https://{store}.example.com/", None, host),
    };
    let endpoint = Endpoint {
        name: "admin".to_owned(),
        purpose: "a gate".to_owned(),
        base_url: declared.to_owned(),
        paths: vec!["/".to_owned()],
        auth: Auth::None,
        rate: None,
    };
    let operator =
        EndpointConfig { base_url: operator.map(str::to_owned), allow_private: grant == Grant::Private };
    LoneEndpoint::bind(&endpoint, &operator, &BTreeMap::from([("store".to_owned(), setting.to_owned())]))
}

/// One that may be called although it is on loopback.
///
/// # Errors
/// It is not bound.
pub(super) fn bound_to(address: SocketAddr, scheme: &str) -> anyhow::Result<LoneEndpoint> {
    bound(Place::Operator, &format!("{scheme}://{address}"), "", Grant::Private)
}

/// Asks for this path.
pub(super) async fn get(
    egress: &LoneEgress,
    endpoint: &LoneEndpoint,
    path: &str,
) -> Result<HttpResponse, HttpError> {
    let request =
        HttpRequest { method: HttpMethod::Get, path: path.to_owned(), headers: Vec::new(), body: None };
    egress.send(endpoint, request).await
}

/// Whether no connection was tried.
pub(super) fn is_refused(answer: &Result<HttpResponse, HttpError>) -> bool {
    match answer {
        Err(HttpError::Denied(_)) => true,
        Err(HttpError::Unreachable(why)) => why.contains("does not resolve"),
        _ => false,
    }
}
