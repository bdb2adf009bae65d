//! What is for people: `/`, its `/assets`, and the description of the API.

use std::sync::{Arc, LazyLock};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::Problem;
use super::{openapi, request};
use crate::app::App;
use crate::pages::{self, Page};

pub(super) async fn home(State(app): State<Arc<App>>) -> Result<Page, Problem> {
    if !app.config.has_pages {
        return Err(request::not_found().await);
    }
    Ok(pages::home(&app.config.brand, &app.config.password_policy))
}

/// Kept by browsers and asked about each time, so that a page never meets programs of another version.
pub(super) async fn asset(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    // The reference has a logo too.
    let is_needed = app.config.has_pages || path == "logo";
    let Some(asset) = pages::asset(&path, &app.config.brand).filter(|_| is_needed) else {
        return Err(request::not_found().await);
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CONTENT_SECURITY_POLICY, pages::ASSET_POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, asset.tag),
    ];
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| names(known, asset.tag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, asset.content.to_vec()).into_response())
}

/// Weakly compared (RFC 9110 §13.1.2): a proxy that compresses makes `W/"…"` of a tag.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// A constant, rendered once: anyone may look at it as often as they like.
static REFERENCE: LazyLock<Page> = LazyLock::new(|| pages::reference(&openapi::description()));

pub(super) async fn docs(State(app): State<Arc<App>>) -> Page {
    REFERENCE.with(pages::SERVER, &app.public_url)
}
