//! Checking a token for a gateway, once for each request of an application: from memory.

use std::sync::Arc;

use bulla_token::Claims;

use super::Internal;
use super::authenticate::{InvalidToken, claims, living};
use crate::app::{App, Ring};

/// A look at the claims of a token that memory alone knows to be good; without one, `check_token` has the verdict.
pub fn look_at_token<T>(app: &App, token: &str, at: impl FnOnce(&Claims) -> T) -> Option<T> {
    let (tag, now) = (app.verified_tokens.tag(token), app.clock.now().seconds());
    app.keys.look(|Ring { verifier, .. }| {
        app.verified_tokens.look(&tag, verifier, |claims| {
            let is_good = verifier.still_holds(claims, now) && app.ended_sessions.has_ended(&claims.sid) == Some(false);
            is_good.then(|| at(claims))
        })?
    })
}

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
