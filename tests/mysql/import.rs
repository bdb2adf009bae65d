//! `bulla users import` from a table of another system, into SQLite and into the same database.

use std::process::{Command, Output};

use serde_json::Value;
use sqlx_mysql::MySqlPool;
use tempfile::TempDir;

use crate::database::TestDatabase;

/// What the tutorial makes at its first start.
const TUTORIAL: &str = "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255), \
                        email VARCHAR(255) UNIQUE NOT NULL, password VARCHAR(255) NOT NULL, \
                        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)";
const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde";

struct Tables {
    database: TestDatabase,
    pool: MySqlPool,
    home: TempDir,
}

impl Tables {
    async fn new(statements: &[&str]) -> Self {
        let database = TestDatabase::create().await;
        let pool = MySqlPool::connect(&database.url).await.unwrap();
        let tables = Self { database, pool, home: TempDir::new().unwrap() };
        for statement in statements {
            tables.run(statement).await;
        }
        tables
    }

    async fn run(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.replace("HASH", HASH))).execute(&self.pool).await.unwrap();
    }

    /// `bulla users import --from mysql://… …`, into SQLite.
    fn import(&self, arguments: &[&str]) -> Output {
        bulla(&self.home, &[&["users", "import", "--from", &self.database.url], arguments].concat(), &[])
    }

    /// `bulla users import …`, into the database where the table lies.
    fn import_here(&self, arguments: &[&str]) -> Output {
        let settings = [("DATABASE_URL", self.database.url.as_str())];
        bulla(&self.home, &[&["users", "import"], arguments].concat(), &settings)
    }

    fn exported(&self) -> Vec<Value> {
        accounts(&bulla(&self.home, &["users", "export"], &[]))
    }

    fn exported_here(&self) -> Vec<Value> {
        accounts(&bulla(&self.home, &["users", "export"], &[("DATABASE_URL", self.database.url.as_str())]))
    }
}

fn bulla(home: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulla"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BULLA_") || name.starts_with("DATABASE_")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(settings.iter().copied()).current_dir(home.path()).output().unwrap()
}

#[track_caller]
fn accounts(output: &Output) -> Vec<Value> {
    said(output, 0).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn complaint(output: &Output, parts: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}

#[tokio::test]
async fn the_tutorials_table_moves_into_sqlite_and_into_its_own_database() {
    let tables = Tables::new(&[
        TUTORIAL,
        "SET time_zone = '+05:00'; INSERT INTO users (id, name, email, password, created_at) VALUES \
         (1, 'Ada', 'Ada@Example.com', 'HASH', '2024-01-02 08:04:05'), (7, NULL, 'grüße@example.com', 'HASH', NOW()), \
         (42, 'Bob', 'bob@example.com', 'hunter2', NOW())",
    ])
    .await;
    let dry = tables.import_here(&["--table", "users", "--dry-run"]);
    assert!(said(&dry, 2).contains("imported 2, already here 0, refused 1 of 3 rows"), "{dry:?}");
    let created: Vec<String> = sqlx::query_scalar(
        "SELECT CONVERT(table_name USING utf8mb4) FROM information_schema.tables WHERE table_schema = DATABASE()",
    )
    .fetch_all(&tables.pool)
    .await
    .unwrap();
    assert_eq!(created, ["users"], "a dry run creates nothing");
    for output in [tables.import(&[]), tables.import_here(&["--table", "users"])] {
        let text = said(&output, 2);
        assert!(text.contains("refused row 3 (id 42): the password hash is of no kind"), "{text}");
        assert!(text.contains("imported 2, already here 0, refused 1 of 3 rows"), "{text}");
    }
    let accounts = tables.exported();
    assert_eq!((&accounts[0]["id"], &accounts[0]["email"]), (&"1".into(), &"ada@example.com".into()));
    assert_eq!(
        (&accounts[0]["created_at"], &accounts[0]["password"]),
        (&"2024-01-02T03:04:05.000Z".into(), &HASH.into())
    );
    assert_eq!((&accounts[1]["id"], &accounts[1]["name"]), (&"7".into(), &"grüße".into()));
    assert_eq!(tables.exported_here(), accounts);
    let again = tables.import_here(&["--table", "users"]);
    assert!(said(&again, 2).contains("imported 0, already here 2, refused 1 of 3 rows"), "{again:?}");
}

#[tokio::test]
async fn every_type_of_id_and_time_reads() {
    let tables = Tables::new(&[]).await;
    for (number, (id_type, id)) in [
        ("TINYINT", "42"),
        ("SMALLINT UNSIGNED", "42"),
        ("INT", "-42"),
        ("INT(8) ZEROFILL", "00000042"),
        ("BIGINT UNSIGNED", "18446744073709551615"),
        ("DECIMAL(20, 0)", "42"),
        ("CHAR(36)", "0192d3a4-0000-7000-8000-000000000001"),
        ("VARCHAR(64) CHARACTER SET latin1", "user_42"),
        ("VARBINARY(64)", "user_42"),
        ("TEXT", "user_42"),
    ]
    .into_iter()
    .enumerate()
    {
        let (time_type, time) = [
            ("TIMESTAMP NULL", "'2023-11-14 22:13:20'"),
            ("DATETIME", "'2023-11-14 22:13:20'"),
            ("DATETIME(6)", "'2023-11-14 22:13:20.000000'"),
            ("BIGINT", "1700000000000"),
            ("INT UNSIGNED", "1700000000"),
            ("VARCHAR(64)", "'2023-11-14T22:13:20Z'"),
            ("DOUBLE", "1700000000"),
        ][number % 7];
        let table = format!("people{number}");
        tables
            .run(&format!(
                "CREATE TABLE {table} (id {id_type}, email BLOB, password VARCHAR(99), created_at {time_type}); \
                 SET time_zone = '+00:00'; INSERT INTO {table} VALUES ('{id}', '{table}@example.com', 'HASH', {time})"
            ))
            .await;
        said(&tables.import(&["--table", &table]), 0);
        let email = format!("{table}@example.com");
        let found = tables.exported();
        let account = found.iter().find(|account| account["email"] == email.as_str());
        let account = account.unwrap_or_else(|| panic!("{id_type} {time_type}: {found:?}"));
        assert_eq!(
            (account["id"].as_str().unwrap(), &account["created_at"]),
            (id, &"2023-11-14T22:13:20.000Z".into()),
            "{id_type} {time_type}"
        );
        // Some of them have the same id.
        std::fs::remove_dir_all(tables.home.path().join("bulla-data")).unwrap();
    }
}

#[tokio::test]
async fn a_date_alone_a_null_and_a_missing_column_read_too() {
    let tables = Tables::new(&[
        "CREATE TABLE people (id INT, email TEXT, password TEXT, created_at DATE, disabled_at DATETIME)",
        "INSERT INTO people VALUES (1, 'a@example.com', 'HASH', '2023-11-14', NULL), \
         (2, 'b@example.com', 'HASH', NULL, '2024-01-01 00:00:00'), (NULL, 'c@example.com', 'HASH', NULL, NULL)",
    ])
    .await;
    let text = said(&tables.import(&["--table", "people"]), 2);
    assert!(text.contains("refused row 3: the id must be"), "{text}");
    let accounts = tables.exported();
    assert_eq!((&accounts[0]["created_at"], &accounts[0]["name"]), (&"2023-11-14T00:00:00.000Z".into(), &"a".into()));
    assert!(accounts[1]["created_at"].as_str().unwrap() > "2026", "{accounts:?}");
    assert_eq!(accounts[1]["disabled_at"], "2024-01-01T00:00:00.000Z");
    assert_eq!(accounts[0]["disabled_at"], Value::Null);
}

#[tokio::test]
async fn hostile_names_of_tables_and_columns_are_names_and_nothing_else() {
    let table = "us`ers; DROP TABLE victims -- ?";
    let [id, email, password] = ["i`d, (SELECT 1)", "e'm\"ail?", "pass word"];
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    let create =
        format!("CREATE TABLE {} ({} INT, {} TEXT, {} TEXT)", quote(table), quote(id), quote(email), quote(password));
    let insert = format!("INSERT INTO {} VALUES (42, 'ada@example.com', 'HASH')", quote(table));
    let tables = Tables::new(&["CREATE TABLE victims (id INT)", &create, &insert]).await;
    let columns = ["--id-column", id, "--email-column", email, "--password-column", password];
    said(&tables.import(&[&["--table", table], columns.as_slice()].concat()), 0);
    assert_eq!(tables.exported()[0]["id"], "42");
    sqlx::query("SELECT id FROM victims").fetch_all(&tables.pool).await.unwrap();
    // What only would be a column if it were SQL is none.
    complaint(&tables.import(&["--table", table, "--id-column", "1 OR 1"]), &["has no column 1 OR 1", email]);
}

#[tokio::test]
async fn what_is_not_there_is_named_beside_what_is() {
    let tables = Tables::new(&[TUTORIAL, "CREATE TABLE members (id INT)"]).await;
    complaint(&tables.import(&["--table", "persons"]), &["no table persons", "members, users"]);
    complaint(
        &tables.import(&["--email-column", "mail"]),
        &["no column mail", "id, name, email, password, created_at"],
    );
    complaint(&tables.import(&["--table", "members"]), &["no column email"]);
    let nowhere = ["users", "import", "--from", "mysql://someone:a-secret@127.0.0.1:1/app"];
    let output = bulla(&tables.home, &nowhere, &[]);
    complaint(&output, &["cannot connect to mysql://someone:…@127.0.0.1:1/app"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("a-secret"), "{output:?}");
}

#[tokio::test]
async fn thousands_of_rows_come_over_whole() {
    let tables = Tables::new(&[TUTORIAL]).await;
    for start in (0..10_000).step_by(1_000) {
        let rows: Vec<String> =
            (start + 1..=start + 1_000).map(|id| format!("({id}, 'Person', 'p{id}@example.com', 'HASH')")).collect();
        tables.run(&format!("INSERT INTO users (id, name, email, password) VALUES {}", rows.join(", "))).await;
    }
    for output in [tables.import(&[]), tables.import_here(&["--table", "users"])] {
        assert!(said(&output, 0).contains("imported 10,000, already here 0, refused 0 of 10,000 rows"), "{output:?}");
    }
    assert_eq!(tables.exported().len(), 10_000);
    assert_eq!(tables.exported_here(), tables.exported());
}
