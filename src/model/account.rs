//! A person's account.

use super::{AccountId, Email, Name, PasswordHash, Timestamp};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Account {
    pub id: AccountId,
    pub name: Name,
    pub email: Email,
    pub password: PasswordHash,
    /// Counts password changes; replacing an outdated hash of the same password is none.
    pub password_version: i64,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

impl Account {
    pub fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }
}
