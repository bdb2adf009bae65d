//! Disabling an account: nobody logs in to it, and its sessions end. Enabling it undoes the first, not the second.

use super::Internal;
use crate::app::App;
use crate::model::{Account, EndReason};
use crate::store::{accounts, sessions};

/// Returns how many sessions ended.
pub async fn disable_account(app: &App, account: &Account) -> Result<u64, Internal> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    accounts::update_disabled(&mut tx, &account.id, Some(account.disabled_at.unwrap_or(now))).await?;
    let ended = sessions::end_all(&mut tx, &account.id, now, EndReason::AccountDisabled).await?;
    tx.commit().await?;
    Ok(ended)
}

pub async fn enable_account(app: &App, account: &Account) -> Result<(), Internal> {
    let mut tx = app.db.begin().await?;
    accounts::update_disabled(&mut tx, &account.id, None).await?;
    Ok(tx.commit().await?)
}
