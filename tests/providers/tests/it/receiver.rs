//! Stands where the hub would, for the webhooks the simulator sends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;

/// Not what a URL may hold as it is.
pub(crate) const VERIFY_TOKEN: &str = "v3rify & more";

/// Keeps what arrives, and answers as told.
#[derive(Clone)]
pub(crate) struct Receiver(Arc<Inbox>);

struct Inbox {
    url: String,
    arrived: Mutex<Vec<(HeaderMap, Bytes)>>,
    /// Bodies answered 2xx.
    taken: Mutex<Vec<Bytes>>,
    /// While it is set every answer is 503.
    down: AtomicBool,
    /// The next answers, last first; 200 when there are none left.
    answers: Mutex<Vec<(u16, Option<&'static str>)>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/it", listener.local_addr().unwrap());
        let receiver = Self(Arc::new(Inbox {
            url,
            arrived: Mutex::default(),
            taken: Mutex::default(),
            down: AtomicBool::new(false),
            answers: Mutex::default(),
        }));
        let router = Router::new().route("/hooks/it", get(shake).post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn answer(&self, answers: &[(u16, Option<&'static str>)]) {
        *self.0.answers.lock().unwrap() = answers.iter().rev().copied().collect();
    }

    pub(crate) fn fail(&self, times: usize) {
        self.answer(&vec![(500, None); times]);
    }

    pub(crate) fn set_up(&self, is_up: bool) {
        self.0.down.store(!is_up, Ordering::SeqCst);
    }

    pub(crate) fn taken(&self) -> Vec<Bytes> {
        self.0.taken.lock().unwrap().clone()
    }

    pub(crate) fn arrived(&self) -> Vec<(HeaderMap, Bytes)> {
        self.0.arrived.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.arrived().iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned()).collect()
    }

    pub(crate) fn header(&self, index: usize, name: &str) -> String {
        self.arrived()
            .get(index)
            .unwrap()
            .0
            .get(name)
            .map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }
}

/// Echoes the challenge to who knows the token.
async fn shake(Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let said = |name: &str| asked.get(name).map_or("", String::as_str);
    if said("hub.mode") == "subscribe" && said("hub.verify_token") == VERIFY_TOKEN {
        said("hub.challenge").to_owned().into_response()
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    receiver.0.arrived.lock().unwrap().push((headers, body.clone()));
    if receiver.0.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let (status, retry_after) = receiver.0.answers.lock().unwrap().pop().unwrap_or((200, None));
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_success() {
        receiver.0.taken.lock().unwrap().push(body);
    }
    match retry_after {
        Some(after) => (status, [("retry-after", after)]).into_response(),
        None => status.into_response(),
    }
}
