//! Sends prepared requests over kept-alive connections as fast as they are answered. Plain sockets: the load must cost
//! little beside what it loads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came of the requests.
#[derive(Default)]
pub(super) struct Answers {
    taken: Vec<Duration>,
    pub(super) other: usize,
}

impl Answers {
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        self.taken.get(self.taken.len().saturating_mul(percent) / 100).copied().unwrap_or_default()
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    /// `Retry-After` is there.
    pub(super) says_when: bool,
    pub(super) body: String,
}

/// Sends every request once; each connection takes the next that is left.
pub(super) async fn send(
    to: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
) -> Result<Answers, String> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move { one_connection(to, &requests, &next).await });
    }
    let mut all = Answers::default();
    while let Some(answers) = tasks.join_next().await {
        let answers = answers.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        all.taken.extend(answers.taken);
        all.other += answers.other;
    }
    all.taken.sort();
    Ok(all)
}

async fn one_connection(
    to: SocketAddr,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
) -> std::io::Result<Answers> {
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let mut answers = Answers::default();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        stream.write_all(request).await?;
        let answer = read_answer(&mut stream).await?;
        answers.taken.push(began.elapsed());
        answers.other += usize::from(answer.status != 200);
    }
    Ok(answers)
}

pub(super) async fn get(from: SocketAddr, path: &str) -> Result<Answer, String> {
    let get = async {
        let mut stream = TcpStream::connect(from).await?;
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: {from}\r\nconnection: close\r\n\r\n").as_bytes())
            .await?;
        read_answer(&mut stream).await
    };
    get.await.map_err(|error: std::io::Error| error.to_string())
}

/// An answer with a length, as our own server gives them.
pub(super) async fn read_answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let broken = || std::io::Error::other("not an HTTP answer");
    let mut bytes = Vec::with_capacity(1_024);
    let head = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(broken());
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
        .unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(broken());
        }
    }
    let says_when = text.lines().any(|line| line.starts_with("retry-after:"));
    let body = String::from_utf8_lossy(bytes.get(head..).unwrap_or_default()).into_owned();
    Ok(Answer { status, says_when, body })
}
