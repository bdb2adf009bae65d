//! Creating an account for someone, as an operator.

use secrecy::SecretString;

use super::hash_password::{HashPasswordError, hash_password};
use super::{Internal, register};
use crate::app::App;
use crate::model::{Account, AccountId, Actor, Email, Name};

#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    #[error(transparent)]
    Password(#[from] HashPasswordError),
    #[error("an account with this email address exists already")]
    EmailTaken,
    #[error(transparent)]
    Internal(#[from] Internal),
}

pub async fn create_account(
    app: &App,
    name: Name,
    email: Email,
    password: SecretString,
) -> Result<Account, CreateAccountError> {
    let password = hash_password(app, password, &name, &email).await?;
    let account = Account {
        id: AccountId::new(app.new_id()),
        name,
        email,
        password,
        password_version: 1,
        created_at: app.clock.now(),
        disabled_at: None,
    };
    register::insert(app, account, Actor::Operator).await?.ok_or(CreateAccountError::EmailTaken)
}
