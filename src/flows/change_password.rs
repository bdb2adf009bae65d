//! Changing one's own password: every other session ends.

use std::sync::Arc;

use bulla_seal::Purpose;
use secrecy::{ExposeSecret, SecretString};

use super::attempt::{Attempt, Entered, Was, end_refused};
use super::open_session::{TokenAnswer, issue_tokens};
use super::receive_envelope::{Contents, EnvelopeError, Spent, receive};
use super::wait_for_turn::wait_for_turn;
use super::{Caller, Internal, audit};
use crate::app::{App, Overloaded};
use crate::model::{
    Account, AuditKind, EndReason, HashMemory, PasswordHash, RefreshSecret, TooManyAttempts, Verified, WeakPassword,
};
use crate::store::{accounts, audit_events, sessions, transaction};

#[derive(Debug)]
pub struct ChangePassword {
    /// Sealed.
    pub current_password: SecretString,
    /// Sealed.
    pub new_password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The current password is wrong, or one of the envelopes does not open: one outcome, on purpose.
    #[error("invalid credentials")]
    InvalidCredentials,
    #[error("the password {0}")]
    WeakPassword(#[from] WeakPassword),
    #[error(transparent)]
    TooManyAttempts(#[from] TooManyAttempts),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub async fn change_password(
    app: &Arc<App>,
    caller: Caller,
    request: ChangePassword,
) -> Result<TokenAnswer, ChangePasswordError> {
    app.hashing.check_room()?;
    let current = receive(app, request.current_password.expose_secret()).await??;
    let new = receive(app, request.new_password.expose_secret()).await??;
    let entered = Attempt::new(&caller.account.email, &caller.client).enter(app).await??;
    let turn = wait_for_turn(app, app.hashing.reserve()?).await??;
    let ([current, new], counted) = entered.spend(app, [current, new]).await??;

    let (judge, account) = (Arc::clone(app), caller.account.clone());
    let judged = app.hashing.run(turn, move |memory| judge_change(&judge, account, current, new, memory));
    let refusal = match judged.await.map_err(Internal::from)? {
        Ok((verified, new_password)) => {
            match replace_password(app, verified, &caller, &new_password, &entered).await? {
                Some(answer) => return Ok(answer),
                None => (Was::NoGuess, "changed_meanwhile", ChangePasswordError::InvalidCredentials),
            }
        }
        Err(error @ ChangePasswordError::InvalidCredentials) => (Was::Guess, "invalid_credentials", error),
        Err(ChangePasswordError::Envelope(error)) => (Was::NoGuess, error.reason(), error.into()),
        // Whoever is told that the new password is weak has given the right current one.
        Err(error) => (Was::NoGuess, "weak_password", error),
    };
    let (was, reason, error) = refusal;
    let event = audit::event_of(app, AuditKind::PasswordChangeRefused, &caller).because(reason);
    end_refused(app, counted.as_ref(), was, event).await?;
    Err(error)
}

/// Both envelopes are opened and one hash is checked whatever is inside; the new password is looked at last.
fn judge_change(
    app: &Arc<App>,
    account: Account,
    current: Spent,
    new: Spent,
    memory: &mut HashMemory,
) -> Result<(Verified, PasswordHash), ChangePasswordError> {
    let email = account.email.clone();
    let current = current.open(app, Purpose::CurrentPassword, &email);
    let new = new.open(app, Purpose::NewPassword, &email);
    let (current, new, are_readable) = match (current, new) {
        (Contents::Password(current), Contents::Password(new)) => (current, new, true),
        (Contents::Nothing, _) | (_, Contents::Nothing) => (app.random_password(), app.random_password(), false),
        (Contents::Refused(refusal), _) | (_, Contents::Refused(refusal)) => return Err(refusal.into()),
    };
    let own = app.decoys.own();
    let verified = Verified::by_password(Some(account), own, own, &current, memory).filter(|_| are_readable);
    let verified = verified.ok_or(ChangePasswordError::InvalidCredentials)?;
    app.config.password_policy.check(&new, &verified.account().name, &email)?;
    let new = PasswordHash::make(&new, app.random.bytes(), app.config.argon2, memory);
    Ok((verified, new))
}

/// `None` when the password changed or the session ended meanwhile.
async fn replace_password(
    app: &App,
    verified: Verified,
    caller: &Caller,
    new_password: &PasswordHash,
    entered: &Entered<'_>,
) -> Result<Option<TokenAnswer>, Internal> {
    let (now, session) = (app.clock.now(), &caller.session);
    let account = verified.into_account();
    let others = sessions::list_live(&app.db, &account.id, now).await?;
    // A fresh chain: whoever has an old refresh token of this session has nothing.
    let secret = RefreshSecret::new(app.random.bytes());
    let (digest, idle_ends_at) = (secret.digest(), session.idle_end_after(now));
    let answer = issue_tokens(app, account.clone(), session, secret, now)?;
    let event = audit::event_of(app, AuditKind::PasswordChanged, caller);
    let changed = transaction!(app.db, |tx| {
        let is_done = accounts::update_password(tx, &account, new_password).await?
            && sessions::restart_chain(tx, &session.id, &digest, now, idle_ends_at).await?;
        let ended = sessions::end_all_others(tx, &session.id, &account.id, now).await?;
        entered.forget_failures(tx, now).await?;
        let event = event.clone().because(format_args!("{ended} other sessions ended"));
        audit_events::insert(tx, &event).await?;
        is_done.then_some((event, ended))
    })?;
    let Some((event, ended)) = changed else { return Ok(None) };
    audit::tell(&event);
    app.counts.sessions_ended.note_many(EndReason::PasswordChanged.as_str(), ended);
    for other in others.into_iter().filter(|other| other.id != session.id) {
        app.ended_sessions.insert(other.id);
    }
    Ok(Some(answer))
}
