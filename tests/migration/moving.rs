//! Everybody moves: with the password, the id and the key that they had.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::database::Database;
use crate::people::{Person, ada, everyone, person};
use crate::support::{Home, Ran, Remote, Server};
use crate::tutorial::{Tutorial, install, log_in, new_secret};

/// A service with these people, stopped, and its folder.
#[track_caller]
pub fn left_by(people: &[Person]) -> (Home, Database) {
    let (home, database) = (Home::new(), Database::create());
    install(&home, &database, &new_secret());
    let tutorial = Tutorial::start(&home);
    for (person, id) in people.iter().zip(1..) {
        assert_eq!(tutorial.register(person).ok(201)["user"]["id"], id, "{person:?}");
    }
    let first = &people[0];
    log_in(&tutorial, &first.email, &first.password).ok(200);
    tutorial.stop();
    (home, database)
}

pub fn import(home: &Home, options: &[&str]) -> Ran {
    home.run(&[&["users", "import", "--table", "users"], options].concat())
}

/// In the folder that the service left, with its `.env`.
#[track_caller]
pub fn bulla(home: &Home) -> Server {
    Server::with(home, &[("BULLA_ADDRESS_RATE", "off")])
}

#[track_caller]
fn logs_in_as_before(remote: &Remote, person: &Person, id: u64) -> Value {
    let answer = log_in(remote, &person.email, &person.password);
    assert_eq!(answer.status, 200, "{person:?}: {answer:?}");
    let user = answer.json()["user"].clone();
    assert_eq!(user["id"], id.to_string(), "{person:?}");
    assert_eq!(user["name"], person.name.trim().nfc().collect::<String>(), "{person:?}");
    let canonical = bulla::model::Email::parse(&person.email).unwrap();
    assert_eq!(user["email"], canonical.as_str(), "{person:?}");
    user
}

#[test]
fn everybody_logs_in_with_the_password_and_the_id_they_had_and_gets_a_better_hash() {
    let people = everyone();
    let (home, database) = left_by(&people);
    let before = database.users();
    import(&home, &[]).ok();
    let hashes = || database.texts("SELECT password FROM accounts");
    assert!(hashes().iter().all(|hash| hash.starts_with("$2b$10$")), "{:?}", hashes());
    let server = bulla(&home);
    for (person, id) in people.iter().zip(1..) {
        logs_in_as_before(&server, person, id);
    }
    assert!(hashes().iter().all(|hash| hash.starts_with("$argon2id$")), "{:?}", hashes());
    assert_eq!(hashes().len(), people.len());
    for (person, id) in people.iter().zip(1..) {
        logs_in_as_before(&server, person, id);
    }
    assert_eq!(database.users(), before, "the service's own table is as it was");
}

#[test]
fn a_password_that_is_not_theirs_opens_no_account_that_moved() {
    let long = person("Long", "long@example.com", &"eighty bytes of it ".repeat(5));
    let (home, _database) = left_by(&[ada(), long.clone()]);
    import(&home, &[]).ok();
    let server = bulla(&home);
    for wrong in ["quiet tide", "Quiet tides", "quiet tides "] {
        log_in(&server, &ada().email, wrong).problem(401, "invalid_credentials");
    }
    // What bcrypt did not see begins to count with the first good login.
    let same_to_bcrypt = format!("{}x", &long.password[..94]);
    log_in(&server, &long.email, &long.password).ok(200);
    log_in(&server, &long.email, &same_to_bcrypt).problem(401, "invalid_credentials");
}

#[test]
fn the_key_of_the_service_is_the_first_sealing_key() {
    let (home, _database) = left_by(&[ada()]);
    let server = bulla(&home);
    assert_eq!(server.get("public.pem").body.trim(), home.read("storage/rsa/public.pem").trim());
}

#[test]
fn a_dry_run_says_the_same_and_moves_nobody() {
    let (home, database) = left_by(&[ada(), person("Bob", "bob@example.com", "secret")]);
    // `imported 2, already here 0, refused 0 of 2 rows`, without the time that it took.
    let counts = |said: String| said.lines().last().unwrap().split(" in ").next().unwrap().to_owned();
    let said = counts(import(&home, &["--dry-run"]).ok());
    assert_eq!(database.tables(), ["users"], "not even tables are made");
    assert_eq!(counts(import(&home, &[]).ok()), said);
    assert_eq!(database.texts("SELECT id FROM accounts ORDER BY id"), ["1", "2"]);
}

#[test]
fn whoever_comes_between_two_imports_moves_with_the_second_and_the_others_stay_as_they_are() {
    let (home, database) = left_by(&[ada()]);
    import(&home, &[]).ok();
    let server = bulla(&home);
    let user = logs_in_as_before(&server, &ada(), 1);
    let hashes = || database.texts("SELECT CONCAT(id, password, created_at) FROM accounts WHERE id = '1'");
    let upgraded = hashes();

    let late = person("Bob", "bob@example.com", "secret");
    let tutorial = Tutorial::start(&home);
    tutorial.register(&late).ok(201);
    log_in(&tutorial, &ada().email, &ada().password).ok(200);
    tutorial.stop();

    // Beside the running server.
    import(&home, &[]).ok();
    assert_eq!(hashes(), upgraded);
    assert_eq!(logs_in_as_before(&server, &ada(), 1), user);
    logs_in_as_before(&server, &late, 2);
    assert_eq!(database.texts("SELECT id FROM accounts ORDER BY id"), ["1", "2"]);
}
