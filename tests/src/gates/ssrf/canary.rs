//! Listeners on loopback that nobody has a reason to call.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::{TcpListener, TcpStream};

/// A port that is free at one address may be taken at another.
const PORTS_TRIED_MAX: usize = 20;
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// A connection that was made is accepted at once.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(10);

/// All at one port.
pub(in crate::gates) struct Canaries {
    port: u16,
    canaries: Vec<Canary>,
}

struct Canary {
    address: SocketAddr,
    callers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Canaries {
    /// Listens at these IPv4 addresses, and at IPv6's loopback where the machine has one.
    ///
    /// # Errors
    /// The system gives us no port.
    pub(in crate::gates) async fn listen(addresses: &BTreeSet<IpAddr>) -> anyhow::Result<Self> {
        for _ in 0..PORTS_TRIED_MAX {
            if let Some(canaries) = Self::at_one_port(addresses).await? {
                return Ok(canaries);
            }
        }
        bail!("no port is free at all of {addresses:?}")
    }

    async fn at_one_port(addresses: &BTreeSet<IpAddr>) -> anyhow::Result<Option<Self>> {
        let mut port = 0;
        let mut canaries = Vec::new();
        for address in addresses {
            let listening = match TcpListener::bind((*address, port)).await {
                Ok(listening) => listening,
                // A machine without IPv6 has nothing to hear there.
                Err(_) if *address == Ipv6Addr::LOCALHOST => continue,
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return Ok(None),
                Err(error) => return Err(error).with_context(|| format!("no canary at {address}")),
            };
            port = listening.local_addr()?.port();
            canaries.push(Canary::start(listening)?);
        }
        Ok(Some(Self { port, canaries }))
    }

    pub(in crate::gates) fn port(&self) -> u16 {
        self.port
    }

    pub(in crate::gates) fn count(&self) -> usize {
        self.canaries.len()
    }

    /// How many connections there were since the last time this was asked.
    ///
    /// # Errors
    /// A canary does not hear us.
    pub(in crate::gates) async fn heard(&self) -> anyhow::Result<usize> {
        let mut heard = 0;
        for canary in &self.canaries {
            heard += canary.heard().await?;
        }
        Ok(heard)
    }
}

impl Canary {
    fn start(listening: TcpListener) -> anyhow::Result<Self> {
        let address = listening.local_addr()?;
        let callers: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let heard = Arc::clone(&callers);
        tokio::spawn(async move {
            while let Ok((_, caller)) = listening.accept().await {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(caller);
            }
        });
        Ok(Self { address, callers })
    }

    /// Calls it: connections are accepted in their order, so when ours has been heard all before it have.
    async fn heard(&self) -> anyhow::Result<usize> {
        let ours = TcpStream::connect(self.address).await?.local_addr()?;
        let accepted = async {
            loop {
                if let Some(others) = self.before(ours) {
                    return others;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let accepted = tokio::time::timeout(ACCEPTED_WITHIN, accepted).await;
        accepted.with_context(|| format!("the canary at {} does not hear", self.address))
    }

    /// How many others called, once this one has been heard; forgets them all then.
    fn before(&self, ours: SocketAddr) -> Option<usize> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.contains(&ours).then(|| std::mem::take(&mut *callers).len() - 1)
    }
}
