//! `/api/auth/sessions` and `/api/auth/logout`

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::answers::Message;
use super::error::Problem;
use super::extract::Caller;
use crate::app::App;
use crate::flows;
use crate::model::{Session, SessionId};

#[derive(Serialize, ToSchema)]
pub(super) struct SessionList {
    /// The newest first.
    sessions: Vec<SessionAnswer>,
}

/// One login on one device.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionAnswer {
    /// Ends it, in `DELETE /api/auth/sessions/{id}`.
    #[schema(example = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")]
    id: String,
    /// RFC 3339, as the other times.
    #[schema(example = "2026-11-23T09:00:00.000Z", format = DateTime)]
    created_at: String,
    /// When its tokens were last refreshed.
    #[schema(example = "2026-11-23T09:10:00.000Z", format = DateTime)]
    last_used_at: String,
    /// When it ends by itself, if it is not used before.
    #[schema(example = "2026-12-23T09:10:00.000Z", format = DateTime)]
    expires_at: String,
    /// Where it was opened from.
    #[schema(example = "192.0.2.1")]
    ip: String,
    /// What it was opened with, as that called itself.
    #[schema(example = "curl/8.5.0")]
    user_agent: String,
    /// Whether it is the session of this very request.
    #[schema(example = true)]
    current: bool,
}

/// One's own living sessions, the newest first
#[utoipa::path(get, path = "/api/auth/sessions", tag = "sessions", security(("bearer" = [])), responses((status = 200, description = "The sessions", body = SessionList)))]
pub(super) async fn sessions(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
) -> Result<Json<SessionList>, Problem> {
    let current = caller.session.id.clone();
    let sessions = flows::list_sessions(&app, &caller).await?;
    let sessions = sessions.into_iter().map(|session| answer(session, &current)).collect();
    Ok(Json(SessionList { sessions }))
}

/// Ends one of one's own sessions
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "sessions", security(("bearer" = [])), params(("id" = String, Path, description = "Of `GET /api/auth/sessions`")), responses((status = 204, description = "It has ended")))]
pub(super) async fn end_session(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let detail = "you have no living session with this id; GET /api/auth/sessions lists them";
    let none = || Problem::new(StatusCode::NOT_FOUND, "not_found", detail);
    // Not an id at all: nobody has such a session.
    let Some(id) = id.ok().and_then(|Path(id)| SessionId::parse(&id)) else { return Err(none()) };
    let has_ended = flows::end_session(&app, &caller, &id).await?;
    has_ended.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}

/// Ends all of one's own sessions, this one too
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "sessions", security(("bearer" = [])), responses((status = 204, description = "All have ended")))]
pub(super) async fn end_every_session(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
) -> Result<StatusCode, Problem> {
    flows::end_every_session(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends this session, everywhere and at once
#[utoipa::path(post, path = "/api/auth/logout", tag = "sessions", security(("bearer" = [])), responses((status = 200, description = "It has ended", body = Message)))]
pub(super) async fn logout(State(app): State<Arc<App>>, Caller(caller): Caller) -> Result<Json<Message>, Problem> {
    flows::logout(&app, &caller).await?;
    Ok(Json(Message { message: "logged out" }))
}

fn answer(session: Session, current: &SessionId) -> SessionAnswer {
    SessionAnswer {
        current: session.id == *current,
        id: session.id.to_string(),
        created_at: session.created_at.to_string(),
        last_used_at: session.last_used_at.to_string(),
        expires_at: session.expires_at().to_string(),
        ip: session.ip,
        user_agent: session.user_agent,
    }
}
