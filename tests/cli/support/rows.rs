//! The rows of a SQLite file, made and counted without the program.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Two hundred thousand take the program a second or so.
const ACCOUNTS: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO accounts SELECT printf('%07d', i), 'Somebody', printf('%d@example.com', i), '$argon2id$', 0, i, NULL
    FROM n";

/// Texts in which databases tend to differ; the first are keys that only bytes tell apart.
const ODD: [&str; 16] = [
    "a",
    "A",
    "é",
    "e\u{301}",
    "ß",
    "ss",
    "İ",
    "K",
    "\u{212a}",
    "\ttab first",
    "👩‍👩‍👧‍👦 \u{1f3f4}",
    "trailing spaces  ",
    "' \" \\ % _ `",
    "שלום",
    "\u{feff}bom",
    "\u{1}control\u{7f}",
];

pub async fn open(path: &Path) -> SqlitePool {
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(path).create_if_missing(true)).await.unwrap()
}

/// Runs statements on a file.
pub async fn change(path: &Path, sql: &'static str) {
    let pool = open(path).await;
    sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    pool.close().await;
}

/// Adds many accounts like any other.
pub async fn add_accounts(path: &Path, count: u32) {
    let pool = open(path).await;
    sqlx::query(ACCOUNTS).bind(count).execute(&pool).await.unwrap();
    pool.close().await;
}

/// Adds one account for every odd text, as id and as name.
pub async fn add_odd_accounts(path: &Path) {
    let pool = open(path).await;
    for (index, text) in ODD.iter().enumerate() {
        let insert = "INSERT INTO accounts VALUES (?, ?, ?, '$2b$10$', 9223372036854775807, -1, NULL)";
        let email = format!("odd{index}+{}@example.com", text.trim());
        sqlx::query(insert).bind(text).bind(text).bind(email).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

/// How many rows all tables of ours have.
pub async fn count(path: &Path) -> i64 {
    let pool = open(path).await;
    let mut rows = 0;
    for table in bulla::store::tables::TABLES {
        let sql = format!("SELECT COUNT(*) FROM {}", table.name);
        rows += sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).fetch_one(&pool).await.unwrap();
    }
    pool.close().await;
    rows
}
