//! HTTP as bytes on a connection of its own, for what no well-behaved client would send. Waits for the hub, never for
//! the clock: the longest wait only keeps a broken hub from holding up the tests.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Far longer than any limit a test configures.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Between two bytes of a sender that takes its time: short beside any limit, so that the hub never sees it silent.
const DRIP_EVERY: Duration = Duration::from_millis(50);

/// An answer whose connection the hub has closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let end =
            bytes.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without an end")?;
        let (head, body) = bytes.split_at(end);
        let head = std::str::from_utf8(head).context("an answer that is no text")?;
        let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let headers = fields.lines().filter_map(|line| line.split_once(':'));
        Ok(Self {
            status: status.context("an answer without a status")?,
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: body.get(4..).unwrap_or_default().to_vec(),
        })
    }
}

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Answered(Answer),
    /// Closed by the hub without a word.
    CutOff,
}

/// A request's head for one use of a connection; `fields` are whole lines without their ends.
#[must_use]
pub fn head(method: &str, path: &str, fields: &[&str]) -> Vec<u8> {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{fields}\r\n").into_bytes()
}

/// Sends these bytes and nothing more, and waits until the hub ends the connection.
///
/// # Errors
/// The hub does not listen, or keeps the connection.
pub async fn send(base: &str, bytes: &[u8]) -> anyhow::Result<Ended> {
    talk(base, bytes, &[]).await
}

/// Sends these bytes, then one of `drops` after the other, over and over, until the hub ends the connection.
///
/// # Errors
/// The hub does not listen, or bears it for too long.
pub async fn drip(base: &str, bytes: &[u8], drops: &[u8]) -> anyhow::Result<Ended> {
    talk(base, bytes, drops).await
}

/// Opens a connection and says nothing.
///
/// # Errors
/// The hub does not listen.
pub async fn open(base: &str) -> anyhow::Result<TcpStream> {
    let address = base.strip_prefix("http://").context("not an address of a hub")?;
    TcpStream::connect(address).await.context("the hub does not listen")
}

async fn talk(base: &str, bytes: &[u8], drops: &[u8]) -> anyhow::Result<Ended> {
    let (mut reader, mut writer) = open(base).await?.into_split();
    let said = async {
        writer.write_all(bytes).await?;
        for drop in drops.iter().cycle() {
            tokio::time::sleep(DRIP_EVERY).await;
            writer.write_all(std::slice::from_ref(drop)).await?;
        }
        // Keeps the sending side open: who hangs up is not slow.
        std::future::pending::<std::io::Result<()>>().await
    };
    let mut answer = Vec::new();
    let heard = async {
        // A reset after the answer is an end like any other.
        drop(reader.read_to_end(&mut answer).await);
    };
    let ended = async {
        tokio::select! {
            () = heard => {}
            // Refused half-way: the rest is in the answer, if there is one.
            _ = said => {}
        }
    };
    if tokio::time::timeout(ANSWER_WITHIN, ended).await.is_err() {
        bail!("the hub neither answered nor ended the connection in {ANSWER_WITHIN:?}");
    }
    drop(reader.read_to_end(&mut answer).await);
    match answer.is_empty() {
        true => Ok(Ended::CutOff),
        false => Answer::parse(&answer).map(Ended::Answered),
    }
}
