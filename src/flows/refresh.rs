//! Exchanging a refresh token for its successor.

use std::time::Duration;

use super::end_sessions::{Ending, end};
use super::open_session::{TokenAnswer, issue_tokens};
use super::{Internal, audit};
use crate::app::App;
use crate::model::{Account, Actor, AuditKind, Client, EndReason, RefreshSecret, RefreshToken, Session, TokenPlace};
use crate::store::sessions;

#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    #[error("the refresh token is not valid, or no longer; log in again")]
    InvalidToken,
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// A used token within this time of its use is a second browser tab or a lost answer; later, it is theft.
const GRACE: Duration = Duration::from_secs(10);

pub async fn refresh(app: &App, token: &str, client: &Client) -> Result<TokenAnswer, RefreshError> {
    let presented = RefreshToken::parse(token).ok_or(RefreshError::InvalidToken)?;
    // Whoever loses the race for an exchange looks again, and then finds the token used a moment ago.
    loop {
        let (session, account) = live_session(app, &presented).await?;
        let now = app.clock.now();
        match session.place_of(&presented.secret, &app.refresh_key) {
            TokenPlace::Current => {
                if let Some(answer) = exchange(app, &session, account, &presented.secret).await? {
                    return Ok(answer);
                }
            }
            TokenPlace::Used { at: Some(at) } if now.distance(at) <= GRACE => {
                let successor = app.refresh_key.successor(&session.id, &presented.secret);
                return Ok(issue_tokens(app, account, &session, successor, now)?);
            }
            TokenPlace::Used { .. } => {
                end_stolen(app, &session, &account, client).await?;
                return Err(RefreshError::InvalidToken);
            }
            TokenPlace::Foreign => return Err(RefreshError::InvalidToken),
        }
    }
}

/// A used token came back: its owner and someone else have it, and nobody can tell which of them asks.
async fn end_stolen(app: &App, session: &Session, account: &Account, client: &Client) -> Result<(), Internal> {
    let (actor, reason) = (Actor::Client(client), EndReason::RefreshTokenReused);
    let ending = Ending { session: &session.id, account: &account.id, reason, actor };
    if end(app, ending).await? {
        let event = audit::event(app, AuditKind::TheftDetected, actor);
        audit::record(app, event.of_account(&account.id).of_session(&session.id)).await?;
    }
    Ok(())
}

async fn live_session(app: &App, presented: &RefreshToken) -> Result<(Session, Account), RefreshError> {
    let found = sessions::with_account(&app.db, &presented.session).await.map_err(Internal::from)?;
    let live = found.filter(|(session, account)| session.is_live(app.clock.now()) && !account.is_disabled());
    live.ok_or(RefreshError::InvalidToken)
}

/// `None` when another request exchanged the token, or ended the session, first.
async fn exchange(
    app: &App,
    session: &Session,
    account: Account,
    secret: &RefreshSecret,
) -> Result<Option<TokenAnswer>, Internal> {
    let now = app.clock.now();
    let successor = app.refresh_key.successor(&session.id, secret);
    let new_digest = successor.digest();
    let answer = issue_tokens(app, account, session, successor, now)?;
    let exchange = sessions::Exchange {
        old_digest: &session.refresh_digest,
        new_digest: &new_digest,
        rotations: session.rotations + 1,
        recent_rotations: &session.recent_rotations.with(now),
        now,
        idle_ends_at: session.idle_end_after(now),
    };
    Ok(sessions::exchange_token(&app.db, &session.id, &exchange).await?.then_some(answer))
}
