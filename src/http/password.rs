//! `/api/auth/password`

use std::sync::Arc;

use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::Tokens;
use super::counted::note_outcome;
use super::error::Problem;
use super::extract::{Body, Caller};
use crate::app::App;
use crate::flows;

#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordBody {
    /// Sealed, with purpose `current_password`.
    #[schema(value_type = String, example = "eyJhbGciOiJSU0EtT0FFUC0yNTYi…", min_length = 1, max_length = 4096)]
    current_password: SecretString,
    /// Sealed, with purpose `new_password`.
    #[schema(value_type = String, example = "eyJhbGciOiJSU0EtT0FFUC0yNTYi…", min_length = 1, max_length = 4096)]
    new_password: SecretString,
}

/// Changes one's own password and ends every other session
#[utoipa::path(post, path = "/api/auth/password", tag = "accounts", security(("bearer" = [])), request_body = PasswordBody, responses((status = 200, description = "The password is the new one; this session goes on, with these tokens", body = Tokens)))]
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Body(body): Body<PasswordBody>,
) -> Result<Tokens, Problem> {
    let request = flows::ChangePassword { current_password: body.current_password, new_password: body.new_password };
    let answered = flows::change_password(&app, caller, request).await.map_err(Problem::from);
    note_outcome(&app.counts.password_changes, &answered);
    Ok(answered?.into())
}
