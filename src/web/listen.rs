//! Accepts connections: slow heads, slow bodies and readers that take nothing are cut off, and no more connections are
//! held than there is room for, in all and for one peer.
//!
//! The framework's own loop waits for ever for a head and a body, so that a handful of slow clients could hold it.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::noise::Noise;
use super::pace::{Paced, Taken};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For the head of a request.
    pub head: Duration,
    /// For the next piece of a body, and for the other side to take something of an answer.
    pub piece: Duration,
    /// The slowest a body may come, in bytes a second, once a piece's time is over.
    pub rate: u32,
    /// For a request in all, an upload included.
    pub request: Duration,
    pub connections: usize,
    /// Connections at once from one address, unless it is a gateway's.
    pub per_peer: usize,
    /// Gateways in front, which connect for many.
    pub gateways: Vec<IpAddr>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            head: Duration::from_secs(10),
            piece: Duration::from_secs(20),
            // A phone at the edge of its network still sends as fast.
            rate: 4 << 10,
            request: Duration::from_mins(10),
            connections: 512,
            per_peer: 128,
            gateways: Vec::new(),
        }
    }
}

/// How long requests in hand may take once a stop is asked for.
const FAREWELL: Duration = Duration::from_secs(10);
/// After an answer, what the other side is still sending is read past for so long and so far, so that it sees the answer
/// and not a broken connection.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 << 20;

/// Serves until a stop is asked for; requests in hand are finished.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = router.layer(tower_http::timeout::TimeoutLayer::with_status_code(
        axum::http::StatusCode::REQUEST_TIMEOUT,
        patience.request,
    ));
    let room = Arc::new(Semaphore::new(patience.connections));
    let (peers, noise) = (Peers::default(), Noise::default());
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
        let address = peer.ip().to_canonical();
        let most = if patience.gateways.contains(&address) { usize::MAX } else { patience.per_peer };
        let Some(seat) = peers.seat(address, most) else {
            noise.tell(address, || {
                tracing::warn!(access.refused = "connections", client.address = %address, "too many connections");
            });
            continue;
        };
        let talk = talk(stream, peer, router.clone(), &patience, stop.clone());
        talks.spawn(async move {
            talk.await;
            drop((place, seat));
        });
    }
    talks.close();
    if timeout(FAREWELL, talks.wait()).await.is_err() {
        tracing::warn!("some requests were cut off at the stop");
    }
    Ok(())
}

fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: &Patience,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let _ = stream.set_nodelay(true);
    let (piece, rate) = (patience.piece, patience.rate);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let request = request.map(|body| Body::new(Paced::new(Body::new(body), piece, rate)));
        Box::pin(router.clone().oneshot(request))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_headers(64)
        .max_header_size(32 << 10)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(Taken::new(stream, piece)), service);
    async move {
        let mut stopping = false;
        loop {
            tokio::select! {
                done = poll_fn(|context| connection.poll_without_shutdown(context)) => {
                    if let Err(error) = done {
                        tracing::debug!("a connection ended early: {error}");
                        return;
                    }
                    break;
                }
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
        if !stopping {
            let _ = timeout(LINGER, linger(connection.into_parts().io.into_inner())).await;
        }
    }
}

/// Says that nothing more comes, and reads past what still does.
async fn linger(mut stream: Taken) -> io::Result<()> {
    stream.shutdown().await?;
    let (mut past, mut read) = (vec![0; 16 << 10], 0);
    while read < LINGER_BYTES {
        match stream.read(&mut past).await? {
            0 => break,
            more => read += more,
        }
    }
    Ok(())
}

/// How many connections each address has.
#[derive(Default)]
struct Peers(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place among its address's.
struct Seat(Arc<Mutex<HashMap<IpAddr, usize>>>, IpAddr);

impl Peers {
    fn seat(&self, address: IpAddr, most: usize) -> Option<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seats = taken.entry(address).or_default();
        // At least one is there when it is full, so that the entry stays.
        (*seats < most).then(|| {
            *seats += 1;
            Seat(Arc::clone(&self.0), address)
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seats) = taken.get_mut(&self.1) {
            *seats -= 1;
            if *seats == 0 {
                taken.remove(&self.1);
            }
        }
    }
}
