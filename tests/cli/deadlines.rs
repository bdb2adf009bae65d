//! Clients that hold a connection without using it. The deadlines are real, so all of them wait at the same time.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Home, Pace, Process, Server, connect, tls_files};

/// For the first bytes, for a TLS handshake and for the head of a request.
const SILENCE: Duration = Duration::from_secs(15);
/// For a body.
const BODY: Duration = Duration::from_secs(10);
/// For a machine that is busy with other tests.
const MARGIN: Duration = Duration::from_secs(8);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// `GET /` on the first stream.
const GET: &[u8] = b"\0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84";
const POST: &str = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

struct Case {
    name: &'static str,
    says: Vec<u8>,
    /// Then sends this byte again and again.
    trickles: Option<u8>,
    is_cut_off_after: Duration,
    is_answered: Option<&'static str>,
}

fn case(name: &'static str, says: impl AsRef<[u8]>) -> Case {
    let says = says.as_ref().to_vec();
    Case { name, says, trickles: None, is_cut_off_after: SILENCE, is_answered: None }
}

fn cases() -> Vec<Case> {
    let body = format!("{POST}Content-Length: 100\r\n\r\n{{");
    let chunks = format!("{POST}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n");
    let too_slow = |case: Case| Case { is_cut_off_after: BODY, is_answered: Some("HTTP/1.1 408 "), ..case };
    vec![
        case("says nothing", ""),
        case("says one byte", "G"),
        case("says one byte that could be HTTP/2", "P"),
        case("says half a head", "GET / HTTP/1.1\r\nHost: x\r\n"),
        Case { trickles: Some(b'x'), ..case("trickles a head", "GET / HTTP/1.1\r\nX: ") },
        Case {
            is_answered: Some("HTTP/1.1 200 "),
            ..case("says nothing after an answer", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        },
        Case {
            is_answered: Some("HTTP/1.1 200 "),
            trickles: Some(b'x'),
            ..case("trickles a head after an answer", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ")
        },
        case("says half of HTTP/2's preface", &PREFACE[..10]),
        case("says HTTP/2's preface and no settings", PREFACE),
        case("says nothing in HTTP/2 but its settings", [PREFACE, SETTINGS].concat()),
        // One deadline for silence, one more for the answer to a ping.
        Case { is_cut_off_after: 2 * SILENCE, ..case("answers no ping", [PREFACE, SETTINGS, GET].concat()) },
        too_slow(case("says half a body", &body)),
        too_slow(case("says half of a chunked body", &chunks)),
        too_slow(Case { trickles: Some(b' '), ..case("trickles a body", &body) }),
    ]
}

#[test]
fn whoever_holds_a_connection_without_using_it_is_cut_off() {
    let (home, tls_home) = (Home::new(), Home::new());
    tls_files(&tls_home);
    let (plain, tls) = (Server::start(&home), Server::with_tls(&tls_home));
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let plain = cases().into_iter().map(|case| (case, &plain));
        let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
        let tls_cases = [case("begins no handshake", ""), case("breaks off its handshake", hello)];
        let all = plain.chain(tls_cases.into_iter().map(|case| (case, &tls)));
        let mut waiting: Vec<_> = all.map(|(case, server)| scope.spawn(move || wait(&case, server))).collect();
        for protocol in ["h2", "http/1.1"] {
            waiting.push(scope.spawn(|| wait_after_handshake(protocol, &tls)));
        }
        waiting.into_iter().filter_map(|thread| thread.join().unwrap().err()).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    for server in [plain, tls] {
        server.get("/healthz").ok(200);
    }
}

/// Says what the case says and waits for the end of the connection.
fn wait(case: &Case, server: &Server) -> Result<(), String> {
    let (begun, pace, limit) = (Instant::now(), Pace::now(), case.is_cut_off_after + MARGIN);
    let mut stream = connect(&server.address);
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    stream.write_all(&case.says).unwrap();
    let mut answer = Vec::new();
    while !is_over(&mut stream, &mut answer) {
        if pace.elapsed() > limit {
            return Err(format!("one who {} still holds the connection after {limit:?}", case.name));
        }
        if let Some(byte) = case.trickles {
            // It may be over in this very moment; the next read tells.
            let _ = stream.write_all(&[byte]);
        }
    }
    let (elapsed, answer) = (begun.elapsed(), String::from_utf8_lossy(&answer));
    if elapsed + Duration::from_secs(1) < case.is_cut_off_after {
        return Err(format!("one who {} is cut off after {elapsed:?} already: {answer:?}", case.name));
    }
    match case.is_answered {
        Some(expected) if !answer.starts_with(expected) => {
            Err(format!("one who {} is not answered {expected}: {answer:?}", case.name))
        }
        _ => Ok(()),
    }
}

fn is_over(stream: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer) {
        Ok(0) => true,
        Ok(count) => {
            answer.extend_from_slice(&buffer[..count]);
            false
        }
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// A handshake by OpenSSL, and then nothing.
fn wait_after_handshake(protocol: &str, server: &Server) -> Result<(), String> {
    let (begun, pace) = (Instant::now(), Pace::now());
    let mut command = Command::new("openssl");
    command.args(["s_client", "-quiet", "-alpn", protocol, "-connect", &server.address]);
    let mut process = Process::spawn(&mut command);
    while process.is_running() {
        if pace.elapsed() > SILENCE + MARGIN {
            return Err(format!("one who says nothing in {protocol} over TLS still holds the connection"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let elapsed = begun.elapsed();
    if elapsed < SILENCE - Duration::from_secs(1) {
        return Err(format!("{protocol} over TLS ended after {elapsed:?}: {}", process.stderr.text()));
    }
    Ok(())
}
