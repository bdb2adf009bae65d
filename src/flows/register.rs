//! Registering an account.

use std::sync::Arc;

use bulla_seal::Purpose;
use secrecy::{ExposeSecret, SecretString};

use super::receive_envelope::{Contents, EnvelopeError, receive, spend};
use super::wait_for_turn::wait_for_turn;
use super::{Internal, audit};
use crate::app::{App, Overloaded};
use crate::model::{Account, AccountId, Actor, AuditKind, Client, Email, Name, PasswordHash, WeakPassword};
use crate::store::{accounts, audit_events, transaction};

#[derive(Debug)]
pub struct Register {
    pub name: Name,
    pub email: Email,
    /// Sealed.
    pub password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The envelope does not open, or is not for this.
    #[error("invalid credentials")]
    InvalidCredentials,
    #[error("the password {0}")]
    WeakPassword(#[from] WeakPassword),
    #[error("an account with this email address exists already")]
    EmailTaken,
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub async fn register(app: &Arc<App>, request: Register, client: &Client) -> Result<Account, RegisterError> {
    let place = app.hashing.reserve()?;
    let envelope = receive(app, request.password.expose_secret()).await??;
    let turn = wait_for_turn(app, place).await??;
    let [envelope] = spend(app, [envelope]).await?;

    let Register { name, email, .. } = request;
    let (judge, its_name, its_email) = (Arc::clone(app), name.clone(), email.clone());
    let hash = app.hashing.run(turn, move |memory| {
        let mut hash = |password| PasswordHash::make(password, judge.random.bytes(), judge.config.argon2, memory);
        match envelope.open(&judge, Purpose::Register, &its_email) {
            Contents::Password(password) => {
                judge.config.password_policy.check(&password, &its_name, &its_email)?;
                Ok(hash(&password))
            }
            Contents::Refused(refusal) => Err(RegisterError::Envelope(refusal)),
            Contents::Nothing => {
                hash(&judge.random_password());
                Err(RegisterError::InvalidCredentials)
            }
        }
    });
    let password = hash.await.map_err(Internal::from)??;

    let created_at = app.clock.now();
    let account = Account {
        id: AccountId::new(app.new_id()),
        name,
        email,
        password,
        password_version: 1,
        created_at,
        disabled_at: None,
    };
    insert(app, account, Actor::Client(client)).await?.ok_or(RegisterError::EmailTaken)
}

/// `None` when the email address is taken.
pub(super) async fn insert(app: &App, account: Account, actor: Actor<'_>) -> Result<Option<Account>, Internal> {
    let event = audit::event(app, AuditKind::Registered, actor).of_account(&account.id);
    let inserted = transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        accounts::insert(tx, &account).await?.made()
    })?;
    Ok(inserted.map(|()| {
        audit::tell(&event);
        account
    }))
}
