//! `/metrics`, for Prometheus, on a listener of its own.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::app::App;

/// Upper bounds in seconds, from a memory look-up to a request that nearly timed out.
const DURATION_BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Starts collecting, for the whole process.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(&DURATION_BUCKETS)?.install_recorder()?;
    metrics::describe_counter!("bulla_http_requests_total", "Requests answered");
    metrics::describe_histogram!("bulla_http_request_duration_seconds", metrics::Unit::Seconds, "Time to answer");
    metrics::describe_counter!("bulla_logins_total", "Logins by outcome");
    metrics::describe_gauge!("bulla_hash_places_free", "Requests that could still wait for a hashing thread");
    metrics::describe_counter!("bulla_password_hashes_total", "Password hashes computed");
    Ok(handle)
}

pub fn metrics_router(app: Arc<App>, handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(render)).with_state((app, handle))
}

async fn render(State((app, handle)): State<(Arc<App>, PrometheusHandle)>) -> impl IntoResponse {
    metrics::gauge!("bulla_hash_places_free").set(app.hashing.free_places() as f64);
    metrics::counter!("bulla_password_hashes_total").absolute(app.hashing.hashes());
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
}
