//! Ending sessions: one of one's own, all of them, or as an operator anyone's.

use super::{Caller, Internal};
use crate::app::App;
use crate::model::{Account, AccountId, EndReason, SessionId};
use crate::store::{sessions, transaction};

const BATCH: u32 = 200;

/// Ends one of the caller's sessions; false when the caller has no such live session.
pub async fn end_session(app: &App, caller: &Caller, id: &SessionId) -> Result<bool, Internal> {
    end(app, id, &caller.account.id, EndReason::EndedByOwner).await
}

/// Ends all of the caller's sessions, this one too.
pub async fn end_every_session(app: &App, caller: &Caller) -> Result<(), Internal> {
    let now = app.clock.now();
    let live = sessions::list_live(&app.db, &caller.account.id, now).await?;
    transaction!(app.db, |tx| {
        Some(sessions::end_all(tx, &caller.account.id, now, EndReason::EndedByOwner).await?)
    })?;
    for session in live {
        app.ended_sessions.insert(session.id);
    }
    Ok(())
}

/// As an operator: all sessions of one account. Returns how many ended.
pub async fn log_out_account(app: &App, account: &Account) -> Result<u64, Internal> {
    let now = app.clock.now();
    let ended =
        transaction!(app.db, |tx| { Some(sessions::end_all(tx, &account.id, now, EndReason::EndedByOperator).await?) });
    Ok(ended?.unwrap_or(0))
}

/// As an operator: all sessions of everyone, in transactions that are short enough not to be noticed. Returns how many.
pub async fn log_out_everyone(app: &App) -> Result<u64, Internal> {
    let mut count = 0;
    loop {
        let live = sessions::list_everyones(&app.db, BATCH).await?;
        if live.is_empty() {
            return Ok(count);
        }
        let now = app.clock.now();
        transaction!(app.db, |tx| {
            for (session, account) in &live {
                sessions::end(tx, session, account, now, EndReason::EndedByOperator).await?;
            }
            Some(())
        })?;
        count += live.len() as u64;
    }
}

pub(super) async fn end(app: &App, id: &SessionId, account: &AccountId, reason: EndReason) -> Result<bool, Internal> {
    let now = app.clock.now();
    let ended = transaction!(app.db, |tx| { sessions::end(tx, id, account, now, reason).await?.then_some(()) })?;
    if ended.is_some() {
        app.ended_sessions.insert(id.clone());
    }
    Ok(ended.is_some())
}
