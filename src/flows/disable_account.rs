//! Disabling an account: nobody logs in to it, and its sessions end. Enabling it undoes the first, not the second.

use super::Internal;
use crate::app::App;
use crate::model::{Account, EndReason};
use crate::store::{accounts, sessions, transaction};

/// Returns how many sessions ended.
pub async fn disable_account(app: &App, account: &Account) -> Result<u64, Internal> {
    let now = app.clock.now();
    let ended = transaction!(app.db, |tx| {
        accounts::update_disabled(tx, &account.id, Some(account.disabled_at.unwrap_or(now))).await?;
        Some(sessions::end_all(tx, &account.id, now, EndReason::AccountDisabled).await?)
    })?;
    Ok(ended.unwrap_or(0))
}

pub async fn enable_account(app: &App, account: &Account) -> Result<(), Internal> {
    transaction!(app.db, |tx| { Some(accounts::update_disabled(tx, &account.id, None).await?) })?;
    Ok(())
}
