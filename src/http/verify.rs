//! `/api/auth/verify`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use secrecy::ExposeSecret;

use super::error::Problem;
use super::extract::BearerToken;
use crate::app::App;
use crate::flows;

/// Checks a token for a gateway
///
/// For nginx `auth_request`, Traefik ForwardAuth, Caddy `forward_auth` and Envoy. Answers from memory.
#[utoipa::path(
    get, path = "/api/auth/verify", tag = "tokens", security(("bearer" = [])),
    responses((status = 200, description = "The token is good", headers(
        ("X-Auth-User-Id" = String, description = "The account"),
        ("X-Auth-Email" = String, description = "Its address, in UTF-8 where ASCII does not do"),
        ("X-Auth-Session-Id" = String, description = "The session that the token belongs to"))))
)]
pub(super) async fn verify(State(app): State<Arc<App>>, BearerToken(token): BearerToken) -> Result<HeaderMap, Problem> {
    let claims = flows::check_token(&app, token.expose_secret()).await??;
    let mut headers = HeaderMap::with_capacity(8);
    let values = [("x-auth-user-id", &claims.sub), ("x-auth-email", &claims.email), ("x-auth-session-id", &claims.sid)];
    for (name, value) in values {
        // An address outside of ASCII goes as UTF-8 bytes.
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Problem::internal())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}
