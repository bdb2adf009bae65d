//! Whose request it is, behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The socket's peer, unless that is a trusted proxy. Then `X-Forwarded-For` is walked from the right, where our own
/// proxies wrote, to the first address that is not one of them; what stands further left the client may have made up.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or_default()).collect();
    let mut address = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // Something unreadable ends the walk: whatever is further left was not written by a proxy of ours.
        let Some(hop) = parse_hop(hop.trim()) else { break };
        address = hop;
        if !is_trusted(&address) {
            break;
        }
    }
    address
}

/// `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]:1234`.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.ok().or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let headers = lines.iter().map(|line| ("x-forwarded-for".parse().unwrap(), line.parse().unwrap())).collect();
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_counts_for_nothing() {
        assert_eq!(found("192.0.2.1", &["203.0.113.7"], &[]), "192.0.2.1");
        assert_eq!(found("192.0.2.1", &["203.0.113.7"], &["10.0.0.0/8"]), "192.0.2.1");
    }

    #[test]
    fn the_walk_goes_from_right_to_left_and_stops_at_the_first_stranger() {
        let trusted = ["10.0.0.0/8", "::1/128"];
        assert_eq!(found("10.0.0.1", &["203.0.113.7"], &trusted), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["198.51.100.1, 203.0.113.7, 10.0.0.2"], &trusted), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["198.51.100.1", "203.0.113.7"], &trusted), "203.0.113.7");
        assert_eq!(found("::1", &["[2001:db8::1]:4711"], &trusted), "2001:db8::1");
        assert_eq!(found("::ffff:10.0.0.1", &["203.0.113.7:80"], &trusted), "203.0.113.7");
    }

    #[test]
    fn something_unreadable_ends_the_walk() {
        assert_eq!(found("10.0.0.1", &["203.0.113.7, unknown, 10.0.0.2"], &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(found("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }
}
