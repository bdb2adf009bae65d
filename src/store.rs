//! The database: one file a table, each SQL statement once, for SQLite and MySQL alike.
//!
//! What keeps one text valid on both: `?` placeholders; ids and times made here and passed as parameters; no upsert,
//! no RETURNING, no JSON operators, no booleans. "Use once" is one conditional UPDATE or one INSERT whose count or
//! unique violation is the verdict.

pub mod accounts;
mod address;
pub mod attempts;
pub mod audit_events;
mod condition;
mod connect;
pub mod file;
mod file_transaction;
pub mod foreign_users;
pub mod imported_accounts;
mod joined;
mod migrations;
mod patience;
mod plan;
mod retry;
mod same_database;
pub mod seen_rows;
pub mod server_keys;
pub mod sessions;
pub mod spent_envelopes;
mod statement;
mod stock;
mod table_digest;
pub mod tables;
mod value;

use std::sync::Arc;
use std::time::Duration;

use sqlx_mysql::{MySqlConnection, MySqlDatabaseError};

pub use address::{DatabaseUrl, InvalidAddress, Overrides};
pub use condition::is_full as is_disk_full;
pub use connect::{ConnectError, Limits, connect};
pub use migrations::migrate;
pub use retry::Tries;
pub(crate) use retry::{again_after_conflicts, transaction, transaction_before_another};
pub use same_database::is_same;
pub use stock::{Held, Stock, Usage};
pub use table_digest::TableDigest;
pub use value::Value;

use condition::Condition;
use file::FileConnection;
use file_transaction::FileTransaction;
use plan::Mode;
use statement::{Executor, eight, execute, execute_alone, in_time, on, on_one_of, remove, statements, within};

/// Connections to read with, and to begin a transaction on. Cloning shares them.
#[derive(Clone, Debug)]
pub enum Db {
    /// One connection writes, so that what it keeps of the file in memory is never changed by another.
    Sqlite {
        readers: Stock<FileConnection>,
        writer: Stock<FileConnection>,
        patience: Duration,
        condition: Arc<Condition>,
    },
    MySql {
        stock: Stock<MySqlConnection>,
        patience: Duration,
        condition: Arc<Condition>,
    },
}

/// A transaction, to write with. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub enum Tx {
    Sqlite { transaction: FileTransaction, patience: Duration },
    MySql { held: Held<MySqlConnection>, patience: Duration },
}

/// The database could not be asked, or refused. Never to be taken for "not found".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database could not be asked: {0}")]
    Failed(sqlx::Error),
    #[error("the disk of the database is full")]
    DiskFull,
    #[error("the disk could not keep what was written; mend it, then restart")]
    DiskLost,
    #[error("the database did not answer in time")]
    TimedOut,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            full if condition::says_full(&full) => Self::DiskFull,
            lost if file::says_lost(&lost) => Self::DiskLost,
            other => Self::Failed(other),
        }
    }
}

impl Error {
    /// Nobody has made the tables yet: ER_NO_SUCH_TABLE; SQLite has no code of its own for it.
    pub fn is_missing_table(&self) -> bool {
        let Self::Failed(sqlx::Error::Database(error)) = self else { return false };
        let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
        number == Some(1146) || error.message().starts_with("no such table")
    }

    /// Said in the log already, and not worth a line for each request.
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::DiskFull)
    }

    /// Said in the log already, too.
    pub fn is_lost_disk(&self) -> bool {
        matches!(self, Self::DiskLost)
    }
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
    /// Not to be called by itself: `transaction!` begins, commits, and begins again where two were in each other's way.
    ///
    /// SQLite has one writer at a time. Within this process they queue here, in order, instead of polling the file.
    pub async fn begin(&self) -> Result<Tx> {
        let patience = self.patience();
        match self {
            Self::Sqlite { writer, .. } => {
                Ok(Tx::Sqlite { transaction: in_time(patience, FileTransaction::to_write(writer)).await?, patience })
            }
            Self::MySql { stock, .. } => {
                Ok(Tx::MySql { held: in_time(patience, stock.take_in(Mode::Together)).await?, patience })
            }
        }
    }

    /// Asks the database for nothing, to learn whether it answers. One whose disk lost something may be read, and is
    /// not well until a restart.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } if writer.options().has_lost() => Err(Error::DiskLost),
            _ => on!(self, |conn| sqlx::query_scalar::<_, i64>(PING).fetch_one(conn)).map(drop),
        }
    }

    /// The dialect's name, as in `DATABASE_URL`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::MySql { .. } => "mysql",
        }
    }

    /// Closes every connection; SQLite moves its write-ahead log into the database file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::MySql { stock, .. } => stock.close().await,
        }
    }

    /// Nobody is to be asked for anything more.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite { readers, .. } => readers.is_closed(),
            Self::MySql { stock, .. } => stock.is_closed(),
        }
    }

    /// Its connections, by what they are for.
    pub fn usage(&self) -> Vec<Usage> {
        match self {
            Self::Sqlite { readers, writer, .. } => vec![readers.usage(), writer.usage()],
            Self::MySql { stock, .. } => vec![stock.usage()],
        }
    }

    /// How long one statement may take.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Sqlite { patience, .. } | Self::MySql { patience, .. } => *patience,
        }
    }

    /// Not to be called by itself: `transaction!` tells what became of it.
    pub(crate) fn note<T>(&self, outcome: &Result<Option<T>>) {
        self.condition().note(outcome);
    }

    fn note_silence<T>(&self, answer: &Result<T>) {
        self.condition().note_silence(answer);
    }

    /// For whoever waited for a turn since `moment`: if others meanwhile waited for the database in vain, nobody waits
    /// for it once more.
    pub fn refuse_if_silent_since(&self, moment: std::time::Instant) -> Result<()> {
        if self.condition().was_silent_since(moment) { Err(Error::TimedOut) } else { Ok(()) }
    }

    fn condition(&self) -> &Condition {
        match self {
            Self::Sqlite { condition, .. } | Self::MySql { condition, .. } => condition,
        }
    }

    fn executor(&self) -> Executor<&Stock<FileConnection>, &Stock<MySqlConnection>> {
        match self {
            Self::Sqlite { readers, .. } => Executor::Sqlite(readers),
            Self::MySql { stock, .. } => Executor::MySql(stock),
        }
    }
}

impl Tx {
    /// Not to be called by itself, as [`Db::begin`].
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite { transaction, patience } => {
                in_time(patience, async { transaction.commit().await?.lasts().await }).await
            }
            Self::MySql { held, patience } => in_time(patience, end(held, COMMIT)).await,
        }
    }

    /// Commits, and does not wait for the disk.
    pub async fn commit_before_another(self) -> Result<()> {
        match self {
            Self::Sqlite { transaction, patience } => in_time(patience, transaction.commit()).await.map(drop),
            another => another.commit().await,
        }
    }

    pub async fn roll_back(self) -> Result<()> {
        match self {
            Self::Sqlite { transaction, .. } => Ok(transaction.roll_back()?),
            Self::MySql { held, patience } => in_time(patience, end(held, ROLL_BACK)).await,
        }
    }

    /// Not to be called by itself, either. A connection whose statement was refused is as good as before; one that did not
    /// answer is dropped.
    pub(crate) async fn roll_back_after(self, error: &Error) {
        if matches!(error, Error::Failed(sqlx::Error::Database(_))) {
            // Where this fails, it is dropped, too.
            let _ = self.roll_back().await;
        }
    }

    fn patience(&self) -> Duration {
        match self {
            Self::Sqlite { patience, .. } | Self::MySql { patience, .. } => *patience,
        }
    }

    fn executor(&mut self) -> Executor<&mut FileConnection, &mut MySqlConnection> {
        match self {
            Self::Sqlite { transaction, .. } => Executor::Sqlite(transaction.conn()),
            Self::MySql { held, .. } => Executor::MySql(held.conn()),
        }
    }
}

/// Ends a transaction on MySQL.
async fn end(mut held: Held<MySqlConnection>, statement: &'static str) -> std::result::Result<(), sqlx::Error> {
    // One that was refused is not over: its connection is dropped.
    sqlx::raw_sql(statement).execute(held.conn()).await?;
    held.rest_after(&Ok(()));
    Ok(())
}

const COMMIT: &str = "COMMIT";
const ROLL_BACK: &str = "ROLLBACK";
const PING: &str = "SELECT 1";

/// Every statement that the server runs.
pub fn every_statement() -> impl Iterator<Item = &'static str> {
    let tables = [
        accounts::STATEMENTS,
        attempts::STATEMENTS,
        audit_events::STATEMENTS,
        imported_accounts::STATEMENTS,
        server_keys::STATEMENTS,
        sessions::STATEMENTS,
        spent_envelopes::STATEMENTS,
    ];
    tables.into_iter().flatten().copied().chain([PING]).chain(tables::every_statement())
}

impl Db {
    /// Has the database parse a statement without running it.
    pub async fn prepare(&self, statement: &'static str) -> Result<()> {
        use sqlx::Executor as _;
        on!(self, |conn| async { conn.prepare(sqlx::SqlStr::from_static(statement)).await.map(drop) })
    }
}

impl Insertion {
    /// For `transaction!`, where a key that exists is a reason to roll back.
    pub fn made(self) -> Option<()> {
        (self == Self::Made).then_some(())
    }

    fn from_result(result: Result<u64>) -> Result<Self> {
        match result {
            Ok(_) => Ok(Self::Made),
            Err(Error::Failed(sqlx::Error::Database(error))) if error.is_unique_violation() => Ok(Self::Taken),
            Err(error) => Err(error),
        }
    }
}
