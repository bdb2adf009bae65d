//! `/docs`: the API's description, for reading.

use axum::response::IntoResponse;

use super::openapi;
use crate::pages;

pub(super) async fn docs() -> impl IntoResponse {
    pages::reference(&openapi::description())
}
