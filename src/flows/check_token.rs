//! Checking a token for a gateway, once for each request of an application: from memory.

use std::sync::Arc;

use bulla_token::Claims;

use super::Internal;
use super::authenticate::{InvalidToken, claims, living};
use crate::app::App;

pub async fn check_token(app: &App, token: &str) -> Result<Result<Arc<Claims>, InvalidToken>, Internal> {
    let Some(claims) = claims(app, token).await? else {
        return Ok(Err(InvalidToken));
    };
    let is_live = match app.ended_sessions.has_ended(&claims.sid) {
        Some(has_ended) => !has_ended,
        // Memory is too old to know. The database knows, or the answer is "unavailable".
        None => Box::pin(living(app, &claims)).await?.is_some(),
    };
    Ok(if is_live { Ok(claims) } else { Err(InvalidToken) })
}
