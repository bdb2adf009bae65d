//! Counting and timing requests, without looking a time series up by its text for each of them.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Counter, Histogram};

use super::error::Problem;
use crate::app::Outcomes;

/// The time series of the requests that were answered so far, by route: as many as there are methods and statuses.
#[derive(Default)]
pub(super) struct Counted(RwLock<HashMap<String, HashMap<Kind, Series>>>);

type Kind = (&'static str, StatusCode);

struct Series {
    count: Counter,
    duration: Histogram,
}

/// Counts an answer by its outcome: success, or the code of the refusal.
pub(super) fn note_outcome<T>(outcomes: &Outcomes, answered: &Result<T, Problem>) {
    outcomes.note(answered.as_ref().map_or_else(Problem::code, |_| "success"));
}

impl Counted {
    /// `route` is the pattern, not the path, and `method` one of a few: nothing that a client made up becomes a time
    /// series.
    pub(super) fn note(&self, route: &str, method: &'static str, status: StatusCode, elapsed: Duration) {
        let kind = (method, status);
        if let Some(series) = self.0.read().expect(NO_PANIC).get(route).and_then(|kinds| kinds.get(&kind)) {
            return series.note(elapsed);
        }
        let mut routes = self.0.write().expect(NO_PANIC);
        let kinds = routes.entry(route.to_owned()).or_default();
        kinds.entry(kind).or_insert_with(|| Series::of(route, kind)).note(elapsed);
    }
}

impl Series {
    fn of(route: &str, (method, status): Kind) -> Self {
        let (route, status) = (route.to_owned(), status.as_u16().to_string());
        Self {
            duration: metrics::histogram!("bulla_http_request_duration_seconds", "route" => route.clone()),
            count: metrics::counter!("bulla_http_requests_total", "method" => method, "route" => route, "status" => status),
        }
    }

    fn note(&self, elapsed: Duration) {
        self.count.increment(1);
        self.duration.record(elapsed.as_secs_f64());
    }
}

const NO_PANIC: &str = "no thread panics while it holds this lock";
