//! A graceful stop.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bulla_seal::Purpose;

use crate::support::{EMAIL, Home, Pace, Server, connect, free_port, tls_files, within};

/// A stop with nothing to wait for is over long before the first deadline of an idle connection.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A login whose body is on its way: the server has begun to read it, as its `100 Continue` shows.
fn half_sent(server: &Server, body: &str) -> TcpStream {
    let mut stream = connect(&server.address);
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&body.as_bytes()[..20]).unwrap();
    stream
}

fn wait_until_refused(server: &Server) {
    within(AT_ONCE, "new connections are refused", || TcpStream::connect(&server.address).err());
}

#[test]
fn a_request_in_flight_is_answered_and_the_process_ends_well() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let body = server.sealed_body(Purpose::Login, EMAIL).to_string();
    let mut stream = half_sent(&server, &body);
    server.process.terminate();
    wait_until_refused(&server);
    stream.write_all(&body.as_bytes()[20..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("access_token"), "{answer}");
    let ran = server.process.ended();
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    assert!(ran.stderr.contains(r#""message":"stopped""#), "{ran:?}");
}

#[test]
fn a_write_that_is_answered_during_the_stop_stands() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let body = server.sealed_body(Purpose::Login, EMAIL).to_string();
    let mut stream = half_sent(&server, &body);
    server.process.terminate();
    wait_until_refused(&server);
    stream.write_all(&body.as_bytes()[20..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.process.ended().ok();
    let document: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    Server::start(&home).refresh(document["refresh_token"].as_str().unwrap()).ok(200);
}

#[test]
fn a_request_that_never_ends_delays_the_stop_but_does_not_prevent_it() {
    let server = Server::start(&Home::new());
    let mut stream = half_sent(&server, &"x".repeat(100));
    server.process.terminate();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    server.process.ended().ok();
}

#[test]
fn connections_without_a_request_do_not_delay_the_stop() {
    let server = Server::start(&Home::new());
    let silent = connect(&server.address);
    let mut idle = connect(&server.address);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 4096]).unwrap() > 0);
    // The silent connection came first, so the server has accepted it.
    assert_stops_at_once(server);
    drop((silent, idle));
}

#[test]
fn a_handshake_that_never_comes_does_not_delay_the_stop() {
    let home = Home::new();
    tls_files(&home);
    let server = Server::with_tls(&home);
    let silent = connect(&server.address);
    server.get("/healthz").ok(200);
    assert_stops_at_once(server);
    drop(silent);
}

fn assert_stops_at_once(server: Server) {
    let begun = Pace::now();
    server.process.terminate();
    server.process.ended().ok();
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[test]
fn an_interrupt_from_the_keyboard_stops_as_well() {
    let server = Server::start(&Home::new());
    server.process.signal("INT");
    let ran = server.process.ended();
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
}

#[test]
fn after_a_stop_the_port_and_the_data_are_free_at_once() {
    let home = Home::new();
    // None that the system hands out to someone else meanwhile.
    let port = free_port().to_string();
    let server = Server::with(&home, &[("PORT", &port)]);
    server.register(EMAIL);
    server.process.terminate();
    server.process.ended().ok();
    let server = Server::with(&home, &[("PORT", &port)]);
    server.login(EMAIL);
}
