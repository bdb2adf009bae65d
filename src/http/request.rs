//! What surrounds every request: its id, its span in the log, its deadline, its client, and the headers of its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
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

/// What `serve_request` knows beside the request.
pub(super) struct Surroundings {
    pub(super) app: Arc<App>,
    /// The routes of which a yes is no line in the log, nor worth a span.
    pub(super) routine: Vec<&'static str>,
    pub(super) counted: Counted,
}

pub(super) async fn serve_request(
    State(surroundings): State<Arc<Surroundings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Surroundings { app, routine, counted } = &*surroundings;
    let begun = Instant::now();
    // Our own, always: an id from outside could be another request's, or not fit into a log line.
    let id = RequestId::new(app.new_id());
    let client = client(app, &request, &id);
    let method = known_method(request.method());
    // The pattern, not the path: nothing that a client made up gets into the log.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("(none)", MatchedPath::as_str);
    let is_routine = routine.contains(&route);
    let describe = || tracing::info_span!("request", request_id = %id, method, route);
    let span = if is_routine { Span::none() } else { describe() };
    let address = client.address;
    let traced = if is_routine { Span::none() } else { traced::begin(method, route, &id, parent(app, &request)) };
    request.extensions_mut().insert(client);

    let answered =
        tokio::time::timeout(DEADLINE, next.run(request).instrument(traced.clone())).instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| too_slow().into_response());
    let code = write_problem(&mut response, &id);
    add_headers(app, response.headers_mut(), &id);
    let (status, elapsed) = (response.status(), begun.elapsed());
    traced::end(&traced, status);
    let milliseconds = format_args!("{:.1}", elapsed.as_secs_f64() * 1000.0);
    if is_routine && code.is_none() {
        tracing::debug!(request_id = %id, method, route, status = status.as_u16(), milliseconds, "answered");
    } else {
        let span = if is_routine { describe() } else { span };
        // Whoever is let in is named by the audit log; of whoever is refused, the address may be all that is known.
        let client = code.map(|_| tracing::field::display(address));
        span.in_scope(|| tracing::info!(status = status.as_u16(), code, client, milliseconds, "answered"));
    }
    counted.note(route, method, status, elapsed);
    response
}

/// Whose trace this is a part of, if a proxy says so that we trust: strangers do not choose what is kept.
fn parent<'r>(app: &App, request: &'r Request) -> Option<&'r HeaderValue> {
    let peer = request.extensions().get::<Peer>()?.0.ip();
    let is_trusted = app.config.trusted_proxies.iter().any(|network| network.contains(&peer));
    request.headers().get(traced::TRACEPARENT).filter(|_| is_trusted)
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
    let defaults = [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.public_url.starts_with("https://") {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
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
    let client = request.extensions().get::<Client>().expect("serve_request notes the client of every request");
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

fn client(app: &App, request: &Request, id: &RequestId) -> Client {
    let peer: Option<IpAddr> = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let peer = peer.expect("the accept loop notes the peer of every connection");
    let user_agent = request.headers().get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    // For a person's eyes, in a list of sessions: one line, of a sensible length.
    let user_agent = String::from_utf8_lossy(user_agent);
    let user_agent = user_agent.chars().filter(|character| !character.is_control()).take(LONGEST_USER_AGENT_CHARACTERS);
    Client {
        address: client_address(peer, request.headers(), &app.config.trusted_proxies),
        user_agent: user_agent.collect(),
        request_id: id.clone(),
    }
}
