//! The table `accounts`: one row a person.

use super::{Db, Insertion, Result, Tx, execute, on, statements};
use crate::model::{Account, AccountId, Email, Name, PasswordHash, Timestamp};

statements! {
    BY_ID = "SELECT id, name, email, password, password_version, created_at, disabled_at FROM accounts WHERE id = ?";
    BY_EMAIL = "SELECT id, name, email, password, password_version, created_at, disabled_at FROM accounts WHERE email = ?";
    LIST = "SELECT id, name, email, password, password_version, created_at, disabled_at FROM accounts WHERE id > ? ORDER BY id LIMIT ?";
    HASHES_FROM = "SELECT password FROM accounts WHERE email > ? ORDER BY email LIMIT ?";
    INSERT = "INSERT INTO accounts (id, name, email, password, password_version, created_at) VALUES (?, ?, ?, ?, ?, ?)";
    UPDATE_NAME = "UPDATE accounts SET name = ? WHERE id = ?";
    UPDATE_PASSWORD = "UPDATE accounts SET password = ?, password_version = password_version + 1 \
                       WHERE id = ? AND password_version = ? AND disabled_at IS NULL";
    UPDATE_HASH = "UPDATE accounts SET password = ? WHERE id = ? AND password = ?";
    UPDATE_DISABLED = "UPDATE accounts SET disabled_at = ? WHERE id = ?";
}

pub async fn by_id(db: &Db, id: &AccountId) -> Result<Option<Account>> {
    on!(db, |conn| sqlx::query_as(BY_ID).bind(id).fetch_optional(conn))
}

pub async fn by_email(db: &Db, email: &Email) -> Result<Option<Account>> {
    on!(db, |conn| sqlx::query_as(BY_EMAIL).bind(email).fetch_optional(conn))
}

/// The next accounts after `after`, by id.
pub async fn list(db: &Db, after: &str, limit: u32) -> Result<Vec<Account>> {
    on!(db, |conn| sqlx::query_as(LIST).bind(after).bind(limit).fetch_all(conn))
}

/// The hashes of the next accounts in the order of addresses.
pub async fn hashes_from(db: &Db, email: &str, limit: u32) -> Result<Vec<PasswordHash>> {
    on!(db, |conn| sqlx::query_scalar(HASHES_FROM).bind(email).bind(limit).fetch_all(conn))
}

pub async fn insert(tx: &mut Tx, account: &Account) -> Result<Insertion> {
    Insertion::from_result(execute!(
        tx,
        sqlx::query(INSERT)
            .bind(&account.id)
            .bind(&account.name)
            .bind(&account.email)
            .bind(&account.password)
            .bind(account.password_version)
            .bind(account.created_at)
    ))
}

pub async fn update_name(tx: &mut Tx, id: &AccountId, name: &Name) -> Result<()> {
    execute!(tx, sqlx::query(UPDATE_NAME).bind(name).bind(id)).map(drop)
}

/// Sets another password; false when it changed since `account` was read, or the account was disabled.
pub async fn update_password(tx: &mut Tx, account: &Account, new: &PasswordHash) -> Result<bool> {
    let updated =
        execute!(tx, sqlx::query(UPDATE_PASSWORD).bind(new).bind(&account.id).bind(account.password_version))?;
    Ok(updated == 1)
}

/// Stores the same password under another hash, unless that was done meanwhile.
pub async fn update_hash(tx: &mut Tx, account: &Account, new: &PasswordHash) -> Result<()> {
    execute!(tx, sqlx::query(UPDATE_HASH).bind(new).bind(&account.id).bind(&account.password)).map(drop)
}

pub async fn update_disabled(tx: &mut Tx, id: &AccountId, disabled_at: Option<Timestamp>) -> Result<()> {
    execute!(tx, sqlx::query(UPDATE_DISABLED).bind(disabled_at).bind(id)).map(drop)
}
