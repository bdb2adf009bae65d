//! A transaction on an SQLite file.

use sqlx::sqlite::SqliteConnection;

use super::stock::{Held, Stock};
use super::{BEGIN, ROLL_BACK};

/// An open transaction. Dropped before its end, it is rolled back, and only then its connection goes to the next.
///
/// This is no `sqlx::Transaction`: on a full disk SQLite rolls back by itself, sqlx goes on to believe that the
/// transaction is open, and the connection would refuse every later one, though there is room again.
#[derive(Debug)]
pub struct FileTransaction {
    held: Option<Held<SqliteConnection>>,
}

impl FileTransaction {
    /// Whoever writes waits here, in order of arrival, for the one connection that does.
    pub async fn to_write(writer: &Stock<SqliteConnection>) -> Result<Self, sqlx::Error> {
        Self::begin(writer, "BEGIN IMMEDIATE").await
    }

    pub async fn to_read(readers: &Stock<SqliteConnection>) -> Result<Self, sqlx::Error> {
        Self::begin(readers, BEGIN).await
    }

    async fn begin(stock: &Stock<SqliteConnection>, statement: &'static str) -> Result<Self, sqlx::Error> {
        let mut begun = Self { held: Some(stock.take().await?) };
        sqlx::raw_sql(statement).execute(begun.conn()).await?;
        Ok(begun)
    }

    pub fn conn(&mut self) -> &mut SqliteConnection {
        self.held.as_mut().expect("a connection is held until the end").conn()
    }

    /// By COMMIT or ROLLBACK.
    pub async fn end(mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(statement).execute(self.conn()).await?;
        self.held = None;
        Ok(())
    }
}

impl Drop for FileTransaction {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        // Whatever was asked for last may still be at work; the connection does one thing after the other.
        tokio::spawn(async move {
            match sqlx::raw_sql(ROLL_BACK).execute(held.conn()).await {
                Err(error) if !error.to_string().contains("no transaction is active") => held.close().await,
                _ => drop(held),
            }
        });
    }
}
