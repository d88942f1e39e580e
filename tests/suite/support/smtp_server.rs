//! A mail server that misbehaves on order, for tests. Loopback only, stops when dropped.
//!
//! Each MAIL takes the next fault of the script, each connection the next of the connection script; without one all
//! goes well. What was delivered, said and tried can be looked at afterwards.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Where something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Banner,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// While the body is being sent.
    Body,
    /// After the final dot.
    Dot,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// This reply instead of the right one (the whole line, without its end).
    Say(&'static str),
    /// The connection is closed without a reply.
    Drop,
    /// Nothing is said, the connection stays open.
    Hang,
    /// Bytes that are no SMTP.
    Garbage,
    /// A line without an end.
    Endless,
    /// The right reply, one byte in each so many milliseconds.
    Slow(u64),
    /// The right reply, and unasked another.
    Twice,
}

/// One fault, for one connection or one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub at: At,
    pub how: How,
    /// Whether a letter whose dot came is kept although the answer is not the right one.
    pub keeps: bool,
}

impl Fault {
    pub fn new(at: At, how: How) -> Fault {
        Fault { at, how, keeps: false }
    }

    /// The server has the letter, whatever it says.
    pub fn kept(at: At, how: How) -> Fault {
        Fault { at, how, keeps: true }
    }
}

/// How the server secures connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    None,
    StartTls,
    Implicit,
    /// Offers STARTTLS, says 220 and then talks no TLS.
    BrokenStartTls,
}

/// Settings of a server.
#[derive(Debug, Clone)]
pub struct Setup {
    pub security: Security,
    /// User and password; without a login MAIL gets a 530.
    pub login: Option<(String, String)>,
    /// Mechanisms offered at EHLO.
    pub mechanisms: &'static str,
    /// The host name in the certificate.
    pub certificate_for: &'static str,
    /// Whether the certificate has expired.
    pub expired: bool,
    /// Whether it says that it is an authority, as `openssl req -x509` makes them.
    pub authority: bool,
    /// Closes a connection without a word after so many letters.
    pub letters_per_connection: Option<usize>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            security: Security::None,
            login: None,
            mechanisms: "PLAIN LOGIN",
            certificate_for: "localhost",
            expired: false,
            authority: false,
            letters_per_connection: None,
        }
    }
}

/// A letter as the server got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: String,
    /// Dots undone, without the final one.
    pub raw: Vec<u8>,
}

#[derive(Debug, Default)]
struct Book {
    letters: VecDeque<Fault>,
    connections: VecDeque<Fault>,
    received: Vec<Received>,
    /// Commands as they came, with `clear: ` or `tls: ` before them.
    said: Vec<String>,
    opened: usize,
    open: usize,
    most_open: usize,
}

/// The running server.
pub struct SmtpServer {
    pub address: SocketAddr,
    book: Arc<Mutex<Book>>,
    task: JoinHandle<()>,
    certificate: Option<PathBuf>,
    _folder: tempfile::TempDir,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    #[allow(clippy::unused_async, reason = "needs a runtime to listen in")]
    pub async fn start(setup: Setup) -> SmtpServer {
        let folder = tempfile::tempdir().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a big body cannot vanish into it.
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(128).unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, certificate) = if setup.security == Security::None {
            (None, None)
        } else {
            let (acceptor, path) = certificate(&setup, folder.path());
            (Some(acceptor), Some(path))
        };
        let book = Arc::new(Mutex::new(Book::default()));
        let task = tokio::spawn(serve(listener, Arc::new(setup), acceptor, Arc::clone(&book)));
        SmtpServer { address, book, task, certificate, _folder: folder }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate to trust.
    pub fn certificate(&self) -> &Path {
        self.certificate.as_deref().expect("a server with TLS")
    }

    /// The next letter that has no fault yet gets this one; `None` = goes well.
    pub fn letter(&self, fault: Fault) {
        self.book.lock().unwrap().letters.push_back(fault);
    }

    /// The next connection that has no fault yet gets this one.
    pub fn connection(&self, fault: Fault) {
        self.book.lock().unwrap().connections.push_back(fault);
    }

    pub fn received(&self) -> Vec<Received> {
        self.book.lock().unwrap().received.clone()
    }

    /// All that clients said.
    pub fn said(&self) -> Vec<String> {
        self.book.lock().unwrap().said.clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.book.lock().unwrap().opened
    }

    /// The most connections open at a time.
    pub fn most_open(&self) -> usize {
        self.book.lock().unwrap().most_open
    }
}

fn certificate(setup: &Setup, folder: &Path) -> (TlsAcceptor, PathBuf) {
    // Made out to nobody, it names somebody in its subject alone.
    let names = Some(setup.certificate_for.to_owned()).filter(|name| !name.is_empty());
    let mut parameters = rcgen::CertificateParams::new(names.into_iter().collect::<Vec<_>>()).unwrap();
    if setup.authority {
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    if setup.expired {
        parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2001, 1, 1);
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let path = folder.join("certificate.pem");
    std::fs::write(&path, certificate.pem()).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), path)
}

async fn serve(listener: TcpListener, setup: Arc<Setup>, acceptor: Option<TlsAcceptor>, book: Arc<Mutex<Book>>) {
    // Connections end with the server.
    let mut tasks = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let fault = {
            let mut book = book.lock().unwrap();
            book.opened += 1;
            book.open += 1;
            book.most_open = book.most_open.max(book.open);
            book.connections.pop_front()
        };
        let (setup, acceptor, book) = (Arc::clone(&setup), acceptor.clone(), Arc::clone(&book));
        tasks.spawn(async move {
            let _ = stream.set_nodelay(true);
            let _ = connection(stream, &setup, acceptor, &book, fault).await;
            book.lock().unwrap().open -= 1;
        });
        while tasks.try_join_next().is_some() {}
    }
}

/// The talk is over.
struct Over;

type Step<T> = Result<T, Over>;

async fn connection(
    stream: TcpStream,
    setup: &Setup,
    acceptor: Option<TlsAcceptor>,
    book: &Mutex<Book>,
    fault: Option<Fault>,
) -> Step<()> {
    if setup.security == Security::Implicit {
        let acceptor = acceptor.ok_or(Over)?;
        let stream = acceptor.accept(stream).await.map_err(|_| Over)?;
        let mut talk = Talk::new(stream, setup, book, fault, true);
        talk.greet().await?;
        return talk.run().await.map(drop);
    }
    let mut talk = Talk::new(stream, setup, book, fault.clone(), false);
    talk.greet().await?;
    if talk.run().await? == End::StartTls {
        let mut stream = talk.stream;
        if setup.security == Security::BrokenStartTls {
            stream.write_all(b"250 this is no TLS at all\r\n").await.map_err(|_| Over)?;
            sleep(Duration::from_mins(1)).await;
            return Err(Over);
        }
        let stream = acceptor.ok_or(Over)?.accept(stream).await.map_err(|_| Over)?;
        let mut talk = Talk::new(stream, setup, book, fault, true);
        talk.run().await?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum End {
    Quit,
    StartTls,
}

struct Talk<'a, S> {
    stream: S,
    unread: Vec<u8>,
    setup: &'a Setup,
    book: &'a Mutex<Book>,
    /// The connection's fault.
    fault: Option<Fault>,
    /// The present letter's fault.
    letter: Option<Fault>,
    secure: bool,
    logged_in: bool,
    letters: usize,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Talk<'a, S> {
    fn new(stream: S, setup: &'a Setup, book: &'a Mutex<Book>, fault: Option<Fault>, secure: bool) -> Talk<'a, S> {
        Talk {
            stream,
            unread: Vec::new(),
            setup,
            book,
            fault,
            letter: None,
            secure,
            logged_in: setup.login.is_none(),
            letters: 0,
        }
    }

    async fn greet(&mut self) -> Step<()> {
        self.say(At::Banner, "220 fake.example.com ready").await.map(drop)
    }

    async fn run(&mut self) -> Step<End> {
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = self.line().await?;
            let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let extensions = self.extensions();
                    self.say(At::Ehlo, &extensions).await?;
                }
                "STARTTLS" => {
                    if self.say(At::StartTls, "220 go on in TLS").await? {
                        return Ok(End::StartTls);
                    }
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" => {
                    self.letter = self.book.lock().unwrap().letters.pop_front();
                    from = path_of(&line);
                    let reply = if self.logged_in { "250 sender ok" } else { "530 5.7.0 Authentication required" };
                    self.say(At::Mail, reply).await?;
                }
                "RCPT" => {
                    to = path_of(&line);
                    self.say(At::Rcpt, "250 recipient ok").await?;
                }
                "DATA" => {
                    if self.say(At::Data, "354 go on").await? {
                        self.data(&from, &to).await?;
                    }
                }
                "QUIT" => {
                    let _ = self.write(b"221 bye\r\n").await;
                    return Ok(End::Quit);
                }
                _ => self.write(b"500 what\r\n").await?,
            }
        }
    }

    fn extensions(&self) -> String {
        let mut lines = vec!["fake.example.com".to_owned(), "SIZE 10000000".to_owned()];
        let starttls = matches!(self.setup.security, Security::StartTls | Security::BrokenStartTls);
        let before_tls = starttls && !self.secure;
        if before_tls {
            lines.push("STARTTLS".to_owned());
        }
        if self.setup.login.is_some() && !before_tls {
            lines.push(format!("AUTH {}", self.setup.mechanisms));
        }
        let last = lines.len() - 1;
        lines
            .iter()
            .enumerate()
            .map(|(i, line)| format!("250{}{line}", if i == last { ' ' } else { '-' }))
            .collect::<Vec<_>>()
            .join("\r\n")
    }

    async fn auth(&mut self, line: &str) -> Step<()> {
        let (user, password) = self.setup.login.clone().unwrap_or_default();
        let good = if line.starts_with("AUTH PLAIN ") {
            line.ends_with(&base64(format!("\0{user}\0{password}").as_bytes()))
        } else {
            self.write(b"334 VXNlcm5hbWU6\r\n").await?;
            let named = self.line().await? == base64(user.as_bytes());
            self.write(b"334 UGFzc3dvcmQ6\r\n").await?;
            (self.line().await? == base64(password.as_bytes())) && named
        };
        let reply = if good { "235 welcome" } else { "535 5.7.8 bad credentials" };
        self.logged_in = self.say(At::Auth, reply).await? && good;
        Ok(())
    }

    async fn data(&mut self, from: &str, to: &str) -> Step<()> {
        let mut raw = Vec::new();
        loop {
            let line = self.raw_line().await?;
            if self.letter.as_ref().is_some_and(|fault| fault.at == At::Body) {
                match self.letter.as_ref().map(|fault| fault.how.clone()) {
                    Some(How::Hang) => sleep(Duration::from_mins(10)).await,
                    _ => return Err(Over),
                }
            }
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(if line.starts_with(b".") { &line[1..] } else { &line });
        }
        let fault = self.letter.as_ref().filter(|fault| fault.at == At::Dot);
        let keep = fault.is_none_or(|fault| fault.keeps);
        if keep {
            let received = Received { from: from.to_owned(), to: to.to_owned(), raw };
            self.book.lock().unwrap().received.push(received);
        }
        self.say(At::Dot, "250 2.0.0 Ok: queued as FAKE1").await?;
        self.letters += 1;
        match self.setup.letters_per_connection {
            Some(most) if self.letters >= most => Err(Over),
            _ => Ok(()),
        }
    }

    /// Says the right thing, or what the script says; whether it was the right thing.
    async fn say(&mut self, at: At, right: &str) -> Step<bool> {
        let fault = self.letter.clone().filter(|fault| fault.at == at);
        let fault = fault.or_else(|| self.fault.clone().filter(|fault| fault.at == at));
        let right = format!("{right}\r\n");
        match fault.map(|fault| fault.how) {
            None => self.write(right.as_bytes()).await.map(|()| true),
            Some(How::Say(reply)) => {
                self.write(format!("{reply}\r\n").as_bytes()).await?;
                Ok(reply.starts_with(&right[..3]))
            }
            Some(How::Drop) => Err(Over),
            Some(How::Hang) => {
                sleep(Duration::from_mins(10)).await;
                Err(Over)
            }
            Some(How::Garbage) => {
                self.write(b"\x00\xff\xfe\x07 not smtp\r\n").await?;
                Ok(false)
            }
            Some(How::Endless) => loop {
                self.write(&[b'2'; 8192]).await?;
            },
            Some(How::Slow(milliseconds)) => {
                for byte in right.as_bytes() {
                    self.write(&[*byte]).await?;
                    sleep(Duration::from_millis(milliseconds)).await;
                }
                Ok(true)
            }
            Some(How::Twice) => {
                self.write(right.as_bytes()).await?;
                // So late that the right one has been read alone.
                sleep(Duration::from_millis(30)).await;
                self.write(right.as_bytes()).await.map(|()| true)
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Step<()> {
        self.stream.write_all(bytes).await.map_err(|_| Over)?;
        self.stream.flush().await.map_err(|_| Over)
    }

    async fn line(&mut self) -> Step<String> {
        let line = self.raw_line().await?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let way = if self.secure { "tls" } else { "clear" };
        self.book.lock().unwrap().said.push(format!("{way}: {line}"));
        Ok(line)
    }

    async fn raw_line(&mut self) -> Step<Vec<u8>> {
        loop {
            if let Some(end) = self.unread.iter().position(|&b| b == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            let mut some = [0; 16 * 1024];
            match self.stream.read(&mut some).await {
                Ok(0) | Err(_) => return Err(Over),
                Ok(n) => self.unread.extend_from_slice(&some[..n]),
            }
        }
    }
}

fn path_of(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    let end = line.find('>').unwrap_or(line.len());
    line[start..end].to_owned()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0u32, |number, &byte| number << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let six = (number >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() { ALPHABET[six as usize] as char } else { '=' });
        }
    }
    out
}
