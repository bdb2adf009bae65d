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
const USER_ID: HeaderName = HeaderName::from_static("x-auth-user-id");
const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const SESSION_ID: HeaderName = HeaderName::from_static("x-auth-session-id");
const NOTHING: HeaderValue = HeaderValue::from_static("0");
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
    for (name, value) in [(USER_ID, &claims.sub), (EMAIL, &claims.email), (SESSION_ID, &claims.sid)] {
        // An address outside of ASCII goes as UTF-8 bytes.
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Problem::internal())?;
        headers.insert(name, value);
    }
    // In HTTP/2 nobody else would say so.
    headers.insert(header::CONTENT_LENGTH, NOTHING);
    let mut response = Response::default();
    *response.headers_mut() = headers;
    Ok(response)
}
