//! Hashing a password that an operator chose for someone.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::Internal;
use crate::app::{App, Overloaded};
use crate::model::{Email, Name, Password, PasswordHash, WeakPassword};

#[derive(Debug, thiserror::Error)]
pub enum HashPasswordError {
    #[error("the password {0}")]
    WeakPassword(#[from] WeakPassword),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// It must be as good as one that its owner chooses.
pub(super) async fn hash_password(
    app: &App,
    password: SecretString,
    name: &Name,
    email: &Email,
) -> Result<PasswordHash, HashPasswordError> {
    let password = Password::new(Zeroizing::new(password.expose_secret().to_owned()));
    app.config.password_policy.check(&password, name, email)?;
    let (salt, cost) = (app.random.bytes(), app.config.argon2);
    let turn = app.hashing.turn(app.hashing.reserve()?).await?;
    let hash = app.hashing.run(turn, move |memory| PasswordHash::make(&password, salt, cost, memory));
    Ok(hash.await.map_err(Internal::from)?)
}
