//! What a slow or silent client may cost: a body has to come at a rate, and what is sent has to be taken.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A body that ends with an error when its next piece takes too long, or when it comes slower than it must.
pub struct Paced {
    body: Body,
    piece: Duration,
    rate: u32,
    /// Until then the next piece has to be here.
    next: Pin<Box<Sleep>>,
    /// Until then the whole body, put off by each piece by as long as it may take at the lowest rate.
    all: Pin<Box<Sleep>>,
}

impl Paced {
    /// A body whose pieces come within that time, and so many bytes a second in all.
    pub fn new(body: Body, piece: Duration, rate: u32) -> Paced {
        Paced { body, piece, rate: rate.max(1), next: Box::pin(sleep(piece)), all: Box::pin(sleep(piece)) }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let (rate, piece) = (self.rate, self.piece);
            let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len)).unwrap_or(0);
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            let all = self.all.deadline() + Duration::from_secs(bytes.into()) / rate;
            self.all.as_mut().reset(all);
            // What is there already is taken whatever the hour: a disk that was slow is not the client's fault.
            self.next.as_mut().reset(sleep(piece).deadline());
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if self.next.as_mut().poll(context).is_ready() || self.all.as_mut().poll(context).is_ready() {
            let slow = io::Error::new(io::ErrorKind::TimedOut, "the body comes too slowly");
            return Poll::Ready(Some(Err(slow.into())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that breaks off when nothing of what is sent is taken for too long.
pub struct Taken {
    stream: TcpStream,
    longest: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Taken {
    /// A connection whose other side takes something at least that often.
    pub fn new(stream: TcpStream, longest: Duration) -> Taken {
        Taken { stream, longest, waiting: None }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.waiting = None;
            return done;
        }
        let longest = self.longest;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(longest)));
        waiting.as_mut().poll(context).map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "nothing is taken")))
    }
}

impl AsyncRead for Taken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Taken {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watch(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
