//! `/api/auth/register`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::User;
use super::counted::note_outcome;
use super::error::Problem;
use super::extract::{Body, Fields};
use super::openapi::name_schema;
use crate::app::App;
use crate::flows;
use crate::model::{Client, Email, Name};

#[derive(Deserialize, ToSchema)]
pub(super) struct RegisterBody {
    #[schema(schema_with = name_schema)]
    name: String,
    /// In any spelling: `Ada@Example.com` is the same account.
    #[schema(example = "ada@example.com", max_length = 254, format = Email)]
    email: String,
    /// Sealed, with purpose `register`.
    #[schema(value_type = String, example = "eyJhbGciOiJSU0EtT0FFUC0yNTYi…", min_length = 1, max_length = 4096)]
    password: SecretString,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    /// For a person's eyes.
    #[schema(example = "registered")]
    message: &'static str,
    /// The new account. It has no session yet: log in.
    user: User,
}

/// Makes an account
#[utoipa::path(post, path = "/api/auth/register", tag = "accounts", request_body = RegisterBody, responses((status = 201, description = "The account exists", body = Registered)))]
pub(super) async fn register(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    Body(body): Body<RegisterBody>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let mut fields = Fields::default();
    let name = fields.parse("/name", Name::parse(&body.name));
    let email = fields.parse("/email", Email::parse(&body.email));
    let (Some(name), Some(email)) = (name, email) else {
        return Err(fields.problem());
    };
    let request = flows::Register { name, email, password: body.password };
    let account = flows::register(&app, request, &client).await.map_err(Problem::from);
    note_outcome(&app.counts.registrations, &account);
    let account = account?;
    Ok((StatusCode::CREATED, Json(Registered { message: "registered", user: account.into() })))
}
