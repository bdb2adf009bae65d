//! Refusals of a payload, which opens and is wrong; and stale nonces.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_seal::NonceKey;
use serde_json::json;

use crate::parts::{Recipe, fresh_nonce, nonce_at, payload};
use crate::{Cases, EMAIL, Keys, NOW, PASSWORD, Verdict};

pub(crate) fn add(cases: &mut Cases, keys: &Keys) {
    add_texts(cases, keys);
    add_members(cases, keys);
    add_bindings(cases, keys);
    add_nonce(cases, keys);
}

fn add_texts(cases: &mut Cases, keys: &Keys) {
    let nonce = fresh_nonce();
    let plain = payload(PASSWORD, "login", EMAIL, &nonce);
    for (name, payload) in [
        ("that is no JSON", PASSWORD.into()),
        ("that is an array", json!([PASSWORD, "login", EMAIL, nonce]).to_string()),
        ("that is a string", json!(plain).to_string()),
        ("with something after it", format!("{plain}x")),
        ("with a byte order mark", format!("\u{feff}{plain}")),
        ("with half a surrogate pair", plain.replace("correct", r"\ud83d")),
        ("with a bare line break in a string", plain.replace("correct", "\n")),
        ("with a trailing comma", plain.replace('}', ",}")),
    ] {
        add_payload(cases, keys, &format!("a payload {name}"), payload);
    }
    let mut bytes = plain.into_bytes();
    bytes[15] = 0xff;
    add_payload(cases, keys, "a payload that is not UTF-8", bytes);
}

fn add_members(cases: &mut Cases, keys: &Keys) {
    let nonce = fresh_nonce();
    let plain = payload(PASSWORD, "login", EMAIL, &nonce);
    let and = |more: &str| plain.replacen('{', &format!("{{{more},"), 1);
    let password = |value: &str| plain.replace(&json!(PASSWORD).to_string(), value);
    for (name, payload) in [
        ("password twice", and(r#""password":"x""#)),
        ("password twice, once escaped", and(r#""p\u0061ssword":"x""#)),
        ("nonce twice", and(&format!(r#""nonce":"{nonce}""#))),
        ("an unknown member twice", and(r#""x":1,"x":2"#)),
        ("a number for a password", password("15")),
        ("null for a password", password("null")),
        ("an object for a purpose", plain.replace("\"login\"", r#"{"login":null}"#)),
    ] {
        add_payload(cases, keys, &format!("a payload with {name}"), payload);
    }
    for member in ["password", "purpose", "email", "nonce"] {
        let mut object: serde_json::Map<_, _> = serde_json::from_str(&plain).expect("it is JSON");
        object.remove(member).expect("the member is there");
        let payload = json!(object).to_string();
        add_payload(cases, keys, &format!("a payload without {member}"), payload);
    }
}

fn add_bindings(cases: &mut Cases, keys: &Keys) {
    let (nonce, old) = (fresh_nonce(), nonce_at(NOW - 300_000));
    for (name, purpose, email, nonce) in [
        ("another purpose", "register", EMAIL, &nonce),
        ("a purpose that nobody knows", "reset", EMAIL, &nonce),
        ("a purpose in capitals", "LOGIN", EMAIL, &nonce),
        ("another account", "login", "eve@example.com", &nonce),
        ("no account", "login", "", &nonce),
        // That the nonce is stale must not show, or an attacker learns that all else is right.
        ("another purpose and a stale nonce", "register", EMAIL, &old),
        ("another account and a stale nonce", "login", "eve@example.com", &old),
    ] {
        add_payload(cases, keys, name, payload(PASSWORD, purpose, email, nonce));
    }
}

fn add_payload(cases: &mut Cases, keys: &Keys, name: &str, payload: impl Into<Vec<u8>>) {
    let text = Recipe::new(name, &keys.first).payload(payload).text();
    cases.add(name, text, Verdict::Unopenable);
}

fn add_nonce(cases: &mut Cases, keys: &Keys) {
    let nonce = fresh_nonce();
    let mut time = URL_SAFE_NO_PAD.decode(nonce_at(NOW - 300_000)).expect("a nonce is base64url");
    time[..8].copy_from_slice(&(NOW - 1_000).to_be_bytes());
    for (name, nonce) in [
        ("a nonce of 300 seconds ago", nonce_at(NOW - 300_000)),
        ("a nonce of yesterday", nonce_at(NOW - 86_400_000)),
        ("a nonce of more than ten seconds ahead", nonce_at(NOW + 10_001)),
        ("a nonce of the earliest time there is", nonce_at(i64::MIN)),
        ("a nonce of the latest time there is", nonce_at(i64::MAX)),
        ("a nonce with its time put forward", URL_SAFE_NO_PAD.encode(time)),
        ("a nonce of another server", NonceKey::new([0xff; 32]).issue(NOW - 1_000)),
        ("a nonce that is cut", nonce[..28].to_owned()),
        ("a nonce of its time alone", nonce[..11].to_owned()),
        ("a nonce with something after it", format!("{nonce}AAAA")),
        ("a nonce with padding", format!("{nonce}=")),
        ("an empty nonce", String::new()),
    ] {
        let payload = payload(PASSWORD, "login", EMAIL, &nonce);
        cases.add(name, Recipe::new(name, &keys.first).payload(payload).text(), Verdict::Stale);
    }
}
