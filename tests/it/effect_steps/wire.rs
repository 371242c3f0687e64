//! The line between the hub and the providers, which can stop an exchange on its way and tell that it has.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// More than a request or an answer of the simulator; a longer one comes in parts.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where on its way an exchange is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The hub offers the request and nobody takes it.
    Offered,
    /// The request is taken and never arrives.
    Sent,
    /// The provider has answered; the hub is not told.
    Done,
}

/// Which exchange of a life is stopped; the first is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) place: Place,
    pub(crate) exchange: u64,
}

/// Passes bytes on. Ends with its runtime.
pub(crate) struct Wire {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    stop: Mutex<Option<Stop>>,
    exchanges: AtomicU64,
    is_stopped: watch::Sender<bool>,
    goes_on: watch::Sender<bool>,
    lives: watch::Sender<u64>,
}

impl Wire {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line::default());
        drop(tokio::spawn(pass_all(listener, target, Arc::clone(&line))));
        Self { address, line }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts what there is; in the life that begins the exchange is stopped that is named.
    pub(crate) fn begin(&self, stop: Option<Stop>) {
        *self.line.stop.lock().unwrap() = stop;
        self.line.exchanges.store(0, Ordering::SeqCst);
        self.line.is_stopped.send_replace(false);
        self.line.goes_on.send_replace(false);
        self.line.lives.send_modify(|lives| *lives += 1);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.line.is_stopped.borrow()
    }

    /// Lets pass what is stopped.
    pub(crate) fn go_on(&self) {
        self.line.goes_on.send_replace(true);
    }

    /// How many exchanges this life has begun.
    pub(crate) fn exchanges(&self) -> u64 {
        self.line.exchanges.load(Ordering::SeqCst)
    }
}

impl Line {
    async fn stop_at(&self, place: Place, exchange: u64) {
        if *self.stop.lock().unwrap() == Some(Stop { place, exchange }) {
            let mut goes_on = self.goes_on.subscribe();
            self.is_stopped.send_replace(true);
            // The line outlives whoever waits on it.
            drop(goes_on.wait_for(|goes_on| *goes_on).await);
        }
    }
}

async fn pass_all(listener: TcpListener, target: SocketAddr, line: Arc<Line>) {
    loop {
        let Ok((from, _)) = listener.accept().await else { continue };
        let line = Arc::clone(&line);
        drop(tokio::spawn(async move {
            let mut lives = line.lives.subscribe();
            // However it ends, both sides are closed with it.
            tokio::select! {
                _ = pass(from, target, &line) => {}
                _ = lives.changed() => {}
            }
        }));
    }
}

async fn pass(mut from: TcpStream, target: SocketAddr, line: &Line) -> std::io::Result<()> {
    let mut to = TcpStream::connect(target).await?;
    let (mut request, mut answer) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let mut next = [0];
    let mut exchange = 0;
    let mut is_asking = false;
    loop {
        tokio::select! {
            offered = from.peek(&mut next) => {
                if offered? == 0 {
                    return Ok(());
                }
                if !is_asking {
                    is_asking = true;
                    exchange = line.exchanges.fetch_add(1, Ordering::SeqCst);
                    line.stop_at(Place::Offered, exchange).await;
                }
                let bytes = from.read(&mut request).await?;
                line.stop_at(Place::Sent, exchange).await;
                to.write_all(request.get(..bytes).unwrap_or_default()).await?;
            }
            bytes = to.read(&mut answer) => {
                let bytes = bytes?;
                if bytes == 0 {
                    return Ok(());
                }
                if is_asking {
                    is_asking = false;
                    line.stop_at(Place::Done, exchange).await;
                }
                from.write_all(answer.get(..bytes).unwrap_or_default()).await?;
            }
        }
    }
}
