//! Who is at the other end of a request, as far as the network tells.

use std::net::IpAddr;

use super::RequestId;

#[derive(Clone, Debug)]
pub struct Client {
    /// The socket's peer, or what a trusted proxy says.
    pub address: IpAddr,
    /// As the client calls itself: shown to the account's owner, trusted for nothing.
    pub user_agent: String,
    pub request_id: RequestId,
}

impl Client {
    /// The address, or for IPv6 its network of 2^64: whoever has one address of it has the others too.
    pub fn network(&self) -> IpAddr {
        match self.address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            v4 => v4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_network_is_one_and_a_mapped_ipv4_address_is_itself() {
        let network = |address: &str| {
            let (address, request_id) = (address.parse().unwrap(), RequestId::new("r"));
            Client { address, user_agent: String::new(), request_id }.network().to_string()
        };
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("192.0.2.9"), "192.0.2.9");
        assert_eq!(network("::ffff:192.0.2.9"), "192.0.2.9");
    }
}
