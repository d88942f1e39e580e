//! A bare SMTP client: says each line, waits for each answer, does nothing else.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection that is ready for MAIL.
pub struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    pub async fn connect(port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Client { stream, answer: Vec::with_capacity(1024) };
        client.expect(b'2').await;
        client.say(b"EHLO localhost\r\n", b'2').await;
        client
    }

    /// Sends one message, whose dots are doubled and whose end is the final dot.
    pub async fn send(&mut self, to: &str, body: &[u8]) {
        self.say(b"MAIL FROM:<duban@example.com>\r\n", b'2').await;
        self.say(format!("RCPT TO:<{to}>\r\n").as_bytes(), b'2').await;
        self.say(b"DATA\r\n", b'3').await;
        self.say(body, b'2').await;
    }

    async fn say(&mut self, bytes: &[u8], class: u8) {
        self.stream.write_all(bytes).await.unwrap();
        self.expect(class).await;
    }

    async fn expect(&mut self, class: u8) {
        self.answer.clear();
        while !self.answer.ends_with(b"\n") {
            assert!(self.stream.read_buf(&mut self.answer).await.unwrap() > 0, "the server hung up");
        }
        assert_eq!(self.answer[0], class, "{}", String::from_utf8_lossy(&self.answer));
    }
}

/// A message as it goes over the wire: leading dots doubled, the final dot at the end.
pub fn dotted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    assert!(out.ends_with(b"\r\n"), "a message ends with a line");
    out.extend_from_slice(b".\r\n");
    out
}
