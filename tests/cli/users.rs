//! `bulla users`, beside a running server.

use bulla_seal::Purpose;
use serde_json::Value;

use crate::support::{EMAIL, Home, OTHER_PASSWORD, PASSWORD, Ran, Server, Tokens, body};

fn create(home: &Home, name: &str, email: &str, password: &str) -> Ran {
    home.run_with(&["users", "create", "--name", name, "--email", email], password)
}

fn list(home: &Home) -> Vec<Value> {
    let lines = home.run(&["users", "list", "--json"]).ok();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn someone_created_here_logs_in_there() {
    let home = Home::new();
    let server = Server::start(&home);
    let said = create(&home, "Ada", " ADA@example.com", &format!("{PASSWORD}\n")).ok();
    assert!(said.contains(EMAIL), "{said}");
    server.login(EMAIL);
}

#[test]
fn a_password_is_never_taken_from_an_argument() {
    let home = Home::new();
    let arguments = ["users", "create", "--name", "Ada", "--email", EMAIL, "--password", PASSWORD];
    let ran = home.run(&arguments);
    assert!(!ran.status.success() && ran.stderr.contains("unexpected argument '--password'"), "{ran:?}");
    assert!(!home.path("bulla-data").exists());
}

#[test]
fn what_the_api_refuses_is_refused_here_too() {
    let home = Home::new();
    create(&home, "Ada", EMAIL, "fourteen chars").refused(&["15"]);
    create(&home, "Ada", EMAIL, "passwordpassword").refused(&["password"]);
    create(&home, "Ada", EMAIL, "").refused(&["no password given"]);
    create(&home, "Ada", "not an address", PASSWORD).refused(&["--email"]);
    create(&home, " ", EMAIL, PASSWORD).refused(&["--name"]);
    create(&home, "Ada", EMAIL, PASSWORD).ok();
    create(&home, "Eve", &EMAIL.to_uppercase(), OTHER_PASSWORD).refused(&["exists already"]);
    assert_eq!(list(&home).len(), 1);
}

#[test]
fn the_list_shows_everyone_and_no_password() {
    let home = Home::new();
    create(&home, "Ada Lovelace", EMAIL, PASSWORD).ok();
    create(&home, "Bob", "bob@example.com", OTHER_PASSWORD).ok();
    home.run(&["users", "disable", "bob@example.com"]).ok();
    let table = home.run(&["users", "list"]).ok();
    let line = |email: &str| table.lines().find(|line| line.contains(email)).unwrap_or_default();
    assert!(line(EMAIL).contains("enabled") && line(EMAIL).ends_with("Ada Lovelace"), "{table}");
    assert!(line("bob@example.com").contains("disabled"), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    let accounts = list(&home);
    let members: Vec<&String> = accounts[0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["created_at", "disabled_at", "email", "id", "name"]);
}

#[test]
fn created_in_json_is_what_the_list_shows() {
    let home = Home::new();
    let arguments = ["users", "create", "--name", "Ada", "--email", EMAIL, "--json"];
    let created: Value = serde_json::from_str(&home.run_with(&arguments, PASSWORD).ok()).unwrap();
    assert_eq!(list(&home), [created]);
}

#[test]
fn disabling_ends_every_session_on_the_running_server_at_once() {
    let home = Home::new();
    let server = Server::start(&home);
    let (first, second) = (server.ada(), server.login(EMAIL));
    server.register("bob@example.com");
    let bob = server.login("bob@example.com");
    let said = home.run(&["users", "disable", EMAIL]).ok();
    assert!(said.contains("2 sessions ended"), "{said}");
    for tokens in [&first, &second] {
        server.profile(&tokens.access).problem(401, "invalid_token");
        server.refresh(&tokens.refresh).problem(401, "invalid_token");
    }
    server.try_login(EMAIL).problem(403, "account_disabled");
    server.profile(&bob.access).ok(200);
}

#[test]
fn verify_follows_a_disabled_account_within_a_second() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    server.with_token("GET", "verify", &tokens.access).ok(200);
    home.run(&["users", "disable", EMAIL]).ok();
    crate::support::within(std::time::Duration::from_secs(1), "the end of the session", || {
        server.with_token("GET", "verify", &tokens.access).is(401, "invalid_token").then_some(())
    });
}

#[test]
fn enabling_lets_someone_log_in_again_but_revives_no_session() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    let id = list(&home)[0]["id"].as_str().unwrap().to_owned();
    home.run(&["users", "disable", &id]).ok();
    let said = home.run(&["users", "enable", &id]).ok();
    assert!(said.contains("can log in again"), "{said}");
    server.profile(&tokens.access).problem(401, "invalid_token");
    server.refresh(&tokens.refresh).problem(401, "invalid_token");
    server.login(EMAIL);
}

#[test]
fn logging_someone_out_ends_their_sessions_and_nobody_elses() {
    let home = Home::new();
    let server = Server::start(&home);
    let (first, second) = (server.ada(), server.login(EMAIL));
    server.register("bob@example.com");
    let bob = server.login("bob@example.com");
    assert!(home.run(&["users", "logout", EMAIL]).ok().contains("2 sessions of ada@example.com ended"));
    for tokens in [&first, &second] {
        server.profile(&tokens.access).problem(401, "invalid_token");
        server.refresh(&tokens.refresh).problem(401, "invalid_token");
    }
    server.profile(&bob.access).ok(200);
    let ada = server.login(EMAIL);
    assert!(home.run(&["users", "logout", "--all"]).ok().contains("2 sessions of everyone ended"));
    for tokens in [&ada, &bob] {
        server.profile(&tokens.access).problem(401, "invalid_token");
    }
    let ran = home.run(&["users", "logout"]);
    assert!(!ran.status.success(), "who is to be logged out was not said: {ran:?}");
}

#[test]
fn whoever_forgot_a_password_logs_in_with_the_one_that_an_operator_sets() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let with_the_other = || server.post("login", &body(EMAIL, &server.seal(Purpose::Login, EMAIL, OTHER_PASSWORD)));
    for _ in 0..5 {
        with_the_other().problem(401, "invalid_credentials");
    }
    server.try_login(EMAIL).problem(429, "too_many_attempts");
    let set = |password: &str| home.run_with(&["users", "set-password", "ADA@example.com"], password).ok();
    let said = set(&format!("{OTHER_PASSWORD}\n"));
    assert!(said.contains("ada@example.com logs in with the new password"), "{said}");
    let tokens = Tokens::of(&with_the_other());
    server.try_login(EMAIL).problem(401, "invalid_credentials");
    assert!(set(PASSWORD).contains("1 sessions ended"));
    server.profile(&tokens.access).problem(401, "invalid_token");
    server.refresh(&tokens.refresh).problem(401, "invalid_token");
    server.login(EMAIL);
    let events = home.run(&["audit", "--json"]).ok();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let changes: Vec<Value> = events.filter(|event| event["event"] == "password_changed").collect();
    let told = |change: &Value| (change["actor"].clone(), change["detail"].clone());
    let expected = |detail: &str| (Value::from("operator"), Value::from(detail));
    let told: Vec<_> = changes.iter().map(told).collect();
    assert_eq!(told, [expected("0 sessions ended"), expected("1 sessions ended")]);
}

#[test]
fn a_password_that_an_operator_may_not_set_changes_nothing() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    let set = |password: &str| home.run_with(&["users", "set-password", EMAIL], password);
    set("fourteen chars").refused(&["the password", "15"]);
    set(&format!("{EMAIL}-{EMAIL}")).refused(&["the password"]);
    set("").refused(&["no password given"]);
    server.profile(&tokens.access).ok(200);
    home.run(&["users", "disable", EMAIL]).ok();
    set(OTHER_PASSWORD).refused(&["disabled", "`bulla users enable`"]);
    home.run(&["users", "enable", EMAIL]).ok();
    server.login(EMAIL);
}

#[test]
fn a_password_that_was_guessed_at_is_unlocked() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    for _ in 0..5 {
        let guess = body(EMAIL, &server.seal(Purpose::Login, EMAIL, OTHER_PASSWORD));
        server.post("login", &guess).problem(401, "invalid_credentials");
    }
    server.try_login(EMAIL).problem(429, "too_many_attempts");
    assert!(home.run(&["users", "unlock", "ADA@example.com"]).ok().contains("can log in again"));
    server.login(EMAIL);
    assert!(home.run(&["users", "unlock", EMAIL]).ok().contains("was not locked"));
}

#[test]
fn nobody_of_that_name_is_said_so() {
    let home = Home::new();
    drop(Server::start(&home));
    for command in ["disable", "enable", "logout", "set-password"] {
        for user in ["nobody@example.com", "42"] {
            home.run(&["users", command, user]).refused(&[user, "`bulla users list`"]);
        }
    }
}

#[test]
fn without_a_database_the_list_says_what_to_do() {
    Home::new().run(&["users", "list"]).refused(&["there is no database", "start the server once"]);
}
