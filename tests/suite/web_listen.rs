//! The accept loop, over real connections: slow and greedy clients are cut off, and nobody else notices.
//!
//! No assertion is about how long something took: each is about what happened before what, or that it happened at all.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::browser::{Console, options};
use crate::support::{self, Kind, Story};
use duban::web::listen::{Patience, serve};

/// A console that listens, until the test is over.
struct Server {
    at: SocketAddr,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen(router: Router, patience: Patience) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(serve(listener, router, patience, stop.clone()));
    Server { at, stop }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// Sends a request and reads the answer to its end; empty when the connection was broken off.
    async fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        let _ = stream.write_all(request).await;
        read(&mut stream).await
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// What hangs fails; how long it takes is asked nowhere.
async fn done<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(3), work).await.expect("it hangs")
}

const PLAIN: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn plain() -> Router {
    Router::new().route("/", get(async || "hello")).route("/body", post(async |body: String| body)).route(
        "/endless",
        get(async || Body::from_stream(futures_util::stream::repeat(Ok::<_, std::fmt::Error>("much ")))),
    )
}

fn short() -> Patience {
    Patience { head: Duration::from_secs(1), piece: Duration::from_secs(1), ..Patience::default() }
}

/// Sends its request bit by bit and never comes to its end. Counted once it is cut off.
async fn slow(mut stream: TcpStream, beginning: &'static [u8], cut: Arc<AtomicUsize>) {
    stream.write_all(beginning).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut answer = Vec::new();
    let trickle = async {
        while to.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        _ = from.read_to_end(&mut answer) => {}
        () = trickle => {}
    }
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "a request without an end was answered");
    cut.fetch_add(1, Ordering::SeqCst);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_slow_heads_and_twenty_slow_bodies_are_cut_off_while_others_are_answered() {
    let server = listen(plain(), short()).await;
    let cut = Arc::new(AtomicUsize::new(0));
    let mut slows = Vec::new();
    for _ in 0..20 {
        let head: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ";
        // Never a pause as long as a piece may take: the rate is what ends it.
        let body: &[u8] = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
        slows.push(tokio::spawn(slow(server.connect().await, head, Arc::clone(&cut))));
        slows.push(tokio::spawn(slow(server.connect().await, body, Arc::clone(&cut))));
    }
    let mut answered = 0;
    let others = async {
        while cut.load(Ordering::SeqCst) < 40 {
            assert!(server.ask(PLAIN).await.ends_with("hello"), "a client was not answered beside slow ones");
            // Somebody slow was still there when it was.
            answered += usize::from(cut.load(Ordering::SeqCst) < 40);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    done(others).await;
    assert!(answered > 0);
    for slow in slows {
        slow.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_body_and_a_reader_that_takes_nothing_lose_their_place() {
    for beginning in
        ["POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        // One place: whoever comes next is answered only once the first is gone.
        let server = listen(plain(), Patience { connections: 1, ..short() }).await;
        let mut first = server.connect().await;
        first.write_all(beginning.as_bytes()).await.unwrap();
        // The first has its place for sure: it is the only one who has come.
        assert!(done(server.ask(PLAIN)).await.ends_with("hello"), "{beginning}");
        drop(first);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_holds_so_many_connections_and_a_gateway_more() {
    let ours = IpAddr::from(Ipv4Addr::LOCALHOST);
    for (gateways, served) in [(Vec::new(), false), (vec![ours], true)] {
        let patience = Patience { head: Duration::from_mins(10), per_peer: 3, gateways, ..Patience::default() };
        let server = listen(plain(), patience).await;
        let mut held = Vec::new();
        for _ in 0..3 {
            // Answered, so that it is known to hold its place; kept open.
            let mut stream = server.connect().await;
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            let mut some = [0; 12];
            stream.read_exact(&mut some).await.unwrap();
            held.push(stream);
        }
        assert_eq!(server.ask(PLAIN).await.ends_with("hello"), served);
        drop(held.pop());
        while !server.ask(PLAIN).await.ends_with("hello") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_and_overlong_heads_are_refused() {
    let server = listen(plain(), Patience::default()).await;
    let many: String = (0..100).map(|n| format!("X-{n}: y\r\n")).collect();
    let long = "y".repeat(100 << 10);
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nBad Header\r\n\r\n".to_owned(), "400"),
        ("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(), "400"),
        ("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"), "431"),
    ] {
        let answer = server.ask(request.as_bytes()).await;
        let first = answer.lines().next().unwrap_or_default().to_owned();
        // What lay unread when the connection was closed may take the answer with it: then it is refused all the same.
        assert!(first.contains(status) || (answer.is_empty() && request.len() > 64 << 10), "{first} for {request:.60}");
    }
    assert!(server.ask(PLAIN).await.ends_with("hello"));
}

/// A story in which a weekly duty is open.
async fn week() -> Story {
    let seeds = support::seeds_of(&["9.1b"]);
    let mut story = Story::begin_with(Kind::Sqlite, "2022-10-10 00:00", support::settings(), &seeds).await.unwrap();
    story.run_until("2022-10-13 10:00").await;
    story
}

/// Sends a head, then pieces of a body until it is answered; gives back the answer and how much was sent of it.
async fn pour(server: &Server, head: &str, piece: &[u8], most: usize) -> (String, usize) {
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let sent = AtomicUsize::new(0);
    let mut answer = Vec::new();
    let pouring = async {
        while sent.load(Ordering::SeqCst) < most && to.write_all(piece).await.is_ok() {
            sent.fetch_add(piece.len(), Ordering::SeqCst);
        }
        std::future::pending::<()>().await;
    };
    let pouring = async {
        tokio::select! {
            _ = from.read_to_end(&mut answer) => {}
            () = pouring => {}
        }
    };
    done(pouring).await;
    (String::from_utf8_lossy(&answer).into_owned(), sent.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gigabytes_are_refused_without_being_taken() {
    let story = week().await;
    let console = Console::of(&story);
    let server = listen(console.router.clone(), Patience::default()).await;
    let cookie = console.signed_in("质安处/liaison").await.cookie.unwrap();
    let gigabytes = 2_usize << 30;
    let multipart = "multipart/form-data; boundary=line";
    let file = "--line\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n\r\n";
    let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
    for (path, kind, begins) in
        [("/enter".to_owned(), "application/x-www-form-urlencoded", ""), (format!("/o/{id}/file"), multipart, file)]
    {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Type: {kind}\r\n");
        // Its length says it: nothing of it has to come.
        let (answer, _) = pour(&server, &format!("{head}Content-Length: {gigabytes}\r\n\r\n{begins}"), b"", 0).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer:.200}");
        assert!(answer.contains("内容过大"), "{path}: {answer:.2000}");
        // Its length is not said: it is refused where it becomes too large.
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let begins = if begins.is_empty() { String::new() } else { format!("{:x}\r\n{begins}\r\n", begins.len()) };
        let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n{begins}");
        let (answer, sent) = pour(&server, &head, chunk.as_bytes(), gigabytes).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer:.200}");
        // What the buffers of both sides hold comes on top of the limit.
        assert!(sent < 64 << 20, "{path}: {sent} bytes were taken");
    }
    let staging = console.vault().join("staging");
    assert_eq!(std::fs::read_dir(staging).map_or(0, Iterator::count), 0, "something is left of it");
    story.end().await;
}

/// The most memory this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_is_never_in_memory() {
    const SIZE: usize = 96 << 20;
    let story = week().await;
    let console = Console::with(&story, duban::web::Options { largest: 256 << 20, ..options() });
    let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
    let server = listen(console.router.clone(), Patience::default()).await;
    let cookie = console.signed_in("质安处/liaison").await.cookie.unwrap();
    let head = "--line\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\nR1\r\n--line\r\n\
         Content-Disposition: form-data; name=\"acted_on\"\r\n\r\n2022-10-13\r\n--line\r\n\
         Content-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n\r\n";
    let tail = "\r\n--line--\r\n";
    let length = head.len() + SIZE + tail.len();
    let before = peak();
    let mut stream = server.connect().await;
    let request = format!(
        "POST /o/{id}/file HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\nContent-Length: {length}\r\n\
         Content-Type: multipart/form-data; boundary=line\r\n\r\n{head}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let piece = "0123456789abcde\n".repeat(4096);
    for _ in 0..SIZE / piece.len() {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    stream.write_all(tail.as_bytes()).await.unwrap();
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer:.600}");
    // And back again.
    let mut stream = server.connect().await;
    let request = format!("GET /filed/R1/files/0 HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut read, mut some) = (0, vec![0; 64 << 10]);
    loop {
        match stream.read(&mut some).await.unwrap() {
            0 => break,
            more => read += more,
        }
    }
    assert!(read > SIZE && read < SIZE + 4096, "{read}");
    let grown = peak().saturating_sub(before);
    // Other tests of this file run beside it and take some, but nothing like the file.
    assert!(grown < (SIZE / 2) as u64, "{} MiB more than before", grown >> 20);
    story.end().await;
}
