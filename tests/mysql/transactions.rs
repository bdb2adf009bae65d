//! What is asked of a MySQL server, and when it is committed.

use sqlx_mysql::MySqlConnection;

use crate::connection::{beside, connection, name, run};
use crate::database::TestDatabase;
use crate::program::{EMAIL, Home, Server};

/// What the server was asked for people on a database's connections since its log was switched on: the first word of
/// each, and the table that is written. What a node reads by itself is about no account; and in which mode it finds its
/// connections is a matter of chance.
async fn asked(admin: &mut MySqlConnection, database: &TestDatabase) -> Vec<String> {
    let asked = "SELECT CAST(argument AS BINARY) FROM mysql.general_log WHERE command_type IN ('Query', 'Execute') \
                 AND thread_id IN (SELECT id FROM information_schema.processlist WHERE db = ?) ORDER BY event_time";
    let asked: Vec<Vec<u8>> = sqlx::query_scalar(asked).bind(name(database)).fetch_all(admin).await.unwrap();
    asked
        .iter()
        .map(|text| String::from_utf8_lossy(text))
        .filter(|text| !text.starts_with("SET ") && (!text.starts_with("SELECT") || text.contains("account")))
        .map(|text| {
            let words: Vec<&str> = text.split_whitespace().collect();
            match words.as_slice() {
                ["INSERT", "INTO", table, ..] => format!("INSERT {table}"),
                ["UPDATE", table, ..] => format!("UPDATE {table}"),
                [first, ..] => (*first).to_owned(),
                [] => String::new(),
            }
        })
        .collect()
}

/// One read and two transactions, none of which is begun by a question of its own.
#[tokio::test]
async fn a_login_is_eight_questions() {
    let database = TestDatabase::create().await;
    // However slow the machine, no connection is given up meanwhile.
    let home = Home::new().with("DATABASE_URL", &database.url).with("BULLA_DATABASE_TIMEOUT", "30s");
    let server = Server::start(&home);
    server.ada();
    // By now its network is known.
    let mut admin = beside(&database).await;
    run(admin.conn(), "SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON".to_owned()).await;
    let answer = server.try_login(EMAIL);
    run(admin.conn(), "SET GLOBAL general_log = OFF, GLOBAL log_output = DEFAULT".to_owned()).await;
    answer.ok(200);
    let spends = ["INSERT spent_envelopes", "UPDATE attempts", "COMMIT"];
    let opens = ["UPDATE attempts", "INSERT audit_events", "INSERT sessions", "COMMIT"];
    assert_eq!(asked(admin.conn(), &database).await, [&["SELECT"], &spends[..], &opens[..]].concat());
}

/// In a transaction that nobody ends, one sees only what was there before it, and others never see what is written.
#[tokio::test]
async fn after_a_transaction_a_connection_sees_what_others_commit_and_commits_what_is_alone() {
    let database = TestDatabase::create().await;
    let home = Home::new().with("DATABASE_URL", &database.url).with("BULLA_DATABASE_CONNECTIONS", "1");
    let server = Server::start(&home);
    let tokens = server.ada();
    let mut admin = connection(&database.url).await;
    for name in ["Augusta", "King"] {
        run(admin.conn(), format!("UPDATE accounts SET name = '{name}'")).await;
        assert_eq!(server.profile(&tokens.access).ok(200)["name"], name);
    }
    server.login(EMAIL);
    server.refresh(&tokens.refresh).ok(200);
    assert_eq!(refreshed(admin.conn()).await, 1);
    run(admin.conn(), "UPDATE sessions SET ended_at = 1, end_reason = 'logout'".to_owned()).await;
    server.profile(&tokens.access).problem(401, "invalid_token");
}

/// As an administrator may have set it for those who are not one.
#[tokio::test]
async fn what_is_written_alone_is_committed_whatever_the_server_begins_with() {
    let database = TestDatabase::create().await;
    let name = name(&database);
    let mut admin = connection(&database.url).await;
    let (_, place) = database.url.rsplit_once('@').unwrap();
    let (plain, url) = (format!("plain_{name}"), format!("mysql://plain_{name}:plain@{place}"));
    run(admin.conn(), format!("CREATE USER {plain} IDENTIFIED BY 'plain'; GRANT ALL ON {name}.* TO {plain}")).await;
    let off = format!("SET GLOBAL init_connect = \"SET autocommit = COALESCE(DATABASE(), '') <> '{name}'\"");
    run(admin.conn(), off).await;
    let mut bare = <MySqlConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let begins_with: i64 = sqlx::query_scalar("SELECT @@autocommit").fetch_one(&mut bare).await.unwrap();
    assert_eq!(begins_with, 0, "nothing was set");

    let server = Server::start(&Home::new().with("DATABASE_URL", &url));
    server.refresh(&server.ada().refresh).ok(200);
    drop(server);
    run(admin.conn(), format!("SET GLOBAL init_connect = ''; DROP USER {plain}")).await;
    assert_eq!(refreshed(admin.conn()).await, 1);
}

/// How many sessions were refreshed once, as others see them.
async fn refreshed(conn: &mut MySqlConnection) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE rotations = 1").fetch_one(conn).await.unwrap()
}
