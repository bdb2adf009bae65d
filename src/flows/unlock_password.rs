//! Unlocking a password after too many failed attempts, as an operator.

use super::{Internal, audit};
use crate::app::App;
use crate::model::{Actor, AuditKind, Email};
use crate::store::{accounts, attempts, audit_events, transaction};

/// False when there was nothing to unlock: no attempt has failed since the last good login.
pub async fn unlock_password(app: &App, email: &Email) -> Result<bool, Internal> {
    let account = accounts::by_email(&app.db, email).await?;
    let event = audit::event(app, AuditKind::PasswordUnlocked, Actor::Operator);
    let event = event.of_account(account.as_ref().map(|account| &account.id));
    let forgotten = transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        attempts::forgive(tx, email).await?.then_some(())
    })?;
    if forgotten.is_some() {
        audit::tell(&event);
    }
    Ok(forgotten.is_some())
}
