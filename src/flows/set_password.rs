//! Giving someone who forgot their password another one, as an operator: all of their sessions end.

use secrecy::SecretString;

use super::hash_password::{HashPasswordError, hash_password};
use super::{Internal, audit};
use crate::app::App;
use crate::model::{Account, Actor, AuditKind, EndReason};
use crate::store::{accounts, attempts, audit_events, sessions, transaction};

#[derive(Debug, thiserror::Error)]
pub enum SetPasswordError {
    #[error(transparent)]
    Password(#[from] HashPasswordError),
    #[error("the account is disabled; `bulla users enable` lets someone in again")]
    AccountDisabled,
    #[error("the account was changed at the same moment; look how, with `bulla audit`, and try again")]
    ChangedMeanwhile,
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Forgets failed attempts, too. Returns how many sessions ended.
pub async fn set_password(app: &App, account: &Account, password: SecretString) -> Result<u64, SetPasswordError> {
    if account.is_disabled() {
        return Err(SetPasswordError::AccountDisabled);
    }
    let hash = hash_password(app, password, &account.name, &account.email).await?;
    let now = app.clock.now();
    let event = audit::event(app, AuditKind::PasswordChanged, Actor::Operator).of_account(&account.id);
    let set = transaction!(app.db, |tx| {
        let is_set = accounts::update_password(tx, account, &hash).await?;
        let ended = sessions::end_all(tx, &account.id, now, EndReason::PasswordChanged).await?;
        attempts::forgive(tx, &account.email).await?;
        let event = event.clone().because(format_args!("{ended} sessions ended"));
        audit_events::insert(tx, &event).await?;
        is_set.then_some((ended, event))
    });
    let (ended, event) = set.map_err(Internal::from)?.ok_or(SetPasswordError::ChangedMeanwhile)?;
    audit::tell(&event);
    Ok(ended)
}
