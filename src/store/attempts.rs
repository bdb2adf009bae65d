//! The table `attempts`: failed logins in a row, one row an email address.

use super::{Db, Insertion, Result, Tx, execute, on, statements};
use crate::model::{Attempts, Email, Timestamp};

statements! {
    BY_EMAIL = "SELECT failures, next_at, updated_at FROM attempts WHERE email = ?";
    INSERT = "INSERT INTO attempts (email, failures, next_at, updated_at) VALUES (?, ?, ?, ?)";
    UPDATE = "UPDATE attempts SET failures = ?, next_at = ?, updated_at = ? WHERE email = ? AND failures = ?";
    DELETE = "DELETE FROM attempts WHERE email = ?";
    DELETE_OLD = "DELETE FROM attempts WHERE email = ? AND updated_at < ?";
    LIST_OLD = "SELECT email FROM attempts WHERE updated_at < ? AND failures < ? LIMIT ?";
}

pub async fn by_email(db: &Db, email: &Email) -> Result<Option<Attempts>> {
    on!(db, |conn| sqlx::query_as(BY_EMAIL).bind(email).fetch_optional(conn))
}

/// Replaces what was `found` with `next`; false when another request did so first.
pub async fn replace(tx: &mut Tx, email: &Email, found: Option<&Attempts>, next: &Attempts) -> Result<bool> {
    let Attempts { failures, next_at, updated_at } = next;
    match found {
        None => {
            let inserted = execute!(tx, sqlx::query(INSERT).bind(email).bind(failures).bind(next_at).bind(updated_at));
            Ok(Insertion::from_result(inserted)? == Insertion::Made)
        }
        Some(found) => Ok(execute!(
            tx,
            sqlx::query(UPDATE).bind(failures).bind(next_at).bind(updated_at).bind(email).bind(found.failures)
        )? == 1),
    }
}

/// False when there was nothing to forget.
pub async fn delete(tx: &mut Tx, email: &Email) -> Result<bool> {
    Ok(execute!(tx, sqlx::query(DELETE).bind(email))? == 1)
}

/// Unless it was tried since.
pub async fn delete_old(tx: &mut Tx, email: &Email, before: Timestamp) -> Result<()> {
    execute!(tx, sqlx::query(DELETE_OLD).bind(email).bind(before)).map(drop)
}

/// Up to `limit` addresses that were last tried before `before`, fewer times than `failures`.
pub async fn list_old(db: &Db, before: Timestamp, failures: i64, limit: u32) -> Result<Vec<Email>> {
    on!(db, |conn| sqlx::query_scalar(LIST_OLD).bind(before).bind(failures).bind(limit).fetch_all(conn))
}
