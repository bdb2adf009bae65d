//! `/api/auth/verify`

use std::mem;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderName, HeaderValue, Version, header};
use axum::response::Response;
use bulla_token::Claims;

use super::error::Problem;
use super::extract::bearer_token;
use crate::app::App;
use crate::flows;

pub(super) const PATH: &str = "/api/auth/verify";
const USER_ID: HeaderName = HeaderName::from_static("x-auth-user-id");
const EMAIL: HeaderName = HeaderName::from_static("x-auth-email");
const SESSION_ID: HeaderName = HeaderName::from_static("x-auth-session-id");
const NOTHING: HeaderValue = HeaderValue::from_static("0");

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
pub(super) async fn verify(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, Problem> {
    let claims = flows::check_token(&app, bearer_token(request.headers())?).await??;
    let who = who(&claims).map_err(|_| Problem::internal())?;
    Ok(pass(who, &mut request))
}

/// The same, for a token that memory alone lets pass.
pub(super) fn at_once<B>(app: &App, request: &mut Request<B>) -> Option<Response> {
    let who = flows::look_at_token(app, bearer_token(request.headers()).ok()?, who)?.ok()?;
    Some(pass(who, request))
}

/// An address outside of ASCII goes as UTF-8 bytes.
fn who(claims: &Claims) -> Result<[HeaderValue; 3], InvalidHeaderValue> {
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes());
    Ok([value(&claims.sub)?, value(&claims.email)?, value(&claims.sid)?])
}

/// The headers of the request make room for those of its answer.
fn pass<B>(who: [HeaderValue; 3], request: &mut Request<B>) -> Response {
    let mut headers = mem::take(request.headers_mut());
    headers.clear();
    headers.extend([USER_ID, EMAIL, SESSION_ID].into_iter().zip(who));
    if request.version() >= Version::HTTP_2 {
        // Nobody else would say so there.
        headers.insert(header::CONTENT_LENGTH, NOTHING);
    }
    let mut response = Response::default();
    *response.headers_mut() = headers;
    response
}
