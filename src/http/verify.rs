//! `/api/auth/verify`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use super::error::Problem;
use super::extract::bearer_token;
use crate::app::App;
use crate::flows;

pub(super) const PATH: &str = "/api/auth/verify";
/// Room for those that every answer has, too.
const HEADERS: usize = 12;

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
pub(super) async fn verify(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    answer(&app, request.headers()).await
}

pub(super) async fn answer(app: &App, headers: &HeaderMap) -> Result<Response, Problem> {
    let claims = flows::check_token(app, bearer_token(headers)?).await??;
    let mut headers = HeaderMap::with_capacity(HEADERS);
    let values = [("x-auth-user-id", &claims.sub), ("x-auth-email", &claims.email), ("x-auth-session-id", &claims.sid)];
    for (name, value) in values {
        // An address outside of ASCII goes as UTF-8 bytes.
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Problem::internal())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    // In HTTP/2 nobody else would say so.
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    let mut response = Response::default();
    *response.headers_mut() = headers;
    Ok(response)
}
