//! `bulla db copy`, from SQLite to SQLite. (`tests/moving` copies to MySQL and back.)

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bulla::store::DatabaseUrl;
use serde_json::Value;

use crate::support::{EMAIL, Home, Moved, PASSWORD, PATIENCE, Process, Server, home_with_url, rows};

const MANY: u32 = 200_000;
const COPY: [&str; 4] = ["db", "copy", "--to", "sqlite:copy.db"];

/// A folder with a database in which one person has an account.
fn home_with_someone() -> Home {
    let home = Home::new();
    create(&home, EMAIL);
    home
}

fn create(home: &Home, email: &str) {
    home.run_with(&["users", "create", "--name", "Ada", "--email", email], PASSWORD).ok();
}

fn stop(server: Server) {
    server.process.terminate();
    server.process.ended().ok();
}

#[test]
fn nobody_notices_the_move() {
    let home = home_with_url();
    let server = Server::start(&home);
    let mut moved = Moved::out_of(&home, &server);
    stop(server);
    let before = fs::read(home.path("bulla-data/bulla.db")).unwrap();
    let said = home.run(&COPY).ok();
    for sentence in ["accounts                     2  ", "DATABASE_URL=sqlite:copy.db", "bulla-data/master.key"] {
        assert!(said.contains(sentence), "{sentence:?} is missing: {said}");
    }
    assert!(fs::read(home.path("bulla-data/bulla.db")).unwrap() == before, "the source did not stay as it was");
    assert_eq!(home.mode("copy.db"), 0o600);
    moved.is_found_on(&Server::with(&home, &[("DATABASE_URL", "sqlite:copy.db")]));
}

#[test]
fn two_copies_of_odd_texts_have_the_same_digests_and_the_same_people() {
    let home = home_with_someone();
    rows::add_odd_accounts(&home.path("bulla-data/bulla.db"));
    rows::add_accounts(&home.path("bulla-data/bulla.db"), 10_000);
    let copy = |from: &str, to: &str| -> Value {
        let arguments = ["db", "copy", "--json", "--database-url", from, "--to", to];
        serde_json::from_str(&home.run(&arguments).ok()).unwrap()
    };
    let first = copy("sqlite:bulla-data/bulla.db", "sqlite:one.db");
    let second = copy("sqlite:one.db", "sqlite:two.db");
    assert_eq!(first["tables"], second["tables"]);
    assert_eq!(first["tables"][1]["rows"], 10_017, "{first}");
    let people = |url: &str| home.run(&["users", "list", "--json", "--database-url", url]).ok();
    assert!(people("sqlite:bulla-data/bulla.db") == people("sqlite:two.db"));
}

#[test]
fn a_copy_that_is_killed_leaves_nothing_and_can_be_made_again() {
    let home = home_with_someone();
    rows::add_accounts(&home.path("bulla-data/bulla.db"), MANY);
    let mut copying = Process::spawn(&mut home.bulla(&COPY));
    copying.stderr.wait_for(PATIENCE, "writing", |line| (line == "writing accounts").then_some(()));
    copying.kill();
    assert_eq!(copying.ended().status.code(), None, "it was faster than the signal");
    assert_eq!(rows::count(&home.path("copy.db")), 0);
    home.run(&COPY).ok();
    assert_eq!(rows::count(&home.path("copy.db")), rows::count(&home.path("bulla-data/bulla.db")));
}

#[tokio::test]
async fn a_row_that_does_not_arrive_as_it_was_undoes_the_copy() {
    let changes = [
        "CREATE TRIGGER t AFTER INSERT ON accounts BEGIN UPDATE accounts SET name = NEW.name || ' '; END",
        "CREATE TRIGGER t AFTER INSERT ON accounts BEGIN UPDATE accounts SET disabled_at = 0; END",
        "CREATE TRIGGER t AFTER INSERT ON accounts BEGIN DELETE FROM accounts; END",
        "CREATE TRIGGER t AFTER INSERT ON accounts WHEN NEW.id <> 'more' BEGIN INSERT INTO accounts VALUES \
         ('more', 'more', 'more', '', 0, 0, NULL); END",
    ];
    for change in changes {
        let home = home_with_someone();
        let target: DatabaseUrl = format!("sqlite:{}", home.path("copy.db").display()).parse().unwrap();
        let db = bulla::store::connect(&target, bulla::store::Limits::default()).await.unwrap();
        bulla::store::migrate(&db).await.unwrap();
        db.close().await;
        rows::change(&home.path("copy.db"), change);
        home.run(&COPY).refused(&["the table accounts differs", "the target is empty"]);
        assert_eq!(rows::count(&home.path("copy.db")), 0, "{change}");
    }
}

#[test]
fn whoever_writes_to_the_source_meanwhile_is_in_nobodys_way() {
    let home = home_with_someone();
    let source = home.path("bulla-data/bulla.db");
    rows::add_accounts(&source, MANY);
    let is_over = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !is_over.load(Ordering::Relaxed) {
                create(&home, &format!("late{written}@example.com"));
                written += 1;
            }
            written
        });
        let copied = home.run(&COPY);
        is_over.store(true, Ordering::Relaxed);
        copied.ok();
        writer.join().unwrap()
    });
    assert!(written > 1, "nobody wrote meanwhile");
    let copied = rows::count(&home.path("copy.db"));
    assert!(copied < rows::count(&source) && copied >= i64::from(MANY) + 3, "{copied}");
}

#[test]
fn a_target_with_a_single_row_is_refused_with_a_way_out_and_stays_as_it_was() {
    let home = home_with_someone();
    home.run(&COPY).ok();
    let before = fs::read(home.path("copy.db")).unwrap();
    home.run(&COPY).refused(&["sqlite:copy.db is not empty", "2 in server_keys, 1 in accounts", "delete copy.db"]);
    assert!(fs::read(home.path("copy.db")).unwrap() == before);
}

#[test]
fn a_database_is_not_copied_to_itself_by_whatever_path() {
    let home = home_with_someone();
    std::os::unix::fs::symlink(home.path("bulla-data"), home.path("link")).unwrap();
    fs::hard_link(home.path("bulla-data/bulla.db"), home.path("hard.db")).unwrap();
    for path in ["bulla-data/bulla.db", "bulla-data/../link/bulla.db", "hard.db"] {
        home.run(&["db", "copy", "--to", &format!("sqlite:{path}")]).refused(&["is the database that is to be copied"]);
    }
}

#[test]
fn a_source_of_another_version_is_refused_and_not_touched() {
    let home = home_with_someone();
    let source = home.path("bulla-data/bulla.db");
    rows::change(&source, "UPDATE _sqlx_migrations SET version = 99999 WHERE version = 5");
    home.run(&COPY).refused(&["by a newer version of Bulla"]);
    rows::change(&source, "DELETE FROM _sqlx_migrations WHERE version > 3");
    let before = fs::read(&source).unwrap();
    home.run(&COPY).refused(&["by an older version of Bulla", "Start this version's server on it once"]);
    assert!(fs::read(&source).unwrap() == before);
}

#[test]
fn what_cannot_be_reached_is_said_without_its_password() {
    let home = home_with_someone();
    let refused = |to: &str, sentences: &[&str]| {
        let said = home.run(&["db", "copy", "--to", to]).refused(sentences);
        assert!(!said.contains("tell-nobody"), "{said}");
    };
    refused("mysql://ada:tell-nobody@127.0.0.1:1/bulla", &["ada:…@127.0.0.1:1/bulla", "cannot connect to mysql://"]);
    refused("mysql://ada:tell-nobody@127.0.0.1:1", &["names no database"]);
    refused("postgres://ada:tell-nobody@127.0.0.1/bulla", &["--to", "\"postgres\" is neither sqlite:PATH nor mysql:"]);
    refused("sqlite:no/such/folder/copy.db", &["cannot create no/such/folder/copy.db"]);
    Home::new().run(&COPY).refused(&["there is no database", "start the server once"]);
}

#[test]
fn a_file_can_hold_the_address_and_json_tells_every_table() {
    let home = home_with_someone();
    home.write("target", "sqlite:copy.db\n");
    let said: Value = serde_json::from_str(&home.run(&["db", "copy", "--to-file", "target", "--json"]).ok()).unwrap();
    assert_eq!(said["to"], "sqlite:copy.db");
    let tables = said["tables"].as_array().unwrap();
    assert_eq!(tables.len(), bulla::store::tables::TABLES.len());
    assert_eq!(tables[1]["table"], "accounts");
    assert_eq!(tables[1]["rows"], 1);
    assert_eq!(tables[1]["sha256_sum"].as_str().unwrap().len(), 64);
}
