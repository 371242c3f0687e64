//! Names to addresses, without those that the endpoint may not call. What comes out is what is connected to, so a name
//! that changes its mind between check and call gains nothing.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::blocked;
use super::bind::Reach;

/// Who is asked for the addresses of a name. Judges none of them: that is done with every answer, whoever gave it.
pub trait Lookup: Send + Sync {
    /// All addresses of this name; their port says nothing.
    fn lookup(&self, name: &str) -> LookingUp;
}

/// A question that is under way.
pub type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The system's resolver, as every program on the machine uses it.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> LookingUp {
        let name = name.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

pub(super) struct Resolver {
    reach: Reach,
    lookup: Arc<dyn Lookup>,
}

impl Resolver {
    pub(super) fn new(reach: Reach, lookup: Arc<dyn Lookup>) -> Self {
        Self { reach, lookup }
    }
}

/// Why a name gave no address to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("the name does not resolve")]
    NotFound,
    #[error("the name resolves to a {0} address only")]
    Blocked(&'static str),
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let looking_up = self.lookup.lookup(name.as_str());
        Box::pin(async move {
            let addresses = looking_up.await.map_err(|_| ResolveError::NotFound)?;
            let allowed = allowed(addresses.into_iter(), reach)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

pub(super) fn allowed(
    addresses: impl Iterator<Item = SocketAddr>,
    reach: Reach,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let mut allowed = Vec::new();
    let mut problem = ResolveError::NotFound;
    for address in addresses {
        match (reach, blocked(address.ip())) {
            (Reach::Public, Some(kind)) => problem = ResolveError::Blocked(kind),
            _ => allowed.push(address),
        }
    }
    if allowed.is_empty() { Err(problem) } else { Ok(allowed) }
}
