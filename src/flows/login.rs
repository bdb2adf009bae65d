//! Logging in.

use std::sync::Arc;

use bulla_seal::Purpose;
use secrecy::{ExposeSecret, SecretString};

use super::Internal;
use super::attempt::{self, spend_attempt};
use super::open_session::{self, TokenAnswer};
use super::receive_envelope::{Contents, EnvelopeError, receive};
use crate::app::{App, Overloaded};
use crate::model::{Client, Email, TooManyAttempts, Verified};
use crate::store::accounts;

#[derive(Debug)]
pub struct Login {
    pub email: Email,
    /// Sealed.
    pub password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Unknown account, wrong password, or an envelope that does not open: one outcome, on purpose.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// Said only to someone who knows the password.
    #[error("this account is disabled")]
    AccountDisabled,
    #[error(transparent)]
    TooManyAttempts(#[from] TooManyAttempts),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub async fn login(app: &Arc<App>, request: Login, client: &Client) -> Result<TokenAnswer, LoginError> {
    let envelope = receive(app, request.password.expose_secret()).await??;
    let _lane = attempt::enter(app, &request.email).await??;
    let turn = app.hashing.reserve()?;
    let ([envelope], attempt) = spend_attempt(app, &request.email, [envelope]).await??;
    let account = accounts::by_email(&app.db, &request.email).await.map_err(Internal::from)?;

    let judge = Arc::clone(app);
    let verified = app.hashing.run(turn, move |memory| {
        let (password, is_readable) = match envelope.open(&judge, Purpose::Login, &request.email) {
            Contents::Password(password) => (password, true),
            Contents::Nothing => (judge.random_password(), false),
            Contents::Refused(refusal) => return Err(LoginError::Envelope(refusal)),
        };
        // Checked in either case: what happened inside an envelope must not show in the time of the answer.
        let verified = Verified::by_password(account, &judge.dummy_hash, &password, memory);
        let verified = verified.filter(|_| is_readable).ok_or(LoginError::InvalidCredentials)?;
        let replacement = verified.replacement(&password, judge.config.argon2, judge.random.bytes(), memory);
        Ok((verified, replacement))
    });
    let judged = verified.await.map_err(Internal::from)?;
    if let Err(LoginError::Envelope(_)) = judged {
        attempt.give_back(app).await?;
    }
    let (verified, replacement) = judged?;

    if verified.account().is_disabled() {
        attempt.give_back(app).await?;
        return Err(LoginError::AccountDisabled);
    }
    let session = open_session::open_session(app, verified, replacement, client).await?;
    session.ok_or(LoginError::InvalidCredentials)
}
