//! Runs `spec/vectors/token.json`: each token must get the verdict and the reason that it promises.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_token::{Claims, DEFAULT_LEEWAY_SECONDS, InvalidToken, JwkSet, SigningKey, Verifier};
use serde::Deserialize;

const VECTORS: &str = include_str!("../../spec/vectors/token.json");

#[derive(Deserialize)]
struct Vectors {
    leeway_seconds: u8,
    keys: HashMap<String, Keys>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Keys {
    jwks: JwkSet,
    shared_secret: Option<String>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    keys: String,
    issuer: String,
    audience: String,
    now: i64,
    token: String,
    verdict: String,
    reason: Option<String>,
    claims: Option<Claims>,
}

#[test]
fn every_vector_gets_its_verdict() {
    let vectors = read();
    for case in &vectors.cases {
        let verifier = verifier(case, &vectors);
        match verifier.verify(&case.token, case.now) {
            Ok(claims) => {
                assert_eq!("valid", case.verdict, "{}", case.name);
                assert_eq!(Some(claims), case.claims, "{}", case.name);
            }
            Err(refusal) => {
                assert_eq!("invalid", case.verdict, "{}: {refusal}", case.name);
                assert_eq!(Some(snake_case(refusal)), case.reason, "{}", case.name);
            }
        }
    }
}

#[test]
fn no_vector_was_lost() {
    let names: HashSet<String> = read().cases.into_iter().map(|case| case.name).collect();
    assert!(names.len() >= 230, "{}", names.len());
}

#[test]
fn every_reason_for_refusal_has_a_vector() {
    let cases = read().cases;
    let reasons: HashSet<&str> = cases.iter().filter_map(|case| case.reason.as_deref()).collect();
    assert_eq!(reasons.len(), 12, "one for each InvalidToken: {reasons:?}");
}

/// Or a verifier that refuses everything would pass.
#[test]
fn some_vectors_are_valid() {
    let cases = read().cases;
    let valid = cases.iter().filter(|case| case.verdict == "valid");
    assert!(valid.count() >= 20);
}

#[test]
fn the_vectors_assume_our_default_leeway() {
    assert_eq!(read().leeway_seconds, DEFAULT_LEEWAY_SECONDS);
}

fn read() -> Vectors {
    serde_json::from_str(VECTORS).unwrap()
}

fn verifier(case: &Case, vectors: &Vectors) -> Verifier {
    let keys = &vectors.keys[&case.keys];
    let shared_secret = keys.shared_secret.iter().map(|secret| {
        let secret = URL_SAFE_NO_PAD.decode(secret).unwrap();
        SigningKey::from_shared_secret(&secret).unwrap()
    });
    Verifier::new(&case.issuer, &case.audience)
        .with_jwks(&keys.jwks)
        .unwrap()
        .with_keys(&shared_secret.collect::<Vec<_>>())
        .unwrap()
        .with_leeway_seconds(vectors.leeway_seconds)
}

fn snake_case(refusal: InvalidToken) -> String {
    let mut text = String::new();
    for character in format!("{refusal:?}").chars() {
        if character.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}
