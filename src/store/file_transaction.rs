//! A transaction on an SQLite file.

use std::fmt;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, SqlitePool};

use super::{BEGIN, ROLL_BACK};

/// An open transaction. Dropped before its end, it is rolled back, and only then its connection goes to the next.
///
/// This is no `sqlx::Transaction`: on a full disk SQLite rolls back by itself, sqlx goes on to believe that the
/// transaction is open, and the connection would refuse every later one, though there is room again.
pub struct FileTransaction {
    held: Option<PoolConnection<Sqlite>>,
    is_over: bool,
}

impl FileTransaction {
    /// Whoever writes waits here, in order of arrival, for the one connection that does.
    pub async fn to_write(writer: &SqlitePool) -> Result<Self, sqlx::Error> {
        Self::begin(writer, "BEGIN IMMEDIATE").await
    }

    pub async fn to_read(readers: &SqlitePool) -> Result<Self, sqlx::Error> {
        Self::begin(readers, BEGIN).await
    }

    async fn begin(pool: &SqlitePool, statement: &'static str) -> Result<Self, sqlx::Error> {
        let mut begun = Self { held: Some(pool.acquire().await?), is_over: false };
        sqlx::raw_sql(statement).execute(begun.conn()).await?;
        Ok(begun)
    }

    pub fn conn(&mut self) -> &mut SqliteConnection {
        self.held.as_mut().expect("a connection is held until the drop")
    }

    /// By COMMIT or ROLLBACK.
    pub async fn end(mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(statement).execute(self.conn()).await?;
        self.is_over = true;
        Ok(())
    }
}

impl Drop for FileTransaction {
    fn drop(&mut self) {
        let Some(mut conn) = self.held.take() else { return };
        if self.is_over {
            return;
        }
        // Whatever was asked for last may still be at work; the connection does one thing after the other.
        tokio::spawn(async move {
            match sqlx::raw_sql(ROLL_BACK).execute(&mut *conn).await {
                Err(error) if !error.to_string().contains("no transaction is active") => drop(conn.detach()),
                _ => drop(conn),
            }
        });
    }
}

impl fmt::Debug for FileTransaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileTransaction").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}
