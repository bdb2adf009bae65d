//! The tables of a running server, entered beside it: filled as after years, weighed, and aged.

use std::time::{Duration, Instant};

use bulla::clock::Clock;
use sqlx::{AssertSqlSafe, Connection};
use sqlx_mysql::MySqlConnection;
use tokio::runtime::Runtime;

use crate::stage::Failure;

pub struct Tables {
    conn: Conn,
    runtime: Runtime,
}

enum Conn {
    Sqlite(rusqlite::Connection),
    MySql(MySqlConnection),
}

/// Rows of one statement.
const CHUNK: usize = 20_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

impl Tables {
    pub fn open(url: &str) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let conn = match url.strip_prefix("sqlite:") {
            Some(path) => Conn::Sqlite(rusqlite::Connection::open(path)?),
            None => Conn::MySql(runtime.block_on(MySqlConnection::connect(url))?),
        };
        let mut tables = Self { conn, runtime };
        // Only here, and only for this connection.
        let in_a_hurry = match tables.conn {
            Conn::Sqlite(_) => "PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000",
            Conn::MySql(_) => "SET SESSION cte_max_recursion_depth = 1000000, foreign_key_checks = 0",
        };
        tables.execute(in_a_hurry)?;
        Ok(tables)
    }

    /// Adds accounts whose addresses come in no order, as people do, and as many sessions: ten each for a tenth of them.
    pub fn fill(&mut self, accounts: usize, hash: &str) -> Result<(), Failure> {
        let (begun, now) = (Instant::now(), now());
        let random = if self.is_sqlite() { "randomblob(32)" } else { "RANDOM_BYTES(32)" };
        let id = |number: &str| self.joined(&["'01900000-0000-7000-8000-'", &self.digits(number)]);
        // Lehmer's generator: below its modulus no number comes twice.
        let mixed = "(i * 48271 % 2147483647)";
        let email = self.joined(&[&self.digits(mixed), "'@example.org'"]);
        let (row, owner) = (id("i"), id(&format!("i % {}", accounts.div_ceil(10))));
        let fillings = [
            format!(
                "INSERT INTO accounts (id, name, email, password, password_version, created_at) SELECT {row}, \
                 'Ada Lovelace', {email}, '{hash}', 0, {now} FROM ({{numbers}}) n"
            ),
            format!(
                "INSERT INTO sessions (id, account_id, created_at, last_used_at, idle_ends_at, absolute_ends_at, ip, \
                 user_agent, refresh_digest, rotations, recent_rotations) SELECT {row}, {owner}, {now}, {now}, \
                 {now} + 30 * {DAY_MS}, {now} + 365 * {DAY_MS}, '192.0.2.17', 'Mozilla/5.0 (X11; Linux x86_64; \
                 rv:145.0) Gecko/20100101 Firefox/145.0', {random}, 0, x'' FROM ({{numbers}}) n"
            ),
        ];
        for (filling, what) in fillings.iter().zip(["accounts", "sessions"]) {
            for first in (0..accounts).step_by(CHUNK) {
                let last = (first + CHUNK).min(accounts) - 1;
                let numbers = format!(
                    "WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n"
                );
                self.execute(&filling.replace("{numbers}", &numbers))?;
                eprint!("\r{} of {accounts} {what} after {} s ", last + 1, begun.elapsed().as_secs());
            }
        }
        eprintln!();
        self.settle()
    }

    /// How long a migration takes that gives the sessions one more index, for which every row is read.
    pub fn time_of_an_index(&mut self) -> Result<Duration, Failure> {
        if self.is_sqlite() {
            self.execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -2000")?;
        }
        let begun = Instant::now();
        self.execute("CREATE INDEX sessions_measured ON sessions (ip, last_used_at)")?;
        let time = begun.elapsed();
        self.execute(match self.conn {
            Conn::Sqlite(_) => "DROP INDEX sessions_measured",
            Conn::MySql(_) => "DROP INDEX sessions_measured ON sessions",
        })?;
        self.settle()?;
        Ok(time)
    }

    /// Makes as many of those sessions so old that they may be forgotten.
    pub fn let_expire(&mut self, sessions: usize) -> Result<(), Failure> {
        let (long_ago, last) = (now() - 400 * DAY_MS, self.digits(&sessions.to_string()));
        let last = self.joined(&["'01900000-0000-7000-8000-'", &last]);
        self.execute(&format!("UPDATE sessions SET idle_ends_at = {long_ago} WHERE id < {last}"))
    }

    pub fn expired(&mut self) -> Result<i64, Failure> {
        let ended = now() - 300 * DAY_MS;
        self.number(&format!("SELECT COUNT(*) FROM sessions WHERE idle_ends_at < {ended}"))
    }

    /// Of everything, indexes included.
    pub fn bytes(&mut self) -> Result<i64, Failure> {
        if self.is_sqlite() {
            return Ok(self.number("PRAGMA page_count")? * self.number("PRAGMA page_size")?);
        }
        self.execute("SET SESSION information_schema_stats_expiry = 0")?;
        self.number(
            "SELECT CAST(SUM(data_length + index_length) AS SIGNED) FROM information_schema.tables \
             WHERE table_schema = DATABASE()",
        )
    }

    /// What was written in a hurry is moved to where it belongs, so that nobody else has to.
    fn settle(&mut self) -> Result<(), Failure> {
        self.execute(match self.conn {
            Conn::Sqlite(_) => "PRAGMA wal_checkpoint(TRUNCATE)",
            Conn::MySql(_) => "ANALYZE TABLE accounts, sessions",
        })
    }

    fn is_sqlite(&self) -> bool {
        matches!(self.conn, Conn::Sqlite(_))
    }

    /// Twelve of them.
    fn digits(&self, number: &str) -> String {
        if self.is_sqlite() { format!("printf('%012d', {number})") } else { format!("LPAD({number}, 12, '0')") }
    }

    fn joined(&self, parts: &[&str]) -> String {
        if self.is_sqlite() { parts.join(" || ") } else { format!("CONCAT({})", parts.join(", ")) }
    }

    fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        match &mut self.conn {
            Conn::Sqlite(conn) => conn.execute_batch(sql)?,
            Conn::MySql(conn) => {
                let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
                self.runtime.block_on(sql.execute(conn)).map(drop)?;
            }
        }
        Ok(())
    }

    fn number(&mut self, sql: &str) -> Result<i64, Failure> {
        Ok(match &mut self.conn {
            Conn::Sqlite(conn) => conn.query_one(sql, [], |row| row.get(0))?,
            Conn::MySql(conn) => {
                let sql = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
                self.runtime.block_on(sql.fetch_one(conn))?
            }
        })
    }
}

fn now() -> i64 {
    Clock::system().now().milliseconds()
}
