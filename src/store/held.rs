//! A connection to MySQL in use, and what becomes of it afterwards.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, MySql, MySqlConnection, MySqlPool};

/// A fifth of a statement's patience, in which several dead connections may be met.
const SHARE: u32 = 5;

/// Given back only after its last answer was heard. Otherwise it is dropped for good, and a transaction with it: the
/// pool would wait for the rest of the answer, and over TLS for a farewell. A database that moved away without a word
/// sends neither, and the place in the pool would be lost until TCP gives up, a quarter of an hour later.
#[derive(Debug)]
pub struct Held {
    conn: Option<PoolConnection<MySql>>,
    is_at_work: bool,
    patience: Duration,
}

impl Held {
    /// A connection that answers. `patience` is a statement's.
    pub async fn of(pool: &MySqlPool, patience: Duration) -> Result<Self, sqlx::Error> {
        let patience = patience / SHARE;
        loop {
            let mut held = Self { conn: Some(pool.acquire().await?), is_at_work: true, patience };
            if let Ok(Ok(())) = tokio::time::timeout(patience, held.conn().ping()).await {
                return Ok(held);
            }
        }
    }

    pub fn conn(&mut self) -> &mut MySqlConnection {
        self.conn.as_mut().expect("a connection is held until the drop")
    }

    /// A refusal by the database is an answer, too.
    pub fn rest_after<T>(&mut self, answer: &Result<T, sqlx::Error>) {
        self.is_at_work = !matches!(answer, Ok(_) | Err(sqlx::Error::Database(_) | sqlx::Error::RowNotFound));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        if self.is_at_work {
            drop(conn.detach());
        } else {
            tokio::spawn(tokio::time::timeout(self.patience, conn.return_to_pool()));
        }
    }
}
