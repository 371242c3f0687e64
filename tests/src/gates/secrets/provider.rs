//! A provider that quotes the credential it was called with in everything it answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// No request of the hub is longer.
const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A status and a body with `{secret}` in it.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

pub(super) struct Provider {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    answers: Vec<Answer>,
    next: AtomicUsize,
    /// What each connection shows, by the first segment of the path.
    secrets: BTreeMap<String, String>,
    /// Without the header that carries the credential.
    requests: Mutex<Vec<u8>>,
}

impl Provider {
    /// # Errors
    /// The system gives us no port.
    pub(super) async fn start(
        answers: Vec<Answer>,
        secrets: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let listening = TcpListener::bind("127.0.0.1:0").await?;
        let address = listening.local_addr()?;
        let state =
            Arc::new(State { answers, next: AtomicUsize::new(0), secrets, requests: Mutex::default() });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listening.accept().await {
                let serving = Arc::clone(&serving);
                // Whoever hangs up early has no answer.
                tokio::spawn(async move { drop(serving.answer(caller).await) });
            }
        });
        Ok(Self { address, state })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn answered(&self) -> usize {
        self.state.next.load(Ordering::Relaxed)
    }

    /// All it was told but for the credentials, which it may know.
    pub(super) fn requests(&self) -> Vec<u8> {
        self.state.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    async fn answer(&self, mut caller: TcpStream) -> std::io::Result<()> {
        let request = read_request(&mut caller).await?;
        let text = String::from_utf8_lossy(&request);
        let connection = text.split(['/', ' ', '?']).find(|word| self.secrets.contains_key(*word));
        let secret = connection.and_then(|name| self.secrets.get(name)).cloned().unwrap_or_default();
        let is_credential = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            name == "authorization" || name.ends_with("-token")
        };
        let told: String = text.split_inclusive('\n').filter(|line| !is_credential(line)).collect();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).extend(told.bytes());
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(answer) = self.answers.get(next % self.answers.len().max(1)) {
            caller.write_all(&answer.quoting(&secret)).await?;
        }
        caller.shutdown().await
    }
}

impl Answer {
    fn quoting(&self, secret: &str) -> Vec<u8> {
        let Self { status, body } = self;
        let quoted = serde_json::Value::from(secret).to_string();
        let in_json = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
        let in_body = if body.starts_with('{') { in_json } else { secret.to_owned() };
        let body = body.replace("{secret}", &in_body);
        format!(
            "HTTP/1.1 {status} Quoted\r\nwww-authenticate: Bearer {secret}\r\nx-request-id: {secret}\r\n\
             location: /?token={secret}\r\nretry-after: 1\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

async fn read_request(caller: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < REQUEST_BYTES_MAX {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or_default();
            if body.len() >= length {
                break;
            }
        }
        let mut some = [0; 16 * 1024];
        match caller.read(&mut some).await? {
            0 => break,
            count => bytes.extend(some.iter().take(count)),
        }
    }
    Ok(bytes)
}
