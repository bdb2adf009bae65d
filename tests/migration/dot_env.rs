//! The `.env` that tutorials print: what works unchanged, and what is said of the rest.

use crate::database::Database;
use crate::moving::import;
use crate::support::{Home, Process, Server, free_port};
use crate::tutorial::{dot_env, new_secret};

/// Word for word.
const OF_TUTORIALS: &str = "PORT=3000
DB_HOST=localhost
DB_USER=root
DB_PASSWORD=
DB_NAME=auth_db
JWT_SECRET=super_secret_key
JWT_EXPIRES=1h
";

const MAKE_ONE: &str = "make one with: openssl rand -base64 48";

#[track_caller]
fn refused(home: &Home, dot_env: &str, sentences: &[&str]) {
    home.write(".env", dot_env);
    home.start_refused(sentences);
    home.run(&["check"]).refused(sentences);
}

#[test]
fn the_secret_of_tutorials_is_refused_with_the_reason_and_nothing_is_touched() {
    let home = Home::new();
    refused(&home, OF_TUTORIALS, &["JWT_SECRET", "well-known", MAKE_ONE]);
    assert!(!home.path("bulla-data").exists());
}

#[test]
fn an_empty_secret_is_refused_with_the_reason() {
    let home = Home::new();
    let empty = OF_TUTORIALS.replace("super_secret_key", "");
    refused(&home, &empty, &["JWT_SECRET", "0 bytes", MAKE_ONE]);
}

#[test]
fn they_are_refused_before_the_database_is_touched() {
    let (home, database) = (Home::new(), Database::create());
    for secret in ["super_secret_key", ""] {
        home.write(".env", &dot_env(&database, 0, secret));
        import(&home, &[]).refused(&["JWT_SECRET", MAKE_ONE]);
        home.start_refused(&["JWT_SECRET", MAKE_ONE]);
    }
    assert!(database.tables().is_empty());
}

#[test]
fn a_user_without_a_password_and_a_server_on_localhost_work_unchanged() {
    let (home, database) = (Home::new(), Database::with_password(""));
    home.write(".env", &dot_env(&database, 3000, &new_secret()));
    let server = Server::start(&home);
    server.get("/readyz").ok(200);
    assert!(database.tables().contains(&"accounts".to_owned()));
}

#[test]
fn a_database_that_cannot_be_used_is_named_with_what_to_look_at() {
    let (home, database) = (Home::new(), Database::create());
    let right = dot_env(&database, 3000, &new_secret());
    let closed = free_port();
    let here = format!("DB_PORT={}", database.port);
    let other_port = right.replace(&here, &format!("DB_PORT={closed}"));
    refused(&home, &other_port, &[&format!("localhost:{closed}"), "nothing listens there"]);
    let other_password = right.replace("DB_PASSWORD=", "DB_PASSWORD=wrong");
    refused(&home, &other_password, &[&database.user, "check user and password"]);
    let other_name = right.replace(&format!("DB_NAME={}", database.name), "DB_NAME=auth_db");
    refused(&home, &other_name, &["auth_db", "docs/mysql.md"]);
    let other_host = right.replace("DB_HOST=localhost", "DB_HOST=nowhere.invalid");
    refused(&home, &other_host, &["nowhere.invalid", "check host and port"]);
}

#[test]
fn every_other_line_keeps_its_meaning() {
    let (home, database) = (Home::new(), Database::create());
    let free = free_port();
    home.write(".env", &dot_env(&database, free, &new_secret()));
    // Without the port that a test's own server takes.
    let said = Process::run(home.bulla(&["check"]).env_remove("PORT"), "").ok();
    let Database { name, user, host, port, .. } = &database;
    for expected in [
        &format!("127.0.0.1:{free}"),
        &format!("mysql://{user}:…@{host}:{port}/{name}"),
        "HS256 (shared secret), valid for 3600 s",
        "Nothing is wrong.",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
