//! Bringing the tables up to date, by one node at a time.

use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, SqlStr};
use sqlx_mysql::MySqlConnection;
use tokio::time::{sleep, timeout};

use super::connect::CONNECT_TIMEOUT;
use super::stock::Stock;
use super::{ConnectError, Db};

/// The migrations in order, embedded. A new one is a file of the same name for each database, and a line here. It must
/// leave the tables usable for the version before, which may still run beside this one.
macro_rules! migrations {
    ($folder:literal) => {
        migrations!(
            $folder,
            "0001_accounts",
            "0002_sessions",
            "0003_server_keys",
            "0004_spent_envelopes",
            "0005_attempts",
            "0006_audit_events",
            "0007_indexes"
        )
    };
    ($folder:literal, $($name:literal),+) => {
        [$(($name, include_str!(concat!("../../migrations/", $folder, "/", $name, ".sql")))),+]
    };
}

const SQLITE_MIGRATIONS: &[(&str, &str)] = &migrations!("sqlite");
const MYSQL_MIGRATIONS: &[(&str, &str)] = &migrations!("mysql");

/// Where sqlx notes what was done.
const TABLE: &str = "_sqlx_migrations";

/// For the node that is at it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Names are for the whole server and 64 characters long at most.
const TAKE_MIGRATION_LOCK: &str = "SELECT GET_LOCK(CONCAT('bulla ', LEFT(SHA2(DATABASE(), 256), 40)), ?)";

/// Changing a table waits for whoever is using it.
const BE_PATIENT: &str = "SET SESSION lock_wait_timeout = 60, innodb_lock_wait_timeout = 60";

const MOST_ATTEMPTS: usize = 20;

/// Brings the tables up to date. One node at a time does this; others wait, and find it done.
pub async fn migrate(db: &Db) -> Result<(), ConnectError> {
    match db {
        Db::MySql { stock, .. } => migrate_mysql(stock).await,
        // A second process may lose the race for a step, and finds it done when it looks again.
        Db::Sqlite { writer, .. } => {
            let migrator = migrator(SQLITE_MIGRATIONS);
            let mut conn = writer.options().connect().await?;
            let mut result = migrator.run_direct(None, &mut conn, false).await;
            for _ in 0..MOST_ATTEMPTS {
                if !matches!(result, Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))) {
                    break;
                }
                sleep(Duration::from_millis(100)).await;
                result = migrator.run_direct(None, &mut conn, false).await;
            }
            conn.close().await?;
            Ok(result?)
        }
    }
}

/// sqlx takes a lock of its own, but asks for it in a way that MariaDB answers with "no" at once, and goes on.
async fn migrate_mysql(stock: &Stock<MySqlConnection>) -> Result<(), ConnectError> {
    let migrator = migrator(MYSQL_MIGRATIONS);
    let mut held = stock.take().await.map_err(|error| match error {
        sqlx::Error::PoolTimedOut => ConnectError::Silent,
        other => other.into(),
    })?;
    let conn = held.conn();
    if timeout(CONNECT_TIMEOUT, is_up_to_date(conn, &migrator)).await.map_err(|_| ConnectError::Silent)? {
        held.rest_after(&Ok(()));
        return Ok(());
    }
    let taking = sqlx::query_scalar(TAKE_MIGRATION_LOCK).bind(LONGEST_WAIT.as_secs()).fetch_one(&mut *conn);
    let is_ours: Option<i64> =
        timeout(LONGEST_WAIT + CONNECT_TIMEOUT, taking).await.map_err(|_| ConnectError::Silent)??;
    if is_ours != Some(1) {
        return Err(ConnectError::MigrationLock);
    }
    sqlx::raw_sql(BE_PATIENT).execute(&mut *conn).await?;
    // Without a deadline: an index of many rows takes as long as it takes.
    let result = migrator.run(&mut *conn).await;
    // Closing the connection gives the lock back, even if the server hangs up first.
    held.close().await;
    Ok(result?)
}

/// Whether an earlier start did it all, as for all starts but one. Then nothing is locked.
async fn is_up_to_date(conn: &mut MySqlConnection, migrator: &Migrator) -> bool {
    let Ok(None) = conn.dirty_version(TABLE).await else { return false };
    let Ok(applied) = conn.list_applied_migrations(TABLE).await else { return false };
    migrator.iter().all(|ours| applied.iter().any(|it| it.version == ours.version && it.checksum == ours.checksum))
}

fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |&(name, sql): &(&'static str, &'static str)| {
        let (number, description) = name.split_once('_').expect("a migration is named NUMBER_WHAT");
        let number = number.parse().expect("a migration is named NUMBER_WHAT");
        Migration::new(number, description.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    let mut migrator = Migrator::with_migrations(files.iter().map(migration).collect());
    // A newer node may have been here: its tables serve this version too.
    migrator.set_ignore_missing(true);
    migrator
}
