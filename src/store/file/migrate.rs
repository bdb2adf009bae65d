//! What sqlx's migrator asks of a database.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration};

use super::connection::{FileConnection, Handle};

/// One process after the other changes the tables: a transaction is opened for all of a migration, and it sees what the
/// one before did.
impl Migrate for FileConnection {
    fn create_schema_if_not_exists<'e>(&'e mut self, schema: &'e str) -> BoxFuture<'e, Result<(), MigrateError>> {
        Box::pin(async move { Err(MigrateError::CreateSchemasNotSupported(schema.to_owned())) })
    }

    fn ensure_migrations_table<'e>(&'e mut self, table: &'e str) -> BoxFuture<'e, Result<(), MigrateError>> {
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {table} (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
             installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
             checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)"
        );
        Box::pin(async move { Ok(self.elsewhere(move |handle| handle.conn.execute_batch(&sql)).await?) })
    }

    fn dirty_version<'e>(&'e mut self, table: &'e str) -> BoxFuture<'e, Result<Option<i64>, MigrateError>> {
        let sql = format!("SELECT MIN(version) FROM {table} WHERE success = false");
        Box::pin(async move {
            Ok(self.elsewhere(move |Handle { conn, .. }| conn.query_one(&sql, [], |row| row.get(0))).await?)
        })
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        table: &'e str,
    ) -> BoxFuture<'e, Result<Vec<AppliedMigration>, MigrateError>> {
        let sql = format!("SELECT version, checksum FROM {table} ORDER BY version");
        let list = move |Handle { conn, .. }: &mut Handle| {
            let mut statement = conn.prepare(&sql)?;
            let rows = statement.query_map([], |row| {
                Ok(AppliedMigration { version: row.get(0)?, checksum: Cow::Owned(row.get(1)?) })
            })?;
            rows.collect()
        };
        Box::pin(async move { Ok(self.elsewhere(list).await?) })
    }

    fn lock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        Box::pin(async { Ok(()) })
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        Box::pin(async { Ok(()) })
    }

    fn apply<'e>(
        &'e mut self,
        table: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        let (begun, version) = (Instant::now(), migration.version);
        let (table, Migration { sql, description, checksum, .. }) = (table.to_owned(), migration.clone());
        let apply = move |Handle { conn, .. }: &mut Handle| {
            let insert = format!(
                "INSERT INTO {table} (version, description, success, checksum, execution_time) VALUES (?, ?, TRUE, ?, ?)"
            );
            let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            transaction.execute_batch(sql.as_str())?;
            let elapsed = i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX);
            transaction.execute(&insert, (version, &*description, &*checksum, elapsed))?;
            transaction.commit()
        };
        Box::pin(async move {
            let applied = self.elsewhere(apply).await;
            applied.map_err(|error| MigrateError::ExecuteMigration(error, version))?;
            Ok(begun.elapsed())
        })
    }

    fn revert<'e>(&'e mut self, _: &'e str, _: &'e Migration) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        Box::pin(async { Err(MigrateError::Execute(sqlx::Error::Protocol("there is no way back".to_owned()))) })
    }
}
