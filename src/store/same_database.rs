//! Whether two connections lead to one database, however their addresses are written.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use sqlx_mysql::MySqlConnection;

use super::file::FileConnection;
use super::stock::Stock;
use super::{Db, Result, in_time};

/// A lock is seen by whoever is on the same server, and by nobody else; its name says which database of it. Only MySQL
/// has these, so they are not among the statements that run everywhere. Names are 64 characters long at most.
const TAKE_LOCK: &str = "SELECT GET_LOCK(CONCAT('bulla ', ?, LEFT(SHA2(DATABASE(), 256), 24)), 0)";
const IS_LOCK_TAKEN: &str = "SELECT IS_USED_LOCK(CONCAT('bulla ', ?, LEFT(SHA2(DATABASE(), 256), 24))) IS NOT NULL";

/// `name` is one that nobody else uses at this moment, of up to 32 characters.
pub async fn is_same(one: &Db, other: &Db, name: &str) -> Result<bool> {
    match (one, other) {
        (Db::Sqlite { readers: one, .. }, Db::Sqlite { readers: other, .. }) => Ok(is_same_file(one, other)),
        (Db::MySql { stock: one, patience, .. }, Db::MySql { stock: other, .. }) => {
            is_same_schema(one, other, name, *patience).await
        }
        _ => Ok(false),
    }
}

/// By inode: a path may lead through links.
fn is_same_file(one: &Stock<FileConnection>, other: &Stock<FileConnection>) -> bool {
    let inode = |stock: &Stock<FileConnection>| {
        let file = std::fs::metadata(stock.options().path()).ok()?;
        Some((file.dev(), file.ino()))
    };
    inode(one).is_some_and(|one| inode(other) == Some(one))
}

async fn is_same_schema(
    one: &Stock<MySqlConnection>,
    other: &Stock<MySqlConnection>,
    name: &str,
    patience: Duration,
) -> Result<bool> {
    let mut holder = in_time(patience, one.take()).await?;
    let _: Option<i64> = in_time(patience, sqlx::query_scalar(TAKE_LOCK).bind(name).fetch_one(holder.conn())).await?;
    let mut witness = in_time(patience, other.take()).await?;
    let asking = sqlx::query_scalar(IS_LOCK_TAKEN).bind(name).fetch_one(witness.conn());
    let is_taken: i64 = in_time(patience, asking).await?;
    witness.rest_after(&Ok(()));
    // Closing the connection gives the lock back.
    holder.close().await;
    Ok(is_taken == 1)
}
