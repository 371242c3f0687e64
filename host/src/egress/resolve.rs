//! Names to addresses, without those that the endpoint may not call. What comes out is what is connected to, so a name
//! that changes its mind between check and call gains nothing.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::blocked;
use super::bind::Reach;

pub(super) struct Resolver {
    reach: Reach,
}

impl Resolver {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach }
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
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses = found.map_err(|_| ResolveError::NotFound)?;
            let allowed = allowed(addresses, reach)?;
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
