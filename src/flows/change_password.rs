//! Changing one's own password: every other session ends.

use std::sync::Arc;

use bulla_seal::Purpose;
use secrecy::{ExposeSecret, SecretString};

use super::attempt::{self, spend_attempt};
use super::open_session::{TokenAnswer, issue_tokens};
use super::receive_envelope::{Contents, EnvelopeError, Spent, receive};
use super::{Caller, Internal};
use crate::app::{App, Overloaded};
use crate::model::{
    Account, HashMemory, PasswordHash, RefreshSecret, Session, TooManyAttempts, Verified, WeakPassword,
};
use crate::store::{accounts, attempts, sessions, transaction};

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
    let current = receive(app, request.current_password.expose_secret()).await??;
    let new = receive(app, request.new_password.expose_secret()).await??;
    let _lane = attempt::enter(app, &caller.account.email).await??;
    let turn = app.hashing.reserve()?;
    let Caller { account, session } = caller;
    let ([current, new], attempt) = spend_attempt(app, &account.email, [current, new]).await??;

    let judge = Arc::clone(app);
    let judged = app.hashing.run(turn, move |memory| judge_change(&judge, account, current, new, memory));
    let judged = judged.await.map_err(Internal::from)?;
    // Whoever is told that the new password is weak has given the right current one.
    if let Err(ChangePasswordError::Envelope(_) | ChangePasswordError::WeakPassword(_)) = judged {
        attempt.give_back(app).await?;
    }
    let (verified, new_password) = judged?;

    let answer = replace_password(app, verified, session, &new_password).await?;
    answer.ok_or(ChangePasswordError::InvalidCredentials)
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
    let verified = Verified::by_password(Some(account), &app.dummy_hash, &current, memory).filter(|_| are_readable);
    let verified = verified.ok_or(ChangePasswordError::InvalidCredentials)?;
    app.config.password_policy.check(&new, &verified.account().name, &email)?;
    let new = PasswordHash::make(&new, app.random.bytes(), app.config.argon2, memory);
    Ok((verified, new))
}

/// `None` when the password changed or the session ended meanwhile.
async fn replace_password(
    app: &App,
    verified: Verified,
    session: Session,
    new_password: &PasswordHash,
) -> Result<Option<TokenAnswer>, Internal> {
    let now = app.clock.now();
    let account = verified.into_account();
    let others = sessions::list_live(&app.db, &account.id, now).await?;
    // A fresh chain: whoever has an old refresh token of this session has nothing.
    let secret = RefreshSecret::new(app.random.bytes());
    let (digest, idle_ends_at) = (secret.digest(), session.idle_end_after(now));
    let answer = issue_tokens(app, account.clone(), &session, secret, now)?;
    let changed = transaction!(app.db, |tx| {
        let is_done = accounts::update_password(tx, &account, new_password).await?
            && sessions::restart_chain(tx, &session.id, &digest, now, idle_ends_at).await?;
        sessions::end_all_others(tx, &session.id, &account.id, now).await?;
        attempts::delete(tx, &account.email).await?;
        is_done.then_some(())
    })?;
    if changed.is_none() {
        return Ok(None);
    }
    for other in others.into_iter().filter(|other| other.id != session.id) {
        app.ended_sessions.insert(other.id);
    }
    Ok(Some(answer))
}
