//! Reaching the database: addresses, connection settings and migrations.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{MySqlPool, SqlStr, SqlitePool};
use tokio::sync::Mutex;

use super::Db;

/// The migrations in order, embedded. A new one is a file of the same name for each database, and a line here.
macro_rules! migrations {
    ($folder:literal) => {
        migrations!($folder, "0001_accounts", "0002_sessions", "0003_server_keys", "0004_spent_envelopes")
    };
    ($folder:literal, $($name:literal),+) => {
        [$(($name, include_str!(concat!("../../migrations/", $folder, "/", $name, ".sql")))),+]
    };
}

const SQLITE_MIGRATIONS: &[(&str, &str)] = &migrations!("sqlite");
const MYSQL_MIGRATIONS: &[(&str, &str)] = &migrations!("mysql");

/// A request that waits longer than this for a connection answers 503 instead.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// Other processes (an operator's command beside the server) write to the file too, for moments.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(1);
const SQLITE_CONNECTIONS: u32 = 8;
const MOST_OPENING_ATTEMPTS: usize = 20;
const MYSQL_CONNECTIONS: u32 = 32;

/// What we rely on, whatever the server's default is. INSERT … SELECT must lock the row that it reads, or a login that
/// races with the disabling of its account opens a session that lives; READ COMMITTED does not lock it.
const MYSQL_SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";

/// Names are for the whole server and 64 characters long at most.
const TAKE_MIGRATION_LOCK: &str = "SELECT GET_LOCK(CONCAT('bulla ', LEFT(SHA2(DATABASE(), 256), 40)), 60)";

/// Where the data lies: `sqlite:PATH` or `mysql://user:password@host:port/name`.
#[derive(Clone)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    MySql(Box<MySqlConnectOptions>),
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{0} is neither sqlite:PATH nor mysql://user:password@host:port/name")]
    Address(String),
    #[error("the MySQL address cannot be read: {0}")]
    MySqlAddress(sqlx::Error),
    #[error("cannot open the SQLite database {path}: {source}", path = path.display())]
    Sqlite { path: PathBuf, source: sqlx::Error },
    #[error(
        "cannot connect to MySQL: {0}. Check host, port, user and password; without TLS, accounts with \
         caching_sha2_password (MySQL's default) need a unix socket or `?ssl-mode=REQUIRED` on the address"
    )]
    MySql(sqlx::Error),
    #[error("another node has been bringing the tables up to date for a minute; look at it, then start again")]
    MigrationLock,
    #[error("cannot bring the database's tables up to date: {0}")]
    Migrate(#[from] MigrateError),
}

impl FromStr for DatabaseUrl {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or_default();
            return if path.is_empty() {
                Err(ConnectError::Address(text.to_owned()))
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }
        if text.starts_with("mysql://") || text.starts_with("mariadb://") {
            let options = MySqlConnectOptions::from_str(text).map_err(ConnectError::MySqlAddress)?;
            return Ok(Self::MySql(Box::new(options)));
        }
        // An address may hold a password: only its scheme is repeated.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(ConnectError::Address(format!("an address that begins with {scheme:?}")))
    }
}

/// Opens a pool; creates the SQLite file where there is none yet.
pub async fn connect(url: &DatabaseUrl) -> Result<Db, ConnectError> {
    match url {
        DatabaseUrl::Sqlite(path) => connect_sqlite(path).await,
        DatabaseUrl::MySql(options) => {
            let pool = MySqlPoolOptions::new()
                .max_connections(MYSQL_CONNECTIONS)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .after_connect(|conn, _| Box::pin(async { sqlx::raw_sql(MYSQL_SESSION).execute(conn).await.map(drop) }))
                .connect_with((**options).clone())
                .await
                .map_err(ConnectError::MySql)?;
            Ok(Db::MySql(pool))
        }
    }
}

async fn connect_sqlite(path: &Path) -> Result<Db, ConnectError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL would lose the last commits on a power cut: an answered logout could come back to life.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(SQLITE_BUSY_TIMEOUT)
        .foreign_keys(true);
    let pool = open_file(options).await.map_err(|source| ConnectError::Sqlite { path: path.to_owned(), source })?;
    Ok(Db::Sqlite { pool, writer: Arc::new(Mutex::new(())) })
}

/// The very first process switches a new file to write-ahead logging; another that opens it at that moment is told
/// "locked" at once, whatever its patience, and tries again.
async fn open_file(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let is_locked =
        |error: &sqlx::Error| error.as_database_error().is_some_and(|error| error.message().contains("locked"));
    let pool = || SqlitePoolOptions::new().max_connections(SQLITE_CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
    for _ in 0..MOST_OPENING_ATTEMPTS {
        match pool().connect_with(options.clone()).await {
            Err(error) if is_locked(&error) => tokio::time::sleep(Duration::from_millis(100)).await,
            result => return result,
        }
    }
    pool().connect_with(options).await
}

/// Brings the tables up to date. One node at a time does this; others wait, and find it done.
pub async fn migrate(db: &Db) -> Result<(), ConnectError> {
    match db {
        Db::MySql(pool) => migrate_mysql(pool).await,
        // A second process may lose the race for a step, and finds it done when it looks again.
        Db::Sqlite { pool, .. } => {
            let migrator = migrator(SQLITE_MIGRATIONS);
            let mut result = migrator.run(pool).await;
            for _ in 0..MOST_OPENING_ATTEMPTS {
                if !matches!(result, Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                result = migrator.run(pool).await;
            }
            Ok(result?)
        }
    }
}

/// sqlx takes a lock of its own, but asks for it in a way that MariaDB answers with "no" at once, and goes on.
async fn migrate_mysql(pool: &MySqlPool) -> Result<(), ConnectError> {
    let mut conn = pool.acquire().await.map_err(ConnectError::MySql)?;
    let is_ours: Option<i64> =
        sqlx::query_scalar(TAKE_MIGRATION_LOCK).fetch_one(&mut *conn).await.map_err(ConnectError::MySql)?;
    if is_ours != Some(1) {
        return Err(ConnectError::MigrationLock);
    }
    let result = migrator(MYSQL_MIGRATIONS).run(pool).await;
    // Closing the connection gives the lock back.
    conn.close().await.map_err(ConnectError::MySql)?;
    Ok(result?)
}

fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |&(name, sql): &(&'static str, &'static str)| {
        let (number, description) = name.split_once('_').expect("a migration is named NUMBER_WHAT");
        let number = number.parse().expect("a migration is named NUMBER_WHAT");
        Migration::new(number, description.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}

/// Without the password that an address may hold.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::MySql(options) => write!(
                formatter,
                "mysql://{}:…@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            ),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
