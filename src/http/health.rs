//! `/healthz` and `/readyz`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::answers::Message;
use super::error::Problem;
use crate::app::App;
use crate::flows::Internal;

/// The process lives
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "It does", body = Message, example = json!({ "message": "alive" }))))]
pub(super) async fn healthz() -> Json<Message> {
    Json(Message { message: "alive" })
}

/// The database answers, and its disk keeps what is written
#[utoipa::path(get, path = "/readyz", tag = "operation", responses((status = 200, description = "It does", body = Message, example = json!({ "message": "ready" }))))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Message>, Problem> {
    app.db.ping().await.map_err(Internal::from)?;
    Ok(Json(Message { message: "ready" }))
}
