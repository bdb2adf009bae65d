//! Creating an account for someone, as an operator.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{Internal, register};
use crate::app::{App, Overloaded};
use crate::model::{Account, AccountId, Actor, Email, Name, Password, PasswordHash, WeakPassword};

#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    #[error("the password {0}")]
    WeakPassword(#[from] WeakPassword),
    #[error("an account with this email address exists already")]
    EmailTaken,
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub async fn create_account(
    app: &App,
    name: Name,
    email: Email,
    password: SecretString,
) -> Result<Account, CreateAccountError> {
    let password = Password::new(Zeroizing::new(password.expose_secret().to_owned()));
    app.config.password_policy.check(&password, &name, &email)?;
    let (salt, cost) = (app.random.bytes(), app.config.argon2);
    let turn = app.hashing.turn(app.hashing.reserve()?).await?;
    let hash = app.hashing.run(turn, move |memory| PasswordHash::make(&password, salt, cost, memory));
    let account = Account {
        id: AccountId::new(app.new_id()),
        name,
        email,
        password: hash.await.map_err(Internal::from)?,
        password_version: 1,
        created_at: app.clock.now(),
        disabled_at: None,
    };
    register::insert(app, account, Actor::Operator).await?.ok_or(CreateAccountError::EmailTaken)
}
