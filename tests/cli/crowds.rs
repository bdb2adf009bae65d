//! Thousands of sockets that say nothing, or nearly nothing.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::support::{Home, Server, connect};

const SLOW: [&str; 4] = [
    "",
    "GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"email\":",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
];

/// Each socket is a file of this process too.
fn allow_files(wanted: u64) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    assert!(maximum.is_none_or(|maximum| maximum >= wanted), "this needs {wanted} files: raise `ulimit -Hn`");
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).unwrap();
}

#[test]
fn two_thousand_slow_or_idle_sockets_block_nobody() {
    allow_files(8000);
    // All of them come from one address.
    let home = Home::new().with("BULLA_ADDRESS_RATE", "off");
    // As most systems start a process.
    let server = Server::after(&home, "ulimit -Sn 1024");
    let slow = |number: usize| {
        let mut stream = connect(&server.address);
        stream.write_all(SLOW[number % SLOW.len()].as_bytes()).unwrap();
        stream
    };
    let crowd: Vec<TcpStream> = (0..2000).map(slow).collect();
    let tokens = server.ada();
    server.with_token("GET", "verify", &tokens.access).ok(200);
    server.profile(&tokens.access).ok(200);
    server.refresh(&tokens.refresh).ok(200);
    server.get("/healthz").ok(200);
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
    drop(crowd);
}

#[test]
fn a_crowd_that_comes_at_once_is_heard() {
    let server = Server::start(&Home::new());
    let address = server.address.parse().unwrap();
    // It accepts nobody now, so whoever gets in does so by waiting in line.
    server.process.signal("STOP");
    let crowd: Vec<_> = (0..500).map(|_| TcpStream::connect_timeout(&address, Duration::from_secs(10))).collect();
    server.process.signal("CONT");
    assert!(crowd.iter().all(Result::is_ok), "{:?}", crowd.iter().find(|heard| heard.is_err()));
    server.get("/healthz").ok(200);
}

#[test]
fn where_there_are_too_few_files_for_all_connections_the_database_still_gets_its_own() {
    let home = Home::new();
    let server = Server::after(&home, "ulimit -n 300");
    let warning = server
        .process
        .stderr
        .wait_for(crate::support::PATIENCE, "a warning", |line| line.contains("LimitNOFILE").then(|| line.to_owned()));
    assert!(warning.contains("300 files") && warning.contains("44 connections"), "{warning}");
    // More than there is room for: those beyond wait outside.
    let crowd: Vec<TcpStream> = (0..100).map(|_| connect(&server.address)).collect();
    drop(crowd);
    server.ada();
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
    home.run(&["users", "list"]).ok();
    server.post("login", &json!({})).problem(400, "malformed_request");
}
