//! The span of a request for a collector of traces, by the semantic conventions of OpenTelemetry. It has the pattern of the
//! route and the request's id, and nothing that a client made up. Where there is no collector, none of this is done.

use axum::http::{HeaderMap, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::model::RequestId;

/// Begins it, below the span that the request's `traceparent` names (W3C Trace Context).
pub(super) fn begin(method: &'static str, route: &str, id: &RequestId, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        target: "otel",
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        bulla.request_id = %id,
    );
    if !span.is_disabled() {
        // Refused for a span that has begun, which this one has not.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(headers)));
    }
    span
}

pub(super) fn end(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
