//! Ending one's own sessions, one or all.

use super::{Caller, Internal};
use crate::app::App;
use crate::model::{AccountId, EndReason, SessionId};
use crate::store::sessions;

/// Ends one of the caller's sessions; false when the caller has no such live session.
pub async fn end_session(app: &App, caller: &Caller, id: &SessionId) -> Result<bool, Internal> {
    end(app, id, &caller.account.id, EndReason::EndedByOwner).await
}

/// Ends all of the caller's sessions, this one too.
pub async fn end_every_session(app: &App, caller: &Caller) -> Result<(), Internal> {
    let now = app.clock.now();
    let live = sessions::list_live(&app.db, &caller.account.id, now).await?;
    let mut tx = app.db.begin().await?;
    sessions::end_all(&mut tx, &caller.account.id, now, EndReason::EndedByOwner).await?;
    tx.commit().await?;
    for session in live {
        app.ended_sessions.insert(session.id);
    }
    Ok(())
}

pub(super) async fn end(app: &App, id: &SessionId, account: &AccountId, reason: EndReason) -> Result<bool, Internal> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let has_ended = sessions::end(&mut tx, id, account, now, reason).await?;
    tx.commit().await?;
    if has_ended {
        app.ended_sessions.insert(id.clone());
    }
    Ok(has_ended)
}
