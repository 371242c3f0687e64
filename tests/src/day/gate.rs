//! The way from the providers to the hub, which can be closed: an address that stays the same while nobody answers
//! behind it, as when a data centre's line is down.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on while it is open, and cuts them while it is not.
#[derive(Debug)]
pub struct Gate {
    url: String,
    open: watch::Sender<bool>,
    target: Arc<OnceLock<SocketAddr>>,
    passing: JoinHandle<()>,
}

impl Gate {
    /// Listens; whoever comes before there is a target is cut off.
    ///
    /// # Errors
    /// No port is free.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
        let url = format!("http://{}", listener.local_addr().context("a listener has an address")?);
        let (open, is_open) = watch::channel(true);
        let target = Arc::new(OnceLock::new());
        let passing = tokio::spawn(pass_all(listener, Arc::clone(&target), is_open));
        Ok(Self { url, open, target, passing })
    }

    /// `http://address:port`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where connections go from now on; the first word stands.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.get_or_init(|| target);
    }

    pub fn set(&self, open: bool) {
        self.open.send_replace(open);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

async fn pass_all(listener: TcpListener, target: Arc<OnceLock<SocketAddr>>, is_open: watch::Receiver<bool>) {
    // An error is about the one who came, or about too many open files: the next may do better.
    loop {
        let Ok((from, _)) = listener.accept().await else { continue };
        let target = target.get().copied().filter(|_| *is_open.borrow());
        if let Some(target) = target {
            drop(tokio::spawn(pass(from, target, is_open.clone())));
        }
    }
}

async fn pass(mut from: TcpStream, target: SocketAddr, mut is_open: watch::Receiver<bool>) {
    let Ok(mut to) = TcpStream::connect(target).await else { return };
    // However it ends, both sides are closed with it.
    tokio::select! {
        _ = copy_bidirectional(&mut from, &mut to) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}
