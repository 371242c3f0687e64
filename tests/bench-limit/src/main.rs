//! The limit the bench measures the hub against: a bare program that does the least anybody could with a signed delivery.
//! It verifies the HMAC, appends to a journal with the hub's group commit, acknowledges, parses the order natively and
//! updates a map. No dedupe, no sandbox, no model, no rules, no limits: nothing here is fit for use.
//!
//! `bench-limit DIR PORT_FILE`, with the secret in BENCH_SECRET; runs until it gets a signal.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::Context as _;
use base64::Engine as _;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hub_journal::{Entry, Journal, Options};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use sha2::Sha256;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The hub's own number on a machine of two cores.
const THREADS: usize = 2;

struct Limit {
    mac: Hmac<Sha256>,
    journal: Journal,
    /// To the one thread that has the map.
    orders: Sender<Bytes>,
    processed: Arc<AtomicUsize>,
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(port_file)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("bench-limit DIR PORT_FILE");
    };
    let secret = std::env::var("BENCH_SECRET").context("BENCH_SECRET is not set")?;
    let (journal, _) = Journal::open(Path::new(&dir), Options::default())?;
    let (orders, arriving) = channel();
    let processed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&processed);
    std::thread::Builder::new().name("map".to_owned()).spawn(move || keep(&arriving, &counter))?;
    let mac = Hmac::new_from_slice(secret.as_bytes()).context("the secret is no key")?;
    let limit = Arc::new(Limit { mac, journal, orders, processed });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    runtime.block_on(serve(limit, Path::new(&port_file)))
}

async fn serve(limit: Arc<Limit>, port_file: &Path) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let addresses = serde_json::json!({ "ingress": url, "admin": url }).to_string();
    // Whole or not at all, as the hub's own.
    let aside = port_file.with_extension("aside");
    std::fs::write(&aside, addresses)?;
    std::fs::rename(&aside, port_file)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let limit = Arc::clone(&limit);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let limit = Arc::clone(&limit);
                async move { Ok::<_, std::convert::Infallible>(limit.answer(request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that goes away is its own affair.
            drop(connection.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

impl Limit {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, text) = match request.uri().path() {
            "/readyz" => (StatusCode::OK, String::new()),
            "/metrics" => (StatusCode::OK, self.metrics()),
            _ => (self.take(request).await, String::new()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response
    }

    /// Under the name the hub counts by.
    fn metrics(&self) -> String {
        format!("omnihub_deliveries_processed_total {}\n", self.processed.load(Ordering::Relaxed))
    }

    async fn take(&self, request: Request<Incoming>) -> StatusCode {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST };
        let body = body.to_bytes();
        let signature = head.headers.get("x-shopify-hmac-sha256");
        let signature =
            signature.and_then(|said| base64::engine::general_purpose::STANDARD.decode(said.as_bytes()).ok());
        let mut mac = self.mac.clone();
        mac.update(&body);
        if signature.is_none_or(|said| mac.verify_slice(&said).is_err()) {
            return StatusCode::UNAUTHORIZED;
        }
        let entry = Entry { kind: 1, time_ns: 0, payload: body.to_vec() };
        if self.journal.append(entry).await.is_err() || self.orders.send(body).is_err() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        StatusCode::OK
    }
}

/// What a program that knows nothing but orders would read of one.
#[derive(Deserialize)]
struct Order<'a> {
    id: u64,
    name: &'a str,
    total_price: &'a str,
    financial_status: &'a str,
    updated_at: &'a str,
    customer: Customer<'a>,
    #[serde(borrow)]
    line_items: Vec<Line<'a>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    id: u64,
    email: &'a str,
}

#[derive(Deserialize)]
struct Line<'a> {
    sku: &'a str,
    quantity: u32,
}

/// What is kept of a customer.
#[derive(Default)]
struct Kept {
    email: String,
    orders: HashMap<u64, Box<str>>,
}

/// Parses what was acknowledged, and keeps it.
fn keep(arriving: &Receiver<Bytes>, processed: &AtomicUsize) {
    let mut customers: HashMap<u64, Kept> = HashMap::new();
    while let Ok(body) = arriving.recv() {
        // What is not counted makes the bench wait, and say so.
        if let Ok(order) = serde_json::from_slice::<Order<'_>>(&body) {
            let items: u32 =
                order.line_items.iter().map(|line| line.quantity * u32::from(!line.sku.is_empty())).sum();
            let said = [order.name, order.total_price, order.financial_status, order.updated_at].join(" ");
            let kept = customers.entry(order.customer.id).or_default();
            order.customer.email.clone_into(&mut kept.email);
            kept.orders.insert(order.id, format!("{said} {items}").into());
            processed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
