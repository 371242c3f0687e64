//! Accepts connections and answers on them. Its own loop instead of axum's, because a provider also
//! misbehaves below HTTP: it closes without an answer, or resets the connection.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// Long enough for an answer under way on loopback; injected delays need not be sat out.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// Out of sockets, accepting again at once would spin.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Left in a response's extensions by a fault: do not send this response, do this to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Hangup {
    #[error("connection closed without an answer")]
    Close,
    #[error("connection reset")]
    Reset,
}

pub(crate) async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, router.clone(), stopped.clone()))),
                Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
            },
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let all_closed = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_GRACE, all_closed).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, router: Router, mut stopped: watch::Receiver<()>) {
    let service = service_fn(move |request| answer(router.clone(), request));
    let mut connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopped.changed() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let reset = ended.is_err_and(|error| {
        error.source().and_then(|source| source.downcast_ref::<Hangup>()) == Some(&Hangup::Reset)
    });
    if reset {
        // Without lingering, closing sends RST. Where the socket is already gone there is nothing to reset.
        drop(connection.into_parts().io.into_inner().set_zero_linger());
    }
}

async fn answer(router: Router, request: http::Request<Incoming>) -> Result<http::Response<Body>, Hangup> {
    let answered: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
    let response = answered.unwrap_or_else(|never| match never {});
    match response.extensions().get::<Hangup>() {
        Some(hangup) => Err(*hangup),
        None => Ok(response),
    }
}
