//! The listener: protocols, many connections, too many connections, and bytes that mean nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Answer, EMAIL, Home, Server, connect, curl};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn http_2_is_spoken_without_tls_to_who_knows() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let body = server.sealed_body(bulla_seal::Purpose::Login, EMAIL).to_string();
    let options = ["--http2-prior-knowledge", "-H", "Content-Type: application/json", "--data-binary", "@-"];
    let answer = server.request("login", &options, &body).unwrap();
    assert_eq!(answer.protocol, "HTTP/2");
    let bearer = format!("Authorization: Bearer {}", answer.ok(200)["access_token"].as_str().unwrap());
    for path in ["verify", "verify/x"] {
        let answer = server.request(path, &["--http2-prior-knowledge", "-H", &bearer], "").unwrap();
        assert_eq!((answer.status, answer.header("content-length")), (200, Some("0")), "{path}: {answer:?}");
    }
    assert_eq!(server.get("/healthz").protocol, "HTTP/1.1");
}

#[test]
fn http_2_is_recognized_however_the_first_bytes_are_cut() {
    let server = Server::start(&Home::new());
    for cut in 1..8 {
        let mut stream = connect(&server.address);
        stream.set_nodelay(true).unwrap();
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        stream.write_all(&preface[..cut]).unwrap();
        // Long enough for the bytes to arrive by themselves; should they not, the test only proves less.
        std::thread::sleep(Duration::from_millis(100));
        stream.write_all(&preface[cut..]).unwrap();
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).unwrap();
        assert_eq!(frame[3], 4, "after {cut} bytes: not a SETTINGS frame: {frame:?}");
    }
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let server = Server::start(&Home::new());
    let url = format!("{}/healthz", server.url);
    let ran = curl(&[&url, &url, "--write-out", "connects:%{num_connects}\n"], "").ok();
    assert!(ran.contains("connects:1") && ran.contains("connects:0"), "{ran}");
}

#[test]
fn beyond_the_cap_a_connection_waits_and_does_not_fail() {
    let server = Server::with(&Home::new(), &[("BULLA_MAX_CONNECTIONS", "2")]);
    let mut first = asked(&server);
    let _second = asked(&server);
    assert!(read(&mut first).starts_with("HTTP/1.1 200 "));
    let mut third = asked(&server);
    third.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let waiting = third.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(waiting.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{waiting}");
    drop(first);
    third.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
    assert!(read(&mut third).starts_with("HTTP/1.1 200 "));
}

fn asked(server: &Server) -> TcpStream {
    let mut stream = connect(&server.address);
    stream.write_all(HEALTH).unwrap();
    stream
}

fn read(stream: &mut TcpStream) -> String {
    let mut answer = [0; 4096];
    let count = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[test]
fn garbage_breaks_nothing() {
    let home = Home::new().with("RUST_LOG", "debug");
    let mut server = Server::start(&home);
    for garbage in garbage() {
        let mut stream = connect(&server.address);
        // The server may have hung up already, which is an answer too.
        let _ = stream.write_all(&garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    server.get("/healthz").ok(200);
    assert!(server.process.is_running());
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains(r#""status":500"#), "{log}");
}

fn garbage() -> Vec<Vec<u8>> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut cases: Vec<Vec<u8>> = [
        &b"\0"[..],
        b"\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\xff\xfe /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xff\r\nUser-Agent: \xff\x80\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    cases.push([b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'a'; 100_000]].concat());
    cases.push([b"GET / HTTP/1.1\r\n".to_vec(), b"X: y\r\n".repeat(500), b"\r\n".to_vec()].concat());
    for seed in 1..=50 {
        cases.push(noise(seed, 512));
        cases.push([preface.clone(), noise(seed, 256)].concat());
    }
    cases
}

/// The same bytes each time (xorshift), so that a failure can be seen again.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn the_hashing_threads_give_way_to_all_others() {
    let server = Server::start(&Home::new());
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.process.id())).unwrap();
    let stats = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap());
    // proc_pid_stat(5): after the name in brackets, the 17th field is the nice value.
    let nice = |stat: &str| stat.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap().parse::<i32>().unwrap();
    let (hashing, others): (Vec<_>, Vec<_>) = stats.partition(|stat| stat.contains("(hash-"));
    assert!(!hashing.is_empty() && !others.is_empty());
    let most_of_others = others.iter().map(|stat| nice(stat)).max().unwrap();
    assert!(hashing.iter().all(|stat| nice(stat) > most_of_others), "{hashing:?} {others:?}");
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    // No other test, and hardly another program, listens on this address of the loopback network.
    let address = "127.77.0.1:9464";
    let home = Home::new();
    let server = Server::with(&home, &[("BULLA_METRICS_ADDRESS", address)]);
    server.ada();
    let ask = |path: &str| Answer::of(&curl(&[&format!("http://{address}{path}")], "")).unwrap();
    let metrics = ask("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.contains("bulla_http_requests_total{") && !metrics.body.contains("ada"), "{metrics:?}");
    assert_eq!(ask("/api/auth/sealing-key").status, 404);
    server.get("/metrics").problem(404, "not_found");
}
