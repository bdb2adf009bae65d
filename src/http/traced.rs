//! The span of a request for a collector of traces, by the semantic conventions of OpenTelemetry. It has the pattern of the
//! route and the request's id, and nothing that a client made up. Where there is no collector, none of this is done.

use axum::http::{HeaderValue, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::model::RequestId;

pub(super) const TRACEPARENT: &str = "traceparent";

/// Begins it, below the span that `parent` names (W3C Trace Context), which a proxy wrote that we trust.
pub(super) fn begin(method: &'static str, route: &str, id: &RequestId, parent: Option<&HeaderValue>) -> Span {
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
    if !span.is_disabled()
        && let Some(parent) = parent
    {
        // Refused for a span that has begun, which this one has not.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Parent(parent)));
    }
    span
}

pub(super) fn end(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The header `traceparent`, which has room for numbers only. `tracestate` would let any text through.
struct Parent<'h>(&'h HeaderValue);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
