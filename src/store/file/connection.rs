//! A connection to a file.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use sqlx::{ConnectOptions, Connection, SqlStr, Transaction};
use sqlx_core::transaction::TransactionManager;

use super::File;
use super::error::{is_busy, translated};
use super::row::{Columns, columns};

/// Where the file is, and how it is opened.
#[derive(Clone, Debug)]
pub struct FileOptions {
    path: PathBuf,
    /// How long to wait for a file that another process has locked.
    patience: Duration,
}

pub struct FileConnection {
    /// `None` while it is elsewhere, and for good if nobody waited for it to come back.
    handle: Option<Handle>,
    options: FileOptions,
}

/// What a statement needs.
pub(super) struct Handle {
    pub(super) conn: rusqlite::Connection,
    /// As many as `store/` has.
    known: HashMap<SqlStr, Known>,
}

/// What is known of a statement once it was prepared.
pub(super) struct Known {
    pub(super) columns: Columns,
    pub(super) only_reads: bool,
}

/// More than there are statements.
const STATEMENTS_KEPT: usize = 128;

/// Write-ahead logging, so that whoever reads is in nobody's way. NORMAL would lose the last commits on a power cut: an
/// answered logout could come back to life.
const SET_UP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

impl FileOptions {
    pub fn new(path: &Path, patience: Duration) -> Self {
        Self { path: path.to_owned(), patience }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self) -> rusqlite::Result<Handle> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // Or a statement is planned anew for each value of a LIMIT.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.busy_timeout(self.patience)?;
        conn.execute_batch(SET_UP)?;
        conn.busy_timeout(Duration::ZERO)?;
        Ok(Handle { conn, known: HashMap::new() })
    }
}

impl FileConnection {
    /// Where a statement may run at once. It must not wait for anything: whoever else is on this thread would, too.
    pub(super) fn here(&mut self) -> Result<&mut Handle, sqlx::Error> {
        self.handle.as_mut().ok_or(sqlx::Error::WorkerCrashed)
    }

    /// Runs work that waits, for the disk or for another process, on a thread that may.
    pub(super) async fn elsewhere<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Handle) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, sqlx::Error> {
        let (mut handle, patience) = (self.handle.take().ok_or(sqlx::Error::WorkerCrashed)?, self.options.patience);
        let working = tokio::task::spawn_blocking(move || {
            let done = handle.conn.busy_timeout(patience).and_then(|()| work(&mut handle));
            let done = handle.conn.busy_timeout(Duration::ZERO).and(done);
            (handle, done)
        });
        let (handle, done) = working.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        self.handle = Some(handle);
        done.map_err(translated)
    }

    /// Begins a transaction, by BEGIN or BEGIN IMMEDIATE.
    pub async fn begin_with(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        match self.here()?.run(statement) {
            Err(error) if is_busy(&error) => self.elsewhere(move |handle| handle.run(statement)).await,
            begun => begun.map_err(translated),
        }
    }

    /// Waits until everything is on the disk.
    pub async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.elsewhere(|handle| handle.run("COMMIT")).await
    }

    /// Needs no waiting. On a full disk SQLite may have done so by itself.
    pub fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        let handle = self.here()?;
        if handle.conn.is_autocommit() { Ok(()) } else { handle.run("ROLLBACK").map_err(translated) }
    }
}

impl Handle {
    pub(super) fn known(&mut self, sql: &SqlStr) -> rusqlite::Result<&Known> {
        if !self.known.contains_key(sql) {
            let statement = self.conn.prepare_cached(sql.as_str())?;
            let known = Known { columns: columns(&statement), only_reads: statement.readonly() };
            self.known.insert(sql.clone(), known);
        }
        Ok(&self.known[sql])
    }

    fn run(&self, statement: &'static str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(statement)?.raw_execute().map(drop)
    }
}

impl Connection for FileConnection {
    type Database = File;
    type Options = FileOptions;

    /// The last one that is closed moves the write-ahead log into the file.
    async fn close(mut self) -> Result<(), sqlx::Error> {
        let Some(Handle { conn, .. }) = self.handle.take() else { return Ok(()) };
        let closing = tokio::task::spawn_blocking(move || conn.close().map_err(|(_, error)| translated(error)));
        closing.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    async fn close_hard(self) -> Result<(), sqlx::Error> {
        self.close().await
    }

    /// A file always answers.
    async fn ping(&mut self) -> Result<(), sqlx::Error> {
        self.here().map(drop)
    }

    async fn begin(&mut self) -> Result<Transaction<'_, File>, sqlx::Error> {
        Transaction::begin(self, None).await
    }

    fn shrink_buffers(&mut self) {}

    async fn flush(&mut self) -> Result<(), sqlx::Error> {
        Ok(())
    }

    fn should_flush(&self) -> bool {
        false
    }
}

impl ConnectOptions for FileOptions {
    type Connection = FileConnection;

    fn from_url(_url: &sqlx_core::Url) -> Result<Self, sqlx::Error> {
        Err(sqlx::Error::Configuration("a file is opened by its path".into()))
    }

    async fn connect(&self) -> Result<FileConnection, sqlx::Error> {
        let options = self.clone();
        let opened = tokio::task::spawn_blocking(move || options.open()).await;
        let handle = opened.map_err(|_| sqlx::Error::WorkerCrashed)?.map_err(translated)?;
        Ok(FileConnection { handle: Some(handle), options: self.clone() })
    }

    fn log_statements(self, _level: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _level: log::LevelFilter, _duration: Duration) -> Self {
        self
    }
}

impl FromStr for FileOptions {
    type Err = sqlx::Error;

    fn from_str(path: &str) -> Result<Self, sqlx::Error> {
        Ok(Self::new(Path::new(path), Duration::ZERO))
    }
}

/// Transactions are begun by [`FileConnection::begin_with`]. sqlx's own believe to be open after a full disk has ended
/// them.
#[derive(Debug)]
pub struct NoTransactions;

fn no_transactions() -> sqlx::Error {
    sqlx::Error::Protocol("a file's transactions are not sqlx's".to_owned())
}

impl TransactionManager for NoTransactions {
    type Database = File;

    async fn begin(_: &mut FileConnection, _: Option<SqlStr>) -> Result<(), sqlx::Error> {
        Err(no_transactions())
    }

    async fn commit(_: &mut FileConnection) -> Result<(), sqlx::Error> {
        Err(no_transactions())
    }

    async fn rollback(_: &mut FileConnection) -> Result<(), sqlx::Error> {
        Err(no_transactions())
    }

    fn start_rollback(_: &mut FileConnection) {}

    fn get_transaction_depth(_: &FileConnection) -> usize {
        0
    }
}

impl fmt::Debug for FileConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileConnection").field("path", &self.options.path).finish_non_exhaustive()
    }
}
