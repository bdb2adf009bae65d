//! `bulla audit`: what happened, one line an event, beside a server that runs.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{EMAIL, Home, PATIENCE, Process, Server};

/// One JSON object a line.
#[track_caller]
fn told(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let ran = home.run(&[&["audit", "--json"], arguments].concat());
    ran.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn it_tells_what_happened_in_order_and_finds_what_is_asked_for() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    server.with_token("POST", "logout", &tokens.access).ok(200);
    server.try_login("nobody@example.com").problem(401, "invalid_credentials");
    home.run(&["users", "disable", EMAIL]).ok();
    home.run(&["keys", "rotate", "sealing"]).ok();
    let all = told(&home, &[]);
    let expected = [
        "key_made",
        "key_made",
        "registered",
        "logged_in",
        "session_ended",
        "login_refused",
        "account_disabled",
        "key_rotated",
    ];
    assert_eq!(kinds(&all), expected);
    let of_account = told(&home, &["--account", EMAIL]);
    assert_eq!(kinds(&of_account), ["registered", "logged_in", "session_ended", "account_disabled"]);
    let (session, request) = (all[3]["session_id"].as_str().unwrap(), all[5]["request_id"].as_str().unwrap());
    assert_eq!(kinds(&told(&home, &["--session", session])), ["logged_in", "session_ended"]);
    assert_eq!(kinds(&told(&home, &["--request", request])), ["login_refused"]);
    assert_eq!(told(&home, &["--address", "127.0.0.1"]).len(), 4);
    assert_eq!(
        kinds(&told(&home, &["--event", "key_rotated", "--event", "registered"])),
        ["registered", "key_rotated"]
    );
    assert_eq!(told(&home, &["--until", "1h"]).len(), 0);
    assert_eq!(told(&home, &["--since", "2026-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z"]).len(), all.len());
    // For people: one line each, and the same events.
    let text = home.run(&["audit"]).ok();
    assert_eq!(text.lines().count(), all.len(), "{text}");
    assert!(text.contains("login_refused") && text.contains("unknown_account"), "{text}");
    assert!(!text.contains("nobody@") && !text.contains(EMAIL), "{text}");
}

#[test]
fn what_is_written_to_the_database_is_on_the_log_stream_too() {
    let home = Home::new();
    let server = Server::start(&home);
    server.ada();
    let all = told(&home, &[]);
    let log = server.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let said: Vec<&str> =
        lines.iter().filter(|line| line["target"] == "audit").map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(said, kinds(&all));
    let logged_in = lines.iter().find(|line| line["message"] == "logged_in").unwrap();
    for name in ["account_id", "session_id", "address", "user_agent", "request_id"] {
        assert_eq!(logged_in[name], all.last().unwrap()[name], "{name}");
    }
}

#[test]
fn it_follows() {
    let home = Home::new();
    let server = Server::start(&home);
    let following = Process::spawn(&mut home.bulla(&["audit", "--follow", "--since", "1m"]));
    following.stdout.wait_for(PATIENCE, "the keys", |line| line.contains("key_made").then_some(()));
    server.ada();
    server.try_login("nobody@example.com").problem(401, "invalid_credentials");
    following.stdout.wait_for(PATIENCE, "the refusal", |line| line.contains("login_refused").then_some(()));
    home.run(&["keys", "rotate", "signing"]).ok();
    following.stdout.wait_for(PATIENCE, "the rotation", |line| line.contains("key_rotated").then_some(()));
    let text = following.stdout.text();
    let mut lines: Vec<&str> = text.lines().collect();
    let count = lines.len();
    lines.dedup();
    assert_eq!((lines.len(), count), (6, 6), "{text}");
}

#[test]
fn an_import_is_told_of_with_its_counts() {
    let home = Home::new();
    let hash = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde";
    home.write("users.csv", &format!("id,email,password\n1,a@example.com,{hash}\n2,nobody,{hash}\n"));
    assert_eq!(home.run(&["users", "import", "--from", "users.csv"]).status.code(), Some(2));
    let told = told(&home, &["--event", "import_began", "--event", "import_ended"]);
    assert_eq!(kinds(&told), ["import_began", "import_ended"]);
    assert_eq!(told[1]["detail"], "imported 1, already here 0, refused 1");
    assert_eq!(told[1]["actor"], "operator");
}

#[test]
fn what_it_does_not_understand_it_says_so() {
    let home = Home::new();
    home.run(&["audit"]).refused(&["there is no database", "start the server once"]);
    let _server = Server::start(&home);
    home.run(&["audit", "--event", "loged_in"]).refused(&["no such event", "logged_in", "theft_detected"]);
    home.run(&["audit", "--since", "yesterday"]).refused(&["--since must be like 2026-11-23T09:00:00Z"]);
    home.run(&["audit", "--account", EMAIL]).refused(&["there is no account"]);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let home = Home::new();
    let server = Server::start(&home);
    server.ada();
    for command in [&["audit"][..], &["users", "list"]] {
        let mut child = home.bulla(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    // The test would notice: the same end of a pipe is an error to others.
    let mut child = Command::new("cat").arg("/dev/zero").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(!child.wait().unwrap().success());
}
