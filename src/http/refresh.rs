//! `/api/auth/refresh`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::Tokens;
use super::counted::note_outcome;
use super::error::Problem;
use super::extract::Body;
use crate::app::App;
use crate::flows;
use crate::model::Client;

#[derive(Deserialize, ToSchema)]
pub(super) struct RefreshBody {
    /// Of the newest token answer.
    #[schema(value_type = String, example = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b.…")]
    refresh_token: SecretString,
}

/// Exchanges a refresh token for its successor
///
/// A repeat within 10 seconds gets the same successor again; a later one ends the session, because someone else has
/// the token too.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "sessions", request_body = RefreshBody, responses((status = 200, description = "The next tokens of the session", body = Tokens)))]
pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    Body(body): Body<RefreshBody>,
) -> Result<Tokens, Problem> {
    let answered = flows::refresh(&app, body.refresh_token.expose_secret(), &client).await.map_err(Problem::from);
    note_outcome(&app.counts.refreshes, &answered);
    Ok(answered?.into())
}
