//! Where requests come in.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;

use super::error::Problem;
use super::request::Surroundings;
use super::server::{Answers, Peer};
use super::verify;

/// The routes, and a shorter way to the yes of the one that gateways ask for each request of an application: to be
/// matched, boxed and given extensions there costs more than its answer.
#[derive(Clone)]
pub struct Entrance {
    router: Router,
    surroundings: Arc<Surroundings>,
    has_short_way: bool,
}

impl Answers for Entrance {
    fn at_once(&self, request: &mut Request<Incoming>, peer: Peer) -> Option<Response> {
        if !self.is_short(request) {
            return None;
        }
        let surroundings = &*self.surroundings;
        let noted = surroundings.note_routine("GET", verify::PATH, peer, request.headers());
        let answered = catch_unwind(AssertUnwindSafe(|| verify::at_once(&surroundings.app, request)));
        // The panic hook has said more.
        let answer = answered.unwrap_or_else(|_| Some(Problem::internal().into_response()))?;
        Some(surroundings.finish(&noted, answer))
    }

    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response {
        self.router.answer(request, peer).await
    }
}

impl Entrance {
    pub(super) fn new(router: Router, surroundings: Arc<Surroundings>) -> Self {
        // It does nothing that only routes do which are not routine. Where browsers of other origins are let in, an answer
        // says more, and the router knows what.
        let is_routine = surroundings.known(verify::PATH).is_some_and(|known| known.is_routine);
        let has_short_way = is_routine && surroundings.app.config.cors_origins.is_empty();
        Self { router, surroundings, has_short_way }
    }

    fn is_short(&self, request: &Request<Incoming>) -> bool {
        self.has_short_way && request.method() == Method::GET && request.uri().path() == verify::PATH
    }
}

impl fmt::Debug for Entrance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entrance").field("router", &self.router).finish_non_exhaustive()
    }
}
