//! Access tokens, verified with the published keys of `spec/vectors/token.json`.
#![no_main]

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_token::{JwkSet, SigningKey, Verifier, kid_of};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
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
    issuer: String,
    audience: String,
    token: String,
    verdict: String,
    now: i64,
}

struct Known {
    verifiers: Vec<Verifier>,
    /// Nobody can make one that is valid without signing it.
    valid: HashSet<String>,
    moments: Vec<i64>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let vectors: Vectors = serde_json::from_str(include_str!("../../spec/vectors/token.json")).unwrap();
    let valid: Vec<&Case> = vectors.cases.iter().filter(|case| case.verdict == "valid").collect();
    let mut moments: Vec<i64> = valid.iter().map(|case| case.now).collect();
    moments.sort_unstable();
    moments.dedup();
    let verifiers = vectors.keys.values().map(|keys| verifier(keys, valid[0])).collect();
    Known { verifiers, valid: valid.into_iter().map(|case| case.token.clone()).collect(), moments }
});

fuzz_target!(|text: &str| {
    let kid = kid_of(text);
    for verifier in &KNOWN.verifiers {
        for now in &KNOWN.moments {
            let Ok(claims) = verifier.verify(text, *now) else { continue };
            assert!(KNOWN.valid.contains(text), "a forged token is valid: {text}");
            assert!(kid.as_ref().is_some_and(|kid| verifier.knows(kid)), "valid, by a key that nobody knows: {text}");
            assert!(claims.exp > claims.iat && !claims.sub.is_empty());
        }
    }
    if kid.is_some() {
        for part in text.split('.') {
            assert_eq!(part, URL_SAFE_NO_PAD.encode(URL_SAFE_NO_PAD.decode(part).unwrap()), "two spellings of a part");
        }
        assert_eq!(text.split('.').count(), 3);
        assert_eq!(kid_of(&format!("{text}=")), None);
    }
});

fn verifier(keys: &Keys, like: &Case) -> Verifier {
    let secrets = keys.shared_secret.iter().map(|secret| {
        SigningKey::from_shared_secret(&URL_SAFE_NO_PAD.decode(secret).unwrap()).unwrap()
    });
    let secrets: Vec<SigningKey> = secrets.collect();
    Verifier::new(&like.issuer, &like.audience).with_jwks(&keys.jwks).unwrap().with_keys(&secrets).unwrap()
}
