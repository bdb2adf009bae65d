//! `/api/auth/profile`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::answers::User;
use super::error::Problem;
use super::extract::{Body, Caller, Fields};
use super::openapi::name_schema;
use crate::app::App;
use crate::flows;
use crate::model::Name;

#[derive(Deserialize, ToSchema)]
pub(super) struct ProfileBody {
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = name_schema)]
    name: Option<String>,
}

/// A member may be missing, but not `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// One's own account
#[utoipa::path(get, path = "/api/auth/profile", tag = "accounts", security(("bearer" = [])), responses((status = 200, description = "The account as it is", body = User)))]
pub(super) async fn profile(Caller(caller): Caller) -> Json<User> {
    Json(caller.account.into())
}

/// Changes one's own account
#[utoipa::path(patch, path = "/api/auth/profile", tag = "accounts", security(("bearer" = [])), request_body = ProfileBody, responses((status = 200, description = "The account as it is now", body = User)))]
pub(super) async fn update_profile(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Body(body): Body<ProfileBody>,
) -> Result<Json<User>, Problem> {
    let mut fields = Fields::default();
    let name = match body.name.map(|name| fields.parse("/name", Name::parse(&name))) {
        Some(None) => return Err(fields.problem()),
        name => name.flatten(),
    };
    Ok(Json(flows::update_profile(&app, caller, name).await?.into()))
}
