//! Accepts connections: slow heads and slow bodies are cut off, and no more connections are held than there is room for.
//!
//! The framework's own loop waits for ever for a head and a body, so that a handful of slow clients could hold it.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// What one connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the head of a request.
    pub head: Duration,
    /// For the next piece of a body.
    pub piece: Duration,
    /// For a request in all, an upload included.
    pub request: Duration,
    /// Connections at once.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            head: Duration::from_secs(10),
            piece: Duration::from_secs(20),
            request: Duration::from_mins(10),
            connections: 512,
        }
    }
}

/// How long requests in hand may take once a stop is asked for.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until a stop is asked for; requests in hand are finished.
///
/// # Errors
/// The listener is gone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = router.layer(tower_http::timeout::RequestBodyTimeoutLayer::new(patience.piece)).layer(
        tower_http::timeout::TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, patience.request),
    );
    let room = Arc::new(Semaphore::new(patience.connections));
    let talks = TaskTracker::new();
    loop {
        // No place: whoever comes waits in the kernel's queue.
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&room).acquire_owned() => place.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // One that broke off meanwhile, or no descriptors left: both pass.
                tracing::debug!("a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let talk = talk(stream, peer, router.clone(), patience, stop.clone());
        talks.spawn(async move {
            talk.await;
            drop(place);
        });
    }
    talks.close();
    if tokio::time::timeout(FAREWELL, talks.wait()).await.is_err() {
        tracing::warn!("some requests were cut off at the stop");
    }
    Ok(())
}

fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) -> impl Future<Output = ()> {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_headers(64)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), service);
    async move {
        tokio::pin!(connection);
        tokio::select! {
            done = &mut connection => {
                if let Err(error) = done {
                    tracing::debug!("a connection ended early: {error}");
                }
                return;
            }
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}
