//! One connection's bytes: commands out, replies in, both bounded.
//!
//! A reply is read within its time and its size, whatever the server sends: a line without an end, a reply without an
//! end, or no SMTP at all costs a few kilobytes. Bytes that come unasked are noticed before the next command, so that
//! no answer is ever taken for the answer to another command.

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::outcome::{Failure, Reply};

/// The longest line of a reply. RFC 5321 asks for 512; some servers say more.
const MAX_LINE: usize = 4096;
/// The most lines of a reply.
const MAX_LINES: usize = 100;
/// How much of a reply's text is kept.
const MAX_TEXT: usize = 2000;

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
    /// Connects. NODELAY, because a body and its final dot must not wait for each other's acknowledgement.
    pub(super) async fn connect(host: &str, port: u16, within: Duration) -> Result<Wire, Failure> {
        let connect = async {
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(stream)
        };
        let stream = limit(within, connect).await?;
        Ok(Wire { stream: Stream::Plain(stream), unread: Vec::new() })
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
            return Err(Failure::Tls("the server sent data in the clear after STARTTLS".into()));
        }
        let stream = match timeout(within, connector.connect(name, stream)).await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(Err(error)) => return Err(Failure::Tls(error.to_string())),
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
    fn text_is_bounded() {
        let mut text = String::new();
        for _ in 0..1000 {
            append(&mut text, "0123456789");
        }
        assert!(text.len() <= MAX_TEXT);
    }
}
