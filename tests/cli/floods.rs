//! Floods below the requests: of headers, of frames, of streams that are taken back.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Home, Server, connect, most_memory_kib};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `GET /` over plain HTTP/2, as HPACK has it in its static table (RFC 7541, appendix A).
const GET: &[u8] = b"\x82\x86\x84";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// RFC 9113 §7.
const ENHANCE_YOUR_CALM: u32 = 11;

/// Far more than one client may cost.
const MOST_GROWTH_KIB: u64 = 50 * 1024;
/// Far more than any of these floods is listened to.
const WHOLE_FLOOD_BYTES: usize = 64 * 1024 * 1024;

/// RFC 9113 §4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What became of a client that floods.
struct End {
    /// How much it got rid of before the server hung up.
    sent_bytes: usize,
    received: Vec<u8>,
}

/// Sends the beginning, then the same again and again; reads until the server hangs up.
fn flood(server: &Server, beginning: &[u8], again: impl Fn(u32) -> Vec<u8>) -> End {
    let mut stream = connect(&server.address);
    stream.write_all(beginning).unwrap();
    let mut reading = stream.try_clone().unwrap();
    let received = std::thread::spawn(move || {
        let mut received = Vec::new();
        // Cut off hard, the end is an error, and what came before it counts all the same.
        let _ = reading.read_to_end(&mut received);
        received
    });
    let (mut sent_bytes, mut number) = (beginning.len(), 0);
    while sent_bytes < WHOLE_FLOOD_BYTES {
        let more = again(number);
        if stream.write_all(&more).is_err() {
            break;
        }
        (sent_bytes, number) = (sent_bytes + more.len(), number + 1);
    }
    End { sent_bytes, received: received.join().unwrap() }
}

impl End {
    #[track_caller]
    fn came_early(&self) {
        assert!(self.sent_bytes < WHOLE_FLOOD_BYTES / 2, "{} bytes were listened to", self.sent_bytes);
    }

    /// The error codes of the GOAWAY frames.
    fn goodbyes(&self) -> Vec<u32> {
        let goodbyes = frames(&self.received).into_iter().filter(|(kind, _)| *kind == GOAWAY);
        goodbyes.map(|(_, payload)| u32::from_be_bytes(payload[4..8].try_into().unwrap())).collect()
    }
}

/// Kind and payload of each whole frame.
fn frames(mut rest: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some((payload, after)) = after.split_at_checked(length) else { break };
        frames.push((*kind, payload));
        rest = after;
    }
    frames
}

/// Runs a flood, and looks at what it left of the server.
#[track_caller]
fn survives(flood: impl FnOnce(&Server)) {
    let home = Home::new();
    let mut server = Server::start(&home);
    let tokens = server.ada();
    let before = most_memory_kib(server.process.id());
    flood(&server);
    server.profile(&tokens.access).ok(200);
    let grown = most_memory_kib(server.process.id()) - before;
    assert!(grown < MOST_GROWTH_KIB, "the flood cost {grown} KiB");
    assert!(server.process.is_running() && !server.log().contains("panicked"), "{}", server.log());
}

/// CVE-2023-44487.
#[test]
fn whoever_takes_back_streams_as_fast_as_it_opens_them_is_sent_away() {
    survives(|server| {
        let end = flood(server, PREFACE, |number| {
            let stream = 2 * number + 1;
            let request = frame(HEADERS, END_HEADERS | END_STREAM, stream, GET);
            [request, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
        });
        end.came_early();
        assert_eq!(end.goodbyes().last(), Some(&ENHANCE_YOUR_CALM), "{:?}", end.goodbyes());
    });
}

/// CVE-2024-27316.
#[test]
fn a_head_without_an_end_is_not_listened_to_for_long() {
    survives(|server| {
        let beginning = [PREFACE, &frame(HEADERS, END_STREAM, 1, GET)].concat();
        // A literal header that is not indexed: `x: y` (RFC 7541 §6.2.2).
        let header = b"\0\x01x\x01y".repeat(3000);
        let end = flood(server, &beginning, |_| frame(CONTINUATION, 0, 1, &header));
        end.came_early();
        assert!(end.goodbyes().last().is_some_and(|code| *code != 0), "{:?}", end.goodbyes());
    });
}

#[test]
fn empty_continuations_are_not_listened_to_for_long() {
    survives(|server| {
        let beginning = [PREFACE, &frame(HEADERS, END_STREAM, 1, GET)].concat();
        flood(server, &beginning, |_| frame(CONTINUATION, 0, 1, b"").repeat(100)).came_early();
    });
}

#[test]
fn a_body_that_nobody_reads_does_not_pile_up() {
    survives(|server| {
        // `POST /`, which takes no body: nobody ever reads one.
        let open = (0..100).flat_map(|number| frame(HEADERS, END_HEADERS, 2 * number + 1, b"\x83\x86\x84"));
        let beginning: Vec<u8> = PREFACE.iter().copied().chain(open).collect();
        let data = vec![b' '; 16 * 1024];
        flood(server, &beginning, |number| frame(DATA, 0, 2 * (number % 100) + 1, &data)).came_early();
    });
}

#[test]
fn pings_from_whoever_reads_no_answer_do_not_pile_up() {
    survives(|server| {
        let mut stream = connect(&server.address);
        stream.set_write_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
        stream.write_all(PREFACE).unwrap();
        let pings = frame(PING, 0, 0, &[0; 8]).repeat(1000);
        let mut sent_bytes = 0;
        // Sooner or later the server stops reading, because its answers are not read.
        while sent_bytes < WHOLE_FLOOD_BYTES && stream.write_all(&pings).is_ok() {
            sent_bytes += pings.len();
        }
        assert!(sent_bytes < WHOLE_FLOOD_BYTES, "all pings were listened to");
    });
}

#[test]
fn heads_that_are_too_large_are_refused_over_http_1() {
    survives(|server| {
        let line = |text: &str| text.as_bytes().to_vec();
        let start = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
        for end in [
            flood(server, start.as_bytes(), |_| line("X: y\r\n").repeat(1000)),
            flood(server, start.as_bytes(), |_| vec![b'x'; 16 * 1024]),
            flood(server, b"GET /", |_| vec![b'x'; 16 * 1024]),
        ] {
            end.came_early();
        }
        let many = format!("{start}{}\r\n", "X: y\r\n".repeat(500));
        assert!(answer(server, &many).starts_with("HTTP/1.1 431 "));
        let giant = format!("{start}X: {}\r\n\r\n", "x".repeat(100 * 1024));
        assert!(answer(server, &giant).starts_with("HTTP/1.1 431 "));
        let chunks = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                      Transfer-Encoding: chunked\r\n\r\n";
        flood(server, chunks.as_bytes(), |_| [b"4000\r\n", vec![b' '; 0x4000].as_slice(), b"\r\n"].concat())
            .came_early();
    });
}

#[test]
fn heads_that_are_too_large_are_refused_over_http_2() {
    survives(|server| {
        // Compressed, a header that is named once costs a byte each time it comes again (RFC 7541 §2.3.3, §6.1).
        let header = [b"\x40\x01x\x7f\xa1\x1e".as_slice(), &[b'y'; 4000]].concat();
        let bomb = [GET, &header, &[0xbe; 8000]].concat();
        assert!(is_answered_200(server, &[GET, &header].concat()));
        assert!(!is_answered_200(server, &bomb), "32 MB of headers were let through");
    });
}

fn is_answered_200(server: &Server, head: &[u8]) -> bool {
    let mut stream = connect(&server.address);
    stream.write_all(&[PREFACE, &frame(HEADERS, END_HEADERS | END_STREAM, 1, head)].concat()).unwrap();
    let mut received = Vec::new();
    loop {
        let more = read_some(&mut stream);
        received.extend_from_slice(&more);
        let frames = frames(&received);
        if let Some((kind, payload)) = frames.iter().find(|(kind, _)| [HEADERS, RST_STREAM, GOAWAY].contains(kind)) {
            // `:status: 200` in the static table (RFC 7541, appendix A).
            return *kind == HEADERS && payload.first() == Some(&0x88);
        }
        assert!(!more.is_empty(), "no answer: {received:?}");
    }
}

fn answer(server: &Server, request: &str) -> String {
    let mut stream = connect(&server.address);
    // It may hang up before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    String::from_utf8_lossy(&read_some(&mut stream)).into_owned()
}

fn read_some(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let count = stream.read(&mut buffer).unwrap();
    buffer.truncate(count);
    buffer
}
