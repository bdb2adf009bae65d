//! How the program reaches a MySQL server: TLS, socket, session, and what it says when it cannot.

use std::path::PathBuf;

use bulla::store::{Db, Held, Limits};
use sqlx_mysql::MySqlConnection;

use crate::database::TestDatabase;
use crate::folder;
use crate::program::{Home, Ran, Server, openssl};

pub async fn connection(url: &str) -> Held<MySqlConnection> {
    let db = bulla::store::connect(&url.parse().unwrap(), Limits::default()).await.unwrap();
    let Db::MySql { stock, .. } = db else { panic!("{url} is not MySQL") };
    stock.take().await.unwrap()
}

pub async fn run(conn: &mut MySqlConnection, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

pub fn name(database: &TestDatabase) -> &str {
    database.url.rsplit('/').next().unwrap()
}

/// To the server, and not to this database of it.
pub async fn beside(database: &TestDatabase) -> Held<MySqlConnection> {
    connection(&database.url.replace(name(database), "bulla")).await
}

async fn cipher(url: &str) -> String {
    let row: (String, String) =
        sqlx::query_as("SHOW STATUS LIKE 'Ssl_cipher'").fetch_one(connection(url).await.conn()).await.unwrap();
    row.1
}

fn check(url: &str, settings: &[(&str, &str)]) -> Ran {
    let home = Home::new();
    let mut command = home.bulla(&["check"]);
    command.env("DATABASE_URL", url).envs(settings.iter().copied());
    crate::program::Process::run(&mut command, "")
}

/// The authority of the server's certificate, which names `localhost` and nothing else.
fn authority() -> PathBuf {
    folder().join("ca.pem")
}

/// The same server by the name that its certificate has.
fn by_name(url: &str) -> String {
    url.replace("127.0.0.1", "localhost")
}

#[tokio::test]
async fn a_connection_is_encrypted_where_the_server_can_and_not_where_it_is_told_not_to() {
    let database = TestDatabase::create().await;
    for mode in ["PREFERRED", "REQUIRED"] {
        assert_ne!(cipher(&format!("{}?ssl-mode={mode}", database.url)).await, "", "{mode}");
    }
    assert_ne!(cipher(&database.url).await, "");
    assert_eq!(cipher(&format!("{}?sslMode=DISABLED", database.url)).await, "");
}

#[tokio::test]
async fn only_the_server_that_the_authority_vouches_for_is_talked_to() {
    let database = TestDatabase::create().await;
    let (named, ca) = (by_name(&database.url), authority().display().to_string());
    assert_ne!(cipher(&format!("{named}?ssl-ca={ca}")).await, "");
    check(&named, &[("BULLA_DATABASE_SSL_CA", &ca)]).ok();

    // The same certificate for another name, and without anyone who vouches for it.
    let another_server = "the certificate is another server's";
    check(&database.url, &[("BULLA_DATABASE_SSL_CA", &ca)]).refused(&[another_server]);
    check(&database.url, &[("BULLA_DATABASE_SSL_CA", &ca), ("BULLA_DATABASE_SSL_MODE", "verify-ca")]).ok();
    check(&named, &[("BULLA_DATABASE_SSL_MODE", "VERIFY_IDENTITY")])
        .refused(&["name the authority that signed the server's certificate in BULLA_DATABASE_SSL_CA"]);
    let home = Home::new();
    let request =
        ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=other"];
    openssl(&home, &[request.as_slice(), &["-keyout", "other.key", "-out", "other.pem"]].concat(), "");
    let other = home.path("other.pem").display().to_string();
    check(&named, &[("BULLA_DATABASE_SSL_CA", &other)]).refused(&["name the authority"]);
}

#[tokio::test]
async fn a_server_runs_over_the_socket() {
    let database = TestDatabase::create().await;
    // Whatever the host and the port say.
    let url = database.url.replace("127.0.0.1", "nowhere.invalid");
    let socket = folder().join("socket").display().to_string();
    let home = Home::new().with("DATABASE_URL", &url).with("BULLA_DATABASE_SOCKET", &socket);
    let server = Server::start(&home);
    server.profile(&server.ada().access).ok(200);
    check(&url, &[("BULLA_DATABASE_SOCKET", "/no/such.sock")]).refused(&["check the path of the socket"]);
}

#[tokio::test]
async fn what_we_rely_on_is_set_by_us_whatever_the_servers_defaults_are() {
    let database = TestDatabase::create().await;
    let mut admin = connection(&database.url).await;
    let before: String =
        sqlx::query_scalar("SELECT CAST(@@GLOBAL.sql_mode AS CHAR)").fetch_one(admin.conn()).await.unwrap();
    let lax = "SET GLOBAL sql_mode = ''; SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED";
    sqlx::raw_sql(lax).execute(admin.conn()).await.unwrap();
    let mut lax = connection(&database.url).await;
    let settings = "SELECT CAST(CONCAT_WS(' ', @@sql_mode, @@character_set_client, @@character_set_connection, \
                    @@character_set_results, @@innodb_lock_wait_timeout, @@wait_timeout) AS CHAR)";
    let found: String = sqlx::query_scalar(settings).fetch_one(lax.conn()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE short (text VARCHAR(3))").execute(lax.conn()).await.unwrap();
    let cut = sqlx::query("INSERT INTO short VALUES ('four')").execute(lax.conn()).await;
    // MariaDB calls it tx_isolation.
    let isolation = "SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')";
    let isolation: (String, String) = sqlx::query_as(isolation).fetch_one(lax.conn()).await.unwrap();
    let restore = format!("SET GLOBAL sql_mode = '{before}'; SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    run(admin.conn(), restore).await;
    assert_eq!(isolation.1, "REPEATABLE-READ");
    for part in ["STRICT_ALL_TABLES", "ONLY_FULL_GROUP_BY", "NO_ENGINE_SUBSTITUTION", "utf8mb4 utf8mb4 utf8mb4 1 60"] {
        assert!(found.contains(part), "{part} is missing: {found}");
    }
    assert!(cut.is_err(), "a text that does not fit was cut");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_do_and_without_the_password() {
    let database = TestDatabase::create().await;
    let address = database.url.rsplit_once('/').unwrap().0;
    let refused = |url: &str, sentences: &[&str]| {
        let said = check(url, &[]).refused(sentences);
        assert!(!said.contains("hunter2"), "{said}");
    };
    let wrong = database.url.replace("bulla:bulla@", "bulla:hunter2@");
    refused(&wrong, &["Access denied", "check user and password"]);
    refused(&format!("{address}/nowhere"), &["Unknown database 'nowhere'", "create it first: CREATE DATABASE"]);
    refused("mysql://ada:hunter2@127.0.0.1:1/bulla", &["mysql://ada:…@127.0.0.1:1/bulla", "nothing listens there"]);
    refused(&format!("{}?sslmod=REQUIRED", database.url), &["\"sslmod\"", "known are ssl-mode"]);
    let patience = check(&database.url, &[("BULLA_DATABASE_TIMEOUT", "10ms")]);
    patience.refused(&["BULLA_DATABASE_TIMEOUT must lie between 100ms and 60s"]);
    check(&database.url, &[("BULLA_DATABASE_CONNECTIONS", "0")]).refused(&["at least 1"]);
}

#[tokio::test]
async fn one_connection_is_enough_for_everything() {
    let database = TestDatabase::create().await;
    let home = Home::new().with("DATABASE_URL", &database.url).with("BULLA_DATABASE_CONNECTIONS", "1");
    let server = Server::start(&home);
    let tokens = server.ada();
    server.profile(&tokens.access).ok(200);
    server.refresh(&tokens.refresh).ok(200);
    let connections = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = ?";
    let mut admin = beside(&database).await;
    let count: i64 = sqlx::query_scalar(connections).bind(name(&database)).fetch_one(admin.conn()).await.unwrap();
    assert_eq!(count, 1);
}
