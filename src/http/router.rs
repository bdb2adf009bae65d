//! Every URL on one screen.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, delete, get, patch, post};
use tower::layer::layer_fn;
use tower_http::cors::CorsLayer;

use super::counted::Counted;
use super::entrance::Entrance;
use super::request::{Known, Surrounded, Surroundings};
use super::{
    health, login, openapi, pages, password, profile, refresh, register, request, sealing_key, sessions, verify,
    well_known,
};
use crate::app::App;

type Route = MethodRouter<Arc<App>>;

/// What a request costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    /// Nothing, nor a line in the log: machines ask for each request of an application, or every few seconds, and a line
    /// costs more than a yes.
    Routine,
    /// A line in the log.
    Free,
    /// And a token of its caller's bucket: whatever costs a hash, a private-key operation or a write.
    Throttled,
}
use Cost::{Free, Routine, Throttled};

#[rustfmt::skip]
fn routes() -> Vec<(&'static str, Cost, Route)> {
    vec![
        ("/api/auth/sealing-key",   Free,      get(sealing_key::sealing_key)),
        ("/api/auth/public.pem",    Free,      get(sealing_key::public_pem)),
        ("/api/auth/register",      Throttled, post(register::register)),
        ("/api/auth/login",         Throttled, post(login::login)),
        ("/api/auth/refresh",       Throttled, post(refresh::refresh)),
        ("/api/auth/profile",       Free,      get(profile::profile)),
        ("/api/auth/profile",       Throttled, patch(profile::update_profile)),
        ("/api/auth/logout",        Throttled, post(sessions::logout)),
        ("/api/auth/sessions",      Free,      get(sessions::sessions)),
        ("/api/auth/sessions",      Throttled, delete(sessions::end_every_session)),
        ("/api/auth/sessions/{id}", Throttled, delete(sessions::end_session)),
        ("/api/auth/password",      Throttled, post(password::change_password)),
        ("/api/auth/verify",        Routine,   get(verify::verify)),
        // Envoy appends the path that it guards, and keeps the method.
        ("/api/auth/verify/",       Routine,   any(verify::verify)),
        ("/api/auth/verify/{*path}",Routine,   any(verify::verify)),
        ("/.well-known/jwks.json",  Free,      get(well_known::jwks)),
        ("/openapi.json",           Free,      get(openapi::document)),
        ("/docs",                   Free,      get(pages::docs)),
        ("/",                       Free,      get(pages::home)),
        ("/assets/{*path}",         Routine,   get(pages::asset)),
        ("/healthz",                Routine,   get(health::healthz)),
        ("/readyz",                 Routine,   get(health::readyz)),
    ]
}

/// The routes, and around them, from the inside out: panics become answers, browsers of other origins are let in or
/// not, and each request gets its id, its deadline, its log line and its headers. One of them can be reached past the router.
pub fn entrance(app: Arc<App>) -> Entrance {
    let mut router = Router::new();
    for (path, cost, route) in routes() {
        router = match cost {
            Routine | Free => router.route(path, route),
            Throttled => router.route(path, route.route_layer(from_fn_with_state(Arc::clone(&app), request::throttle))),
        };
    }
    let router = router
        .fallback(request::not_found)
        .method_not_allowed_fallback(request::method_not_allowed)
        .with_state(Arc::clone(&app));
    let router = match cors(&app.config.cors_origins) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    let known = routes().into_iter().map(|(path, cost, _)| Known { path, is_routine: cost == Routine }).collect();
    let surroundings = Arc::new(Surroundings { app, known, counted: Counted::default() });
    let around = Arc::clone(&surroundings);
    let router = router.layer(layer_fn(move |route| Surrounded { route, surroundings: Arc::clone(&around) }));
    Entrance::new(router, surroundings)
}

/// The paths that are served, for the test that holds the API's description against them.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, ..)| path).collect()
}

/// Closed unless an origin is named. Tokens travel in a header, never in a cookie, so credentials are not allowed.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let exposed = [header::RETRY_AFTER, header::WWW_AUTHENTICATE, HeaderName::from_static("x-request-id")];
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers(exposed)
        .max_age(Duration::from_secs(600));
    Some(layer)
}
