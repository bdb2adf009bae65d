//! A driver for SQLite files that asks where it is asked.
//!
//! sqlx's own driver gives each connection a thread, so a statement that takes five microseconds wakes two threads, and on
//! cores that hash passwords each of them pushes a hash aside: a dozen statements a login cost a tenth of all logins. Here
//! a statement runs on the thread that asks, through `rusqlite`. Only what waits for something does so elsewhere: whoever
//! finds the file locked by another process, and for the disk many at once (`log`).
//!
//! To sqlx this is one more database, so `store/` has one text for it and for MySQL.

mod connection;
mod error;
mod execute;
mod log;
mod migrate;
mod row;
mod value;

use sqlx::Database;

pub use connection::{FileConnection, FileOptions};
pub(super) use error::{says_lost, translated};
pub use log::Written;
pub use row::{FileColumn, FileQueryResult, FileRow, FileStatement};
pub use value::{FileArguments, StorageClass};

use super::value::Value;
use connection::NoTransactions;

/// The database in a file.
#[derive(Debug)]
pub struct File;

impl Database for File {
    type Connection = FileConnection;
    type TransactionManager = NoTransactions;
    type Row = FileRow;
    type QueryResult = FileQueryResult;
    type Column = FileColumn;
    type TypeInfo = StorageClass;
    type Value = Value;
    type ValueRef<'r> = &'r Value;
    type Arguments = FileArguments;
    type ArgumentBuffer = Vec<Value>;
    type Statement = FileStatement;

    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &["sqlite"];
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use sqlx::{ConnectOptions, Row};

    use super::*;

    async fn connection() -> FileConnection {
        FileOptions::new(Path::new(":memory:"), Duration::ZERO).connect().await.unwrap()
    }

    async fn execute(conn: &mut FileConnection, statement: &'static str) -> Result<u64, sqlx::Error> {
        Ok(sqlx::query(statement).execute(conn).await?.rows_affected())
    }

    #[tokio::test]
    async fn values_come_out_as_they_went_in() {
        let mut conn = connection().await;
        let texts = ["", "Ada", "ß 👩‍👩‍👧‍👦", "nul \0 within"];
        let bytes: [&[u8]; 3] = [b"", b"\0\xff", &[7; 5000]];
        for number in [i64::MIN, -1, 0, i64::MAX] {
            let found: i64 = sqlx::query_scalar("SELECT ?").bind(number).fetch_one(&mut conn).await.unwrap();
            assert_eq!(found, number);
        }
        for text in texts {
            let found: String = sqlx::query_scalar("SELECT ?").bind(text).fetch_one(&mut conn).await.unwrap();
            assert_eq!(found, text);
        }
        for bytes in bytes {
            let found: Vec<u8> = sqlx::query_scalar("SELECT ?").bind(bytes).fetch_one(&mut conn).await.unwrap();
            assert_eq!(found, bytes);
        }
        let nothing: Option<String> =
            sqlx::query_scalar("SELECT ?").bind(None::<String>).fetch_one(&mut conn).await.unwrap();
        assert_eq!(nothing, None);
    }

    #[tokio::test]
    async fn what_is_of_another_class_is_an_error_and_no_guess() {
        let mut conn = connection().await;
        let row = sqlx::query("SELECT 'a' AS text, 1 AS number, NULL AS empty").fetch_one(&mut conn).await.unwrap();
        assert_eq!(row.get::<String, _>("text"), "a");
        assert!(row.try_get::<i64, _>("text").is_err() && row.try_get::<String, _>("number").is_err());
        assert!(row.try_get::<i64, _>("empty").is_err() && row.try_get::<i64, _>("absent").is_err());
        // Nothing of ours is one.
        assert!(sqlx::query("SELECT 0.5").fetch_one(&mut conn).await.is_err());
    }

    #[tokio::test]
    async fn rows_are_counted_and_a_key_that_exists_is_told_from_other_refusals() {
        let mut conn = connection().await;
        execute(&mut conn, "CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT").await.unwrap();
        assert_eq!(execute(&mut conn, "INSERT INTO t VALUES ('a', 1), ('b', 1)").await.unwrap(), 2);
        assert_eq!(execute(&mut conn, "UPDATE t SET n = 2 WHERE n = 1").await.unwrap(), 2);
        assert_eq!(execute(&mut conn, "UPDATE t SET n = 2 WHERE n = 1").await.unwrap(), 0);
        let refused = |error: sqlx::Error| error.into_database_error().unwrap();
        let twice = refused(execute(&mut conn, "INSERT INTO t VALUES ('a', 1)").await.unwrap_err());
        let empty = refused(execute(&mut conn, "INSERT INTO t VALUES ('c', NULL)").await.unwrap_err());
        let wrong = refused(execute(&mut conn, "INSERT INTO nowhere VALUES (1)").await.unwrap_err());
        assert!(twice.is_unique_violation() && !empty.is_unique_violation() && !wrong.is_unique_violation());
        assert!(wrong.message().starts_with("no such table"), "{wrong}");
    }

    /// The one thread that may wait is taken, so whatever needs it does not go on.
    #[test]
    fn a_read_runs_where_it_is_asked_and_a_write_waits_elsewhere() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let options = FileOptions::new(&folder.path().join("db"), Duration::ZERO);
            let mut conn = options.connect().await.unwrap();
            execute(&mut conn, "CREATE TABLE t (n INTEGER)").await.unwrap();
            let (release, taken) = std::sync::mpsc::channel::<()>();
            let blocking = tokio::task::spawn_blocking(move || taken.recv());
            let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(&mut conn).await.unwrap();
            assert_eq!(count, 0);
            conn.begin_with("BEGIN IMMEDIATE").await.unwrap();
            assert_eq!(execute(&mut conn, "INSERT INTO t VALUES (1)").await.unwrap(), 1);
            conn.roll_back().unwrap();
            let mut write = Box::pin(execute(&mut conn, "INSERT INTO t VALUES (1)"));
            assert!(tokio::time::timeout(Duration::from_millis(50), &mut write).await.is_err());
            release.send(()).unwrap();
            assert_eq!(write.await.unwrap(), 1);
            blocking.await.unwrap().unwrap();
        });
    }
}
