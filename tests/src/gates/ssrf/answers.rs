//! Answers that try to cost more than an answer may: endless, slow, broken, none at all. A new case is a new row.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use hub_gates::Report;
use omnihub::app::lone::{EgressOptions, LoneEgress};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::calls::{self, Names};
use super::provider::read_head;

/// What a call may take in all; its own limit is 10 s.
const ENDS_WITHIN: Duration = Duration::from_millis(10_500);
/// When we stop waiting for a call that does not end.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(15);
/// What the process may grow by during a call, on top of what it had.
const MEMORY_MAX: u64 = 8 * 1024 * 1024;
const PIECE_BYTES: usize = 64 * 1024;
/// A flood that nobody stops ends by itself, so that a missing limit shows and does no harm.
const FLOOD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// For nobody, signed by nobody: made with `openssl req -x509 -newkey ec`, DER in base64, worth nothing.
const CERTIFICATE: &str = include_str!("self-signed.crt.txt");
const KEY: &str = include_str!("self-signed.key.txt");

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

struct Hostile {
    name: &'static str,
    over: Over,
    first: String,
    then: Then,
    ends: Ends,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Http,
    /// Bytes where a TLS server would speak.
    Tls,
    /// TLS with a certificate that nobody vouches for.
    SelfSigned,
    /// A connection that the system makes and nobody takes.
    Nobody,
}

#[derive(Clone)]
enum Then {
    /// The same over and over, as fast as it is taken.
    Flood(String),
    /// The same over and over, some each hundredth of a second.
    Stream(String),
    /// A byte a second, over and over.
    Drip(&'static str),
    /// Nothing more; the connection stays.
    Silence,
    /// Its sending half is closed; it goes on listening.
    HalfClose,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Refused,
    /// For the certificate, and nothing else.
    Distrusted,
    /// There is a whole answer; what comes behind it is nobody's.
    Answered,
}

fn http(name: &'static str, first: impl Into<String>, then: Then) -> Hostile {
    Hostile { name, over: Over::Http, first: first.into(), then, ends: Ends::Refused }
}

fn tls(name: &'static str, first: &str, then: Then) -> Hostile {
    Hostile { over: Over::Tls, ..http(name, first, then) }
}

/// Those that end by a limit on bytes: one after the other, because memory is counted for each.
fn floods() -> Vec<Hostile> {
    let flood = |text: &str| Then::Flood(text.to_owned());
    let piece = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    let encoded =
        |encoding: &str| format!("{OK}content-encoding: {encoding}\r\ntransfer-encoding: chunked\r\n\r\n");
    let head = |fields: &str| format!("{OK}{fields}\r\n\r\n");
    vec![
        http("a body in chunks without an end", CHUNKED, flood(&piece)),
        http("a body in chunks of one byte", CHUNKED, flood("1\r\nx\r\n")),
        http("a body until the connection ends", head("x-a: 1"), flood("x")),
        http("a body of a terabyte", head("content-length: 1099511627776"), flood("x")),
        http("a body of nearly 2^64 bytes", head("content-length: 18446744073709551615"), flood("x")),
        http("a body that says it is gzip", encoded("gzip"), flood(&piece)),
        http("a body that says it is deflate", encoded("deflate"), flood(&piece)),
        http("a body that says it is brotli", encoded("br"), flood(&piece)),
        http("a body that says it is zstd in gzip", encoded("zstd, gzip"), flood(&piece)),
        http("a chunk of nearly 2^64 bytes", format!("{CHUNKED}fffffffffffffffe\r\n"), flood("x")),
        http("a chunk beyond 2^64 bytes", format!("{CHUNKED}fffffffffffffffff\r\n"), flood("x")),
        http("a chunk's extension without an end", format!("{CHUNKED}1;"), flood("x")),
        http("chunks, each with an extension", CHUNKED, flood(&format!("1;{}\r\nx\r\n", "y".repeat(900)))),
        http("trailers without an end", format!("{CHUNKED}0\r\n"), flood("x-a: 1\r\n")),
        http("a trailer without an end", format!("{CHUNKED}0\r\nx-a: "), flood("x")),
        http("headers without an end", OK, flood("x-a: 1\r\n")),
        http("long headers without an end", OK, flood(&format!("x-a: {}\r\n", "x".repeat(9_000)))),
        http("a header without an end", format!("{OK}x-a: "), flood("x")),
        http("a header's name without an end", format!("{OK}x-"), flood("x")),
        http("a folded header without an end", format!("{OK}x-a: 1\r\n"), flood(" x\r\n")),
        http("a status line without an end", "HTTP/1.1 200 ", flood("x")),
        http("empty lines before the answer", "", flood("\r\n")),
        http("nothing but zeros", "", flood("\0")),
        http("nothing but 0xff, as UTF-8 writes it", "", flood("\u{ff}")),
        http("two lengths", head("content-length: 1\r\ncontent-length: 1099511627776"), flood("x")),
        http("a negative length", head("content-length: -1"), flood("x")),
        http("a length and chunks", head("content-length: 1\r\ntransfer-encoding: chunked"), flood(&piece)),
        http("chunks twice", head("transfer-encoding: chunked, chunked"), flood(&piece)),
        http(
            "another protocol",
            "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            flood("x"),
        ),
        http("HTTP/2 unasked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", flood("\0\0\0\0")),
        http("an older protocol", "", flood("x\n")),
        Hostile {
            ends: Ends::Answered,
            ..http("more behind a whole answer", head("content-length: 1") + "x", flood("x"))
        },
        Hostile {
            ends: Ends::Answered,
            ..http("answers nobody asked for", "", flood(&(head("content-length: 1") + "x")))
        },
        tls("an answer without TLS", "HTTP/1.1 400 Bad Request\r\n\r\n", flood("x")),
        tls("handshake records without an end", "\u{16}\u{3}\u{3}", flood("\0\u{1}x\u{16}\u{3}\u{3}")),
        tls("alerts without an end", "", flood("\u{15}\u{3}\u{3}\0\u{2}\u{1}\0")),
        tls("empty records without an end", "", flood("\u{16}\u{3}\u{3}\0\0")),
        tls("a record that is too long", "\u{16}\u{3}\u{3}\u{7f}\u{7f}", flood("x")),
        Hostile {
            over: Over::SelfSigned,
            ends: Ends::Distrusted,
            ..http("a certificate nobody vouches for", "", Then::Silence)
        },
    ]
}

/// Those that end by a limit on time: all at once, because each takes all of it.
fn slow_ones() -> Vec<Hostile> {
    let stream = |text: &str| Then::Stream(text.to_owned());
    let promised = format!("{OK}content-length: 1000\r\n\r\n");
    vec![
        http("no answer", "", Then::Silence),
        http("half a status line", "HTTP/1.1 20", Then::Silence),
        http("half a head", format!("{OK}x-a: 1\r\n"), Then::Silence),
        http("a head and no body", promised.clone(), Then::Silence),
        http("half a body", format!("{promised}xxxxx"), Then::Silence),
        http("half a chunk", format!("{CHUNKED}5\r\nxx"), Then::Silence),
        http("no last chunk", format!("{CHUNKED}1\r\nx\r\n"), Then::Silence),
        http("chunks and no last line", format!("{CHUNKED}0\r\n"), Then::Silence),
        http("a status line, a byte a second", "", Then::Drip("HTTP/1.1 200 OK OK OK OK OK OK\r\n")),
        http("headers, a byte a second", OK, Then::Drip("x-a: 1\r\n")),
        http("a body, a byte a second", promised, Then::Drip("x")),
        http("a chunk's length, a byte a second", CHUNKED, Then::Drip("0")),
        http("chunks, a byte a second", CHUNKED, Then::Drip("1\r\nx\r\n")),
        http("trailers, a byte a second", format!("{CHUNKED}0\r\n"), Then::Drip("x-a: 1\r\n")),
        http("go on, for ever", "", stream("HTTP/1.1 100 Continue\r\n\r\n")),
        http("hints, for ever", "", stream("HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n")),
        http("still at it, for ever", "", stream("HTTP/1.1 102 Processing\r\n\r\n")),
        http("go on, a byte a second", "", Then::Drip("HTTP/1.1 100 Continue\r\n\r\n")),
        Hostile { over: Over::Nobody, ..http("nobody takes the connection", "", Then::Silence) },
        tls("no TLS at all", "", Then::Silence),
        tls("half a TLS record", "\u{16}\u{3}\u{3}\0", Then::Silence),
        tls("TLS, a byte a second", "\u{16}\u{3}\u{3}\0\u{7f}", Then::Drip("\u{2}")),
        http("half closed before the answer", "", Then::HalfClose),
        http("half closed in the body", format!("{OK}content-length: 9\r\n\r\nx"), Then::HalfClose),
        tls("half closed before TLS", "", Then::HalfClose),
    ]
}

/// Which of them are called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Floods,
    Slow,
}

/// Calls them.
///
/// # Errors
/// A server cannot be started.
pub(super) async fn try_all(options: EgressOptions, which: Which, report: &mut Report) -> anyhow::Result<()> {
    let egress = calls::egress(options, &Arc::new(Names::default()))?;
    // What a first call sets up for good is not counted.
    drop(
        call(&egress, http("a call to begin with", format!("{OK}content-length: 0\r\n\r\n"), Then::Silence))
            .await?,
    );
    let mut tally = Tally::default();
    for hostile in if which == Which::Slow { Vec::new() } else { floods() } {
        let memory = Memory::now();
        let called = call(&egress, hostile).await?;
        tally.add(called, memory.grown());
    }
    let memory = Memory::now();
    let slow = if which == Which::Floods { Vec::new() } else { slow_ones() };
    for called in join_all(slow.into_iter().map(|hostile| call(&egress, hostile))).await {
        tally.add(called?, None);
    }
    tally.memory("all slow answers together", memory.grown());
    report.figure("hostile answers", tally.answers);
    report.figure("ms that the slowest call took", tally.slowest_ms);
    report.figure("KiB of memory that the largest took", tally.memory_max / 1024);
    report.failures.append(&mut tally.failures);
    Ok(())
}

struct Called {
    name: &'static str,
    took: Duration,
    problem: Option<String>,
}

#[derive(Default)]
struct Tally {
    answers: u64,
    slowest_ms: u64,
    memory_max: u64,
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, called: Called, grown: Option<u64>) {
        let Called { name, took, problem } = called;
        self.answers += 1;
        self.slowest_ms = self.slowest_ms.max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        if took > ENDS_WITHIN {
            self.failures.push(format!("{name}: the call took {took:.1?}"));
        }
        if let Some(problem) = problem {
            self.failures.push(format!("{name}: {problem}"));
        }
        self.memory(name, grown);
    }

    fn memory(&mut self, name: &str, grown: Option<u64>) {
        let Some(grown) = grown else { return };
        self.memory_max = self.memory_max.max(grown);
        if grown > MEMORY_MAX {
            self.failures.push(format!("{name}: memory grew by {} KiB", grown / 1024));
        }
    }
}

async fn call(egress: &LoneEgress, hostile: Hostile) -> anyhow::Result<Called> {
    let Hostile { name, over, ends, .. } = hostile;
    let scheme = if matches!(over, Over::Tls | Over::SelfSigned) { "https" } else { "http" };
    let server = Server::start(hostile).await?;
    let endpoint = calls::bound_to(server.address, scheme)?;
    let start = Instant::now();
    let answer = tokio::time::timeout(GIVEN_UP_AFTER, calls::get(egress, &endpoint, "/v1/")).await;
    let problem = match (answer, ends) {
        (Err(_), _) | (Ok(Err(_)), Ends::Refused) | (Ok(Ok(_)), Ends::Answered) => None,
        (Ok(Err(error)), Ends::Distrusted) => {
            let error = format!("{error:?}");
            (!error.contains("certificate")).then(|| format!("it ended otherwise: {error}"))
        }
        (Ok(Ok(answer)), Ends::Refused | Ends::Distrusted) => {
            Some(format!("it passed for an answer with {}", answer.status))
        }
        (Ok(Err(error)), Ends::Answered) => Some(format!("the answer in it was not read: {error:?}")),
    };
    Ok(Called { name, took: start.elapsed(), problem })
}

/// Gone when dropped.
struct Server {
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    async fn start(hostile: Hostile) -> anyhow::Result<Self> {
        let listening = TcpListener::bind("127.0.0.1:0").await?;
        let address = listening.local_addr()?;
        let serving = tokio::spawn(async move {
            if hostile.over == Over::Nobody {
                return std::future::pending().await;
            }
            while let Ok((caller, _)) = listening.accept().await {
                // It ends when the hub hangs up.
                drop(converse(caller, &hostile).await);
            }
        });
        Ok(Self { address, serving })
    }
}

async fn converse(mut caller: TcpStream, hostile: &Hostile) -> anyhow::Result<()> {
    match hostile.over {
        Over::SelfSigned => return shake_hands(caller).await,
        Over::Http => drop(read_head(&mut caller).await?),
        Over::Tls | Over::Nobody => {}
    }
    caller.write_all(hostile.first.as_bytes()).await?;
    match &hostile.then {
        Then::Flood(text) => {
            let piece = repeated(text);
            for _ in 0..FLOOD_BYTES_MAX / piece.len().max(1) {
                caller.write_all(&piece).await?;
            }
        }
        Then::Stream(text) => loop {
            caller.write_all(&repeated(text)).await?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        },
        Then::Drip(text) => {
            for byte in text.bytes().cycle() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                caller.write_all(&[byte]).await?;
            }
        }
        Then::Silence => {}
        Then::HalfClose => caller.shutdown().await?,
    }
    listen_on(&mut caller).await
}

/// Until the other side has hung up.
async fn listen_on(caller: &mut TcpStream) -> anyhow::Result<()> {
    let mut bytes = [0; 1024];
    while caller.read(&mut bytes).await? > 0 {}
    Ok(())
}

fn repeated(text: &str) -> Vec<u8> {
    text.repeat((PIECE_BYTES / text.len().max(1)).max(1)).into_bytes()
}

/// A TLS server as far as the client goes along.
async fn shake_hands(mut caller: TcpStream) -> anyhow::Result<()> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let der = |text: &str| STANDARD.decode(text.split_whitespace().collect::<String>());
    let certificate = CertificateDer::from(der(CERTIFICATE)?);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der(KEY)?));
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key)?;
    let mut server = rustls::ServerConnection::new(Arc::new(config))?;
    let mut bytes = [0; 4096];
    loop {
        let count = caller.read(&mut bytes).await?;
        let mut heard = bytes.get(..count).unwrap_or_default();
        if heard.is_empty() {
            return Ok(());
        }
        while !heard.is_empty() {
            server.read_tls(&mut heard)?;
            server.process_new_packets()?;
        }
        let mut said = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut said)?;
        }
        caller.write_all(&said).await?;
    }
}

/// What this process holds, as the system counts it; where it does not, memory is not looked at.
struct Memory {
    before: Option<u64>,
}

impl Memory {
    fn now() -> Self {
        // "5" sets the peak to what is held now (proc(5)).
        let is_set = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        Self { before: is_set.then(|| status("VmRSS:")).flatten() }
    }

    /// From then to the most that was held since.
    fn grown(&self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.before?))
    }
}

fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
