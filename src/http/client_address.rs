//! Whose request it is, behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The socket's peer, unless that is a trusted proxy. Then `X-Forwarded-For` or `Forwarded` (RFC 7239) is walked from
/// the right, where our own proxies wrote, to the first address that is not one of them; what stands further left the
/// client may have made up.
///
/// A proxy writes one of the two and hands on the other as the client sent it. Which one it writes we are not told, so
/// where both are there and say different things, neither is believed.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let walk = |name: &str, hop_of: fn(&str) -> Option<IpAddr>| {
        let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        let mut address = peer;
        for element in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            // Something unreadable ends the walk: whatever is further left was not written by a proxy of ours.
            let Some(hop) = hop_of(element.trim()) else { break };
            address = hop;
            if !is_trusted(&address) {
                break;
            }
        }
        (!lines.is_empty()).then_some(address)
    };
    match (walk("x-forwarded-for", parse_hop), walk("forwarded", parse_element)) {
        (Some(one), Some(other)) if one != other => peer,
        (one, other) => one.or(other).unwrap_or(peer),
    }
}

/// `for=192.0.2.1;proto=https`, `For="[2001:db8::1]:1234"`. A comma within quotes would end the walk, and no address has
/// one. Anything else that a proxy may write (`unknown`, `_hidden`) is no address.
fn parse_element(element: &str) -> Option<IpAddr> {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })?;
    parse_hop(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]:1234`.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.ok().or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    fn found_in(headers: &[(&'static str, &'static str)]) -> String {
        let headers = headers.iter().map(|(name, line)| (name.parse().unwrap(), line.parse().unwrap())).collect();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        client_address("10.0.0.1".parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_is_walked_alike() {
        for (line, expected) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("for=198.51.100.1, For=203.0.113.7;proto=https;by=10.0.0.2, for=10.0.0.2", "203.0.113.7"),
            ("proto=https; for=\"203.0.113.7:4711\"", "203.0.113.7"),
            ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=203.0.113.7, for=unknown", "10.0.0.1"),
            ("for=203.0.113.7, for=_hidden, for=10.0.0.2", "10.0.0.2"),
            ("for=203.0.113.7, by=10.0.0.2", "10.0.0.1"),
            ("for=203.0.113.7, for=\"a,b\"", "10.0.0.1"),
        ] {
            assert_eq!(found_in(&[("forwarded", line)]), expected, "{line}");
        }
        let lines = [("forwarded", "for=198.51.100.1"), ("forwarded", "for=203.0.113.7")];
        assert_eq!(found_in(&lines), "203.0.113.7");
    }

    #[test]
    fn where_the_two_headers_disagree_neither_is_believed() {
        let honest = ("x-forwarded-for", "203.0.113.7");
        assert_eq!(found_in(&[honest, ("forwarded", "for=203.0.113.7")]), "203.0.113.7");
        assert_eq!(found_in(&[honest, ("forwarded", "for=198.51.100.1")]), "10.0.0.1");
        assert_eq!(found_in(&[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=203.0.113.7")]), "10.0.0.1");
        assert_eq!(found_in(&[honest, ("forwarded", "nonsense")]), "10.0.0.1");
    }

    #[test]
    fn something_unreadable_ends_the_walk() {
        assert_eq!(found("10.0.0.1", &["203.0.113.7, unknown, 10.0.0.2"], &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(found("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    const TRUSTED: [&str; 2] = ["10.0.0.0/8", "2001:db8:1::/48"];

    fn one_of_ours() -> impl Strategy<Value = String> {
        prop_oneof![
            "10\\.[0-9]\\.[0-9]\\.[0-9](:[1-9][0-9]{0,3})?",
            "2001:db8:1::[0-9a-f]{1,4}",
            "\\[2001:db8:1::[1-9]\\]:80"
        ]
    }

    fn stranger() -> impl Strategy<Value = String> {
        prop_oneof!["203\\.0\\.113\\.[0-9]", "2001:db8:2::[1-9]"]
    }

    /// What a client may have made up: bytes that a header can hold.
    fn anything() -> impl Strategy<Value = String> {
        prop_oneof![stranger(), one_of_ours(), "[ -~]{0,20}", "[0-9.:,\\[\\] ]{0,20}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn whatever_stands_left_of_a_stranger_counts_for_nothing(
            left in proptest::collection::vec(anything(), 0..4),
            stranger in stranger(),
            right in proptest::collection::vec(one_of_ours(), 0..4),
            separator in prop_oneof![Just(", "), Just(","), Just("\n")],
        ) {
            let hops = [left, vec![stranger.clone()], right].concat().join(separator);
            let lines: Vec<&str> = hops.split('\n').collect();
            prop_assert_eq!(found("10.0.0.1", &lines, &TRUSTED), stranger);
        }

        #[test]
        fn a_stranger_who_connects_is_the_client_whatever_he_says(peer in stranger(), line in anything()) {
            prop_assert_eq!(found(&peer, &[&line], &TRUSTED), peer);
        }

        #[test]
        fn any_bytes_are_walked_without_a_panic(lines in proptest::collection::vec("[^\\x00-\\x1f\\x7f]{0,60}", 0..5)) {
            let headers = lines.iter().map(|line| {
                ("x-forwarded-for".parse().unwrap(), axum::http::HeaderValue::from_bytes(line.as_bytes()).unwrap())
            });
            let trusted = TRUSTED.map(|network| network.parse().unwrap());
            client_address("10.0.0.1".parse().unwrap(), &headers.collect(), &trusted);
        }
    }
}
