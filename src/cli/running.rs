//! Asking the server that runs on this machine with the same settings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, Outcome, print_line};
use crate::config::Config;

const PATIENCE: Duration = Duration::from_secs(3);

/// `bulla health`: fails unless the server answers that it is ready.
pub(super) async fn health(config: &Config) -> Outcome {
    ask(config, "/readyz").await.map_err(Failure::Command)?;
    print_line("ready")
}

/// What it answers with a status of success.
pub(super) async fn ask(config: &Config, path: &str) -> Result<String, String> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}{path}", reachable(config.listen));
    // The certificate is for another name than this address. Nothing secret is sent or believed.
    let tls = ureq::tls::TlsConfig::builder()
        .disable_verification(true)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).tls_config(tls).proxy(None);
    let agent: ureq::Agent = agent.build().into();
    let asking = move || {
        let problem = |error| match error {
            ureq::Error::StatusCode(status) => format!("{url} answered {status}; the server's log says why"),
            error => format!("{url} does not answer: {error}"),
        };
        agent.get(&url).call().map_err(problem)?.body_mut().read_to_string().map_err(problem)
    };
    tokio::task::spawn_blocking(asking).await.map_err(|error| error.to_string())?
}

/// Where a server that listens on all addresses is found on its own machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
