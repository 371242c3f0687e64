//! The hub of a story, which may crash, and the address providers deliver to, which stays.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use omnihub::app::lone::{Connectors, Stepped};
use omnihub::clock::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// Longer than the simulator takes for any answer; what is never answered takes as long.
const REQUEST_TIME_MAX: Duration = Duration::from_millis(300);

/// The ingress of the hub that lives, if one does.
type Now = Arc<Mutex<Option<Router>>>;

pub(super) struct Address {
    pub(super) url: String,
    now: Now,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Address {
    pub(super) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
        let url = format!("http://{}", listener.local_addr()?);
        let now = Now::default();
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&now));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, now, serving })
    }

    /// Who answers from now on.
    pub(super) fn lead_to(&self, ingress: Option<Router>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = ingress;
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass_on(State(now): State<Now>, request: Request) -> Response {
    let router = now.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match router {
        Some(router) => router.oneshot(request).await.into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Starts the hub as after a crash.
pub(super) async fn start(
    connectors: &Connectors,
    clock: Clock,
    address: &Address,
) -> anyhow::Result<Stepped> {
    let hub = Stepped::open(connectors, clock, REQUEST_TIME_MAX).await?;
    address.lead_to(Some(hub.ingress()));
    Ok(hub)
}
