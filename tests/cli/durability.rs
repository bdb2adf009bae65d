//! What was answered stands, though the process is killed right after the answer.

use bulla_seal::Purpose;
use serde_json::Value;

use crate::support::{EMAIL, Home, PASSWORD, Server, Tokens, body};

/// Kills the server without a warning and starts it again.
#[track_caller]
fn restarted(home: &Home, mut server: Server) -> Server {
    server.process.kill();
    Server::start(home)
}

#[test]
fn a_registration_that_was_answered_stands() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let server = restarted(&home, server);
    server.login(EMAIL);
    server.post("register", &server.sealed_body(Purpose::Register, EMAIL)).problem(409, "email_taken");
}

#[test]
fn a_login_that_was_answered_stands() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    let server = restarted(&home, server);
    // The issuer is the address, and that is another one now: the refresh token is what a client goes on with.
    server.refresh(&tokens.refresh).ok(200);
}

#[test]
fn a_logout_that_was_answered_stands() {
    let home = Home::new().with("BULLA_PUBLIC_URL", "https://auth.test");
    let server = Server::start(&home);
    let (ended, living) = (server.ada(), server.login(EMAIL));
    server.with_token("POST", "logout", &ended.access).ok(200);
    let server = restarted(&home, server);
    for path in ["profile", "verify"] {
        server.with_token("GET", path, &ended.access).problem(401, "invalid_token");
        server.with_token("GET", path, &living.access).ok(200);
    }
    server.refresh(&ended.refresh).problem(401, "invalid_token");
}

#[test]
fn a_refresh_that_was_answered_stands() {
    let home = Home::new();
    let server = Server::start(&home);
    let first = server.ada();
    let second = Tokens::of(&server.refresh(&first.refresh));
    let server = restarted(&home, server);
    let third = Tokens::of(&server.refresh(&second.refresh));
    let server = restarted(&home, server);
    server.refresh(&third.refresh).ok(200);
}

#[test]
fn a_rotation_that_was_reported_stands() {
    let home = Home::new();
    let server = Server::start(&home);
    let report = home.run(&["keys", "rotate", "--compromised", "--json"]).ok();
    let server = restarted(&home, server);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(server.get("sealing-key").ok(200)["kid"], report[0]["kid"]);
    assert_eq!(server.get("/.well-known/jwks.json").ok(200)["keys"][0]["kid"], report[1]["kid"]);
}

#[test]
fn an_envelope_that_was_spent_stays_spent() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    home.write("public.pem", &server.get("public.pem").body);
    let raw = home.run_with(&["seal", "--pem", "public.pem"], PASSWORD).ok();
    let jwe = server.seal(Purpose::Login, EMAIL, PASSWORD);
    for envelope in [&jwe, raw.trim()] {
        server.post("login", &body(EMAIL, envelope)).ok(200);
    }
    let server = restarted(&home, server);
    for envelope in [&jwe, raw.trim()] {
        server.post("login", &body(EMAIL, envelope)).problem(401, "reused_envelope");
    }
}

#[test]
fn an_envelope_that_was_judged_and_failed_is_spent_too() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let wrong = server.seal(Purpose::Login, EMAIL, crate::support::OTHER_PASSWORD);
    server.post("login", &body(EMAIL, &wrong)).problem(401, "invalid_credentials");
    let server = restarted(&home, server);
    server.post("login", &body(EMAIL, &wrong)).problem(401, "reused_envelope");
}

#[test]
fn an_envelope_sealed_before_the_restart_is_accepted_after_it() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let envelope = server.seal(Purpose::Login, EMAIL, PASSWORD);
    restarted(&home, server).post("login", &body(EMAIL, &envelope)).ok(200);
}
