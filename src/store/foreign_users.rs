//! A table of users in a MySQL database, made by another system, whose names we learn only when we run.
//!
//! Its SQL cannot stand among the named statements: table and columns are what the operator says they are. They go in
//! as quoted identifiers and are checked against what exists before. Nothing here writes.

use futures_util::{Stream, TryStreamExt};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use sqlx_mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};

use super::{ConnectError, DatabaseUrl, connect};

/// A column that is asked for. One that need not exist reads as NULL where it does not.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub must_exist: bool,
}

pub struct ForeignUsers {
    conn: MySqlConnection,
    select: String,
    count: String,
    has: Vec<bool>,
}

#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    #[error("the source is no MySQL database; a table can only be read from mysql://user:password@host:port/name")]
    NotMySql,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("there is no table {table} in the database; it has {}. Name one of them with --table", list(.existing))]
    NoTable { table: String, existing: Vec<String> },
    #[error("the table {table} has no column {column}; it has {}", list(.existing))]
    NoColumn { table: String, column: String, existing: Vec<String> },
    #[error("reading the table failed: {0}")]
    Failed(#[from] sqlx::Error),
}

const TABLES: &str = "SELECT CONVERT(table_name USING utf8mb4) FROM information_schema.tables \
                      WHERE table_schema = DATABASE() ORDER BY table_name LIMIT 100";
const COLUMNS: &str = "SELECT CONVERT(column_name USING utf8mb4) FROM information_schema.columns \
                       WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position";

impl ForeignUsers {
    /// Looks whether everything is there.
    pub async fn open(url: &DatabaseUrl, table: &str, columns: &[Column]) -> Result<Self, ForeignError> {
        let DatabaseUrl::MySql(options) = url else { return Err(ForeignError::NotMySql) };
        let mut conn = connect_to(url, options).await?;
        let existing: Vec<String> = sqlx::query_scalar(COLUMNS).bind(table).fetch_all(&mut conn).await?;
        if existing.is_empty() {
            return Err(no_table(&mut conn, table).await?);
        }
        // Column names do not depend on case in MySQL.
        let exists = |name: &str| existing.iter().any(|known| known.to_lowercase() == name.to_lowercase());
        if let Some(missing) = columns.iter().find(|column| column.must_exist && !exists(&column.name)) {
            let (table, column) = (table.to_owned(), missing.name.clone());
            return Err(ForeignError::NoColumn { table, column, existing });
        }
        let has: Vec<bool> = columns.iter().map(|column| exists(&column.name)).collect();
        let texts: Vec<String> = columns.iter().zip(&has).map(|(column, has)| text_of(&column.name, *has)).collect();
        let table = quoted(table);
        let (select, count) =
            (format!("SELECT {} FROM {table}", texts.join(", ")), format!("SELECT COUNT(*) FROM {table}"));
        Ok(Self { conn, select, count, has })
    }

    /// Whether each of the columns that were asked for exists.
    pub fn has(&self) -> &[bool] {
        &self.has
    }

    pub async fn count(&mut self) -> Result<u64, ForeignError> {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(self.count.clone())).fetch_one(&mut self.conn).await?;
        Ok(count.unsigned_abs())
    }

    /// Every row, as the texts of its columns, one after the other: the table may be larger than the memory.
    pub fn rows(&mut self) -> impl Stream<Item = Result<Vec<Option<String>>, ForeignError>> + Send + '_ {
        let columns = self.has.len();
        let texts = move |row: MySqlRow| (0..columns).map(|column| row.try_get_unchecked(column)).collect();
        sqlx::query(AssertSqlSafe(self.select.clone()))
            .fetch(&mut self.conn)
            .and_then(move |row| std::future::ready(texts(row)))
            .map_err(ForeignError::from)
    }
}

/// With sqlx's defaults: UTF-8, and times in UTC, whatever the server's zone is.
async fn connect_to(url: &DatabaseUrl, options: &MySqlConnectOptions) -> Result<MySqlConnection, ConnectError> {
    // A table of millions of rows takes longer to read than any statement of the server should.
    let options = options.clone().charset("utf8mb4").disable_statement_logging();
    options.connect().await.map_err(|error| connect::refused(url, &error))
}

async fn no_table(conn: &mut MySqlConnection, table: &str) -> Result<ForeignError, sqlx::Error> {
    let existing = sqlx::query_scalar(TABLES).fetch_all(conn).await?;
    Ok(ForeignError::NoTable { table: table.to_owned(), existing })
}

/// Integers, times, texts of every encoding and bytes that are text all convert.
fn text_of(column: &str, exists: bool) -> String {
    if exists { format!("CONVERT({} USING utf8mb4)", quoted(column)) } else { "NULL".to_owned() }
}

/// A name in backticks stands for itself, whatever is in it, once its own backticks are doubled.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl std::fmt::Debug for ForeignUsers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ForeignUsers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_a_name() {
        assert_eq!(quoted("na`me; DROP TABLE users"), "`na``me; DROP TABLE users`");
        assert_eq!(text_of("a`b", true), "CONVERT(`a``b` USING utf8mb4)");
        assert_eq!(text_of("a`b", false), "NULL");
    }
}
