//! `bulla serve`

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::open::{Opened, open};
use super::{Failure, Outcome, files, listeners, obstacles};
use crate::app::App;
use crate::background;
use crate::config::{Config, Draft, Tokens};
use crate::http::{self, server};

/// A start that fails tells everything that stands in its way, and not only what it met first.
pub(super) async fn run(config: Config) -> Outcome {
    match prepare(config.clone()).await {
        Ok(server) => server.serve().await,
        Err(met) => {
            let draft = Draft { config, problems: vec![met.to_string()] };
            Err(Failure::Settings(obstacles::all(&draft).await))
        }
    }
}

/// A server that is ready to answer.
struct Server {
    app: Arc<App>,
    listener: TcpListener,
    metrics: Option<(TcpListener, PrometheusHandle)>,
    tls: Option<TlsAcceptor>,
    max_connections: u32,
    stop: watch::Receiver<bool>,
}

async fn prepare(config: Config) -> Result<Server, Failure> {
    let tls = config.tls.as_ref().map(|files| server::tls_acceptor(&files.cert, &files.key));
    let tls = tls.transpose().map_err(Failure::new)?;
    let (listener, address) = listeners::open(config.listen, "PORT").map_err(Failure::Command)?;
    let metrics = match listeners::open_metrics(config.metrics).map_err(Failure::Command)? {
        // Before the app, which keeps the time series that it counts in.
        Some(listener) => Some((listener, http::install_metrics().map_err(Failure::new)?)),
        None => None,
    };
    let max_connections = files::make_room(config.max_connections);
    let local_url = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
    let public_url = config.public_url.clone().unwrap_or_else(|| local_url.clone());

    let Opened { app, is_first_start } = open(config, public_url).await?;
    let app = Arc::new(app);
    warn_about(&app);
    if is_first_start {
        welcome(&local_url, &app);
    }
    // Before the world learns that we are ready, for it may ask us to stop at once.
    let stop = stop_signal()?;
    tracing::info!(%address, url = app.public_url, database = %app.config.database, "ready");
    Ok(Server { app, listener, metrics, tls, max_connections, stop })
}

impl Server {
    async fn serve(self) -> Outcome {
        let Self { app, listener, metrics, tls, max_connections, stop } = self;
        background::start(&app);
        if let Some((listener, handle)) = metrics {
            let router = http::metrics_router(Arc::clone(&app), handle);
            tokio::spawn(server::serve(listener, None, router, 100, stop.clone()));
        }
        let entrance = http::entrance(Arc::clone(&app));
        server::serve(listener, tls, entrance, max_connections, stop).await;
        app.db.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Turns true on SIGTERM or SIGINT.
fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {},
            _ = interrupt.recv() => {},
        }
        tracing::info!("stopping; requests in flight are finished first");
        let _ = sender.send(true);
    });
    Ok(receiver)
}

/// An access token that lives longer than this is worth a warning.
const LONG_LIFETIME: Duration = Duration::from_secs(3600);

fn warn_about(app: &App) {
    if app.config.accepts_plaintext {
        tracing::warn!(
            "BULLA_ALLOW_PLAINTEXT is on: passwords are accepted in clear. Turn it off once every client seals"
        );
    }
    if app.shared_secret.is_some() {
        tracing::warn!("JWT_SECRET is set: every service that verifies tokens with it can also forge them");
    }
    if app.config.access_lifetime > LONG_LIFETIME {
        let seconds = app.config.access_lifetime.as_secs();
        tracing::warn!(
            "JWT_EXPIRES is {seconds} s: for that long, services that verify tokens offline accept those of ended sessions"
        );
    }
    if app.config.database.is_exposed() {
        tracing::warn!(
            "whoever sits between here and the database can read along or pose as it; set BULLA_DATABASE_SSL_CA, or BULLA_DATABASE_SSL_MODE=VERIFY_IDENTITY"
        );
    }
    warn_about_signing(app);
    let is_reachable_elsewhere = !app.config.listen.ip().is_loopback() || app.db.kind() == "mysql";
    if app.config.public_url.is_none() && is_reachable_elsewhere {
        let url = &app.public_url;
        tracing::warn!(
            "BULLA_PUBLIC_URL is not set, so tokens say that {url} issued them; set it, alike on every node"
        );
    }
    if app.config.tls.is_none() && !app.config.listen.ip().is_loopback() && !app.public_url.starts_with("https://") {
        tracing::warn!(
            "listening beyond this machine without TLS: set BULLA_TLS_CERT and BULLA_TLS_KEY, or put a proxy in front"
        );
    }
}

fn warn_about_signing(app: &App) {
    let keys = app.keys.current();
    let (Tokens::Signed(wanted), Ok(active)) = (&app.config.tokens, keys.active_signing(app.clock.now())) else {
        return;
    };
    if active.algorithm() != *wanted {
        let active = active.algorithm();
        tracing::warn!("tokens are still signed with {active}; `bulla keys rotate signing` makes a {wanted} key");
    }
}

fn welcome(url: &str, app: &App) {
    let (data, issuer) = (&app.config.database, &app.public_url);
    let pages = if app.config.has_pages { format!("Make an account at {url}, or try") } else { "Try".to_owned() };
    // Nobody needs to read it: a standard output that is full or closed is no reason not to start.
    let _ = writeln!(
        std::io::stdout(),
        "
Bulla listens on {url}
Data is in       {data}
Tokens are from  {issuer}

{pages}:
  curl -s {url}/api/auth/sealing-key
  bulla seal --url {url} --email ada@example.com --purpose register
  bulla check

The API, route by route: {url}/docs
"
    );
}
