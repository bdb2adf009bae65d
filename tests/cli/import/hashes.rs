//! Hashes of other systems let people in, once, and are ours from then on.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bulla_seal::Purpose;
use serde_json::json;

use super::{bcrypt_of, export, import};
use crate::support::{Home, OTHER_PASSWORD, PASSWORD, Server, body, openssl};

/// An accent that a Mac's file names, and some of its keyboards, give as two characters.
const DECOMPOSED: &str = "cafe\u{301} au lait at seven";
const COMPOSED: &str = "caf\u{e9} au lait at seven";

/// What OpenSSL derives from a password and the salt `saltsaltsalt`, in base64.
fn derived(home: &Home, password: &str, options: &[&str], name: &str, bytes: usize) -> String {
    let (length, password) = (bytes.to_string(), format!("pass:{password}"));
    let mut arguments = vec!["kdf", "-keylen", &length, "-kdfopt", &password, "-kdfopt", "salt:saltsaltsalt"];
    arguments.extend(options.iter().flat_map(|option| ["-kdfopt", option]));
    arguments.push(name);
    let text = openssl(home, &arguments, "").trim().to_owned();
    let octets = text.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap());
    STANDARD_NO_PAD.encode(octets.collect::<Vec<u8>>())
}

fn pbkdf2(home: &Home, password: &str, digest: &str, bytes: usize) -> String {
    let digest = format!("digest:{digest}");
    derived(home, password, &[&digest, "iter:1000"], "PBKDF2", bytes)
}

fn argon2(password: &str, algorithm: Algorithm) -> String {
    let mut output = [0; 32];
    let argon2 = Argon2::new(algorithm, Version::V0x13, Params::new(512, 3, 2, Some(32)).unwrap());
    argon2.hash_password_into(password.as_bytes(), b"saltsaltsalt", &mut output).unwrap();
    format!("${algorithm}$v=19$m=512,t=3,p=2$c2FsdHNhbHRzYWx0${}", STANDARD_NO_PAD.encode(output))
}

fn hashes(home: &Home, password: &str) -> Vec<String> {
    let salt = "c2FsdHNhbHRzYWx0";
    let bcrypt = bcrypt_of(password);
    let scrypt = derived(home, password, &["n:1024", "r:8", "p:2"], "SCRYPT", 32);
    vec![
        bcrypt.replacen("$2b$", "$2a$", 1),
        bcrypt.replacen("$2b$", "$2y$", 1),
        bcrypt,
        argon2(password, Algorithm::Argon2i),
        argon2(password, Algorithm::Argon2d),
        argon2(password, Algorithm::Argon2id),
        format!("$pbkdf2$i=1000${salt}${}", pbkdf2(home, password, "SHA1", 20)),
        format!("$pbkdf2-sha1$1000${salt}${}", pbkdf2(home, password, "SHA1", 20)),
        format!("$pbkdf2-sha256$i=1000,l=32${salt}${}", pbkdf2(home, password, "SHA256", 32)),
        format!("$pbkdf2-sha512$1000${salt}${}", pbkdf2(home, password, "SHA512", 64).replace('+', ".")),
        format!("$scrypt$ln=10,r=8,p=2${salt}${scrypt}"),
    ]
}

fn try_login(server: &Server, email: &str, password: &str) -> crate::support::Answer {
    server.post("login", &body(email, &server.seal(Purpose::Login, email, password)))
}

fn bring_along(home: &Home, hashes: &[String]) {
    let rows = hashes.iter().enumerate().map(|(number, hash)| {
        json!({ "id": number, "email": format!("p{number}@example.com"), "password": hash }).to_string() + "\n"
    });
    home.write("users.jsonl", &rows.collect::<String>());
    import(home, "users.jsonl").ok();
}

#[test]
fn every_kind_logs_in_is_replaced_and_logs_in_again() {
    let home = Home::new().with("BULLA_ADDRESS_RATE", "off");
    let hashes = hashes(&home, PASSWORD);
    bring_along(&home, &hashes);
    let server = Server::start(&home);
    for (number, hash) in hashes.iter().enumerate() {
        let email = format!("p{number}@example.com");
        try_login(&server, &email, OTHER_PASSWORD).problem(401, "invalid_credentials");
        assert_eq!(
            export(&home)[..].iter().filter(|account| account["password"] == hash.as_str()).count(),
            1,
            "{hash}"
        );
        try_login(&server, &email, PASSWORD).ok(200);
        let account = export(&home).into_iter().find(|account| account["email"] == email.as_str()).unwrap();
        assert!(account["password"].as_str().unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        try_login(&server, &email, PASSWORD).ok(200);
        try_login(&server, &email, OTHER_PASSWORD).problem(401, "invalid_credentials");
    }
}

#[test]
fn a_password_that_was_hashed_as_two_characters_logs_in_and_from_then_on_either_way() {
    let home = Home::new().with("BULLA_ADDRESS_RATE", "off");
    bring_along(&home, &hashes(&home, DECOMPOSED));
    let server = Server::start(&home);
    for account in export(&home) {
        let email = account["email"].as_str().unwrap();
        // Nobody can know that it was made of another text than this.
        try_login(&server, email, COMPOSED).problem(401, "invalid_credentials");
        try_login(&server, email, DECOMPOSED).ok(200);
        try_login(&server, email, COMPOSED).ok(200);
        try_login(&server, email, DECOMPOSED).ok(200);
        try_login(&server, email, "cafe au lait at seven").problem(401, "invalid_credentials");
    }
}
