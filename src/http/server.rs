//! The accept loop: deadlines for whoever connects and says nothing, a cap on connections, a graceful stop.
//! `axum::serve` has none of these.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::future::{Either, ready};
use futures_util::stream::FuturesUnordered;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::activity::{Activity, Watched};
use crate::private_file;

/// The other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub(super) SocketAddr);

/// What requests are handed to.
pub trait Answers: Clone + Send + Sync + 'static {
    /// An answer that needs nothing to be waited for. Without one, the request is left as it was.
    fn at_once(&self, _request: &mut Request<Incoming>, _peer: Peer) -> Option<Response> {
        None
    }

    fn answer(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response> + Send;
}

impl Answers for Router {
    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        self.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
    }
}

/// For a TLS handshake, and for HTTP/2's answers to our pings.
const SILENCE: Duration = Duration::from_secs(15);
/// For requests in flight once the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// For a moment without file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const LARGEST_HEAD_BYTES: usize = 32 * 1024;
const MOST_STREAMS: u32 = 100;
/// That a client begins and takes back before we look at them; one more, and the connection ends (CVE-2023-44487).
const MOST_RESETS: usize = 20;
/// What a client may send before anyone reads it. A whole body fits, and ten thousand connections fit into memory.
const STREAM_WINDOW_BYTES: u32 = 32 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 128 * 1024;
/// What waits on a stream for a client that does not read.
const LARGEST_UNSENT_BYTES: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    #[error("the TLS key: {0}")]
    Key(#[from] private_file::Unusable),
    #[error("certificate and key do not make a TLS server: {0}")]
    Rustls(#[from] rustls::Error),
}

/// Serves until `stop` turns true, then lets requests in flight finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    answers: impl Answers,
    max_connections: u32,
    stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(max_connections as usize));
    let mut stopping = pin!(stopped(stop.clone()));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stopping => break,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let connection = Connection { peer: Peer(peer), answers: answers.clone(), activity: Arc::default() };
        let (tls, stop) = (tls.clone(), stop.clone());
        tokio::spawn(async move {
            Arc::new(connection).handle(stream, tls, stop).await;
            drop(place);
        });
    }
    drop(listener);
    // Whoever has all places knows that no connection is left.
    if timeout(DRAIN, places.acquire_many(max_connections)).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

/// Completes when the server is asked to stop.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|is_stopping| *is_stopping).await.is_err() {
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Shared by its requests and by nobody else: what all connections share, two cores would pass to and fro.
struct Connection<A> {
    peer: Peer,
    answers: A,
    activity: Arc<Activity>,
}

impl<A: Answers> Connection<A> {
    async fn handle(self: Arc<Self>, stream: TcpStream, tls: Option<TlsAcceptor>, stop: watch::Receiver<bool>) {
        // Answers are one small write each; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.speak(stream, stop).await };
        // A stop waits for requests, and during a handshake there is none yet.
        let accepted = tokio::select! {
            accepted = timeout(SILENCE, tls.accept(stream)) => accepted,
            () = stopped(stop.clone()) => return,
        };
        if let Ok(Ok(stream)) = accepted {
            self.speak(stream, stop).await;
        }
    }

    /// Answers requests until the client has no more, is silent for too long, or the server stops.
    async fn speak(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        stop: watch::Receiver<bool>,
    ) {
        let asked = Arc::clone(&self);
        let service = service_fn(move |mut request: Request<Incoming>| {
            asked.activity.note_request(request.version());
            if let Some(answer) = asked.answers.at_once(&mut request, asked.peer) {
                return Either::Left(ready(Ok::<_, Infallible>(answer)));
            }
            let connection = Arc::clone(&asked);
            // In a box, so that it is not in the way of an answer at once.
            Either::Right(Box::pin(async move {
                let _in_flight = connection.activity.begin();
                Ok(connection.answers.answer(request, connection.peer).await)
            }))
        });
        let builder = builder();
        let watched = Watched { io: TokioIo::new(stream), activity: Arc::clone(&self.activity) };
        let mut connection = pin!(builder.serve_connection(watched, service));
        let mut end = FuturesUnordered::from_iter([async {
            tokio::select! {
                begun = self.activity.ceases() => begun,
                () = stopped(stop) => true,
            }
        }]);
        // Each request wakes this task, and is no reason to look whether its end has come: a `FuturesUnordered` polls only
        // what was woken itself.
        tokio::select! {
            biased;
            // A client that breaks off is not worth a line in the log.
            _ = connection.as_mut() => return,
            has_begun = end.next() => if has_begun == Some(false) { return },
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(DRAIN, connection).await;
    }
}

/// HTTP/1.1 and HTTP/2, told apart by the first bytes, with TLS and without. [`Activity`] watches over all deadlines but
/// the one for a ping: hyper's own would start a timer for the head of each request.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(LARGEST_HEAD_BYTES)
        // Answers are short: copied behind their heads, they cost less than being gathered, and fill one TLS record.
        .writev(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(LARGEST_HEAD_BYTES as u32)
        .max_pending_accept_reset_streams(MOST_RESETS)
        // Streams that we reset because the client broke the rules.
        .max_local_error_reset_streams(MOST_RESETS)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(LARGEST_UNSENT_BYTES)
        .keep_alive_interval(SILENCE)
        .keep_alive_timeout(SILENCE);
    builder
}

/// TLS 1.2 and 1.3 with a certificate chain and a private key, both PEM.
pub fn tls_acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let problem = |path: &Path, reason: &dyn ToString| TlsError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    };
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|error| problem(cert, &error))?;
    if chain.is_empty() {
        return Err(problem(cert, &"there is no certificate (PEM) in it"));
    }
    let pem = private_file::read(key)?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| problem(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
