//! A provider that tells what it was shown, answers without end or a byte at a time, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// No request of a guest is longer.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// Less than an answer may have.
const LARGE_BYTES: usize = 1 << 20;
/// Much more than that.
const ENDLESS_CHUNKS: usize = 1_024;
const CHUNK: [u8; 16 << 10] = [b'x'; 16 << 10];
/// Between two bytes of a slow answer; there are more of them than anybody waits for.
const SLOW: Duration = Duration::from_millis(20);
const SLOW_BYTES: usize = 10_000;

pub(super) struct Provider {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    /// # Errors
    /// The system gives us no port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listening = TcpListener::bind("127.0.0.1:0").await?;
        let address = listening.local_addr()?;
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let hearing = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listening.accept().await {
                let hearing = Arc::clone(&hearing);
                // Whoever hangs up early has no answer.
                tokio::spawn(async move { drop(answer(caller, &hearing).await) });
            }
        });
        Ok(Self { address, asked })
    }

    /// What it was asked since the last time, without the credential it was shown.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(mut caller: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let request = read(&mut caller).await?;
    let (credentials, rest): (Vec<&str>, Vec<&str>) =
        request.lines().partition(|line| line.to_ascii_lowercase().starts_with("authorization:"));
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(rest.join("\n"));
    match request.split(' ').nth(1).unwrap_or_default() {
        "/echo" => whole(&mut caller, credentials.join("\n").as_bytes()).await?,
        "/large" => whole(&mut caller, &vec![b'x'; LARGE_BYTES]).await?,
        "/endless" => {
            begin(&mut caller, ENDLESS_CHUNKS * CHUNK.len()).await?;
            for _ in 0..ENDLESS_CHUNKS {
                caller.write_all(&CHUNK).await?;
            }
        }
        "/slow" => {
            begin(&mut caller, SLOW_BYTES).await?;
            for _ in 0..SLOW_BYTES {
                caller.write_all(b"x").await?;
                tokio::time::sleep(SLOW).await;
            }
        }
        _ => whole(&mut caller, b"").await?,
    }
    caller.shutdown().await
}

/// A request with its body.
async fn read(caller: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    while !is_whole(&bytes) && bytes.len() < REQUEST_BYTES_MAX {
        match caller.read(&mut some).await? {
            0 => break,
            count => bytes.extend(some.iter().take(count)),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let lengths = head
        .lines()
        .filter_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= lengths.max().unwrap_or(0_usize)
}

async fn whole(caller: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    begin(caller, body.len()).await?;
    caller.write_all(body).await
}

async fn begin(caller: &mut TcpStream, bytes: usize) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {bytes}\r\nconnection: close\r\n\r\n"
    );
    caller.write_all(head.as_bytes()).await
}
