//! Reaching the database.

use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::migrate::MigrateError;
use sqlx_mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};

use super::condition::{self, Condition};
use super::file::{FileConnection, FileOptions};
use super::plan::{Mode, Plan, Server, SetUp};
use super::stock::Stock;
use super::{DatabaseUrl, Db};

/// How much of the database one process takes, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `None`: eight to an SQLite file, 32 to MySQL.
    pub connections: Option<NonZeroU32>,
    /// For one statement, and for a connection from the pool. A request that waits longer is answered 503.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: None, patience: Duration::from_millis(1500) }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("cannot open the SQLite database {path}: {source}", path = path.display())]
    Sqlite { path: PathBuf, source: sqlx::Error },
    #[error("the disk of {path} is full, so nothing new can be written; make room", path = path.display())]
    DiskFull { path: PathBuf },
    #[error("cannot connect to {url}: {reason}")]
    MySql { url: String, reason: String },
    #[error("{version} is too old; Bulla needs MySQL 8.0 or MariaDB 10.5, or newer")]
    TooOld { version: String },
    #[error("the database could not be asked: {0}")]
    Failed(#[from] sqlx::Error),
    #[error("the database took the connection and does not answer; look at it, then start again")]
    Silent,
    #[error("another node has been bringing the tables up to date for a minute; look at it, then start again")]
    MigrationLock,
    #[error(
        "a node was stopped in the middle of migration {0}, and MySQL cannot undo half of one. Restore the backup; or \
         run the rest of that migration's statements by hand, then UPDATE _sqlx_migrations SET success = TRUE WHERE \
         version = {0}, and start again"
    )]
    HalfMigrated(i64),
    #[error("cannot bring the database's tables up to date: {0}")]
    Migrate(MigrateError),
}

impl From<MigrateError> for ConnectError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Dirty(number) => Self::HalfMigrated(number),
            other => Self::Migrate(other),
        }
    }
}

/// Other processes (an operator's command beside the server) write to the file too, for moments.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(1);
const SQLITE_CONNECTIONS: u32 = 8;
const MYSQL_CONNECTIONS: u32 = 32;
const MOST_OPENING_ATTEMPTS: usize = 20;
/// A server that is far away, or busy starting, may take a while to greet.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What we rely on, whatever the server's defaults are. INSERT … SELECT must lock the row that it reads, or a login that
/// races with the disabling of its account opens a session that lives; READ COMMITTED does not lock it. A value that
/// does not fit its column is an error, never cut. A statement that is alone is committed. Who waits for a lock gives up
/// before the request does.
const MYSQL_SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
    SET SESSION autocommit = 1, innodb_lock_wait_timeout = 1, lock_wait_timeout = 1, \
    sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
NO_ENGINE_SUBSTITUTION'";

/// A node that froze in the middle of a transaction keeps its locks until the server hangs up: by default, after eight
/// hours. Ours are asked for something, or closed, long before this is over.
const MYSQL_SILENCE: &str = "SET SESSION wait_timeout = ?";
const LEAST_SILENCE: Duration = Duration::from_secs(60);
/// Who answered so short a time ago is there. When a server goes away, all of its connections fall silent at once, so soon
/// none is trusted.
const TRUSTED: Duration = Duration::from_millis(100);

const COMMIT_EACH: &str = "SET SESSION autocommit = 1";
const COMMIT_WHEN_TOLD: &str = "SET SESSION autocommit = 0";

const MYSQL_VERSION: &str = "SELECT VERSION()";
const OLDEST_MYSQL: (u32, u32) = (8, 0);
const OLDEST_MARIADB: (u32, u32) = (10, 5);

/// Opens a pool; creates the SQLite file where there is none yet.
pub async fn connect(url: &DatabaseUrl, limits: Limits) -> Result<Db, ConnectError> {
    match url {
        DatabaseUrl::Sqlite(path) => connect_sqlite(path, limits).await,
        DatabaseUrl::MySql(options) => connect_mysql(url, options, limits).await,
    }
}

async fn connect_mysql(url: &DatabaseUrl, options: &MySqlConnectOptions, limits: Limits) -> Result<Db, ConnectError> {
    let options = options.clone().charset("utf8mb4");
    // By itself, as the pool would wait for a server that refuses, and sooner give up on one that is slow.
    let greeting = tokio::time::timeout(CONNECT_TIMEOUT, greet(url, &options, limits.patience)).await;
    let first = greeting.unwrap_or_else(|_| Err(refused(url, &sqlx::Error::PoolTimedOut)))?;
    let plan = Plan {
        name: "all",
        options,
        set_up: |conn, patience| Box::pin(set_up(conn, patience)),
        most: limits.connections.map_or(MYSQL_CONNECTIONS, NonZeroU32::get),
        patience: limits.patience,
        server: Some(Server { trusted: TRUSTED, switch: |conn, mode| Box::pin(switch(conn, mode)) }),
    };
    Ok(Db::MySql {
        stock: Stock::with(plan, first),
        patience: limits.patience,
        condition: Arc::new(Condition::default()),
    })
}

/// The first connection, to a server that is not too old.
async fn greet(
    url: &DatabaseUrl,
    options: &MySqlConnectOptions,
    patience: Duration,
) -> Result<MySqlConnection, ConnectError> {
    let refused = |error| refused(url, &error);
    let mut conn = options.connect().await.map_err(refused)?;
    let version = version(&mut conn).await.map_err(refused)?;
    if is_too_old(&version) {
        return Err(ConnectError::TooOld { version });
    }
    set_up(&mut conn, patience).await.map_err(refused)?;
    Ok(conn)
}

async fn set_up(conn: &mut MySqlConnection, patience: Duration) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(MYSQL_SESSION).execute(&mut *conn).await?;
    let silence = LEAST_SILENCE.max(patience * 40);
    sqlx::query(MYSQL_SILENCE).bind(silence.as_secs()).execute(conn).await.map(drop)
}

/// Only between transactions, or an open one is committed.
async fn switch(conn: &mut MySqlConnection, mode: Mode) -> Result<(), sqlx::Error> {
    let statement = match mode {
        Mode::Alone => COMMIT_EACH,
        Mode::Together => COMMIT_WHEN_TOLD,
    };
    sqlx::raw_sql(statement).execute(conn).await.map(drop)
}

async fn version(conn: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(MYSQL_VERSION).fetch_one(conn).await
}

/// MySQL says `8.4.3`, MariaDB `10.11.6-MariaDB-0+deb12u1`.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split(|character: char| !character.is_ascii_digit()).map_while(|part| part.parse().ok());
    // Of a version that says nothing, nothing is known.
    let Some(major) = numbers.next() else { return false };
    (major, numbers.next().unwrap_or(0)) < if version.contains("MariaDB") { OLDEST_MARIADB } else { OLDEST_MYSQL }
}

pub(super) fn refused(url: &DatabaseUrl, error: &sqlx::Error) -> ConnectError {
    ConnectError::MySql { url: url.to_string(), reason: reason(error) }
}

/// Why a connection failed, and what to do about it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => "it does not answer; check host, port and firewall".to_owned(),
        sqlx::Error::Io(error) => format!("{error}; {}", advice_on_io(error)),
        sqlx::Error::Tls(error) => {
            format!("{error}; switch TLS on in the server, or choose another BULLA_DATABASE_SSL_MODE")
        }
        // The driver's words name a build option.
        sqlx::Error::Configuration(error) if error.to_string().contains("RSA") => {
            "the server asks for the password itself (caching_sha2_password), which is only sent over TLS; switch TLS \
             on in the server, and set BULLA_DATABASE_SSL_MODE=REQUIRED"
                .to_owned()
        }
        sqlx::Error::Database(refusal) => match refusal.try_downcast_ref::<MySqlDatabaseError>() {
            Some(refusal) => format!("{}; {}", refusal.message(), advice_on(refusal)),
            None => refusal.to_string(),
        },
        other => other.to_string(),
    }
}

fn advice_on_io(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there: start the database, or check host and port",
        ErrorKind::NotFound => "check the path of the socket",
        // How rustls is heard through a stream.
        ErrorKind::InvalidData if error.to_string().contains("not valid for") => {
            "the certificate is another server's. MySQL's own certificates name no server at all: make one that does \
             (docs/mysql.md), or set BULLA_DATABASE_SSL_MODE=VERIFY_CA"
        }
        ErrorKind::InvalidData => "name the authority that signed the server's certificate in BULLA_DATABASE_SSL_CA",
        _ => "check host and port",
    }
}

fn advice_on(refusal: &MySqlDatabaseError) -> &'static str {
    match refusal.number() {
        1040 => "raise the server's max_connections, or lower BULLA_DATABASE_CONNECTIONS",
        1044 => "grant the user its rights on this database (docs/mysql.md has the statement)",
        1045 | 1698 => {
            "check user and password; over a socket without TLS, accounts with caching_sha2_password are refused too"
        }
        1049 => "create it first: CREATE DATABASE name CHARACTER SET utf8mb4",
        3159 => "the server demands TLS, so BULLA_DATABASE_SSL_MODE cannot be DISABLED",
        _ => "the server's log may say more",
    }
}

async fn connect_sqlite(path: &Path, limits: Limits) -> Result<Db, ConnectError> {
    let options = FileOptions::new(path, SQLITE_BUSY_TIMEOUT);
    let (readers, writer) = open_file(options, limits).await.map_err(|source| match condition::is_full(path) {
        true => ConnectError::DiskFull { path: path.to_owned() },
        false => ConnectError::Sqlite { path: path.to_owned(), source },
    })?;
    Ok(Db::Sqlite { readers, writer, patience: limits.patience, condition: Arc::new(Condition::default()) })
}

/// The connections that read, and the one that writes.
///
/// The very first process switches a new file to write-ahead logging; another that opens it at that moment is told
/// "locked" at once, whatever its patience, and tries again.
async fn open_file(
    options: FileOptions,
    limits: Limits,
) -> Result<(Stock<FileConnection>, Stock<FileConnection>), sqlx::Error> {
    let is_locked =
        |error: &sqlx::Error| error.as_database_error().is_some_and(|error| error.message().contains("locked"));
    let connections = limits.connections.map_or(SQLITE_CONNECTIONS, NonZeroU32::get);
    let stock = |name, set_up: SetUp<FileConnection>, most: u32| {
        Stock::new(Plan { name, options: options.clone(), set_up, most, patience: limits.patience, server: None })
    };
    let writer = stock("write", |conn, _| Box::pin(conn.wait_together()), 1);
    for _ in 0..MOST_OPENING_ATTEMPTS {
        match writer.take().await {
            Err(error) if is_locked(&error) => tokio::time::sleep(Duration::from_millis(100)).await,
            result => {
                result?;
                break;
            }
        }
    }
    let readers = stock("read", |_, _| Box::pin(async { Ok(()) }), (connections - 1).max(1));
    Ok((readers, writer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_recognized() {
        for version in ["5.7.44-log", "5.5.5", "10.4.32-MariaDB", "5.5.68-MariaDB"] {
            assert!(is_too_old(version), "{version}");
        }
        for version in [
            "8.0.35",
            "8.4.3-0ubuntu1",
            "9.7.0",
            "10.5.1-MariaDB",
            "10.11.6-MariaDB-0+deb12u1",
            "11.8.2-MariaDB",
            "strange",
        ] {
            assert!(!is_too_old(version), "{version}");
        }
    }
}
