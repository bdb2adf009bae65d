//! Traces, as a collector receives them: decoded by OpenTelemetry's own types.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulla_seal::Purpose;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message;

use crate::support::{Answer, EMAIL, Home, PASSWORD, Pace, Server, Tokens, within};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
/// More than the server gives a collector at its end, and less than a test's patience.
const BOUND: Duration = Duration::from_secs(15);

/// Takes spans, and keeps what it was sent.
struct Collector {
    url: String,
    received: Arc<Mutex<Vec<Export>>>,
}

struct Export {
    /// Request line and headers.
    head: String,
    body: Vec<u8>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::<Mutex<Vec<Export>>>::default();
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mut reader, mut head) = (BufReader::new(stream), String::new());
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|length| length > 0) {}
                let length = head.to_lowercase();
                let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut body).unwrap();
                kept.lock().unwrap().push(Export { head, body });
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                reader.get_mut().write_all(answer).unwrap();
            }
        });
        Self { url, received }
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let received = self.received.lock().unwrap();
        received.iter().map(|export| ExportTraceServiceRequest::decode(export.body.as_slice()).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("{name} is {other:?}"),
    })
}

/// A login whose caller says which trace it belongs to.
fn log_in_within(server: &Server, flags: &str) -> Answer {
    let parent = format!("traceparent: 00-{TRACE}-{CALLER}-{flags}");
    let options = ["--header", "Content-Type: application/json", "--header", &parent, "--data-binary", "@-"];
    let body = server.sealed_body(Purpose::Login, EMAIL).to_string();
    server.request("login", &options, &body).unwrap()
}

fn stopped(server: Server) -> String {
    let begun = Pace::now();
    server.process.terminate();
    let ran = server.process.ended();
    assert!(ran.status.success() && begun.elapsed() < BOUND, "{:?}: {ran:?}", begun.elapsed());
    ran.stderr
}

#[test]
fn a_request_is_a_span_below_its_callers_and_its_work_is_below_it() {
    let collector = Collector::start();
    let home = Home::new()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .with("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20of%20spans")
        .with("OTEL_SERVICE_NAME", "front-door")
        .with("BULLA_TRUSTED_PROXIES", "127.0.0.1");
    let server = Server::start(&home);
    server.register(EMAIL);
    let answer = log_in_within(&server, "01");
    let id = answer.header("x-request-id").unwrap().to_owned();
    let tokens = Tokens::of(&answer);
    server.get("/nowhere/at/all").problem(404, "not_found");
    // What was not sent yet is sent at the end.
    let log = stopped(server);
    assert!(!log.contains("\"otel") && !log.contains("asking the database"), "{log}");

    let spans = collector.spans();
    let of_trace: Vec<&Span> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let named = |name: &str| of_trace.iter().filter(|span| span.name == name).copied().collect::<Vec<_>>();
    let [request] = named("POST /api/auth/login")[..] else { panic!("{spans:#?}") };
    assert_eq!((hex(&request.parent_span_id).as_str(), request.kind), (CALLER, SpanKind::Server as i32));
    for (name, value) in [("http.request.method", "POST"), ("http.route", "/api/auth/login"), ("bulla.request_id", &id)]
    {
        assert_eq!(attribute(request, name).as_deref(), Some(value), "{name}");
    }
    let status = request.attributes.iter().find(|attribute| attribute.key == "http.response.status_code").unwrap();
    assert_eq!(status.value.clone().unwrap().value, Some(Value::IntValue(200)));
    let ([hashing], [opening]) = (&named("hashing")[..], &named("opening an envelope")[..]) else {
        panic!("{spans:#?}")
    };
    assert_eq!((&hashing.parent_span_id, &opening.parent_span_id), (&request.span_id, &hashing.span_id));
    let asked = named("asking the database");
    assert!(asked.len() >= 4 && asked.iter().all(|span| span.parent_span_id == request.span_id), "{asked:#?}");
    let is_within = |span: &&Span| {
        request.start_time_unix_nano <= span.start_time_unix_nano
            && span.end_time_unix_nano <= request.end_time_unix_nano
    };
    assert!(of_trace.iter().all(is_within), "{of_trace:#?}");

    let nowhere = spans.iter().find(|span| span.name == "GET (none)").unwrap();
    assert!(nowhere.parent_span_id.is_empty() && attribute(nowhere, "http.response.status_code").unwrap() == "404");
    assert!(spans.iter().all(|span| span.events.is_empty()), "what is logged is no part of a trace");

    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    let name = resource.attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
    assert_eq!(name.value.clone().unwrap().value, Some(Value::StringValue("front-door".into())));
    let received = collector.received.lock().unwrap();
    for Export { head, body } in received.iter() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer of spans\r\n"), "{head}");
        let text = String::from_utf8_lossy(body);
        let secrets = [PASSWORD, EMAIL, "ada@", "eyJhbGci", &tokens.refresh, "127.0.0.1", "curl", "nowhere"];
        let found = secrets.into_iter().find(|secret| text.contains(*secret));
        assert!(found.is_none(), "{found:?} is in {text}");
    }
}

#[test]
fn an_answer_of_the_servers_own_failure_is_marked_as_an_error() {
    let collector = Collector::start();
    let endpoint = format!("{}/elsewhere", collector.url);
    let home = Home::new().with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint);
    let server = Server::start(&home);
    let tokens = server.ada();
    let script =
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('ALTER TABLE sessions RENAME TO elsewhere')";
    let database = home.path("bulla-data/bulla.db").display().to_string();
    let mut python = std::process::Command::new("python3");
    crate::support::Process::run(python.args(["-c", script, &database]), "").ok();
    server.profile(&tokens.access).problem(503, "unavailable");
    stopped(server);
    let spans = collector.spans();
    let failed = spans.iter().find(|span| span.name == "GET /api/auth/profile").unwrap();
    assert_eq!(failed.status.as_ref().map(|status| status.code), Some(StatusCode::Error as i32));
    let fine = spans.iter().find(|span| span.name == "POST /api/auth/login").unwrap();
    assert_ne!(fine.status.as_ref().map(|status| status.code), Some(StatusCode::Error as i32));
    assert!(collector.received.lock().unwrap().iter().all(|export| export.head.starts_with("POST /elsewhere HTTP")));
}

#[test]
fn what_is_not_sampled_is_not_sent() {
    let collector = Collector::start();
    let home = Home::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).with("OTEL_TRACES_SAMPLER_ARG", "0");
    // A stranger does not say what is kept.
    let server = Server::start(&home);
    server.register(EMAIL);
    log_in_within(&server, "01").ok(200);
    stopped(server);
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
    let home = home.with("BULLA_TRUSTED_PROXIES", "127.0.0.1");
    let server = Server::start(&home);
    log_in_within(&server, "00").ok(200);
    stopped(server);
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
    // Whose caller keeps the trace, is kept.
    let server = Server::start(&home);
    log_in_within(&server, "01").ok(200);
    stopped(server);
    assert!(collector.spans().iter().all(|span| hex(&span.trace_id) == TRACE) && !collector.spans().is_empty());
}

/// What a node asks its database by itself, several times a second, is no part of a request.
#[test]
fn an_idle_server_sends_nothing_and_nothing_that_a_client_made_up_is_sent() {
    let collector = Collector::start();
    let home = Home::new()
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .with("OTEL_BSP_SCHEDULE_DELAY", "50")
        .with("BULLA_TRUSTED_PROXIES", "127.0.0.1");
    let server = Server::start(&home);
    std::thread::sleep(Duration::from_secs(3));
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
    let parent = format!("traceparent: 00-{TRACE}-{CALLER}-01");
    let options = ["--header", &parent, "--header", "tracestate: vendor=made-up", "--header", "baggage: who=made-up"];
    server.request("sealing-key", &options, "").unwrap().ok(200);
    stopped(server);
    assert!(collector.spans().iter().any(|span| hex(&span.trace_id) == TRACE));
    let received = collector.received.lock().unwrap();
    assert!(received.iter().all(|export| !String::from_utf8_lossy(&export.body).contains("made-up")));
}

/// One that is not there, and one that never says a word.
#[test]
fn a_collector_that_is_away_slows_nothing_and_is_warned_about_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for url in ["http://127.0.0.1:1", &silent] {
        let home = Home::new()
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", url)
            .with("OTEL_BSP_SCHEDULE_DELAY", "50")
            .with("BULLA_ADDRESS_RATE", "off");
        let server = Server::start(&home);
        let tokens = server.ada();
        let warnings = || server.log().lines().filter(|line| line.contains("traces cannot be sent to")).count();
        within(crate::support::PATIENCE, "the warning", || {
            server.profile(&tokens.access).ok(200);
            (warnings() > 0).then_some(())
        });
        let begun = Pace::now();
        for _ in 0..20 {
            server.profile(&tokens.access).ok(200);
        }
        assert!(begun.elapsed() < BOUND, "{url}: {:?}", begun.elapsed());
        let log = stopped(server);
        assert_eq!(log.lines().filter(|line| line.contains("traces cannot be sent to")).count(), 1, "{log}");
    }
}

#[test]
fn without_a_collector_nothing_is_traced_and_check_says_so() {
    assert!(Home::new().run(&["check"]).ok().lines().any(|line| line.starts_with("traces ") && line.ends_with(" off")));
    let home = Home::new().with("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2");
    let home = home.with("OTEL_EXPORTER_OTLP_ENDPOINT", "https://traces.example.com");
    let report = home.run(&["check"]).ok();
    assert!(report.contains("https://traces.example.com/v1/traces") && !report.contains("hunter2"), "{report}");
    home.with("OTEL_TRACES_SAMPLER_ARG", "all")
        .start_refused(&["OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1"]);
}
