//! `bulla seal`

use std::io::{Read, Write};
use std::net::TcpListener;

use bulla_seal::Purpose;
use serde_json::Value;

use crate::support::{EMAIL, Home, PASSWORD, Ran, Server, body};

/// `bulla seal …` with the password on standard input.
fn seal(home: &Home, arguments: &[&str]) -> Ran {
    home.run_with(&[&["seal"], arguments].concat(), PASSWORD)
}

#[test]
fn an_envelope_for_a_server_logs_in_once() {
    let home = Home::new();
    let server = Server::start(&home);
    let arguments = ["--url", &server.url, "--email", EMAIL, "--purpose", "register"];
    let envelope = seal(&home, &arguments).ok();
    assert_eq!(envelope.trim().split('.').count(), 5, "a JWE: {envelope}");
    server.post("register", &body(EMAIL, envelope.trim())).ok(201);
    let envelope = seal(&home, &["--url", &format!("{}/", server.url), "--email", EMAIL]).ok();
    server.post("login", &body(EMAIL, envelope.trim())).ok(200);
    server.post("login", &body(EMAIL, envelope.trim())).problem(401, "reused_envelope");
}

#[test]
fn an_envelope_for_one_purpose_or_account_is_worthless_for_another() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    for (purpose, email) in [("new_password", EMAIL), ("current_password", EMAIL), ("login", "bob@example.com")] {
        let envelope = seal(&home, &["--url", &server.url, "--email", email, "--purpose", purpose]).ok();
        server.post("login", &body(EMAIL, envelope.trim())).problem(401, "invalid_credentials");
    }
}

#[test]
fn an_envelope_from_a_pem_is_raw_and_logs_in_once() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    home.write("public.pem", &server.get("public.pem").body);
    let envelope = seal(&home, &["--pem", "public.pem"]).ok();
    assert!(!envelope.contains('.') && envelope.trim().len() == 512, "base64 of 384 bytes: {envelope}");
    server.post("login", &body(EMAIL, envelope.trim())).ok(200);
    server.post("login", &body(EMAIL, envelope.trim())).problem(401, "reused_envelope");
}

#[test]
fn the_raw_form_is_refused_where_it_is_switched_off() {
    let home = Home::new().with("BULLA_SEALED_FORMS", "jwe");
    let server = Server::start(&home);
    server.register(EMAIL);
    home.write("public.pem", &server.get("public.pem").body);
    let envelope = seal(&home, &["--pem", "public.pem"]).ok();
    server.post("login", &body(EMAIL, envelope.trim())).problem(400, "invalid_envelope");
}

#[test]
fn in_json_the_envelope_comes_with_its_key() {
    let home = Home::new();
    let server = Server::start(&home);
    server.register(EMAIL);
    let kid = server.get("sealing-key").ok(200)["kid"].clone();
    home.write("public.pem", &server.get("public.pem").body);
    for arguments in [&["--url", &server.url, "--email", EMAIL, "--json"][..], &["--pem", "public.pem", "--json"]] {
        let sealed: Value = serde_json::from_str(&seal(&home, arguments).ok()).unwrap();
        assert_eq!(sealed["kid"], kid);
        server.post("login", &body(EMAIL, sealed["envelope"].as_str().unwrap())).ok(200);
    }
}

#[test]
fn an_empty_password_is_not_sealed() {
    let home = Home::new();
    for input in ["", "\n", "\r\n"] {
        let arguments = ["seal", "--url", "http://127.0.0.1:1", "--email", EMAIL];
        home.run_with(&arguments, input).refused(&["no password given"]);
    }
}

#[test]
fn an_unknown_purpose_is_told_which_there_are() {
    let home = Home::new();
    let arguments = ["--url", "http://127.0.0.1:1", "--email", EMAIL, "--purpose", "signin"];
    seal(&home, &arguments).refused(&["--purpose", "register, login, current_password or new_password"]);
}

#[test]
fn a_password_is_never_taken_from_an_argument() {
    let ran = seal(&Home::new(), &["--url", "http://127.0.0.1:1", "--email", EMAIL, "--password", PASSWORD]);
    assert!(!ran.status.success() && ran.stderr.contains("unexpected argument '--password'"), "{ran:?}");
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}");
    seal(&Home::new(), &["--url", &url, "--email", EMAIL]).refused(&["cannot fetch", &url]);
    seal(&Home::new(), &["--url", "nonsense", "--email", EMAIL]).refused(&["cannot fetch", "nonsense"]);
}

#[test]
fn a_server_that_is_not_a_bulla_is_asked_about() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        for answer in ["200 OK", "404 Not Found"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).unwrap() > 0);
            let page = "<h1>Welcome to nginx!</h1>";
            let head = format!("HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", page.len());
            stream.write_all(format!("{head}{page}").as_bytes()).unwrap();
        }
    });
    for _ in 0..2 {
        seal(&Home::new(), &["--url", &url, "--email", EMAIL]).refused(&[&url, "is it a Bulla server?"]);
    }
    other.join().unwrap();
}

#[test]
fn a_file_that_is_no_public_key_is_refused() {
    let home = Home::new();
    crate::support::rsa_key(&home, "private.pem", 2048);
    home.write("noise.pem", "not a key");
    for name in ["private.pem", "noise.pem", "missing.pem"] {
        seal(&home, &["--pem", name]).refused(&[name]);
    }
}

#[test]
fn a_password_at_both_ends_of_the_allowed_length_seals() {
    let home = Home::new();
    let server = Server::start(&home);
    let longest = "ab cde".repeat(171)[..1024].to_owned();
    let envelope = home.run_with(&["seal", "--url", &server.url, "--email", EMAIL, "--purpose", "register"], &longest);
    server.post("register", &body(EMAIL, envelope.ok().trim())).ok(201);
    let envelope = server.seal(Purpose::Login, EMAIL, &longest);
    server.post("login", &body(EMAIL, &envelope)).ok(200);
}
