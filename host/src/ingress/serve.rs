//! A listener with limits: so many connections, so long for headers, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tower::ServiceExt as _;

/// Limits of one listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServeLimits {
    pub connections_max: usize,
    pub header_timeout: Duration,
}

/// How long requests under way may take once the hub stops.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// Headers of all providers together stay under 8 KiB; hyper needs that much at least.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// The kernel has no file or memory for a connection: wait instead of asking in a circle.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`, then lets requests under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServeLimits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(HEADER_BYTES_MAX);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // An acknowledgement is one small write that nobody should wait for.
        drop(stream.set_nodelay(true));
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let (http, watcher, mut stop) = (http.clone(), graceful.watcher(), stop.clone());
        tokio::spawn(async move {
            // Buffers are made once there is something for them: clients that say nothing cost next to nothing.
            let speaks = tokio::select! {
                speaks = timeout(limits.header_timeout, stream.readable()) => matches!(speaks, Ok(Ok(()))),
                _ = stop.wait_for(|stop| *stop) => false,
            };
            if speaks {
                let connection =
                    http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
                // In a box: whoever only waits need not have room for it. A client that goes away in the middle is its own
                // affair.
                drop(Box::pin(watcher.watch(connection)).await);
            }
            drop(place);
        });
    }
    drop(listener);
    if timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the hub stopped; they were not acknowledged");
    }
}
