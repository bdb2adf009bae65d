//! What handlers are given: a strict JSON body, a bearer token, the caller.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::{FieldError, Problem};
use super::strict_json;
use crate::app::App;
use crate::flows::{self, InvalidToken};
use crate::model::Client;

const LARGEST_BODY_BYTES: usize = 16 * 1024;
/// A client that takes longer to send so little is stuck, or means to hold the connection.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A JSON body of a known shape: unknown members are ignored, duplicate ones and wrong types are refused.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send JSON, with the header Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let body = Zeroizing::new(read(request).await?.to_vec());
        strict_json::parse(&body).map(Self).map_err(Problem::malformed)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"));
    is_json && parts.all(|parameter| parameter.replace('"', "").eq_ignore_ascii_case("charset=utf-8"))
}

async fn read(request: Request) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "a body may have 16 KiB at most");
    // Refused before any of it is read, or asked for (`Expect: 100-continue`).
    if request.body().size_hint().lower() > LARGEST_BODY_BYTES as u64 {
        return Err(too_large());
    }
    let body = Limited::new(request.into_body(), LARGEST_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_DEADLINE, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::malformed("the body broke off before its end")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body took too long to arrive")),
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1).
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (values.next(), values.next()) {
        (Some(value), None) => str::from_utf8(value.as_bytes()).ok().and_then(token_of),
        // Two of them: a proxy may have looked at the other one.
        _ => None,
    };
    token.ok_or_else(|| InvalidToken.into())
}

fn token_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_ascii()).filter(|token| !token.is_empty())
}

/// Whoever holds a valid token of a living session.
#[derive(Debug)]
pub(super) struct Caller(pub(super) flows::Caller);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer_token(&parts.headers)?;
        let client = parts.extensions.get::<Client>().expect("the surroundings note the client of every request");
        Ok(Self(flows::authenticate(app, token, client).await??))
    }
}

/// Collects what is wrong with the fields of a body, so that a person learns all of it at once.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<FieldError>);

impl Fields {
    /// `pointer` is the field's JSON Pointer, as in `/email`.
    pub(super) fn parse<T, E: fmt::Display>(&mut self, pointer: &'static str, parsed: Result<T, E>) -> Option<T> {
        let note = |error: E| {
            let detail = format!("{} {error}", pointer.trim_start_matches('/'));
            self.0.push(FieldError { pointer, code: "invalid", detail });
        };
        parsed.map_err(note).ok()
    }

    pub(super) fn problem(self) -> Problem {
        Problem::validation(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        let is = |value: &'static str| is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]));
        assert!(
            is("application/json") && is("Application/JSON; charset=UTF-8") && is("application/json;charset=\"utf-8\"")
        );
        assert!(!is("text/plain") && !is("application/json; charset=latin1") && !is("application/jsonx") && !is(""));
    }
}
