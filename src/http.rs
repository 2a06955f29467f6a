//! The HTTP server: web hooks, health and metrics behind the same strict limits.
//!
//! `axum::serve` cannot bound how long a client may take for its request's head, so connections
//! are served with hyper, as axum itself does it. HTTP/1.1 only: a reverse proxy stands in front
//! of what is public. No header is trusted to say who the client is (`X-Forwarded-For`).

mod body;
mod routes;

use std::{any::Any, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    serve::Listener,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

pub use body::{BodyError, read_body};
pub use routes::{operations_router, public_health_router};

use crate::metrics;

/// Largest body of a request, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// Why the server cannot listen; in German, for operators.
#[derive(Debug, thiserror::Error)]
#[error("{key} = \"{listen}\": {}", words(source))]
pub struct BindError {
    key: &'static str,
    listen: SocketAddr,
    source: io::Error,
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    /// For a request's head, and for the next request on an idle connection.
    head: Duration,
    /// From a request's head to its response.
    request: Duration,
    /// What is in hand may take this long once the server stops.
    grace: Duration,
    /// Longest life of a connection: no client holds its place for ever, not even one that never
    /// reads its response.
    age: Duration,
    /// Connections at once; more wait in the kernel's queue.
    connections: usize,
    /// Headers of a request.
    headers: usize,
    /// Bytes held for a connection: the longest head.
    buffer: usize,
}

const LIMITS: Limits = Limits {
    head: Duration::from_secs(30),
    request: Duration::from_secs(60),
    grace: Duration::from_secs(10),
    age: Duration::from_secs(300),
    connections: 512,
    headers: 100,
    buffer: 64 * 1024,
};

impl Server {
    /// Begins to listen on `listen`, the value of the config's `key` (such as `http.listen`).
    /// Port 0 takes any free port.
    ///
    /// # Errors
    /// If the address cannot be listened on; the error names the key.
    pub async fn bind(key: &'static str, listen: SocketAddr) -> Result<Self, BindError> {
        let error = |source| BindError { key, listen, source };
        let listener = TcpListener::bind(listen).await.map_err(error)?;
        let local = listener.local_addr().map_err(error)?;
        Ok(Self { listener, local, limits: LIMITS })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Whether other machines may reach it, which metrics and health details are not made for: the
    /// operator should be warned.
    pub fn is_exposed(&self) -> bool {
        !self.local.ip().to_canonical().is_loopback()
    }

    /// Serves until `stop`, then accepts nothing more and finishes what is in hand, for at most
    /// ten seconds.
    pub async fn serve(mut self, router: Router, stop: CancellationToken) {
        let router = guarded(router, &self.limits);
        let free = Arc::new(Semaphore::new(self.limits.connections));
        let connections = TaskTracker::new();
        loop {
            let accept = async {
                // The semaphore is never closed, so this is always a place.
                let place = Arc::clone(&free).acquire_owned().await;
                (place, Listener::accept(&mut self.listener).await.0)
            };
            let (place, stream) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept => accepted,
            };
            let (router, stop, limits) = (router.clone(), stop.clone(), self.limits);
            connections.spawn(async move {
                serve_connection(stream, router, stop, limits).await;
                drop(place);
            });
        }
        drop(self.listener);
        connections.close();
        // Each connection keeps to the grace by itself.
        connections.wait().await;
    }
}

async fn serve_connection(
    stream: TcpStream,
    router: Router,
    stop: CancellationToken,
    limits: Limits,
) {
    // Responses are written whole, so there is nothing to wait for.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_headers(limits.headers)
            .max_buf_size(limits.buffer)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = until_stop_or_age(&stop, limits.age) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = patience(&stop, &limits) => {
                    return tracing::warn!("a connection was cut off in the middle of a request");
                }
            }
        }
    };
    if let Err(error) = ended {
        // Clients break off at will; who they are is not logged.
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn until_stop_or_age(stop: &CancellationToken, age: Duration) {
    // Either way the connection is to end.
    let _ = tokio::time::timeout(age, stop.cancelled()).await;
}

/// How long a request in hand may still take: its own time, or less when the server stops.
async fn patience(stop: &CancellationToken, limits: &Limits) {
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(limits.grace).await;
    };
    let _ = tokio::time::timeout(limits.request, grace).await;
}

/// The router behind the limits that hold for every request.
fn guarded(router: Router, limits: &Limits) -> Router {
    router
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.request))
        .layer(CatchPanicLayer::custom(apologise))
}

/// What was wrong inside is not for the outside, and may hold a citizen's words: not logged either.
fn apologise(_fault: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request failed inside");
    metrics::panicked("http");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn words(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            "die Adresse ist belegt; ein anderes Programm (oder ein zweiter »amtslotse serve«) benutzt sie".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "diese Adresse hat der Rechner nicht".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "keine Berechtigung; Ports unter 1024 brauchen besondere Rechte, üblich ist 8080 hinter einem Reverse Proxy".to_owned()
        }
        _ => format!("die Adresse lässt sich nicht öffnen ({source})"),
    }
}

#[cfg(test)]
mod tests;
