//! The accept loop: deadlines for whoever connects and says nothing, a cap on connections, a graceful stop.
//! `axum::serve` has none of these.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// The other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// For the first bytes, for a TLS handshake, and for the head of each request.
const SILENCE: Duration = Duration::from_secs(15);
/// For requests in flight once the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// For a moment without file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const LARGEST_HEAD_BYTES: usize = 32 * 1024;
const MOST_STREAMS: u32 = 100;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    #[error("certificate and key do not make a TLS server: {0}")]
    Rustls(#[from] rustls::Error),
}

/// Serves until `stop` completes, then lets requests in flight finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    max_connections: usize,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let connection = Connection { peer: Peer(peer), router: router.clone(), watcher: graceful.watcher() };
        let tls = tls.clone();
        tokio::spawn(async move {
            connection.handle(stream, tls).await;
            drop(place);
        });
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

struct Connection {
    peer: Peer,
    router: Router,
    watcher: Watcher,
}

impl Connection {
    async fn handle(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Answers are one small write each; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        match tls {
            None => {
                let Ok(Ok(protocol)) = timeout(SILENCE, recognize(&stream)).await else { return };
                self.speak(stream, protocol).await;
            }
            Some(tls) => {
                let Ok(Ok(stream)) = timeout(SILENCE, tls.accept(stream)).await else { return };
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.speak(stream, if is_http2 { Protocol::Http2 } else { Protocol::Http1 }).await;
            }
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, protocol: Protocol) {
        let Self { peer, router, watcher } = self;
        let service = service_fn(move |request: Request<Incoming>| {
            let (mut request, router) = (request.map(Body::new), router.clone());
            request.extensions_mut().insert(peer);
            async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
        });
        let connection = builder(protocol).serve_connection(TokioIo::new(stream), service).into_owned();
        // A client that breaks off is not worth a line in the log.
        let _ = watcher.watch(connection).await;
    }
}

fn builder(protocol: Protocol) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(SILENCE).max_buf_size(LARGEST_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(LARGEST_HEAD_BYTES as u32)
        .keep_alive_interval(SILENCE)
        .keep_alive_timeout(SILENCE);
    match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    }
}

/// HTTP/2 without TLS begins with `PRI *` (RFC 9113 §3.4), HTTP/1.1 with a method. The bytes stay to be read.
async fn recognize(stream: &TcpStream) -> io::Result<Protocol> {
    let mut first = [0; 3];
    match stream.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count if first[..count] == *b"PRI" => Ok(Protocol::Http2),
        _ => Ok(Protocol::Http1),
    }
}

/// TLS 1.2 and 1.3 with a certificate chain and a private key, both PEM.
pub fn tls_acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let problem = |path: &Path, reason: &dyn ToString| TlsError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    };
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|error| problem(cert, &error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| problem(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
