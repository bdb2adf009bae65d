//! What surrounds every request: its id, its span in the log, its deadline, its client, and the headers of its answer.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, poll_immediate};
use tower::Service;
use tracing::{Instrument, Span};

use super::client_address::client_address;
use super::counted::Counted;
use super::error::Problem;
use super::server::Peer;
use super::traced;
use crate::app::App;
use crate::flows;
use crate::model::{Client, RequestId};

/// Longer than any honest request takes, shorter than a client's patience.
const DEADLINE: Duration = Duration::from_secs(30);
const LONGEST_USER_AGENT_CHARACTERS: usize = 256;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Of every answer that does not say otherwise.
const DEFAULTS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// What is around every route.
pub(super) struct Surroundings {
    pub(super) app: Arc<App>,
    pub(super) known: Vec<Known>,
    pub(super) counted: Counted,
}

/// A route.
pub(super) struct Known {
    pub(super) path: &'static str,
    /// Whether a yes is no line in the log, nor worth a span.
    pub(super) is_routine: bool,
}

/// A route within its surroundings. `from_fn` would make three boxes more for each request.
#[derive(Clone)]
pub(super) struct Surrounded {
    pub(super) route: Route,
    pub(super) surroundings: Arc<Surroundings>,
}

impl Service<Request> for Surrounded {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.route, context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let surroundings = Arc::clone(&self.surroundings);
        let noted = surroundings.note(&mut request);
        let answering = self.route.call(request);
        Box::pin(async move { Ok(surroundings.answer(&noted, answering).await) })
    }
}

/// What is known of a request before it is answered.
pub(super) struct Noted {
    begun: Instant,
    id: RequestId,
    method: &'static str,
    /// The pattern, not the path: nothing that a client made up gets into the log.
    route: &'static str,
    is_routine: bool,
    address: IpAddr,
    /// For the log, and for a collector of traces.
    spans: [Span; 2],
}

impl Noted {
    fn describe(&self) -> Span {
        tracing::info_span!("request", request_id = %self.id, method = self.method, route = self.route)
    }
}

impl Surroundings {
    pub(super) fn known(&self, path: &str) -> Option<&Known> {
        self.known.iter().find(|known| known.path == path)
    }

    fn note(&self, request: &mut Request) -> Noted {
        let peer = *request.extensions().get::<Peer>().expect("the accept loop notes the peer of every connection");
        let known = request.extensions().get::<MatchedPath>().and_then(|matched| self.known(matched.as_str()));
        let (method, headers) = (known_method(request.method()), request.headers());
        let mut noted = self.note_routine(method, known.map_or("(none)", |known| known.path), peer, headers);
        noted.is_routine = known.is_some_and(|known| known.is_routine);
        if !noted.is_routine {
            let traced = traced::begin(method, noted.route, &noted.id, parent(&self.app, peer, headers));
            noted.spans = [noted.describe(), traced];
        }
        let client = client(&noted, headers);
        request.extensions_mut().insert(client);
        noted
    }

    /// As little as a routine request needs.
    pub(super) fn note_routine(
        &self,
        method: &'static str,
        route: &'static str,
        peer: Peer,
        headers: &HeaderMap,
    ) -> Noted {
        let begun = Instant::now();
        // Our own, always: an id from outside could be another request's, or not fit into a log line.
        let id = RequestId::new(self.app.new_id());
        let address = client_address(peer.0.ip(), headers, &self.app.config.trusted_proxies);
        Noted { begun, id, method, route, is_routine: true, address, spans: [Span::none(), Span::none()] }
    }

    async fn answer(&self, noted: &Noted, answering: impl Future<Output = Result<Response, Infallible>>) -> Response {
        let [span, traced] = &noted.spans;
        let answering = AssertUnwindSafe(answering).catch_unwind().instrument(traced.clone());
        let response = match in_time(answering).instrument(span.clone()).await {
            Some(Ok(Ok(response))) => response,
            // The panic hook has said more.
            Some(Err(_)) => Problem::internal().into_response(),
            None => too_slow().into_response(),
        };
        self.finish(noted, response)
    }

    /// Gives an answer what every answer has, and notes it.
    pub(super) fn finish(&self, noted: &Noted, mut response: Response) -> Response {
        let code = write_problem(&mut response, &noted.id);
        add_headers(&self.app, response.headers_mut(), &noted.id);
        let (status, elapsed) = (response.status(), noted.begun.elapsed());
        traced::end(&noted.spans[1], status);
        self.tell(noted, status, code, elapsed);
        self.counted.note((noted.method, noted.route, status), elapsed);
        response
    }

    fn tell(&self, noted: &Noted, status: StatusCode, code: Option<&'static str>, elapsed: Duration) {
        let (status, milliseconds) = (status.as_u16(), format_args!("{:.1}", elapsed.as_secs_f64() * 1000.0));
        if noted.is_routine && code.is_none() {
            let (request_id, method, route) = (&noted.id, noted.method, noted.route);
            tracing::debug!(%request_id, method, route, status, milliseconds, "answered");
        } else {
            let span = if noted.is_routine { noted.describe() } else { noted.spans[0].clone() };
            // Whoever is let in is named by the audit log; of whoever is refused, the address may be all that is known.
            let client = code.map(|_| tracing::field::display(noted.address));
            span.in_scope(|| tracing::info!(status, code, client, milliseconds, "answered"));
        }
    }
}

/// Within the deadline. Most of what is asked most often is answered at once, and needs no timer.
async fn in_time<T>(answering: impl Future<Output = T>) -> Option<T> {
    let mut answering = pin!(answering);
    match poll_immediate(&mut answering).await {
        Some(answer) => Some(answer),
        None => tokio::time::timeout(DEADLINE, answering).await.ok(),
    }
}

/// Whose trace this is a part of, if a proxy says so that we trust: strangers do not choose what is kept.
fn parent<'h>(app: &App, peer: Peer, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
    let is_trusted = app.config.trusted_proxies.iter().any(|network| network.contains(&peer.0.ip()));
    headers.get(traced::TRACEPARENT).filter(|_| is_trusted)
}

/// Writes the document of a refusal, now that the request id is known; returns its code.
fn write_problem(response: &mut Response, id: &RequestId) -> Option<&'static str> {
    let problem = response.extensions_mut().remove::<Problem>()?;
    let document = problem.document(id.as_str());
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(document.len()));
    *response.body_mut() = Body::from(document);
    Some(problem.code())
}

fn add_headers(app: &App, headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(value);
    }
    if app.public_url.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
}

/// A client may send any word as its method.
fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}

fn too_slow() -> Problem {
    let detail = "the server took too long over this request; try again in a moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).after(Duration::from_secs(2))
}

/// Takes a token from the bucket of the client's address.
pub(super) async fn throttle(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>().expect("the surroundings note the client of every request");
    match app.addresses.take(client.network()) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            app.counts.throttled.note("address");
            flows::note_throttled_address(&app, client).await;
            Problem::too_many_attempts(wait).into_response()
        }
    }
}

pub(super) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address; /docs lists what there is")
}

pub(super) async fn method_not_allowed() -> Problem {
    let detail = "this address does not take this method; the Allow header lists those that it takes";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

fn client(noted: &Noted, headers: &HeaderMap) -> Client {
    let user_agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    Client { address: noted.address, user_agent: readable(user_agent), request_id: noted.id.clone() }
}

/// For a person's eyes, in a list of sessions: one line, of a sensible length.
fn readable(user_agent: &[u8]) -> String {
    let user_agent = String::from_utf8_lossy(user_agent);
    user_agent.chars().filter(|character| !character.is_control()).take(LONGEST_USER_AGENT_CHARACTERS).collect()
}
