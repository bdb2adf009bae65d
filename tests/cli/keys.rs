//! `bulla keys`, beside a running server.

use std::time::Duration;

use serde_json::Value;

use crate::support::{EMAIL, Home, Server, body, openssl, rsa_key, within};
use bulla_seal::Purpose;

/// A running server follows a change that another process made within this time.
const FOLLOWED: Duration = Duration::from_secs(5);

fn list(home: &Home) -> Vec<Value> {
    serde_json::from_str(&home.run(&["keys", "list", "--json"]).ok()).unwrap()
}

fn in_stage<'k>(keys: &'k [Value], purpose: &str, stage: &str) -> Vec<&'k str> {
    let matching = keys.iter().filter(|key| key["purpose"] == purpose && key["stage"] == stage);
    matching.map(|key| key["kid"].as_str().unwrap()).collect()
}

fn sealing_kid(server: &Server) -> String {
    server.get("sealing-key").ok(200)["kid"].as_str().unwrap().to_owned()
}

fn signing_kids(server: &Server) -> Vec<String> {
    let document = server.get("/.well-known/jwks.json").ok(200);
    document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn rotate(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let report = home.run(&[&["keys", "rotate", "--json"], arguments].concat()).ok();
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}"))
}

#[test]
fn the_list_shows_each_key_and_where_it_stands_in_its_life() {
    let home = Home::new();
    let server = Server::start(&home);
    let table = home.run(&["keys", "list"]).ok();
    assert!(table.starts_with("KID"), "{table}");
    for kid in [sealing_kid(&server), signing_kids(&server)[0].clone()] {
        let line = table.lines().find(|line| line.starts_with(&kid)).unwrap_or_else(|| panic!("{kid}: {table}"));
        assert!(line.contains(" active "), "{line}");
    }
    assert_eq!(table.lines().count(), 3, "{table}");
}

#[test]
fn the_list_in_json_holds_the_same_and_nothing_private() {
    let home = Home::new();
    let server = Server::start(&home);
    let keys = list(&home);
    assert_eq!(in_stage(&keys, "sealing", "active"), [sealing_kid(&server)]);
    assert_eq!(in_stage(&keys, "signing", "active"), signing_kids(&server));
    let members: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    let expected =
        ["active_at", "algorithm", "has_private_part", "kid", "purpose", "retired_at", "retiring_at", "stage"];
    assert_eq!(members, expected);
}

#[test]
fn without_a_database_the_list_says_what_to_do() {
    let home = Home::new();
    home.run(&["keys", "list"]).refused(&["there is no database", "start the server once"]);
    assert!(!home.path("bulla-data").exists(), "looking changes nothing");
}

#[test]
fn a_running_server_follows_a_new_sealing_key_and_still_opens_the_old_one() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let (old, envelope) = (sealing_kid(&server), server.seal(Purpose::Login, EMAIL, crate::support::PASSWORD));
    let report = rotate(&home, &["sealing"]);
    assert_eq!((report.len(), &report[0]["purpose"]), (1, &Value::from("sealing")));
    within(FOLLOWED, "the new sealing key", || (sealing_kid(&server) == report[0]["kid"]).then_some(()));
    assert_eq!(in_stage(&list(&home), "sealing", "retiring"), [old]);
    server.post("login", &body(EMAIL, &envelope)).ok(200);
    server.login(EMAIL);
}

#[test]
fn a_compromised_sealing_key_opens_nothing_any_more_and_is_destroyed() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let (old, envelope) = (sealing_kid(&server), server.seal(Purpose::Login, EMAIL, crate::support::PASSWORD));
    let report = rotate(&home, &["sealing", "--compromised"]);
    within(FOLLOWED, "the new sealing key", || (sealing_kid(&server) == report[0]["kid"]).then_some(()));
    let answer = server.post("login", &body(EMAIL, &envelope));
    answer.problem(400, "unknown_sealing_key");
    assert_eq!(answer.json()["sealing_key"]["kid"], report[0]["kid"]);
    let keys = list(&home);
    let retired = keys.iter().find(|key| key["kid"] == old).unwrap();
    assert_eq!((&retired["stage"], &retired["has_private_part"]), (&Value::from("retired"), &Value::from(false)));
    server.login(EMAIL);
}

#[test]
fn a_new_signing_key_is_published_before_it_signs() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    let old = signing_kids(&server)[0].clone();
    let next = rotate(&home, &["signing"])[0]["kid"].as_str().unwrap().to_owned();
    within(FOLLOWED, "the next signing key", || signing_kids(&server).contains(&next).then_some(()));
    assert_eq!(in_stage(&list(&home), "signing", "next"), std::slice::from_ref(&next));
    assert_eq!(kid_of(&server.login(EMAIL).access), old);
    server.profile(&tokens.access).ok(200);
    assert_eq!(rotate(&home, &["signing"])[0]["kid"], next, "a second rotation finds the next key waiting");
}

#[test]
fn a_compromised_signing_key_verifies_nothing_any_more() {
    let home = Home::new();
    let server = Server::start(&home);
    let tokens = server.ada();
    let new = rotate(&home, &["signing", "--compromised"])[0]["kid"].as_str().unwrap().to_owned();
    within(FOLLOWED, "the new signing key", || (signing_kids(&server) == [new.clone()]).then_some(()));
    server.profile(&tokens.access).problem(401, "invalid_token");
    server.with_token("GET", "verify", &tokens.access).problem(401, "invalid_token");
    let tokens = server.login(EMAIL);
    assert_eq!(kid_of(&tokens.access), new);
    server.profile(&tokens.access).ok(200);
}

#[test]
fn without_a_purpose_both_keys_rotate() {
    let home = Home::new();
    drop(Server::start(&home));
    let report = home.run(&["keys", "rotate"]).ok();
    assert!(report.contains("sealing: new key") && report.contains("signing: new key"), "{report}");
    assert_eq!(list(&home).len(), 4);
}

#[test]
fn under_a_shared_secret_there_is_no_signing_key_to_rotate() {
    let home = Home::new().with("JWT_SECRET", crate::support::SECRET);
    drop(Server::start(&home));
    home.run(&["keys", "rotate"]).refused(&["JWT_SECRET", "rotate `sealing` alone"]);
    home.run(&["keys", "rotate", "sealing"]).ok();
}

#[test]
fn an_imported_key_of_openssl_takes_over_on_the_running_server() {
    let home = Home::new();
    let server = Server::start(&home);
    let first = sealing_kid(&server);
    rsa_key(&home, "pkcs8.pem", 2048);
    rsa_key(&home, "other.pem", 2048);
    openssl(&home, &["rsa", "-in", "other.pem", "-traditional", "-out", "pkcs1.pem"], "");
    assert!(home.read("pkcs1.pem").contains("BEGIN RSA PRIVATE KEY"));
    for name in ["pkcs8.pem", "pkcs1.pem"] {
        home.run(&["keys", "import", name]).ok();
        let public = openssl(&home, &["rsa", "-in", name, "-pubout"], "");
        within(FOLLOWED, name, || (server.get("public.pem").body.trim() == public.trim()).then_some(()));
    }
    assert_eq!(list(&home).iter().filter(|key| key["stage"] == "retiring").count(), 2);
    assert!(in_stage(&list(&home), "sealing", "retiring").contains(&first.as_str()));
    home.run(&["keys", "import", "pkcs1.pem"]).refused(&["already"]);
}

#[test]
fn an_imported_key_that_others_could_read_is_taken_and_warned_about() {
    let home = Home::new();
    for (name, mode) in [("closed.pem", 0o600), ("open.pem", 0o644)] {
        rsa_key(&home, name, 2048);
        home.set_mode(name, mode);
        let ran = home.run(&["keys", "import", name]);
        assert!(ran.status.success(), "{ran:?}");
        let is_warned =
            ran.stderr.contains(&format!("others could read {name}")) && ran.stderr.contains("--compromised");
        assert_eq!(is_warned, mode == 0o644, "{}", ran.stderr);
    }
}

#[test]
fn a_key_that_cannot_seal_is_refused_with_the_reason() {
    let home = Home::new();
    drop(Server::start(&home));
    rsa_key(&home, "good.pem", 2048);
    rsa_key(&home, "small.pem", 1024);
    openssl(&home, &["pkcs8", "-topk8", "-in", "good.pem", "-out", "encrypted.pem", "-passout", "pass:x"], "");
    openssl(&home, &["rsa", "-aes256", "-traditional", "-in", "good.pem", "-out", "old.pem", "-passout", "pass:x"], "");
    openssl(&home, &["rsa", "-in", "good.pem", "-pubout", "-out", "public.pem"], "");
    openssl(&home, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.pem"], "");
    home.write("noise.pem", "not a key");
    let before = list(&home);
    for (name, reason) in [
        ("encrypted.pem", "encrypted"),
        ("old.pem", "encrypted"),
        ("ec.pem", "RSA"),
        ("small.pem", "2048"),
        ("public.pem", "public"),
        ("noise.pem", "PEM"),
        ("missing.pem", "cannot read missing.pem"),
    ] {
        let complaint = home.run(&["keys", "import", name]).refused(&[reason]);
        assert!(complaint.contains(name), "which file is meant: {complaint}");
    }
    assert_eq!(list(&home), before);
}

#[test]
fn the_public_key_is_the_one_that_is_served() {
    let home = Home::new();
    let server = Server::start(&home);
    assert_eq!(home.run(&["keys", "public"]).ok(), server.get("public.pem").body);
    let jwk: Value = serde_json::from_str(&home.run(&["keys", "public", "--json"]).ok()).unwrap();
    assert_eq!(jwk, server.get("sealing-key").ok(200)["jwk"]);
}

#[test]
fn new_sealing_keys_have_the_bits_that_are_set() {
    let bits = |server: &Server| {
        let jwk = serde_json::from_value(server.get("sealing-key").ok(200)["jwk"].clone()).unwrap();
        bulla_seal::PublicKey::from_jwk(&jwk).unwrap().modulus_bits()
    };
    let home = Home::new();
    let server = Server::with(&home, &[("BULLA_SEALING_BITS", "2048")]);
    assert_eq!(bits(&server), 2048);
    server.register(EMAIL);
    home.run(&["keys", "rotate", "sealing", "--sealing-bits", "4096"]).ok();
    within(FOLLOWED, "the longer key", || (bits(&server) == 4096).then_some(()));
    server.login(EMAIL);
}

/// The key that a token names, as any verifier would read it.
fn kid_of(token: &str) -> String {
    bulla_token::kid_of(token).unwrap()
}
