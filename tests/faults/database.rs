//! The database server of this run, which tests may harm.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection};
use sqlx_mysql::MySqlConnection;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::processes::within;

/// Whoever harms the server has it alone; everyone else shares it.
static TURN: RwLock<()> = RwLock::const_new(());

/// Longer than a server takes that has to recover first.
const START: Duration = Duration::from_secs(60);

/// The server, for a test that leaves it alone.
pub struct SharedServer {
    _turn: RwLockReadGuard<'static, ()>,
}

/// The server, for a test that harms it. It works again when this is dropped.
pub struct OwnServer {
    /// Started by this test after a kill.
    started: Option<Child>,
    _turn: RwLockWriteGuard<'static, ()>,
}

pub async fn shared() -> SharedServer {
    SharedServer { _turn: TURN.read().await }
}

pub async fn alone() -> OwnServer {
    OwnServer { started: None, _turn: TURN.write().await }
}

impl OwnServer {
    /// SIGKILL; returns when the process is gone.
    pub fn kill(&mut self) {
        signal("KILL");
        within(START, "the end of the database server", || (!is_running()).then_some(()));
        if let Some(mut child) = self.started.take() {
            child.wait().unwrap();
        }
    }

    /// Starts it again on the same data, port and socket, and does not wait for it.
    pub fn start(&mut self) {
        assert!(!is_running(), "the server runs already");
        let mut command = Command::new(folder().join("start"));
        self.started = Some(command.stdin(Stdio::null()).spawn().unwrap());
    }

    /// SIGSTOP: it neither answers nor refuses. Returns when the last thread stands still.
    pub fn stop(&self) {
        signal("STOP");
        within(START, "the standstill of the database server", || {
            states().iter().all(|state| *state == 'T').then_some(())
        });
    }

    /// SIGCONT.
    pub fn go_on(&self) {
        signal("CONT");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if is_running() {
            signal("CONT");
        } else {
            self.start();
        }
        let address = server_url().split(['@', '/']).nth(3).unwrap().to_owned();
        within(START, "the database server", || std::net::TcpStream::connect(&address).ok());
    }
}

/// The address of a new, empty database.
pub async fn new_database() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let name = format!("faults_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let url = server_url();
    let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
    run(&mut connect(&url).await, &create).await;
    let (base, _) = url.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// A connection past Bulla.
pub async fn connect(url: &str) -> MySqlConnection {
    MySqlConnection::connect(url).await.unwrap()
}

pub async fn run(conn: &mut MySqlConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

pub async fn count(conn: &mut MySqlConnection, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(conn).await.unwrap()
}

/// What brings the tables of this database up to date has this lock meanwhile.
const MIGRATION_LOCK: &str = "CONCAT('bulla ', LEFT(SHA2(DATABASE(), 256), 40))";

pub async fn take_migration_lock(conn: &mut MySqlConnection) {
    assert_eq!(count(conn, &format!("SELECT GET_LOCK({MIGRATION_LOCK}, 0)")).await, 1);
}

/// Waits until someone has the lock of the migrations.
pub async fn until_migrating(conn: &mut MySqlConnection) {
    until_count(conn, &format!("SELECT IS_USED_LOCK({MIGRATION_LOCK}) IS NOT NULL"), 1).await;
}

/// Waits until so many connections to this database, younger than `older`, wait for the lock on a table.
pub async fn until_waiting_for_table(conn: &mut MySqlConnection, older: i64, expected: i64) {
    let sql = format!("{} AND id > {older}", waiting_for_table(conn).await);
    until_count(conn, &sql, expected).await;
}

/// The youngest connection to this database that waits for the lock on a table.
pub async fn youngest_waiting_for_table(conn: &mut MySqlConnection) -> i64 {
    let sql = waiting_for_table(conn).await.replace("COUNT(*)", "CAST(MAX(id) AS SIGNED)");
    count(conn, &sql).await
}

async fn waiting_for_table(conn: &mut MySqlConnection) -> String {
    format!("SELECT COUNT(*) FROM {} p WHERE db = DATABASE() AND {WAITS}", threads(conn).await)
}

/// The connection to this database that is neither ours nor the `other`.
pub async fn third(conn: &mut MySqlConnection, other: i64) -> i64 {
    let threads = threads(conn).await;
    let sql = format!(
        "SELECT CAST(id AS SIGNED) FROM {threads} p WHERE db = DATABASE() AND id NOT IN (CONNECTION_ID(), {other})"
    );
    let ids: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(conn).await.unwrap();
    assert_eq!(ids.len(), 1);
    ids[0]
}

/// Waits until so many transactions on this database wait for the lock on a row.
pub async fn until_waiting_for_row(conn: &mut MySqlConnection, expected: i64) {
    let sql = if is_mariadb(conn).await {
        format!("{MARIADB_TRANSACTIONS} AND t.trx_state = 'LOCK WAIT'")
    } else {
        format!(
            "SELECT COUNT(DISTINCT thread) FROM {MYSQL_THREADS} p JOIN performance_schema.data_lock_waits w \
             ON w.requesting_thread_id = p.thread WHERE db = DATABASE()"
        )
    };
    until_count(conn, &sql, expected).await;
}

/// Waits until no transaction on this database is open but those of the connections `except`.
pub async fn until_no_transaction_but(conn: &mut MySqlConnection, except: &[i64]) {
    let transactions = if is_mariadb(conn).await {
        MARIADB_TRANSACTIONS.to_owned()
    } else {
        format!(
            "SELECT COUNT(*) FROM {MYSQL_THREADS} p JOIN performance_schema.events_transactions_current t \
             ON t.thread_id = p.thread WHERE db = DATABASE() AND t.state = 'ACTIVE'"
        )
    };
    let except: String = except.iter().map(|id| format!(", {id}")).collect();
    until_count(conn, &format!("{transactions} AND p.id NOT IN (CONNECTION_ID(){except})"), 0).await;
}

pub async fn id(conn: &mut MySqlConnection) -> i64 {
    count(conn, "SELECT CAST(CONNECTION_ID() AS SIGNED)").await
}

/// For a table, or for another one's end of the migrations.
const WAITS: &str = "(state LIKE 'Waiting for table%' OR state = 'User lock')";
/// MySQL tells of connections and transactions here; in information_schema it fails while anyone sends bytes that are
/// no text.
const MYSQL_THREADS: &str = "(SELECT thread_id AS thread, processlist_id AS id, processlist_db AS db, \
                             processlist_state AS state FROM performance_schema.threads)";
/// MariaDB tells of them there, and by default nowhere else.
const MARIADB_TRANSACTIONS: &str = "SELECT COUNT(*) FROM information_schema.innodb_trx t \
                                    JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
                                    WHERE p.db = DATABASE()";

async fn threads(conn: &mut MySqlConnection) -> &'static str {
    if is_mariadb(conn).await { "information_schema.processlist" } else { MYSQL_THREADS }
}

async fn is_mariadb(conn: &mut MySqlConnection) -> bool {
    count(conn, "SELECT VERSION() LIKE '%MariaDB%'").await == 1
}

async fn until_count(conn: &mut MySqlConnection, sql: &str, expected: i64) {
    let asking = async {
        // MariaDB shows what it noted at the last question, unless a tenth of a second has passed since.
        while count(conn, sql).await != expected {
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
    };
    let is_so = tokio::time::timeout(Duration::from_secs(20), asking).await.is_ok();
    assert!(is_so, "{sql} is not {expected}");
}

/// `mysql://user:password@host:port/name`
pub fn server_url() -> String {
    let given = std::env::var("BULLA_TEST_DATABASE_URL").ok().filter(|_| folder_if_any().is_some());
    given.expect(
        "these tests kill the database server, so they want one of their own: run them by way of \
         scripts/with-database, without BULLA_TEST_MYSQL_URL and BULLA_TEST_MARIADB_URL",
    )
}

fn folder_if_any() -> Option<PathBuf> {
    std::env::var_os("BULLA_TEST_DATABASE_FOLDER").map(PathBuf::from)
}

fn folder() -> PathBuf {
    folder_if_any().expect("server_url() was asked first")
}

fn process() -> String {
    std::fs::read_to_string(folder().join("process")).unwrap().trim().to_owned()
}

fn signal(name: &str) {
    server_url();
    assert!(Command::new("kill").args(["-s", name, &process()]).status().unwrap().success());
}

/// A process that nobody has waited for yet is over all the same.
fn is_running() -> bool {
    states().iter().any(|state| !['Z', 'X'].contains(state))
}

/// Of every thread.
fn states() -> Vec<char> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", process())) else { return Vec::new() };
    let state = |path: std::path::PathBuf| {
        let status = std::fs::read_to_string(path.join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("State:")?.trim().chars().next())
    };
    threads.flatten().filter_map(|thread| state(thread.path())).collect()
}
