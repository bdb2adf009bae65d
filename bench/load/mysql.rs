//! A database of its own for each server, on the MySQL that `scripts/with-database mysql` starts.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::Connection;
use sqlx_mysql::MySqlConnection;

use crate::stage::Failure;

/// Dropped when dropped.
pub struct MySql {
    name: String,
    server: String,
    url: String,
}

impl MySql {
    pub fn create(name: &str) -> Result<Self, Failure> {
        let given = std::env::var("BULLA_TEST_DATABASE_URL");
        let server = given
            .map_err(|_| "this needs MySQL: scripts/with-database mysql cargo bench --workspace --bench load …")?;
        let (base, _) = server.rsplit_once('/').ok_or("BULLA_TEST_DATABASE_URL names no database")?;
        // Nobody else's, on a server that is not ours alone; and of each build that is compared.
        static CREATED: AtomicUsize = AtomicUsize::new(0);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_{}_{number}_{name}", std::process::id());
        let url = format!("{base}/{name}");
        execute(&server, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"))?;
        Ok(Self { name, server, url })
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for MySql {
    fn drop(&mut self) {
        let _ = execute(&self.server, &format!("DROP DATABASE {}", self.name));
    }
}

fn execute(url: &str, statement: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut conn = MySqlConnection::connect(url).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut conn).await?;
        Ok(conn.close().await?)
    })
}
