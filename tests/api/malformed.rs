//! Hundreds of requests that must be refused, each with its status and code, and none with a 5xx.

mod list;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::list::Entry;
use crate::support::envelope::{Offer, Parts};
use crate::support::{Answer, PASSWORD, TestServer, Tokens, new_email};

/// Everything that was logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn subscriber(&self) -> impl tracing::Subscriber + use<> {
        let log = self.clone();
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).finish()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const REQUESTS: &str = include_str!("malformed/requests.txt");
const NOT_HTTP: &str = include_str!("malformed/not_http.txt");

/// A server, and what its requests are filled in with.
struct Sender {
    server: TestServer,
    offer: Offer,
    email: String,
    tokens: Tokens,
    pkcs1: Vec<u8>,
}

impl Sender {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let (email, tokens) = server.new_person().await;
        let offer = Offer::of(&server).await;
        let pkcs1 = offer.openssl(PASSWORD.as_bytes(), &["rsa_padding_mode:pkcs1"]);
        Self { server, offer, email, tokens, pkcs1 }
    }

    /// What an entry that is sent to `email` is filled in with.
    fn meaning<'a>(&'a self, email: &'a str) -> impl Fn(&str) -> Option<String> + 'a {
        let jwe = self.offer.login(email, PASSWORD);
        let raw = bulla_seal::seal_raw(&self.offer.key, PASSWORD).unwrap();
        let url = |part: &Vec<u8>| URL_SAFE_NO_PAD.encode(part);
        move |word| {
            let Parts { protected, rsa, iv, ciphertext, tag } = &jwe;
            Some(match word {
                "email" => email.to_owned(),
                "token" => self.tokens.access.clone(),
                "refresh" => self.tokens.refresh.clone(),
                "envelope" => jwe.text(),
                "header" => self.offer.header().to_string(),
                "kid" => self.offer.key.kid().to_owned(),
                "protected" => protected.clone(),
                "rsa" => url(rsa),
                "iv" => url(iv),
                "ciphertext" => url(ciphertext),
                "tag" => url(tag),
                "raw" => raw.clone(),
                "pkcs1" => STANDARD.encode(&self.pkcs1),
                "pkcs1url" => url(&self.pkcs1),
                _ => return None,
            })
        }
    }

    /// Sends bytes and returns all that comes back until the server closes the connection.
    async fn send(&self, request: &[u8]) -> Vec<u8> {
        let address = self.server.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        // A server that has refused already may not read on.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let reading = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer));
        let _ = reading.await.unwrap_or_else(|_| panic!("no end after {:?}", String::from_utf8_lossy(&answer)));
        answer
    }
}

/// What is not as the entry says, or nothing.
fn complaint(entry: &Entry, answer: &[u8]) -> Option<String> {
    let Some(answer) = Answer::of_connection(answer) else {
        return Some(format!("not one answer: {}", String::from_utf8_lossy(answer)));
    };
    if !answer.status.is_client_error() {
        return Some(format!("not refused: {answer:?}"));
    }
    answer.checked_problem(entry.status, &entry.code).err()
}

/// As `complaint`, for what never becomes a request.
fn complaint_below_http(entry: &Entry, answer: &[u8]) -> Option<String> {
    let is_refused = match entry.code.as_str() {
        // HTTP/2 says goodbye in a frame (RFC 9113 §6.8), in which there is no status.
        "closed" => !answer.starts_with(b"HTTP/"),
        _ => Answer::of_connection(answer).is_some_and(|answer| answer.status == entry.status),
    };
    (!is_refused).then(|| format!("not refused with {}: {}", entry.status, String::from_utf8_lossy(answer)))
}

#[tokio::test]
async fn every_malformed_request_is_refused_with_its_code_and_none_with_a_5xx() {
    let (entries, log) = (list::read(REQUESTS), Log::default());
    assert!(entries.len() >= 200, "{}", entries.len());
    // While there is only one subscriber in a process, a thread without one, of another test, may settle for all threads
    // that a line is of interest to nobody.
    let _another = tracing::Dispatch::new(log.subscriber());
    // All of the server's tasks run on the thread of this test.
    let listening = tracing::subscriber::set_default(log.subscriber());
    let sender = Sender::start().await;
    let mut complaints = Vec::new();
    for entry in &entries {
        let email = new_email();
        let request = entry.request(&sender.meaning(&email));
        let answer = sender.send(&request).await;
        complaints.extend(complaint(entry, &answer).map(|complaint| format!("{}: {complaint}", entry.what)));
    }
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), entries.len(), complaints.join("\n"));
    sender.server.try_login(&sender.email, PASSWORD).await.ok(200);
    sender.server.profile(&sender.tokens.access).await.ok(200);
    drop(listening);
    let log = log.text();
    assert!(log.matches("answered").count() > entries.len(), "the log was not seen: {log}");
    for sign in ["ERROR", "WARN", "panicked", "status=5", PASSWORD, "eve.example"] {
        assert!(!log.contains(sign), "{sign} in the log: {log}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused_before_it_is_a_request() {
    let sender = Sender::start().await;
    let entries = list::read(NOT_HTTP);
    assert!(entries.len() >= 30, "{}", entries.len());
    let mut complaints = Vec::new();
    for entry in &entries {
        let answer = sender.send(&entry.as_it_stands(&sender.meaning("ada@example.com"))).await;
        complaints.extend(complaint_below_http(entry, &answer).map(|complaint| format!("{}: {complaint}", entry.what)));
    }
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), entries.len(), complaints.join("\n"));
    sender.server.try_login(&sender.email, PASSWORD).await.ok(200);
}

/// Without this, the two tests above could be right about a runner that takes anything for a refusal.
#[tokio::test]
async fn a_request_that_is_right_would_be_noticed_among_them() {
    let sender = Sender::start().await;
    let requests = [
        "400 malformed_request: a login\nPOST /api/auth/login\n> {\"email\":\"«email»\",\"password\":\"«envelope»\"}",
        "401 invalid_token: a profile\nGET /api/auth/profile\nAuthorization: Bearer «token»",
        "404 not_found: health\nGET /healthz",
        // Refused, but otherwise.
        "400 invalid_envelope: an array\nPOST /api/auth/login\n> []",
        "404 malformed_request: an array\nPOST /api/auth/login\n> []",
    ];
    for (entry, status) in list::read(&requests.join("\n\n")).iter().zip([200, 200, 200, 400, 400]) {
        let answer = sender.send(&entry.request(&sender.meaning(&sender.email))).await;
        assert!(complaint(entry, &answer).is_some(), "{}", entry.what);
        assert_eq!(Answer::of_connection(&answer).unwrap().status, status, "{}", entry.what);
    }
    for verdict in ["400 refused", "200 closed"] {
        let health = format!("{verdict}: health\nGET /healthz HTTP/1.1\nHost: bulla\nConnection: close");
        let entry = &list::read(&health)[0];
        let answer = sender.send(&entry.as_it_stands(&sender.meaning(&sender.email))).await;
        assert!(complaint_below_http(entry, &answer).is_some(), "{verdict}");
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_complete_would_be_noticed() {
    let sender = Sender::start().await;
    let entries = list::read("404 not_found: nothing\nGET /nothing");
    let refused = sender.send(&entries[0].request(&sender.meaning(&sender.email))).await;
    assert_eq!(complaint(&entries[0], &refused), None);
    let refused = String::from_utf8(refused).unwrap();
    for wrong in [
        refused.replace("404 Not Found", "500 Internal Server Error"),
        refused.replace("problem+json", "json"),
        refused.replace("x-request-id", "x-other"),
        refused.replace("\"not_found\"", "\"not_there\""),
        refused.replace("\"request_id\"", "\"other_name\""),
        format!("{refused}{refused}"),
        refused[..refused.len() - 1].to_owned(),
        String::new(),
    ] {
        assert_ne!(wrong, refused);
        assert!(complaint(&entries[0], wrong.as_bytes()).is_some(), "{wrong}");
    }
}
