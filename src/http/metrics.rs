//! `/metrics`, for Prometheus, on a listener of its own.

mod described;
mod process;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics::{gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::interval;

use crate::app::App;
use crate::model::{KeyPurpose, KeyStage};

/// Upper bounds in seconds, from a memory look-up to a request that nearly timed out.
const DURATION_BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Of what keeps a core busy: an envelope takes one or two milliseconds, a hash ten to a hundred.
const WORK_BUCKETS: [f64; 12] = [0.001, 0.002, 0.004, 0.008, 0.012, 0.016, 0.024, 0.032, 0.064, 0.125, 0.25, 1.0];
const OF_WORK: [&str; 2] = ["bulla_envelope_open_duration_seconds", "bulla_password_hash_duration_seconds"];
/// What was observed is kept one by one until it is sorted into its buckets, whether anyone scrapes or not.
const UPKEEP: Duration = Duration::from_secs(1);

/// Starts collecting, for the whole process. Whatever keeps a time series is made afterwards.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new().set_buckets(&DURATION_BUCKETS)?;
    for name in OF_WORK {
        builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &WORK_BUCKETS)?;
    }
    let handle = builder.install_recorder()?;
    described::describe();
    let kept = handle.clone();
    tokio::spawn(async move {
        let mut ticks = interval(UPKEEP);
        loop {
            ticks.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}

pub fn metrics_router(app: Arc<App>, handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(render)).with_state((app, handle))
}

async fn render(State((app, handle)): State<(Arc<App>, PrometheusHandle)>) -> impl IntoResponse {
    look_at_hashing(&app);
    look_at_keys(&app);
    look_at_database(&app);
    gauge!("bulla_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    handle.run_upkeep();
    let mut text = handle.render();
    process::describe(&mut text);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn look_at_hashing(app: &App) {
    gauge!("bulla_hash_places_free").set(app.hashing.free_places() as f64);
    gauge!("bulla_hash_queue_depth").set(app.hashing.waiting() as f64);
    gauge!("bulla_hash_threads").set(app.hashing.threads() as f64);
    gauge!("bulla_hash_threads_busy").set(app.hashing.busy_threads() as f64);
    metrics::counter!("bulla_password_hashes_total").absolute(app.hashing.hashes());
    // Seen from the first scrape on, before there is anything to see.
    let _ = OF_WORK.map(|name| histogram!(name));
}

fn look_at_keys(app: &App) {
    let (keys, now) = (app.keys.current(), app.clock.now());
    for purpose in KeyPurpose::ALL {
        for stage in [KeyStage::Next, KeyStage::Active, KeyStage::Retiring] {
            let labels = [("purpose", purpose.to_string()), ("stage", stage.to_string())];
            gauge!("bulla_keys", &labels).set(keys.count(purpose, stage, now) as f64);
        }
        if let Some(age) = keys.age(purpose, now) {
            gauge!("bulla_key_age_seconds", "purpose" => purpose.as_str()).set(age.as_secs_f64());
        }
    }
}

fn look_at_database(app: &App) {
    for usage in app.db.usage() {
        gauge!("bulla_database_connections_max", "pool" => usage.name).set(usage.most as f64);
        for (state, count) in [("busy", usage.busy), ("idle", usage.idle)] {
            gauge!("bulla_database_connections", "pool" => usage.name, "state" => state).set(count as f64);
        }
    }
}
