//! A database of one test's own.

use bulla::store::DatabaseUrl;
use tempfile::TempDir;

/// Gone when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    /// Holds the SQLite file and the master key.
    pub folder: TempDir,
    pub url: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let folder = TempDir::new().unwrap();
        let url = match std::env::var("BULLA_TEST_DATABASE_URL") {
            Err(_) => format!("sqlite:{}", folder.path().join("bulla.db").display()),
            Ok(server) => create_on(&server).await,
        };
        Self { folder, url }
    }
}

/// A fresh database on a MySQL server; the whole server goes away after the tests.
async fn create_on(server: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let name = format!("bulla_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let url: DatabaseUrl = server.parse().unwrap();
    match bulla::store::connect(&url, bulla::store::Limits::default()).await.unwrap() {
        bulla::store::Db::MySql { stock, .. } => {
            let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
            sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(stock.take().await.unwrap().conn()).await.unwrap();
            stock.close().await;
        }
        bulla::store::Db::Sqlite { .. } => panic!("BULLA_TEST_DATABASE_URL names a MySQL server"),
    }
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}
