//! `bulla users export`, and back again.

use serde_json::Value;

use crate::support::{EMAIL, Home, OTHER_PASSWORD, PASSWORD, Server};

fn create(home: &Home, email: &str, password: &str) {
    home.run_with(&["users", "create", "--name", "Ada \"Lovelace\" é", "--email", email], password).ok();
}

#[test]
fn what_is_exported_is_imported_elsewhere_alike_and_logs_in_there() {
    let home = Home::new();
    create(&home, EMAIL, PASSWORD);
    create(&home, "bob@example.com", OTHER_PASSWORD);
    home.run(&["users", "disable", "bob@example.com"]).ok();
    let lines = home.run(&["users", "export"]).ok();
    let elsewhere = Home::new();
    let said = elsewhere.run_with(&["users", "import", "--from", "-", "--format", "jsonl"], &lines).ok();
    assert!(said.starts_with("imported 2, already here 0, refused 0 of 2 rows"), "{said}");
    assert_eq!(elsewhere.run(&["users", "export"]).ok(), lines);
    let server = Server::start(&elsewhere);
    server.login(EMAIL);
    let sealed = server.seal(bulla_seal::Purpose::Login, "bob@example.com", OTHER_PASSWORD);
    server.post("login", &crate::support::body("bob@example.com", &sealed)).problem(403, "account_disabled");
}

#[test]
fn each_line_has_these_members_and_no_other() {
    let home = Home::new();
    create(&home, EMAIL, PASSWORD);
    let account: Value = serde_json::from_str(home.run(&["users", "export"]).ok().trim_end()).unwrap();
    let members: Vec<&String> = account.as_object().unwrap().keys().collect();
    assert_eq!(members, ["created_at", "disabled_at", "email", "id", "name", "password"]);
    assert!(account["password"].as_str().unwrap().starts_with("$argon2id$"));
    assert_eq!(account["disabled_at"], Value::Null);
}

#[test]
fn more_than_a_page_is_exported_whole_and_in_order() {
    let home = Home::new();
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let rows: String = (0..1_234).map(|number| format!("{number:04},p{number}@example.com,{hash}\n")).collect();
    home.write("users.csv", &format!("id,email,password\n{rows}"));
    home.run(&["users", "import", "--from", "users.csv"]).ok();
    let lines = home.run(&["users", "export"]).ok();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    let ids: Vec<String> = lines.lines().map(id).collect();
    assert_eq!(ids, (0..1_234).map(|number| format!("{number:04}")).collect::<Vec<_>>());
}

#[test]
fn without_a_database_it_says_what_to_do() {
    Home::new().run(&["users", "export"]).refused(&["there is no database", "start the server once"]);
}
