//! The first start, which is configured by nothing, and the ones after it.

use std::path::Path;

use bulla_seal::PublicKey;

use crate::support::{EMAIL, Home, PATIENCE, Server, openssl, rsa_key};

#[test]
fn a_bare_bulla_starts_and_says_where_it_listens_where_its_data_lies_and_what_to_try() {
    let home = Home::new();
    let server = Server::start(&home);
    server.get("/healthz").ok(200);
    let stdout = &server.process.stdout;
    stdout.wait_for(PATIENCE, "the last line", |line| line.contains("/docs").then_some(()));
    let what_to_try = stdout.text();
    let commands = [
        format!("Make an account at {}", server.url),
        format!("Tokens are from  {}", server.url),
        format!("curl -s {}/api/auth/sealing-key", server.url),
        format!("bulla seal --url {} --email", server.url),
        "bulla check".to_owned(),
    ];
    for expected in [format!("listens on {}", server.url), "bulla-data/bulla.db".to_owned()].iter().chain(&commands) {
        assert!(what_to_try.contains(expected), "{expected:?} is missing in:\n{what_to_try}");
    }
}

#[test]
fn what_it_makes_is_for_its_owner_alone() {
    let home = Home::new();
    let _server = Server::start(&home);
    for (name, mode) in [("bulla-data", 0o700), ("bulla-data/bulla.db", 0o600), ("bulla-data/master.key", 0o600)] {
        assert_eq!(home.mode(name), mode, "{name}");
    }
    for name in ["bulla-data/bulla.db-wal", "bulla-data/bulla.db-shm"] {
        assert_eq!(home.mode(name) & 0o077, 0, "{name}");
    }
}

#[test]
fn the_master_key_is_64_hexadecimal_digits_and_new_for_each_installation() {
    let (first, second) = (Home::new(), Home::new());
    let keys = [&first, &second].map(|home| {
        let _server = Server::start(home);
        home.read("bulla-data/master.key").trim().to_owned()
    });
    for key in &keys {
        assert!(key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key:?}");
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn the_second_start_prints_no_welcome_and_keeps_the_keys() {
    let home = Home::new();
    let key_sets = [(); 2].map(|()| {
        let server = Server::start(&home);
        let documents = ["public.pem", "/.well-known/jwks.json"].map(|path| server.get(path).body);
        server.process.terminate();
        (documents, server.process.ended().stdout)
    });
    let [(first, welcome), (second, nothing)] = key_sets;
    assert!(welcome.contains("or try:"), "{welcome}");
    assert_eq!(nothing, "");
    assert_eq!(first, second);
}

#[test]
fn a_master_key_that_others_can_read_stops_the_start() {
    let home = Home::new();
    drop(Server::start(&home));
    for mode in [0o644, 0o640, 0o604, 0o660] {
        home.set_mode("bulla-data/master.key", mode);
        home.start_refused(&["others can read", "chmod 600 ./bulla-data/master.key"]);
    }
    home.set_mode("bulla-data/master.key", 0o400);
    Server::start(&home);
}

#[test]
fn a_missing_master_key_stops_the_start_and_is_not_made_anew() {
    let home = Home::new();
    drop(Server::start(&home));
    let key = home.read("bulla-data/master.key");
    std::fs::remove_file(home.path("bulla-data/master.key")).unwrap();
    home.start_refused(&["master.key is missing", "Put the file back"]);
    assert!(!home.path("bulla-data/master.key").exists());
    home.write("bulla-data/master.key", &key);
    Server::start(&home);
}

#[test]
fn a_wrong_master_key_stops_the_start() {
    let home = Home::new();
    drop(Server::start(&home));
    home.write("bulla-data/master.key", &"ab".repeat(32));
    home.start_refused(&["another master key"]);
}

#[test]
fn a_master_key_that_is_none_stops_the_start() {
    let home = Home::new();
    home.write("bulla-data/master.key", "correct horse battery staple");
    home.start_refused(&["master.key", "64 hexadecimal digits", "openssl rand -hex 32"]);
}

#[test]
fn a_master_key_from_the_environment_is_hexadecimal_or_base64() {
    let home = Home::new();
    openssl(&home, &["rand", "-out", "key.bin", "32"], "");
    let hexadecimal = std::fs::read(home.path("key.bin")).unwrap();
    let hexadecimal: String = hexadecimal.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = openssl(&home, &["base64", "-A", "-in", "key.bin"], "");
    let pem = Server::with(&home, &[("BULLA_MASTER_KEY", &hexadecimal)]).get("public.pem").body;
    assert!(!home.path("bulla-data/master.key").exists(), "a given key must not be written down");
    assert_eq!(Server::with(&home, &[("BULLA_MASTER_KEY", base64.trim())]).get("public.pem").body, pem);
}

#[test]
fn a_key_at_the_tutorials_path_becomes_the_first_sealing_key() {
    let home = Home::new();
    rsa_key(&home, "storage/rsa/private.pem", 2048);
    let public = openssl(&home, &["rsa", "-in", "storage/rsa/private.pem", "-pubout"], "");
    assert_eq!(Server::start(&home).get("public.pem").body.trim(), public.trim());
}

#[test]
fn a_key_at_the_tutorials_path_that_others_could_read_is_taken_and_warned_about() {
    for mode in [0o600, 0o644] {
        let home = Home::new();
        rsa_key(&home, "storage/rsa/private.pem", 2048);
        home.set_mode("storage/rsa/private.pem", mode);
        let log = Server::start(&home).log();
        let is_warned = log.contains("others could read storage/rsa/private.pem") && log.contains("--compromised");
        assert_eq!(is_warned, mode == 0o644, "{log}");
    }
}

#[test]
fn a_key_at_the_tutorials_path_changes_nothing_after_the_first_start() {
    let home = Home::new();
    let pem = Server::start(&home).get("public.pem").body;
    rsa_key(&home, "storage/rsa/private.pem", 2048);
    assert_eq!(Server::start(&home).get("public.pem").body, pem);
}

#[test]
fn an_encrypted_key_at_the_tutorials_path_stops_the_start_with_the_reason() {
    let home = Home::new();
    rsa_key(&home, "plain.pem", 2048);
    home.write("storage/rsa/private.pem", "");
    let encrypt = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "storage/rsa/private.pem", "-passout", "pass:x"];
    openssl(&home, &encrypt, "");
    home.start_refused(&["storage/rsa/private.pem", "encrypted"]);
    std::fs::copy(home.path("plain.pem"), home.path("storage/rsa/private.pem")).unwrap();
    let public = openssl(&home, &["rsa", "-in", "plain.pem", "-pubout"], "");
    assert_eq!(Server::start(&home).get("public.pem").body.trim(), public.trim(), "once it is decrypted, it is taken");
}

#[test]
fn an_account_made_before_the_first_start_can_log_in_after_it() {
    let home = Home::new();
    home.run_with(&["users", "create", "--name", "Ada", "--email", EMAIL], crate::support::PASSWORD).ok();
    Server::start(&home).login(EMAIL);
}

#[test]
fn a_public_key_that_is_served_is_one_for_openssl() {
    let home = Home::new();
    let pem = Server::start(&home).get("public.pem").body;
    let text = openssl(&home, &["pkey", "-pubin", "-noout", "-text"], &pem);
    assert!(text.contains("3072 bit"), "{text}");
    assert!(PublicKey::from_pem(&pem).is_ok());
    assert!(!Path::new(&home.path("storage")).exists());
}
