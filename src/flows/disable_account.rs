//! Disabling an account: nobody logs in to it, and its sessions end. Enabling it undoes the first, not the second.

use super::{Internal, audit};
use crate::app::App;
use crate::model::{Account, Actor, AuditKind, EndReason};
use crate::store::{accounts, audit_events, sessions, transaction};

/// Returns how many sessions ended.
pub async fn disable_account(app: &App, account: &Account) -> Result<u64, Internal> {
    let now = app.clock.now();
    let event = audit::event(app, AuditKind::AccountDisabled, Actor::Operator).of_account(&account.id);
    let ended = transaction!(app.db, |tx| {
        accounts::update_disabled(tx, &account.id, Some(account.disabled_at.unwrap_or(now))).await?;
        let ended = sessions::end_all(tx, &account.id, now, EndReason::AccountDisabled).await?;
        let event = event.clone().because(format_args!("{ended} sessions ended"));
        audit_events::insert(tx, &event).await?;
        Some((ended, event))
    })?;
    Ok(ended.map_or(0, |(ended, event)| {
        audit::tell(&event);
        ended
    }))
}

pub async fn enable_account(app: &App, account: &Account) -> Result<(), Internal> {
    let event = audit::event(app, AuditKind::AccountEnabled, Actor::Operator).of_account(&account.id);
    transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        Some(accounts::update_disabled(tx, &account.id, None).await?)
    })?;
    audit::tell(&event);
    Ok(())
}
