//! The table `server_keys`: the sealing and the signing keys of all nodes.

use super::{Db, Insertion, Result, Tx, execute, on, statements};
use crate::model::{StoredKey, Timestamp};

statements! {
    LIST = "SELECT kid, purpose, generation, algorithm, private_key, public_jwk, created_at, active_at, retiring_at, \
            retired_at FROM server_keys ORDER BY purpose, generation";
    INSERT = "INSERT INTO server_keys (kid, purpose, generation, algorithm, private_key, public_jwk, created_at, \
              active_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    UPDATE_RETIREMENT = "UPDATE server_keys SET retiring_at = ?, retired_at = ? WHERE kid = ?";
    DELETE_PRIVATE_PART = "UPDATE server_keys SET private_key = NULL WHERE kid = ? AND private_key IS NOT NULL";
}

pub async fn list(db: &Db) -> Result<Vec<StoredKey>> {
    on!(db, |conn| sqlx::query_as(LIST).fetch_all(conn))
}

/// `Taken` when another node made this generation, or the same key is there already.
pub async fn insert(tx: &mut Tx, key: &StoredKey) -> Result<Insertion> {
    Insertion::from_result(execute!(
        tx,
        sqlx::query(INSERT)
            .bind(&key.kid)
            .bind(&key.purpose)
            .bind(key.generation)
            .bind(&key.algorithm)
            .bind(&key.private_key)
            .bind(&key.public_jwk)
            .bind(key.created_at)
            .bind(key.active_at)
    ))
}

pub async fn update_retirement(tx: &mut Tx, kid: &str, retiring_at: Timestamp, retired_at: Timestamp) -> Result<()> {
    execute!(tx, sqlx::query(UPDATE_RETIREMENT).bind(retiring_at).bind(retired_at).bind(kid)).map(drop)
}

pub async fn delete_private_part(tx: &mut Tx, kid: &str) -> Result<bool> {
    Ok(execute!(tx, sqlx::query(DELETE_PRIVATE_PART).bind(kid))? == 1)
}
