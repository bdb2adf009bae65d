//! Changing one's own profile.

use super::{Caller, Internal, audit};
use crate::app::App;
use crate::model::{Account, AuditKind, Name};
use crate::store::{accounts, audit_events, transaction};

/// Changes what is given and leaves the rest.
pub async fn update_profile(app: &App, caller: Caller, name: Option<Name>) -> Result<Account, Internal> {
    let Some(name) = name else { return Ok(caller.account) };
    let event = audit::event_of(app, AuditKind::ProfileUpdated, &caller);
    transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        Some(accounts::update_name(tx, &caller.account.id, &name).await?)
    })?;
    audit::tell(&event);
    Ok(Account { name, ..caller.account })
}
