//! `/.well-known/jwks.json`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::App;

/// A new key is published an hour before it signs; caches that keep the set this long never miss one.
const CACHING: &str = "public, max-age=300";

/// The keys that access tokens are verified with (RFC 7517)
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "tokens", responses((status = 200, description = "A JWK set", body = Object, content_type = "application/json", example = json!({ "keys": [{ "kty": "EC", "use": "sig", "alg": "ES256", "kid": "…", "crv": "P-256", "x": "…", "y": "…" }] }))))]
pub(super) async fn jwks(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, CACHING)], Json(app.keys.current().jwks.clone()))
}
