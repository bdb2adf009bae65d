//! The database: one file a table, each SQL statement once, for SQLite and MySQL alike.
//!
//! What keeps one text valid on both: `?` placeholders; ids and times made here and passed as parameters; no upsert,
//! no RETURNING, no JSON operators, no booleans. "Use once" is one conditional UPDATE or one INSERT whose count or
//! unique violation is the verdict.

pub mod accounts;
mod connect;
pub mod server_keys;
pub mod sessions;
pub mod spent_envelopes;

use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{MySql, MySqlPool, Sqlite, SqlitePool, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use connect::{ConnectError, DatabaseUrl, connect, migrate};

/// A pool of connections, to read with. Cloning shares the pool.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite { pool: SqlitePool, writer: Arc<Mutex<()>> },
    MySql(MySqlPool),
}

/// A transaction, to write with. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub enum Tx {
    Sqlite { transaction: Transaction<'static, Sqlite>, _writer: OwnedMutexGuard<()> },
    MySql(Transaction<'static, MySql>),
}

/// The database could not be asked, or refused. Never to be taken for "not found".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database could not be asked: {0}")]
    Failed(#[from] sqlx::Error),
    #[error("the database did not answer in time")]
    TimedOut,
}

pub type Result<T> = std::result::Result<T, Error>;

/// What became of an INSERT into a table with a unique key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Insertion {
    Made,
    /// The key exists: someone else was first.
    Taken,
}

impl Db {
    /// SQLite has one writer at a time. Within this process they queue here, in order, instead of polling the file.
    pub async fn begin(&self) -> Result<Tx> {
        match self {
            Self::Sqlite { pool, writer } => {
                let writer = Arc::clone(writer).lock_owned().await;
                let transaction = in_time(pool.begin_with("BEGIN IMMEDIATE")).await?;
                Ok(Tx::Sqlite { transaction, _writer: writer })
            }
            Self::MySql(pool) => Ok(Tx::MySql(in_time(pool.begin()).await?)),
        }
    }

    /// Asks the database for nothing, to learn whether it answers.
    pub async fn ping(&self) -> Result<()> {
        on!(self, |conn| sqlx::query_scalar::<_, i64>(PING).fetch_one(conn)).map(drop)
    }

    /// The dialect's name, as in `DATABASE_URL`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::MySql(_) => "mysql",
        }
    }

    /// Closes every connection; SQLite moves its write-ahead log into the database file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { pool, .. } => pool.close().await,
            Self::MySql(pool) => pool.close().await,
        }
    }

    fn executor(&self) -> Executor<&SqlitePool, &MySqlPool> {
        match self {
            Self::Sqlite { pool, .. } => Executor::Sqlite(pool),
            Self::MySql(pool) => Executor::MySql(pool),
        }
    }
}

impl Tx {
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite { transaction, _writer } => in_time(transaction.commit()).await,
            Self::MySql(transaction) => in_time(transaction.commit()).await,
        }
    }

    fn executor(&mut self) -> Executor<&mut SqliteConnection, &mut MySqlConnection> {
        match self {
            Self::Sqlite { transaction, .. } => Executor::Sqlite(transaction),
            Self::MySql(transaction) => Executor::MySql(transaction),
        }
    }
}

/// A server that is stopped, or behind a cable that was cut, neither answers nor refuses. Every request that needs it
/// is answered "unavailable" instead of waiting for it.
const PATIENCE: Duration = Duration::from_millis(1500);

async fn in_time<T>(asking: impl Future<Output = std::result::Result<T, sqlx::Error>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::TimedOut),
    }
}

const PING: &str = "SELECT 1";

/// Whichever driver a statement is to run on.
enum Executor<S, M> {
    Sqlite(S),
    MySql(M),
}

/// Runs one query on whichever database this is: `on!(db, |conn| sqlx::query_as(BY_ID).bind(id).fetch_optional(conn))`.
macro_rules! on {
    ($target:expr, |$conn:ident| $query:expr) => {
        match $target.executor() {
            $crate::store::Executor::Sqlite($conn) => $crate::store::in_time($query).await,
            $crate::store::Executor::MySql($conn) => $crate::store::in_time($query).await,
        }
    };
}

/// Runs one statement and counts the rows that it matched.
macro_rules! execute {
    ($tx:expr, $query:expr) => {
        match $tx.executor() {
            $crate::store::Executor::Sqlite(conn) => {
                $crate::store::in_time($query.execute(conn)).await.map(|done| done.rows_affected())
            }
            $crate::store::Executor::MySql(conn) => {
                $crate::store::in_time($query.execute(conn)).await.map(|done| done.rows_affected())
            }
        }
    };
}

/// Names the statements of a table, and lists them so that a test can prepare each on every database.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(super) const STATEMENTS: &[&str] = &[$($name),+];
    };
}

use {execute, on, statements};

/// Every statement that the server runs.
pub fn every_statement() -> impl Iterator<Item = &'static str> {
    [accounts::STATEMENTS, server_keys::STATEMENTS, sessions::STATEMENTS, spent_envelopes::STATEMENTS, &[PING]]
        .into_iter()
        .flatten()
        .copied()
}

impl Db {
    /// Has the database parse a statement without running it.
    pub async fn prepare(&self, statement: &'static str) -> Result<()> {
        use sqlx::Executor as _;
        on!(self, |conn| async { conn.prepare(sqlx::SqlStr::from_static(statement)).await.map(drop) })
    }
}

impl Insertion {
    fn from_result(result: Result<u64>) -> Result<Self> {
        match result {
            Ok(_) => Ok(Self::Made),
            Err(Error::Failed(sqlx::Error::Database(error))) if error.is_unique_violation() => Ok(Self::Taken),
            Err(error) => Err(error),
        }
    }
}
