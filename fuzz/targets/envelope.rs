//! Sealed passwords, from the text to the opened payload, with the published keys of `spec/vectors/seal.json`.
#![no_main]

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla_seal::{Envelope, Expected, Form, NonceKey, Opened, Purpose, SealingKey};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    keys: BTreeMap<String, BTreeMap<String, String>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    envelope: String,
}

struct Known {
    keys: Vec<SealingKey>,
    /// Nobody can make one that opens without sealing it.
    envelopes: HashSet<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let vectors: Vectors = serde_json::from_str(include_str!("../../spec/vectors/seal.json")).unwrap();
    let envelopes = vectors.cases.into_iter().map(|case| case.envelope).collect();
    Known { keys: vectors.keys.values().map(key).collect(), envelopes }
});

/// The vectors' own: the bytes 0 to 31.
static NONCES: LazyLock<NonceKey> = LazyLock::new(|| NonceKey::new(std::array::from_fn(|at| at as u8)));
const NOW_MILLISECONDS: i64 = 1_700_000_000_000;

fuzz_target!(|text: &str| {
    let Ok(envelope) = Envelope::parse(text) else { return };
    let rsa_ciphertext = match envelope.form() {
        Form::Jwe => check_jwe(text, envelope.kid().unwrap()),
        Form::Raw => check_raw(text, envelope.kid()),
    };
    // What is remembered is the RSA ciphertext and nothing that anyone can change.
    assert_eq!(envelope.digest().as_bytes(), digest::digest(&digest::SHA256, &rsa_ciphertext).as_ref());
    for spelling in [format!("{text} "), format!("{text}="), format!("{text}\n"), format!("{text}."), format!(" {text}")] {
        assert!(Envelope::parse(&spelling).is_err(), "another spelling of one envelope: {spelling:?}");
    }

    let is_authenticated = envelope.form() == Form::Jwe;
    let Ok(addressed) = envelope.address(&KNOWN.keys) else { return };
    let expected = Expected { purpose: Purpose::Login, email_matches: &|_| true };
    match addressed.open(&expected, &NONCES, NOW_MILLISECONDS) {
        Opened::Unopenable => {}
        // The raw form proves nothing but that someone has the public key: a vector that was mended opens too.
        Opened::Fresh(_) | Opened::Stale => {
            assert!(!is_authenticated || KNOWN.envelopes.contains(text), "a forged envelope opens: {text}");
        }
    }
});

/// Five parts, each the one text of its bytes, under a header without surprises; returns the RSA ciphertext.
fn check_jwe(text: &str, kid: &str) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let again = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect::<Vec<_>>().join(".");
    assert_eq!(text, again);
    let [header, rsa_ciphertext, iv, ciphertext, tag] = &parts[..] else { panic!("{} parts", parts.len()) };
    assert!(iv.len() == 12 && tag.len() == 16 && !ciphertext.is_empty());
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).unwrap();
    assert!(header["alg"] == "RSA-OAEP-256" && header["enc"] == "A256GCM" && header["kid"] == kid && !kid.is_empty());
    assert!(header.iter().all(|(name, value)| ["alg", "enc", "kid"].contains(&name.as_str()) || (name == "typ" && value == "JOSE")));
    rsa_ciphertext.clone()
}

fn check_raw(text: &str, kid: Option<&str>) -> Vec<u8> {
    assert_eq!(kid, None);
    let rsa_ciphertext = STANDARD.decode(text).unwrap();
    assert_eq!(text, STANDARD.encode(&rsa_ciphertext));
    rsa_ciphertext
}

fn key(jwk: &BTreeMap<String, String>) -> SealingKey {
    let number = |name: &str| URL_SAFE_NO_PAD.decode(&jwk[name]).unwrap();
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: number("n"), e: number("e") },
        d: number("d"),
        p: number("p"),
        q: number("q"),
        dP: number("dp"),
        dQ: number("dq"),
        qInv: number("qi"),
    };
    let pair = KeyPair::from_components(&components).unwrap();
    SealingKey::from_pkcs8_der(pair.as_der().unwrap().as_ref()).unwrap()
}
