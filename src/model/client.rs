//! Who is at the other end of a request, as far as the network tells.

use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct Client {
    /// The socket's peer, or what a trusted proxy says.
    pub address: IpAddr,
    /// As the client calls itself: shown to the account's owner, trusted for nothing.
    pub user_agent: String,
}
