//! `/api/auth/login`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::Tokens;
use super::counted::note_outcome;
use super::error::Problem;
use super::extract::{Body, Fields};
use crate::app::App;
use crate::flows;
use crate::model::{Client, Email};

#[derive(Deserialize, ToSchema)]
pub(super) struct LoginBody {
    /// In any spelling: `Ada@Example.com` is the same account.
    #[schema(example = "ada@example.com", max_length = 254, format = Email)]
    email: String,
    /// Sealed, with purpose `login`.
    #[schema(value_type = String, example = "eyJhbGciOiJSU0EtT0FFUC0yNTYi…", min_length = 1, max_length = 4096)]
    password: SecretString,
}

/// Opens a session
#[utoipa::path(post, path = "/api/auth/login", tag = "sessions", request_body = LoginBody, responses((status = 200, description = "The session is open", body = Tokens)))]
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    Body(body): Body<LoginBody>,
) -> Result<Tokens, Problem> {
    let mut fields = Fields::default();
    let Some(email) = fields.parse("/email", Email::parse(&body.email)) else {
        return Err(fields.problem());
    };
    let request = flows::Login { email, password: body.password };
    let answered = flows::login(&app, request, &client).await.map_err(Problem::from);
    note_outcome(&app.counts.logins, &answered);
    Ok(answered?.into())
}
