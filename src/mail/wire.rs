//! One connection's bytes: commands out, replies in, both bounded.
//!
//! A reply is read within its time and its size, whatever the server sends: a line without an end, a reply without an
//! end, or no SMTP at all costs a few kilobytes. Bytes that come unasked are noticed before the next command, so that
//! no answer is ever taken for the answer to another command.
//!
//! A name's addresses are tried as RFC 8305 asks: the families by turns, the next one as soon as the last has failed or
//! has been silent for a moment, and whichever answers first is taken.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::outcome::{Failure, Reason, Reply};
use super::tls;

/// The longest line of a reply. RFC 5321 asks for 512; some servers say more.
const MAX_LINE: usize = 4096;
/// The most lines of a reply.
const MAX_LINES: usize = 100;
/// How much of a reply's text is kept.
const MAX_TEXT: usize = 2000;
/// How long an address may be silent before the next one is tried beside it (RFC 8305: Connection Attempt Delay).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// A connection and what was read of it but not yet used.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    unread: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Connects to a name or an address.
    pub(super) async fn connect(host: &str, port: u16, within: Duration) -> Result<Wire, Failure> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found = async {
            let found = lookup_host((host, port)).await.map_err(|error| Failure::NoAddress(error.to_string()))?;
            Wire::connect_to(by_turns(found.collect())).await
        };
        timeout(within, found).await.unwrap_or(Err(Failure::TimedOut))
    }

    /// Connects to whichever of these answers first.
    async fn connect_to(addresses: Vec<SocketAddr>) -> Result<Wire, Failure> {
        let mut left = addresses.into_iter();
        // Dropped at the end, it takes the tries with it that were slower.
        let mut tries = JoinSet::new();
        let mut failed: Vec<String> = Vec::new();
        loop {
            match left.next() {
                Some(address) => drop(tries.spawn(open(address))),
                None if tries.is_empty() && failed.is_empty() => {
                    return Err(Failure::NoAddress("the name has no address".into()));
                }
                None if tries.is_empty() => return Err(Failure::Dropped(failed.join("; "))),
                None => {}
            }
            let more = left.len() > 0;
            tokio::select! {
                Some(done) = tries.join_next() => match done {
                    Ok(Ok(stream)) => return Ok(Wire { stream: Stream::Plain(stream), unread: Vec::new() }),
                    Ok(Err((address, error))) => failed.push(format!("{address}: {error}")),
                    Err(error) => failed.push(error.to_string()),
                },
                () = sleep(NEXT_ADDRESS), if more => {}
            }
        }
    }

    /// Goes on in TLS. What was said in the clear before must have been read: nothing of it may slip into the secure
    /// talk.
    pub(super) async fn secure(
        self,
        connector: &TlsConnector,
        name: ServerName<'static>,
        within: Duration,
    ) -> Result<Wire, Failure> {
        let Stream::Plain(stream) = self.stream else { return Ok(self) };
        if !self.unread.is_empty() {
            return Err(Failure::Tls(Reason::NoTls, "the server sent data in the clear after STARTTLS".into()));
        }
        let stream = match timeout(within, connector.connect(name, stream)).await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(Err(error)) => return Err(tls::failure(&error)),
            Ok(Ok(stream)) => stream,
        };
        Ok(Wire { stream: Stream::Tls(Box::new(stream)), unread: Vec::new() })
    }

    /// Whether what is said cannot be read on the way.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Whether the server has nothing to say and has not hung up. If not, the talk is out of step or over.
    pub(super) fn is_quiet(&mut self) -> bool {
        // What has arrived is looked at once; nothing is waited for (a timer of no length would cost a millisecond).
        self.unread.is_empty() && self.fill().now_or_never().is_none()
    }

    #[cfg(test)]
    pub(super) fn nodelay(&self) -> bool {
        let stream = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        stream.nodelay().unwrap()
    }

    /// Sends a command and reads the reply to it, both within the time.
    pub(super) async fn command(&mut self, line: &str, within: Duration) -> Result<Reply, Failure> {
        if !self.unread.is_empty() {
            return Err(Failure::Garbage);
        }
        let talk = async {
            self.write(line.as_bytes()).await.map_err(|error| dropped(&error))?;
            self.flush().await.map_err(|error| dropped(&error))?;
            self.reply_unlimited().await
        };
        timeout(within, talk).await.unwrap_or(Err(Failure::TimedOut))
    }

    pub(super) async fn reply(&mut self, within: Duration) -> Result<Reply, Failure> {
        timeout(within, self.reply_unlimited()).await.unwrap_or(Err(Failure::TimedOut))
    }

    /// Hands a block over. On failure the server cannot have it whole.
    pub(super) async fn block(&mut self, bytes: &[u8], within: Duration) -> Result<(), Failure> {
        limit(within, self.write(bytes)).await
    }

    /// Pushes out what TLS may still hold.
    pub(super) async fn push(&mut self, within: Duration) -> Result<(), Failure> {
        limit(within, self.flush()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes).await,
            Stream::Tls(stream) => stream.write_all(bytes).await,
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.flush().await,
            Stream::Tls(stream) => stream.flush().await,
        }
    }

    async fn reply_unlimited(&mut self) -> Result<Reply, Failure> {
        let mut reply: Option<Reply> = None;
        for _ in 0..MAX_LINES {
            let line = self.line().await?;
            let (code, last, text) = parse_line(&line).ok_or(Failure::Garbage)?;
            let reply = reply.get_or_insert_with(|| Reply { code, text: String::new() });
            if reply.code != code {
                return Err(Failure::Garbage);
            }
            append(&mut reply.text, text);
            if last {
                return Ok(reply.clone());
            }
        }
        Err(Failure::Garbage)
    }

    async fn line(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(end) = self.unread.iter().position(|&b| b == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.unread.len() > MAX_LINE {
                return Err(Failure::Garbage);
            }
            if self.fill().await.map_err(|error| dropped(&error))? == 0 {
                return Err(Failure::Dropped("the server closed the connection".into()));
            }
        }
    }

    /// Reads what is there; 0 = the server hung up.
    async fn fill(&mut self) -> io::Result<usize> {
        let mut some = [0; 1024];
        let n = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut some).await?,
            Stream::Tls(stream) => stream.read(&mut some).await?,
        };
        self.unread.extend_from_slice(&some[..n]);
        Ok(n)
    }
}

/// One try. NODELAY, because a body and its final dot must not wait for each other's acknowledgement.
async fn open(address: SocketAddr) -> Result<TcpStream, (SocketAddr, io::Error)> {
    let connected = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    connected.await.map_err(|error| (address, error))
}

/// The system's order, with the two families by turns.
fn by_turns(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let six_first = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| address.is_ipv6() == six_first);
    let longest = first.len().max(second.len());
    let turn = |n: usize| [first.get(n), second.get(n)].into_iter().flatten().copied();
    (0..longest).flat_map(turn).collect()
}

async fn limit<T>(within: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, Failure> {
    match timeout(within, work).await {
        Ok(done) => done.map_err(|error| dropped(&error)),
        Err(_) => Err(Failure::TimedOut),
    }
}

fn dropped(error: &io::Error) -> Failure {
    Failure::Dropped(error.to_string())
}

/// `250-text`, `250 text`, `250`: code, whether it is the last line, text.
fn parse_line(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3)?;
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
    match line.as_bytes().get(3) {
        None => Some((code, true, "")),
        Some(b' ') => Some((code, true, &line[4..])),
        Some(b'-') => Some((code, false, &line[4..])),
        Some(_) => None,
    }
}

/// Keeps lines apart by `\n`, so that EHLO's can be told; bounded.
fn append(text: &mut String, line: &str) {
    if text.len() + line.len() < MAX_TEXT {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_lines() {
        assert_eq!(parse_line("250 ok"), Some((250, true, "ok")));
        assert_eq!(parse_line("250-SIZE 1"), Some((250, false, "SIZE 1")));
        assert_eq!(parse_line("250"), Some((250, true, "")));
        for line in ["", "25", "999 x", "100 x", "+50 x", "250ok", "25é x", "HTTP/1.1 400", "２５０ x"] {
            assert_eq!(parse_line(line), None, "{line:?}");
        }
    }

    #[test]
    fn families_take_turns() {
        let addresses = |list: &[&str]| list.iter().map(|one| one.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let found =
            addresses(&["[2001:db8::1]:25", "[2001:db8::2]:25", "192.0.2.1:25", "192.0.2.2:25", "192.0.2.3:25"]);
        let turns = ["[2001:db8::1]:25", "192.0.2.1:25", "[2001:db8::2]:25", "192.0.2.2:25", "192.0.2.3:25"];
        assert_eq!(by_turns(found), addresses(&turns));
        assert_eq!(by_turns(addresses(&["192.0.2.1:25", "[::1]:25"])), addresses(&["192.0.2.1:25", "[::1]:25"]));
    }

    /// A listener that drops every SYN: nobody takes what waits in it, and no more fits.
    async fn silent() -> (tokio::net::TcpListener, Vec<TcpStream>) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = socket.listen(1).unwrap();
        let at = full.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(200), TcpStream::connect(at)).await {
            waiting.push(stream);
        }
        (full, waiting)
    }

    #[tokio::test]
    async fn an_address_that_is_silent_does_not_keep_the_next_one_waiting() {
        let (full, _waiting) = silent().await;
        let other = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
        let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let (silent, answers) = (full.local_addr().unwrap(), other.local_addr().unwrap());
        // One that hangs and one that refuses stand before the one that answers.
        let reached = timeout(Duration::from_secs(20), Wire::connect_to(vec![silent, nobody, answers])).await.unwrap();
        let Stream::Plain(stream) = &reached.unwrap().stream else { panic!("no TLS was asked for") };
        assert_eq!(stream.peer_addr().unwrap(), answers);
        let refused = Wire::connect_to(vec![nobody, nobody]).await.unwrap_err();
        let Failure::Dropped(words) = &refused else { panic!("{refused:?}") };
        assert_eq!(words.matches(&nobody.to_string()).count(), 2, "{words}");
        assert!(matches!(Wire::connect_to(Vec::new()).await, Err(Failure::NoAddress(_))));
    }

    #[test]
    fn text_is_bounded() {
        let mut text = String::new();
        for _ in 0..1000 {
            append(&mut text, "0123456789");
        }
        assert!(text.len() <= MAX_TEXT);
    }
}
