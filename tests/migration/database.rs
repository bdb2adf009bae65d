//! A database of one test's own, on the server that `BULLA_TEST_DATABASE_URL` names.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Row};
use sqlx_mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlRow};
use tokio::runtime::Runtime;

/// As a service's user of it sees it. Gone when dropped, with its user.
pub struct Database {
    pub name: String,
    pub user: String,
    pub password: String,
    pub host: String,
    pub port: u16,
    runtime: Runtime,
    /// With all rights.
    pool: MySqlPool,
}

/// What the guide says that Bulla needs.
const GRANTS: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES";

impl Database {
    pub fn create() -> Self {
        Self::with_password(&format!("{:x}", std::process::id()))
    }

    pub fn with_password(password: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("moving_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let url = std::env::var("BULLA_TEST_DATABASE_URL").expect("run this by way of scripts/with-database");
        let options: MySqlConnectOptions = url.parse().unwrap();
        let host = if options.get_host() == "127.0.0.1" { "localhost" } else { options.get_host() };
        let runtime = Runtime::new().unwrap();
        let database = Self {
            user: name.clone(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: options.get_port(),
            pool: runtime.block_on(async { MySqlPoolOptions::new().max_connections(1).connect_lazy_with(options) }),
            name,
            runtime,
        };
        let (name, user) = (&database.name, &database.user);
        database.run(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        database.run(&format!("CREATE USER {user}@'%' IDENTIFIED BY '{password}'"));
        database.run(&format!("GRANT {GRANTS} ON {name}.* TO {user}@'%'"));
        database.run(&format!("USE {name}"));
        database
    }

    /// The first column of each row, as text.
    pub fn texts(&self, sql: &'static str) -> Vec<String> {
        let rows: Vec<MySqlRow> = self.runtime.block_on(sqlx::query(sql).fetch_all(&self.pool)).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub fn tables(&self) -> Vec<String> {
        self.texts("SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()")
    }

    /// Every row of the tutorial's table, whatever is in it.
    pub fn users(&self) -> Vec<String> {
        self.texts("SELECT CAST(CONCAT_WS('|', id, name, email, password, created_at) AS CHAR) FROM users ORDER BY id")
    }

    fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        self.runtime.block_on(sqlx::raw_sql(sql).execute(&self.pool)).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.run(&format!("DROP DATABASE {}", self.name));
        self.run(&format!("DROP USER {}@'%'", self.user));
    }
}
