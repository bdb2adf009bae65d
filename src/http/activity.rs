//! What a connection is doing, and whether it does nothing for too long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Version;
use hyper::rt::{Read, ReadBufCursor, Write};

/// For the first request, and in HTTP/1 for each one after it.
const SILENCE: Duration = Duration::from_secs(15);
/// For a connection of HTTP/2, which says that it lives: without requests, it only keeps others out.
const IDLE: Duration = Duration::from_secs(60);
/// Between two looks; what is cut off, is at most so much later.
const LOOK: Duration = Duration::from_secs(5);

/// Noted by the connection's requests and answers, each with an addition, and looked at now and then.
#[derive(Debug, Default)]
pub(super) struct Activity {
    requests: AtomicU64,
    in_flight: AtomicU64,
    writes: AtomicU64,
    is_http1: AtomicBool,
}

/// Counts as one request in flight until it is dropped.
pub(super) struct InFlight<'a>(&'a Activity);

/// A stream that notes what is written to it.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) io: S,
    pub(super) activity: Arc<Activity>,
}

impl Activity {
    pub(super) fn note_request(&self, version: Version) {
        if version < Version::HTTP_2 {
            self.is_http1.store(true, Ordering::Relaxed);
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request that is not answered at once.
    pub(super) fn begin(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Completes once there was no request and no answer for too long; with false if there was no request ever.
    pub(super) async fn ceases(&self) -> bool {
        let (mut seen, mut quiet) = (self.seen(), Duration::ZERO);
        loop {
            tokio::time::sleep(LOOK).await;
            let before = std::mem::replace(&mut seen, self.seen());
            let is_busy = seen != before || self.in_flight.load(Ordering::Relaxed) > 0;
            quiet = if is_busy { Duration::ZERO } else { quiet + LOOK };
            if quiet >= self.patience() {
                return seen.0 > 0;
            }
        }
    }

    /// Requests, and in HTTP/1 what was written for them: in HTTP/2 that may be a ping.
    fn seen(&self) -> (u64, u64) {
        let writes = if self.is_http1.load(Ordering::Relaxed) { self.writes.load(Ordering::Relaxed) } else { 0 };
        (self.requests.load(Ordering::Relaxed), writes)
    }

    fn patience(&self) -> Duration {
        let is_http2 = self.requests.load(Ordering::Relaxed) > 0 && !self.is_http1.load(Ordering::Relaxed);
        if is_http2 { IDLE } else { SILENCE }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S: Read + Unpin> Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

impl<S> Watched<S> {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.activity.writes.fetch_add(1, Ordering::Relaxed);
        }
        written
    }
}
