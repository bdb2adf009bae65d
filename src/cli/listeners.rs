//! The sockets that a server listens on.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::config::Metrics;

/// Connections that wait to be accepted. Beyond these, a client is not heard, and tries again after a second; the 128 of
/// `TcpListener::bind` are fewer than a crowd.
const BACKLOG: u32 = 1024;

/// Listens on an address, which `setting` chooses.
pub(super) fn open(address: SocketAddr, setting: &str) -> Result<(TcpListener, SocketAddr), String> {
    let problem = |error: Error| match error.kind() {
        ErrorKind::AddrInUse => format!("{address} is in use; choose another one with {setting}"),
        _ => format!("cannot listen on {address}: {error}"),
    };
    let listener = bind(address).map_err(problem)?;
    let address = listener.local_addr().map_err(problem)?;
    Ok((listener, address))
}

pub(super) fn open_metrics(metrics: Metrics) -> Result<Option<TcpListener>, String> {
    match metrics {
        Metrics::Off => Ok(None),
        Metrics::On(address) => Ok(Some(open(address, "BULLA_METRICS_ADDRESS")?.0)),
        Metrics::IfFree(address) => {
            let listener = bind(address);
            if listener.is_err() {
                tracing::warn!(%address, "in use, so there are no metrics; choose another address with BULLA_METRICS_ADDRESS");
            }
            Ok(listener.ok())
        }
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart does not wait until the system has forgotten the connections before it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
