//! Records what a hub hears, so that a failing case can be sent to somebody who may not see a customer's data: each
//! accepted delivery in the form `replay` and `connector test` read, each call of a provider with its answer. Names,
//! addresses, texts, ids and secrets are replaced before anything is written (`mask.rs`).
//!
//! Nothing waits for it: what is heard goes into a bounded queue, and what does not fit is counted and told. Without a
//! recorder nothing of this runs.

mod folder;
mod mask;

pub(crate) use folder::{ABOUT, About, AboutConnection, CALLS, Folder, FolderError};

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use axum::http::HeaderMap;
use bytes::Bytes;
use hub_model::Timestamp;
use hub_runtime::manifest::{Dedupe, Signature, Topic};
use hub_runtime::{HttpError, HttpMethod, HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::plugins::{Connection, Plugins};
use crate::secret::Secret;
use crate::throttle::Purpose;
use folder::{Entry, Run, Written};
use mask::{Body, Mask, Origin};

/// A burst of deliveries at once; more waits on no disk and no masking.
const HEARD_MAX: usize = 4_096;
/// Bodies that wait, so that a burst of large ones does not fill the memory.
const HEARD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Stands where a signature was: it tells which way a delivery came in, and nothing else.
const DROPPED: &str = "not-recorded";
/// Beside these, headers of an answer that speak of rates and versions stay.
const ANSWER_HEADERS: [&str; 3] = ["content-type", "link", "retry-after"];
const ANSWER_HEADER_PARTS: [&str; 5] = ["rate-limit", "ratelimit", "call-limit", "usage", "version"];
const STANDARD_SIGNATURE: &str = "webhook-signature";
const STANDARD_HEADERS: [&str; 2] = ["webhook-id", "webhook-timestamp"];

/// Takes what there is to record; cheap to share.
pub(crate) struct Recorder {
    queue: mpsc::Sender<Heard>,
    waiting: Arc<AtomicUsize>,
    missed: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// The key could not be drawn, or the writer not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecorderError {
    #[error("the system gives no random numbers")]
    Random,
    #[error("no thread can be started")]
    Thread(#[from] std::io::Error),
}

/// One thing to write.
enum Heard {
    Delivery(Box<HeardDelivery>),
    Call(Box<HeardCall>),
    End,
}

/// An accepted delivery as it came.
pub(crate) struct HeardDelivery {
    pub(crate) seq: u64,
    pub(crate) connection: String,
    pub(crate) topic: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A connector's request and what became of it.
pub(crate) struct HeardCall {
    pub(crate) connection: Arc<Connection>,
    pub(crate) purpose: Purpose,
    pub(crate) endpoint: String,
    pub(crate) request: HttpRequest,
    pub(crate) answer: Result<HttpResponse, HttpError>,
}

impl Heard {
    fn bytes(&self) -> usize {
        match self {
            Self::Delivery(delivery) => delivery.body.len(),
            Self::Call(call) => {
                let sent = call.request.body.as_ref().map_or(0, String::len);
                sent + call.answer.as_ref().map_or(0, |answer| answer.body.len())
            }
            Self::End => 0,
        }
    }
}

impl Recorder {
    /// Begins a run of the recording.
    ///
    /// # Errors
    /// There is no randomness, or no thread.
    pub(crate) fn start(
        mut folder: Folder,
        config: &Config,
        plugins: Arc<Plugins>,
        now: Timestamp,
    ) -> Result<Arc<Self>, RecorderError> {
        let installed = plugins.now();
        let own = installed.connections.values().flat_map(|connection| settings(connection));
        let mut mask = Mask::new(key()?, own.map(|(_, value)| value), secrets(config));
        for connection in installed.connections.values() {
            let about = AboutConnection {
                connector: connection.connector.plugin.id().to_owned(),
                default_country: config
                    .connections
                    .get(&connection.name)
                    .and_then(|connection| connection.default_country.clone()),
                settings: settings(connection)
                    .map(|(key, value)| (key.to_owned(), mask.setting(key, value)))
                    .collect(),
            };
            folder.about.connections.insert(connection.name.clone(), about);
        }
        folder.about.runs.push(Run { began: now.to_string(), ..Run::default() });
        let (queue, heard) = mpsc::channel(HEARD_MAX);
        let (waiting, missed): (Arc<AtomicUsize>, Arc<AtomicU64>) = Default::default();
        let writer = Writer {
            folder,
            mask,
            plugins,
            waiting: Arc::clone(&waiting),
            missed: Arc::clone(&missed),
            calls: BTreeMap::new(),
            stopped: false,
        };
        let writer = std::thread::Builder::new().name("record".into()).spawn(move || writer.run(heard))?;
        Ok(Arc::new(Self { queue, waiting, missed, writer: Mutex::new(Some(writer)) }))
    }

    pub(crate) fn delivery(&self, delivery: HeardDelivery) {
        self.hear(Heard::Delivery(Box::new(delivery)));
    }

    pub(crate) fn call(&self, call: HeardCall) {
        self.hear(Heard::Call(Box::new(call)));
    }

    fn hear(&self, heard: Heard) {
        let bytes = heard.bytes();
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= HEARD_BYTES_MAX;
        if fits && self.queue.try_send(heard).is_ok() {
            return;
        }
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        if self.missed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!("more is heard than can be recorded; what does not fit is counted and left out");
        }
    }

    /// Writes what waits, the index and the figures.
    pub(crate) async fn finish(&self) {
        if self.queue.send(Heard::End).await.is_err() {
            return;
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else { return };
        if !matches!(tokio::task::spawn_blocking(move || writer.join()).await, Ok(Ok(()))) {
            tracing::error!("the recording ended before its time");
        }
    }
}

fn settings(connection: &Connection) -> impl Iterator<Item = (&str, &str)> {
    let declared = connection.manifest().into_iter().flat_map(|manifest| &manifest.settings);
    declared.filter_map(|setting| Some((setting.key.as_str(), connection.settings.get(&setting.key)?)))
}

/// Drawn at start and never written: with it gone, no stand-in leads back.
fn key() -> Result<Zeroizing<[u8; 32]>, RecorderError> {
    let mut key = Zeroizing::new([0; 32]);
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(key.as_mut_slice()).map_err(|_| RecorderError::Random)?;
    Ok(key)
}

fn secrets(config: &Config) -> impl Iterator<Item = &str> {
    let secrets = config.connections.values().flat_map(|connection| connection.secrets.values().flatten());
    secrets.chain(&config.admin.token).map(Secret::expose)
}

/// Masks a fixture for rule tests: the same text has the same stand-in in all of it.
pub(crate) struct FixtureMask(Mask);

impl FixtureMask {
    /// # Errors
    /// There is no randomness.
    pub(crate) fn new(config: &Config) -> Result<Self, RecorderError> {
        Ok(Self(Mask::new(key()?, std::iter::empty(), secrets(config))))
    }

    /// What stands for a text in a field of this name.
    pub(crate) fn stand_in(&mut self, field: &str, text: &str) -> String {
        self.0.value(field, text)
    }
}

/// Masks and writes, on a thread of its own.
struct Writer {
    folder: Folder,
    mask: Mask,
    plugins: Arc<Plugins>,
    waiting: Arc<AtomicUsize>,
    missed: Arc<AtomicU64>,
    /// The last number given, by connection.
    calls: BTreeMap<String, u64>,
    /// No room, or the disk failed: the rest is counted.
    stopped: bool,
}

impl Writer {
    fn run(mut self, mut heard: mpsc::Receiver<Heard>) {
        loop {
            let next = match heard.try_recv() {
                Ok(next) => next,
                Err(_) => {
                    self.pause();
                    match heard.blocking_recv() {
                        Some(next) => next,
                        None => break,
                    }
                }
            };
            self.waiting.fetch_sub(next.bytes(), Ordering::Relaxed);
            match next {
                Heard::Delivery(delivery) => self.delivery(*delivery),
                Heard::Call(call) => self.call(*call),
                Heard::End => break,
            }
        }
        self.end();
    }

    fn delivery(&mut self, delivery: HeardDelivery) {
        if self.stopped {
            return self.miss();
        }
        let connection = self.plugins.connection(&delivery.connection);
        let provider =
            connection.as_ref().map_or_else(String::new, |one| one.connector.plugin.id().to_owned());
        let headers = connection.map(|connection| self.headers(&connection, &delivery.headers));
        let topic = delivery.topic.map(|topic| self.mask.value("topic", &topic));
        let (body, shape) = written(self.mask.body(&delivery.body, Origin::Provider));
        let form = DeliveryForm { topic: topic.as_deref(), headers: headers.unwrap_or_default(), body };
        // Padded, so that names sort as the deliveries came.
        let file = self.folder.free(&delivery.connection, "", &format!("{:010}", delivery.seq));
        let entry = Entry { file, kind: "webhook".into(), topic: topic.clone(), provider, shape };
        if self.write(entry, &form) {
            self.count(|run| run.deliveries += 1);
        }
    }

    fn call(&mut self, call: HeardCall) {
        if self.stopped {
            return self.miss();
        }
        let HeardCall { connection, purpose, endpoint, request, answer } = call;
        let (body, shape) =
            request.body.map(|body| self.content(&body, Origin::Connector)).unwrap_or_default();
        let headers = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let headers = headers.map(|(name, value)| (name.clone(), self.mask.value(&name, value))).collect();
        let (status, error, answer_headers, answer) = match answer {
            Ok(response) => {
                let headers = response.headers.iter().filter(|(name, _)| is_answer_header(name));
                let headers =
                    headers.map(|(name, value)| (name.clone(), self.mask.value(name, value))).collect();
                let (answer, _) = self.content(&response.body, Origin::Provider);
                (Some(response.status), None, headers, answer)
            }
            Err(error) => (None, Some(word(&error)), BTreeMap::new(), None),
        };
        let form = CallForm {
            kind: "call",
            purpose: match purpose {
                Purpose::Act => "act",
                Purpose::Look => "look",
            },
            endpoint,
            method: method(request.method),
            path: self.mask.address(&request.path),
            headers,
            body,
            status,
            error,
            answer_headers,
            answer,
        };
        let file = self.call_file(&connection.name);
        let provider = connection.connector.plugin.id().to_owned();
        let entry = Entry { file, kind: "call".into(), topic: None, provider, shape };
        if self.write(entry, &form) {
            self.count(|run| run.calls += 1);
        }
    }

    fn content(&mut self, text: &str, origin: Origin) -> (Option<Box<RawValue>>, Option<String>) {
        match text.is_empty() {
            true => (None, None),
            false => written(self.mask.body(text.as_bytes(), origin)),
        }
    }

    fn call_file(&mut self, connection: &str) -> String {
        let number = self.calls.entry(connection.to_owned()).or_default();
        loop {
            *number += 1;
            let name = format!("{number:06}");
            let file = format!("{connection}/{CALLS}/{name}.json");
            if self.folder.free(connection, &format!("{CALLS}/"), &name) == file {
                return file;
            }
        }
    }

    /// Those the connector's manifest names; a signature's name without its value.
    fn headers(&mut self, connection: &Connection, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut signatures = vec![STANDARD_SIGNATURE.to_owned()];
        let mut named: Vec<String> = vec!["content-type".into()];
        named.extend(STANDARD_HEADERS.map(str::to_owned));
        for webhook in connection.manifest().iter().flat_map(|manifest| &manifest.webhooks) {
            named.extend(webhook.headers.iter().cloned());
            if let Topic::Header(names) = &webhook.topic {
                named.extend(names.iter().cloned());
            }
            if let Dedupe::Header(names) = &webhook.dedupe {
                named.extend(names.iter().cloned());
            }
            if let Signature::Hmac(hmac) = &webhook.signature {
                signatures.extend(hmac.headers.iter().cloned());
            }
        }
        let mut kept = BTreeMap::new();
        for name in named {
            if let Some(value) = headers.get(name.as_str()).and_then(|value| value.to_str().ok()) {
                kept.insert(name.to_ascii_lowercase(), self.mask.value(&name, value));
            }
        }
        for name in signatures.into_iter().filter(|name| headers.contains_key(name.as_str())) {
            kept.insert(name.to_ascii_lowercase(), DROPPED.to_owned());
        }
        kept
    }

    fn write(&mut self, entry: Entry, form: &impl Serialize) -> bool {
        let written = serde_json::to_string(form)
            .map_err(std::io::Error::from)
            .and_then(|text| self.folder.write(entry, &format!("{text}\n")));
        match written {
            Ok(Written::Yes) => return true,
            Ok(Written::Full) => {
                let folder::Limits { files, bytes } = self.folder.limits;
                tracing::warn!(files, bytes, "the recording is as large as it may get; the rest is left out");
            }
            Err(error) => tracing::error!(%error, "the recording cannot be written; the rest is left out"),
        }
        self.stopped = true;
        self.miss();
        false
    }

    fn miss(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&mut self, count: impl FnOnce(&mut Run)) {
        if let Some(run) = self.folder.about.runs.last_mut() {
            count(run);
        }
    }

    fn pause(&mut self) {
        if !self.stopped
            && let Err(error) = self.folder.pause()
        {
            tracing::error!(%error, "the recording's index cannot be written");
        }
    }

    fn end(&mut self) {
        let missed = self.missed.load(Ordering::Relaxed);
        self.count(|run| (run.missed, run.complete) = (missed, true));
        let run = self.folder.about.runs.last().cloned().unwrap_or_default();
        if let Err(error) = self.folder.write_index().and_then(|()| self.folder.write_about()) {
            tracing::error!(%error, "the recording's index cannot be written");
        }
        let Run { deliveries, calls, .. } = run;
        tracing::info!(deliveries, calls, missed, dir = %self.folder.dir().display(), "recorded");
    }
}

/// As `replay` and `connector test` read it.
#[derive(Serialize)]
struct DeliveryForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    headers: BTreeMap<String, String>,
    body: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct CallForm {
    kind: &'static str,
    purpose: &'static str,
    endpoint: String,
    method: &'static str,
    path: String,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    answer_headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Box<RawValue>>,
}

/// A document as it is, anything else as a text: a reader takes a text for the body itself.
fn written(body: Body) -> (Option<Box<RawValue>>, Option<String>) {
    let (text, shape) = match body {
        Body::Json(json) if json.trim_start().starts_with(['{', '[']) => (json, None),
        Body::Json(json) => (serde_json::Value::String(json).to_string(), None),
        Body::Filler { text, shape } => (serde_json::Value::String(text).to_string(), Some(shape)),
    };
    (RawValue::from_string(text).ok(), shape)
}

fn is_answer_header(name: &str) -> bool {
    ANSWER_HEADERS.contains(&name) || ANSWER_HEADER_PARTS.iter().any(|part| name.contains(part))
}

fn method(method: HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
    }
}

/// The case alone: its text may name a host.
fn word(error: &HttpError) -> &'static str {
    match error {
        HttpError::NotGranted(_) => "not-granted",
        HttpError::Denied(_) => "denied",
        HttpError::Unreachable(_) => "unreachable",
        HttpError::Interrupted(_) => "interrupted",
        HttpError::Unreadable(_) => "unreadable",
        HttpError::Exhausted => "exhausted",
    }
}

#[cfg(test)]
mod tests;
