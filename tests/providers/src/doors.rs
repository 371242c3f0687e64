//! More ports onto the same simulator, each of which can be closed: then the connection is refused, as with a provider
//! that is down altogether. The simulator's own port stays open, or nobody could open the others again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use serde::Serialize;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::serve;

/// Connections waiting to be accepted; loopback callers are few.
const BACKLOG: u32 = 1_024;

/// A port, and whether somebody listens on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Door {
    pub id: u64,
    pub base_url: String,
    pub open: bool,
}

/// Why a door did not move.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("there is no such door")]
    Unknown,
    #[error("the port could not be had")]
    Port(#[from] std::io::Error),
}

#[derive(Debug, Clone)]
pub(crate) struct Doors(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stopped: watch::Receiver<()>,
    doors: Mutex<BTreeMap<u64, State>>,
}

#[derive(Debug)]
struct State {
    address: SocketAddr,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// Dropping the sender closes it.
    Open { close: oneshot::Sender<()>, serving: JoinHandle<()> },
    /// The socket is bound and does not listen: nobody else gets the port meanwhile.
    Closed(TcpSocket),
    /// Between the two, or the port was lost.
    Moving,
}

impl Doors {
    pub(crate) fn new(stopped: watch::Receiver<()>) -> Self {
        Self(Arc::new(Inner { stopped, doors: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, State>> {
        self.0.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn list(&self) -> Vec<Door> {
        self.lock().iter().map(|(id, state)| state.show(*id)).collect()
    }

    /// A new door, open. On the address of the simulator's own port.
    pub(crate) async fn add(&self, beside: SocketAddr, router: Router) -> Result<Door, DoorError> {
        let listener = TcpListener::bind(SocketAddr::new(beside.ip(), 0)).await?;
        let address = listener.local_addr()?;
        let state = State { address, way: self.serve(listener, router) };
        let mut doors = self.lock();
        let id = doors.last_key_value().map_or(1, |(last, _)| last + 1);
        let door = state.show(id);
        doors.insert(id, state);
        Ok(door)
    }

    /// Ends its connections too; when it returns, calls are refused.
    pub(crate) async fn close(&self, id: u64) -> Result<Door, DoorError> {
        let (address, way) = self.take(id)?;
        let way = match way {
            Way::Open { close, serving } => {
                drop(close);
                // It ends with the simulator too; then there is nothing left to close.
                drop(serving.await);
                Way::Closed(bound(address)?)
            }
            way => way,
        };
        Ok(self.put(id, address, way))
    }

    pub(crate) fn open(&self, id: u64, router: Router) -> Result<Door, DoorError> {
        let (address, way) = self.take(id)?;
        let way = match way {
            Way::Closed(socket) => self.serve(socket.listen(BACKLOG)?, router),
            Way::Moving => self.serve(bound(address)?.listen(BACKLOG)?, router),
            open @ Way::Open { .. } => open,
        };
        Ok(self.put(id, address, way))
    }

    fn take(&self, id: u64) -> Result<(SocketAddr, Way), DoorError> {
        let mut doors = self.lock();
        let state = doors.get_mut(&id).ok_or(DoorError::Unknown)?;
        Ok((state.address, std::mem::replace(&mut state.way, Way::Moving)))
    }

    fn put(&self, id: u64, address: SocketAddr, way: Way) -> Door {
        let state = State { address, way };
        let door = state.show(id);
        self.lock().insert(id, state);
        door
    }

    /// The task ends with the door or with the simulator; only the task holds what keeps it going.
    fn serve(&self, listener: TcpListener, router: Router) -> Way {
        let (close, closed) = oneshot::channel();
        let mut stopped = self.0.stopped.clone();
        let serving = tokio::spawn(async move {
            let (stop, told) = watch::channel(());
            let ending = async move {
                tokio::select! {
                    _ = closed => {}
                    _ = stopped.changed() => {}
                }
                drop(stop);
            };
            tokio::join!(serve::serve(listener, router, told), ending);
        });
        Way::Open { close, serving }
    }
}

impl State {
    fn show(&self, id: u64) -> Door {
        let base_url = format!("http://{}", self.address);
        Door { id, base_url, open: matches!(self.way, Way::Open { .. }) }
    }
}

fn bound(address: SocketAddr) -> Result<TcpSocket, std::io::Error> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
