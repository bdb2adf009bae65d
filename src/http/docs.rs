//! `/docs`: the API's description, for reading.

use std::sync::LazyLock;

use axum::response::Response;

use super::openapi;
use crate::pages::{self, Page};

/// A constant, rendered once: anyone may look at it as often as they like.
static REFERENCE: LazyLock<Page> = LazyLock::new(|| pages::reference(&openapi::description()));

pub(super) async fn docs() -> Response {
    REFERENCE.to_response()
}
