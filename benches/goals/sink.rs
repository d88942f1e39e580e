//! A mail server that takes everything and keeps nothing. It runs as a process of its own.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::ROLE;

/// A running sink, stopped when dropped.
pub struct Sink {
    pub port: u16,
    _process: Child,
}

impl Sink {
    pub async fn start() -> Sink {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(ROLE, "sink")
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        Sink { port: line.trim().parse().expect("the sink says its port"), _process: process }
    }
}

/// What the sink's process does: says its port and serves until it is killed.
pub async fn serve() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let _ = talk(stream).await;
        });
    }
}

async fn talk(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink\r\n").await?;
    let mut held: Vec<u8> = Vec::with_capacity(64 * 1024);
    let mut in_body = false;
    loop {
        if stream.read_buf(&mut held).await? == 0 {
            return Ok(());
        }
        loop {
            if in_body {
                // A client that waits for each answer has the dot at the end of what it sent.
                if !held.ends_with(b"\r\n.\r\n") {
                    // Only the tail can still matter.
                    let keep = held.len().min(4);
                    held.drain(..held.len() - keep);
                    break;
                }
                held.clear();
                in_body = false;
                stream.write_all(b"250 taken\r\n").await?;
                continue;
            }
            let Some(end) = held.iter().position(|byte| *byte == b'\n') else { break };
            let verb: Vec<u8> = held.drain(..=end).take(4).map(|byte| byte.to_ascii_uppercase()).collect();
            let answer: &[u8] = match verb.as_slice() {
                b"DATA" => b"354 go on\r\n",
                b"QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            in_body = verb == b"DATA";
            stream.write_all(answer).await?;
        }
    }
}
