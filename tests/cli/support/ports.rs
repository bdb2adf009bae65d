//! Ports for those who must know theirs before they start.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below these live services with well-known ports.
const LOWEST: u16 = 10_000;
/// As many as one run of tests may take before it meets those of the next.
const OF_ONE_RUN: u32 = 64;

/// A port that is free, and that stays so until someone asks for it by its number: it is none of those that the system
/// hands out to all who let it choose.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let first_of_system: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
    // Where the system hands out nearly all ports, no other is left.
    let end = if first_of_system > LOWEST + 1000 { first_of_system } else { u16::MAX };
    let count = u32::from(end - LOWEST);
    let begin = std::process::id().wrapping_mul(OF_ONE_RUN);
    for _ in 0..count {
        let index = begin.wrapping_add(u32::from(TAKEN.fetch_add(1, Ordering::Relaxed))) % count;
        let port = LOWEST + u16::try_from(index).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {LOWEST} to {end} is free; end what listens there");
}
