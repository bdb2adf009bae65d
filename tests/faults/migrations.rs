//! Tables that several nodes bring up to date, or a newer one already has.

use std::time::Duration;

use crate::database::{
    connect, count, new_database, run, shared, take_migration_lock, until_migrating, until_waiting_for_table,
    youngest_waiting_for_table,
};
use crate::node::{Node, home};
use crate::processes::{Home, Pace, Process, rsa_key};

const PROCESSES: usize = 12;
const EMAIL: &str = "ada@example.com";

/// As `home`, with a key to begin with: finding primes twelve times would take longer than all the rest.
fn home_with_key(database: &str) -> Home {
    let home = home(database);
    rsa_key(&home, "storage/rsa/private.pem", 2048);
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_processes_at_once_bring_an_empty_database_up_to_date_once() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home_with_key(&database);
    let public = |_| Process::spawn(&mut home.bulla(&["keys", "public"]));
    let processes: Vec<Process> = (0..PROCESSES).map(public).collect();
    let said: Vec<String> = processes.into_iter().map(|process| process.ended().ok()).collect();
    assert!(said[0].contains("BEGIN PUBLIC KEY"));
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    let conn = &mut connect(&database).await;
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/mysql")).unwrap().count();
    let sql = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";
    assert_eq!(count(conn, sql).await, i64::try_from(migrations).unwrap());
    assert_eq!(count(conn, "SELECT COUNT(*) FROM server_keys").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_while_it_migrates_holds_up_nobody() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home_with_key(&database);
    home.run(&["keys", "public"]).ok();
    let (mut holder, mut witness) = (connect(&database).await, connect(&database).await);
    run(&mut holder, "LOCK TABLES _sqlx_migrations WRITE").await;
    let mut first = Process::spawn(&mut home.bulla(&[]));
    // It has the lock, and waits for the table.
    until_migrating(&mut witness).await;
    until_waiting_for_table(&mut witness, 0, 1).await;
    let older = youngest_waiting_for_table(&mut witness).await;
    first.kill();
    let second = Process::spawn(&mut home.bulla(&[]));
    until_waiting_for_table(&mut witness, older, 1).await;
    run(&mut holder, "UNLOCK TABLES").await;
    let begun = Pace::now();
    Node::ready(second).remote.register(EMAIL).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_tables_are_up_to_date_waits_for_no_other() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home_with_key(&database);
    home.run(&["keys", "public"]).ok();
    let (mut holder, mut witness) = (connect(&database).await, connect(&database).await);
    take_migration_lock(&mut holder).await;
    Node::start(&home);
    // Another one, which has something to do, waits.
    run(&mut witness, "DELETE FROM _sqlx_migrations ORDER BY version DESC LIMIT 1").await;
    let _waiting = Process::spawn(&mut home.bulla(&[]));
    until_waiting_for_table(&mut witness, 0, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_and_serves_on_the_tables_of_a_newer_one() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home_with_key(&database);
    let running = Node::start(&home);
    let conn = &mut connect(&database).await;
    run(
        conn,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of a newer version', TRUE, 'x', 1); \
         ALTER TABLE accounts ADD COLUMN of_a_newer_version BIGINT; \
         ALTER TABLE sessions ADD COLUMN of_a_newer_version BIGINT NOT NULL DEFAULT 0",
    )
    .await;
    running.remote.new_person(EMAIL).await;
    let starting = Node::start(&home);
    let tokens = starting.remote.login(EMAIL).await;
    running.remote.profile(&tokens.access).await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_migration_stops_the_start_with_what_to_do() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home_with_key(&database);
    home.run(&["keys", "public"]).ok();
    run(&mut connect(&database).await, "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 3").await;
    home.start_refused(&["in the middle of migration 3", "Restore the backup", "_sqlx_migrations"]);
    // It refused, and left everything as it was; repaired as it says, it starts.
    run(&mut connect(&database).await, "UPDATE _sqlx_migrations SET success = TRUE WHERE version = 3").await;
    Node::start(&home);
}
