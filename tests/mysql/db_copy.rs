//! `bulla db copy`, from SQLite to MySQL and back.

use serde_json::Value;

use crate::database::TestDatabase;
use crate::program::{EMAIL, Home, Moved, PASSWORD, PATIENCE, Process, Server, home_with_url, rows};

const MANY: u32 = 200_000;

fn copy(home: &Home, from: &str, to: &str) -> Value {
    let arguments = ["db", "copy", "--json", "--database-url", from, "--to", to];
    serde_json::from_str(&home.run(&arguments).ok()).unwrap()
}

#[track_caller]
fn create(home: &Home, url: &str, email: &str) -> crate::program::Ran {
    home.run_with(&["users", "create", "--name", "Ada", "--email", email, "--database-url", url], PASSWORD)
}

fn home_with_many() -> Home {
    let home = Home::new();
    create(&home, "sqlite:bulla-data/bulla.db", EMAIL).ok();
    rows::add_accounts(&home.path("bulla-data/bulla.db"), MANY);
    home
}

#[tokio::test]
async fn nobody_notices_the_move_to_mysql_nor_the_one_back() {
    let (home, mysql) = (home_with_url(), TestDatabase::create().await);
    let server = Server::start(&home);
    let mut moved = Moved::out_of(&home, &server);
    drop(server);
    let said = home.run(&["db", "copy", "--to", &mysql.url]).ok();
    assert!(said.contains("DATABASE_URL=mysql://") && !said.contains(":bulla@"), "{said}");

    let server = Server::with(&home, &[("DATABASE_URL", &mysql.url)]);
    moved.is_found_on(&server);
    drop(server);
    copy(&home, &mysql.url, "sqlite:back.db");
    moved.is_found_on(&Server::with(&home, &[("DATABASE_URL", "sqlite:back.db")]));
}

#[tokio::test]
async fn odd_texts_arrive_byte_by_byte_and_come_back() {
    let (home, first, second) = (Home::new(), TestDatabase::create().await, TestDatabase::create().await);
    create(&home, "sqlite:bulla-data/bulla.db", EMAIL).ok();
    rows::add_odd_accounts(&home.path("bulla-data/bulla.db"));
    rows::add_accounts(&home.path("bulla-data/bulla.db"), 10_000);
    let there = copy(&home, "sqlite:bulla-data/bulla.db", &first.url);
    let further = copy(&home, &first.url, &second.url);
    let back = copy(&home, &second.url, "sqlite:back.db");
    assert_eq!(there["tables"][1]["rows"], 10_017, "{there}");
    assert_eq!(there["tables"], further["tables"]);
    assert_eq!(there["tables"], back["tables"]);
    let people = |url: &str| home.run(&["users", "list", "--json", "--database-url", url]).ok();
    assert!(people("sqlite:bulla-data/bulla.db") == people("sqlite:back.db"));
}

#[tokio::test]
async fn a_copy_that_is_killed_leaves_nothing_and_can_be_made_again() {
    let (home, mysql) = (home_with_many(), TestDatabase::create().await);
    let mut copying = Process::spawn(&mut home.bulla(&["db", "copy", "--to", &mysql.url]));
    copying.stderr.wait_for(PATIENCE, "writing", |line| (line == "writing accounts").then_some(()));
    copying.kill();
    assert_eq!(copying.ended().status.code(), None, "it was faster than the signal");
    let again = copy(&home, "sqlite:bulla-data/bulla.db", &mysql.url);
    assert_eq!(again["tables"][1]["rows"], MANY + 1);
}

#[tokio::test]
async fn whoever_starts_on_the_target_meanwhile_does_not_spoil_it() {
    let (home, mysql) = (home_with_many(), TestDatabase::create().await);
    let copying = Process::spawn(&mut home.bulla(&["db", "copy", "--to", &mysql.url]));
    copying.stderr.wait_for(PATIENCE, "writing", |line| (line == "writing accounts").then_some(()));
    let started = create(&home, &mysql.url, "late@example.com");
    copying.ended().ok();
    let keys = |url: &str| home.run(&["keys", "list", "--json", "--database-url", url]).ok();
    assert_eq!(keys(&mysql.url), keys("sqlite:bulla-data/bulla.db"));
    let copied = copy(&home, &mysql.url, "sqlite:back.db");
    assert_eq!(copied["tables"][1]["rows"], MANY + 1 + u32::from(started.status.success()));
}

#[tokio::test]
async fn a_target_in_use_and_the_source_itself_are_refused() {
    let (home, mysql) = (Home::new(), TestDatabase::create().await);
    create(&home, &mysql.url, EMAIL).ok();
    create(&home, "sqlite:bulla-data/bulla.db", EMAIL).ok();
    home.run(&["db", "copy", "--to", &mysql.url]).refused(&[
        "is not empty",
        "2 in server_keys, 1 in accounts",
        "DROP TABLE attempts, audit_events, spent_envelopes, sessions, accounts, server_keys, _sqlx_migrations;",
    ]);
    let elsewhere = mysql.url.replace("127.0.0.1", "localhost");
    assert_ne!(elsewhere, mysql.url);
    for url in [&mysql.url, &elsewhere] {
        home.run(&["db", "copy", "--database-url", &mysql.url, "--to", url])
            .refused(&["is the database that is to be copied"]);
    }
}

#[tokio::test]
async fn a_row_that_does_not_arrive_as_it_was_undoes_the_copy() {
    let (home, mysql) = (Home::new(), TestDatabase::create().await);
    create(&home, "sqlite:bulla-data/bulla.db", EMAIL).ok();
    let db = bulla::store::connect(&mysql.url.parse().unwrap(), bulla::store::Limits::default()).await.unwrap();
    bulla::store::migrate(&db).await.unwrap();
    let bulla::store::Db::MySql { stock, .. } = db else { panic!("{} is not MySQL", mysql.url) };
    let mut held = stock.take().await.unwrap();
    let trigger = "CREATE TRIGGER t BEFORE INSERT ON accounts FOR EACH ROW SET NEW.name = CONCAT(NEW.name, ' ')";
    sqlx::raw_sql(trigger).execute(held.conn()).await.unwrap();
    home.run(&["db", "copy", "--to", &mysql.url]).refused(&["the table accounts differs", "the target is empty"]);
    sqlx::raw_sql("DROP TRIGGER t").execute(held.conn()).await.unwrap();
    home.run(&["db", "copy", "--to", &mysql.url]).ok();
}
