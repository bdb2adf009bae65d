//! Counting and timing requests, without looking a time series up by its text for each of them.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::StatusCode;
use crossbeam_utils::sync::ShardedLock;
use metrics::{Counter, Histogram};

use super::error::Problem;
use crate::app::Outcomes;

/// The time series of the requests that were answered so far.
#[derive(Default)]
pub(super) struct Counted(ShardedLock<HashMap<Kind, Series>>);

/// Method, route and status. The route is the pattern, not the path, and the method one of a few: nothing that a client
/// made up becomes a time series.
type Kind = (&'static str, &'static str, StatusCode);

struct Series {
    count: Counter,
    duration: Histogram,
}

/// Counts an answer by its outcome: success, or the code of the refusal.
pub(super) fn note_outcome<T>(outcomes: &Outcomes, answered: &Result<T, Problem>) {
    outcomes.note(answered.as_ref().map_or_else(Problem::code, |_| "success"));
}

impl Counted {
    pub(super) fn note(&self, kind: Kind, elapsed: Duration) {
        if let Some(series) = self.0.read().expect(NO_PANIC).get(&kind) {
            return series.note(elapsed);
        }
        self.0.write().expect(NO_PANIC).entry(kind).or_insert_with(|| Series::of(kind)).note(elapsed);
    }
}

impl Series {
    fn of((method, route, status): Kind) -> Self {
        let status = status.as_u16().to_string();
        Self {
            duration: metrics::histogram!("bulla_http_request_duration_seconds", "route" => route),
            count: metrics::counter!("bulla_http_requests_total", "method" => method, "route" => route, "status" => status),
        }
    }

    fn note(&self, elapsed: Duration) {
        self.count.increment(1);
        self.duration.record(elapsed.as_secs_f64());
    }
}

const NO_PANIC: &str = "no thread panics while it holds this lock";
