//! Changing one's own profile.

use super::{Caller, Internal, audit};
use crate::app::App;
use crate::model::{Account, Actor, AuditKind, Name};
use crate::store::{accounts, audit_events, transaction};

/// Changes what is given and leaves the rest.
pub async fn update_profile(app: &App, caller: Caller, name: Option<Name>) -> Result<Account, Internal> {
    let mut account = caller.account;
    if let Some(name) = name {
        let event = audit::event(app, AuditKind::ProfileUpdated, Actor::Client(&caller.client));
        let event = event.of_account(&account.id).of_session(&caller.session.id);
        transaction!(app.db, |tx| {
            audit_events::insert(tx, &event).await?;
            Some(accounts::update_name(tx, &account.id, &name).await?)
        })?;
        audit::tell(&event);
        account.name = name;
    }
    Ok(account)
}
