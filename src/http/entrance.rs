//! Where requests come in.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;

use super::request::Surroundings;
use super::server::{Answers, Peer};
use super::verify;

/// The routes, and a shorter way to the one that gateways take for each request of an application: to be matched, boxed
/// and given extensions there costs more than its answer.
#[derive(Clone)]
pub struct Entrance {
    router: Router,
    surroundings: Arc<Surroundings>,
    has_short_way: bool,
}

impl Answers for Entrance {
    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response {
        if !self.is_short(&request) {
            return self.router.answer(request, peer).await;
        }
        let (surroundings, headers) = (&*self.surroundings, request.headers());
        let noted = surroundings.note_routine("GET", verify::PATH, peer, headers);
        let answering = async { Ok::<_, Infallible>(verify::answer(&surroundings.app, headers).await.into_response()) };
        surroundings.answer(&noted, answering).await
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
