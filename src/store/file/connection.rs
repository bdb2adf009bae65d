//! A connection to a file.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use sqlx::{ConnectOptions, Connection, SqlStr, Transaction};
use sqlx_core::transaction::TransactionManager;

use super::File;
use super::error::{is_busy, translated};
use super::log::{Log, Written};
use super::row::{Columns, columns};
use crate::store::{COMMIT, ROLL_BACK};

/// Where the file is, and how it is opened.
#[derive(Clone, Debug)]
pub struct FileOptions {
    path: PathBuf,
    /// How long to wait for a file that another process has locked.
    patience: Duration,
    /// Known to all of its connections, and to whoever asks how it is.
    has_lost: Arc<AtomicBool>,
}

pub struct FileConnection {
    /// `None` while it is elsewhere, and for good if nobody waited for it to come back.
    handle: Option<Box<Handle>>,
    options: FileOptions,
}

/// What a statement needs.
pub(super) struct Handle {
    pub(super) conn: rusqlite::Connection,
    /// Of a connection that writes for many.
    log: Option<Log>,
    /// After its last commit, with those that are in the file already.
    pages_in_log: i32,
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

/// Of 4 KiB each: what SQLite itself lets the log grow to.
const LONGEST_LOG_PAGES: i32 = 1000;

thread_local! {
    /// After the last commit on this thread: SQLite tells it to a function that has nothing else.
    static PAGES_IN_LOG: Cell<i32> = const { Cell::new(0) };
}

/// Write-ahead logging, so that whoever reads is in nobody's way. NORMAL would lose the last commits on a power cut: an
/// answered logout could come back to life. (Where commits are waited for together, `log` does what FULL would.)
const SET_UP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
/// Whoever reads does.
const OPEN_LOG: &str = "SELECT COUNT(*) FROM sqlite_schema";
const WAIT_TOGETHER: &str = "PRAGMA synchronous = NORMAL";
const LOOK_AT_LOG: &str = "PRAGMA wal_checkpoint(NOOP)";
/// In nobody's way: what someone still reads stays.
const SHORTEN_LOG: &str = "PRAGMA wal_checkpoint(PASSIVE)";

impl FileOptions {
    pub fn new(path: &Path, patience: Duration) -> Self {
        Self { path: path.to_owned(), patience, has_lost: Arc::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its disk could not keep something, since when nothing is written.
    pub fn has_lost(&self) -> bool {
        self.has_lost.load(Ordering::Relaxed)
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
        Ok(Handle { conn, log: None, pages_in_log: 0, known: HashMap::new() })
    }
}

impl FileConnection {
    /// For the one connection that writes: what it commits is waited for without it, and together with what is committed
    /// meanwhile.
    pub async fn wait_together(&mut self) -> Result<(), sqlx::Error> {
        let FileOptions { path, has_lost, .. } = self.options.clone();
        let keep_log = move |handle: &mut Handle| {
            handle.conn.execute_batch(OPEN_LOG)?;
            // Its index is shared memory, which not every file system has: SQLite then does without it, and each commit
            // waits by itself.
            if let Ok(log) = Log::of(&path, has_lost) {
                handle.conn.execute_batch(WAIT_TOGETHER)?;
                // Instead of SQLite's own, which moves the log into the file within a commit.
                handle.conn.wal_hook(Some(|_, pages| {
                    PAGES_IN_LOG.set(pages);
                    Ok(())
                }));
                handle.log = Some(log);
            }
            Ok(())
        };
        self.elsewhere(keep_log).await
    }

    /// Where a statement may run at once. It must not wait for anything: whoever else is on this thread would, too.
    pub(super) fn here(&mut self) -> Result<&mut Handle, sqlx::Error> {
        self.handle.as_deref_mut().ok_or(sqlx::Error::WorkerCrashed)
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
        let handle = self.here()?;
        handle.log.as_ref().map_or(Ok(()), Log::check)?;
        match handle.run(statement) {
            Err(error) if is_busy(&error) => self.elsewhere(move |handle| handle.run(statement)).await,
            begun => begun.map_err(translated),
        }
    }

    /// Commits. From then on others see what was written; when it is on the disk, is known to whoever waits for that.
    pub async fn commit(&mut self) -> Result<Written, sqlx::Error> {
        let handle = self.here()?;
        if handle.log.is_some() {
            handle.run(COMMIT).map_err(translated)?;
            handle.pages_in_log = PAGES_IN_LOG.get();
        } else {
            self.elsewhere(|handle| handle.run(COMMIT)).await?;
        }
        self.written()
    }

    pub(super) fn written(&mut self) -> Result<Written, sqlx::Error> {
        Ok(self.here()?.log.as_mut().map_or(Written::AND_LASTS, Log::written))
    }

    /// Whether there is more in the log than one would like to search.
    pub fn has_long_log(&mut self) -> Result<bool, sqlx::Error> {
        let handle = self.here()?;
        let is_long = handle.pages_in_log >= LONGEST_LOG_PAGES;
        // It begins anew only once nobody reads what is in the file by now.
        Ok(is_long && handle.only_in_log(LOOK_AT_LOG).map_err(translated)? >= LONGEST_LOG_PAGES)
    }

    /// Moves what is in the log into the file.
    pub async fn shorten_log(&mut self) -> Result<(), sqlx::Error> {
        self.elsewhere(|handle| handle.only_in_log(SHORTEN_LOG)).await.map(drop)
    }

    /// Needs no waiting. On a full disk SQLite may have done so by itself.
    pub fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        let handle = self.here()?;
        if handle.conn.is_autocommit() { Ok(()) } else { handle.run(ROLL_BACK).map_err(translated) }
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

    /// Pages that are not in the file yet, after a checkpoint of whatever kind.
    fn only_in_log(&self, checkpoint: &'static str) -> rusqlite::Result<i32> {
        let not_in_file = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i32>(1)? - row.get::<_, i32>(2)?);
        self.conn.prepare_cached(checkpoint)?.query_one([], not_in_file)
    }
}

impl Connection for FileConnection {
    type Database = File;
    type Options = FileOptions;

    /// The last one that is closed moves the write-ahead log into the file.
    async fn close(mut self) -> Result<(), sqlx::Error> {
        let Some(handle) = self.handle.take() else { return Ok(()) };
        let closing = tokio::task::spawn_blocking(move || handle.conn.close().map_err(|(_, error)| translated(error)));
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
        Ok(FileConnection { handle: Some(Box::new(handle)), options: self.clone() })
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
