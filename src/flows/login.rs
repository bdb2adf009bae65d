//! Logging in.

use std::sync::Arc;

use bulla_seal::Purpose;
use secrecy::{ExposeSecret, SecretString};

use super::attempt::{Attempt, Counted, Entered, Was, end_refused};
use super::open_session::{self, TokenAnswer};
use super::receive_envelope::{Contents, EnvelopeError, Spent, receive};
use super::wait_for_turn::wait_for_turn;
use super::{Internal, audit};
use crate::app::{App, Overloaded};
use crate::model::{
    Account, AccountId, Actor, AuditKind, Client, Email, HashMemory, PasswordHash, TooManyAttempts, Verified,
};

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
    app.hashing.check_room()?;
    let envelope = receive(app, request.password.expose_secret()).await??;
    let mut entered = Attempt::new(&request.email, client).enter(app).await??;
    let account = entered.take_account();
    let turn = wait_for_turn(app, app.hashing.reserve()?).await??;
    let ([envelope], counted) = entered.spend(app, [envelope]).await??;

    let account_id = account.as_ref().map(|account| account.id.clone());
    let (judge, email) = (Arc::clone(app), request.email.clone());
    let judged = app.hashing.run(turn, move |memory| judge_login(&judge, account, &email, envelope, memory));
    let judged = judged.await.map_err(Internal::from)?;
    let login = Judged { app, client, entered: &entered, counted: counted.as_ref(), account_id };
    match judged {
        Ok((verified, replacement)) => login.open_session(verified, replacement).await,
        Err(refusal) => Err(login.refuse(refusal).await?),
    }
}

/// Why a login is refused. The client learns of the first in words; the others look alike.
enum Refusal {
    Envelope(EnvelopeError),
    Unreadable,
    UnknownAccount,
    WrongPassword,
}

/// Checked whatever is inside: what happened in an envelope must not show in the time of the answer.
fn judge_login(
    app: &Arc<App>,
    account: Option<Account>,
    email: &Email,
    envelope: Spent,
    memory: &mut HashMemory,
) -> Result<(Verified, Option<PasswordHash>), Refusal> {
    let (password, is_readable) = match envelope.open(app, Purpose::Login, email) {
        Contents::Password(password) => (password, true),
        Contents::Nothing => (app.random_password(), false),
        Contents::Refused(refusal) => return Err(Refusal::Envelope(refusal)),
    };
    let is_known = account.is_some();
    let verified = Verified::by_password(account, &app.decoys.of(email), app.decoys.own(), &password, memory);
    let verified = match verified {
        Some(verified) if is_readable => verified,
        _ if !is_readable => return Err(Refusal::Unreadable),
        _ if !is_known => return Err(Refusal::UnknownAccount),
        _ => return Err(Refusal::WrongPassword),
    };
    let replacement = verified.replacement(&password, app.config.argon2, app.random.bytes(), memory);
    Ok((verified, replacement))
}

/// A login whose envelope was judged.
struct Judged<'a> {
    app: &'a App,
    client: &'a Client,
    entered: &'a Entered<'a>,
    counted: Option<&'a Counted>,
    account_id: Option<AccountId>,
}

impl Judged<'_> {
    async fn open_session(
        &self,
        verified: Verified,
        replacement: Option<PasswordHash>,
    ) -> Result<TokenAnswer, LoginError> {
        if verified.account().is_disabled() {
            self.end(Was::NoGuess, "account_disabled").await?;
            return Err(LoginError::AccountDisabled);
        }
        let session = open_session::open_session(self.app, verified, replacement, self.client, self.entered).await?;
        match session {
            Some(answer) => Ok(answer),
            None => {
                self.end(Was::NoGuess, "changed_meanwhile").await?;
                Err(LoginError::InvalidCredentials)
            }
        }
    }

    async fn refuse(&self, refusal: Refusal) -> Result<LoginError, Internal> {
        let (was, reason) = match &refusal {
            Refusal::Envelope(error) => (Was::NoGuess, error.reason()),
            Refusal::Unreadable => (Was::Guess, "unreadable_envelope"),
            Refusal::UnknownAccount => (Was::Guess, "unknown_account"),
            Refusal::WrongPassword => (Was::Guess, "wrong_password"),
        };
        self.end(was, reason).await?;
        Ok(match refusal {
            Refusal::Envelope(error) => error.into(),
            _ => LoginError::InvalidCredentials,
        })
    }

    async fn end(&self, was: Was, reason: &'static str) -> Result<(), Internal> {
        let event = audit::event(self.app, AuditKind::LoginRefused, Actor::Client(self.client));
        let event = event.of_account(self.account_id.as_ref()).because(reason);
        end_refused(self.app, self.counted, was, event).await
    }
}
