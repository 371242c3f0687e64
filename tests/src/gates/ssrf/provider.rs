//! A provider that may be called, and answers with ways to somewhere else.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// No request of a gate is longer.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answer: Vec<u8>,
    hosts: Vec<Vec<String>>,
}

impl Provider {
    /// # Errors
    /// The system gives us no port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listening = TcpListener::bind("127.0.0.1:0").await?;
        let address = listening.local_addr()?;
        let state: Arc<Mutex<State>> = Arc::default();
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listening.accept().await {
                // Whoever hangs up early has no answer.
                drop(answer(caller, &serving).await);
            }
        });
        Ok(Self { address, state })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on every request is answered with this.
    pub(super) fn answers(&self, answer: Vec<u8>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).answer = answer;
    }

    /// The hosts each request since the last time asked for.
    pub(super) fn asked_for(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).hosts)
    }
}

/// With `status`, and everything in the head that says "over there".
pub(super) fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Over there\r\nlocation: {to}\r\nrefresh: 0; url={to}\r\ncontent-location: {to}\r\n\
         link: <{to}>; rel=preload\r\nalt-svc: h2=\"{to}\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    .into_bytes()
}

async fn answer(mut caller: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let head = read_head(&mut caller).await?;
    let hosts = head.lines().filter_map(|line| line.split_once(':'));
    let hosts = hosts.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    let hosts = hosts.map(|(_, value)| value.trim().to_owned()).collect();
    let answer = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.hosts.push(hosts);
        state.answer.clone()
    };
    caller.write_all(&answer).await?;
    caller.shutdown().await
}

/// A request without a body, up to its empty line.
pub(super) async fn read_head(caller: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < REQUEST_BYTES_MAX {
        let mut some = [0; 4096];
        match caller.read(&mut some).await? {
            0 => break,
            count => bytes.extend(some.iter().take(count)),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
