//! Every vector of `spec/vectors/seal.json`, whose format `spec/seal.md` describes.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_seal::{AddressError, Envelope, Expected, InvalidEnvelope, NonceKey, Opened, SealingKey};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    nonce_key: String,
    keys: BTreeMap<String, PrivateJwk>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct PrivateJwk {
    kid: String,
    n: String,
    e: String,
    d: String,
    p: String,
    q: String,
    dp: String,
    dq: String,
    qi: String,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    keys: Vec<String>,
    envelope: String,
    purpose: String,
    email: String,
    now: i64,
    verdict: String,
    password: Option<String>,
    refusal: Option<String>,
}

#[test]
fn every_vector_gets_its_verdict() {
    let file = file();
    let keys: BTreeMap<&str, SealingKey> = file.keys.iter().map(|(name, jwk)| (name.as_str(), key(jwk))).collect();
    let nonce_key: Vec<u8> =
        (0..64).step_by(2).map(|at| u8::from_str_radix(&file.nonce_key[at..at + 2], 16).unwrap()).collect();
    let nonces = NonceKey::new(nonce_key.try_into().unwrap());
    let mut failures = Vec::new();
    for case in &file.cases {
        let keys: Vec<SealingKey> = case.keys.iter().map(|name| keys[name.as_str()].clone()).collect();
        let expected = (case.verdict.as_str(), case.password.clone().or(case.refusal.clone()));
        let (verdict, detail) = judge(case, &keys, &nonces);
        if (verdict, &detail) != (expected.0, &expected.1) {
            failures.push(format!("{}: {verdict} {detail:?} instead of {expected:?}", case.name));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), file.cases.len(), failures.join("\n"));
}

#[test]
fn the_vectors_are_many_and_mostly_refusals() {
    let cases = file().cases;
    let count = |verdict| cases.iter().filter(|case| case.verdict == verdict).count();
    assert!(cases.len() >= 200, "{}", cases.len());
    assert!(count("opens") >= 25 && count("invalid_envelope") >= 80, "opens and invalid_envelope");
    assert!(count("unopenable") >= 70 && count("stale") >= 10 && count("unknown_sealing_key") >= 4, "the others");
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "each name occurs once");
}

#[test]
fn every_public_refusal_has_a_vector() {
    let cases = file().cases;
    for refusal in REFUSALS.map(|(_, name)| name) {
        assert!(cases.iter().any(|case| case.refusal.as_deref() == Some(refusal)), "{refusal}");
    }
}

fn judge(case: &Case, keys: &[SealingKey], nonces: &NonceKey) -> (&'static str, Option<String>) {
    let invalid = |refusal| {
        let (_, name) = REFUSALS.iter().find(|(variant, _)| *variant == refusal).unwrap();
        ("invalid_envelope", Some((*name).to_owned()))
    };
    let envelope = match Envelope::parse(&case.envelope) {
        Ok(envelope) => envelope,
        Err(refusal) => return invalid(refusal),
    };
    let addressed = match envelope.address(keys) {
        Ok(addressed) => addressed,
        Err(AddressError::UnknownKey) => return ("unknown_sealing_key", None),
        Err(AddressError::Invalid(refusal)) => return invalid(refusal),
    };
    let expected = Expected { purpose: case.purpose.parse().unwrap(), email_matches: &|email| email == case.email };
    match addressed.open(&expected, nonces, case.now) {
        Opened::Fresh(password) => ("opens", Some(password.to_string())),
        Opened::Stale => ("stale", None),
        Opened::Unopenable => ("unopenable", None),
    }
}

fn file() -> File {
    serde_json::from_str(include_str!("../../spec/vectors/seal.json")).unwrap()
}

/// The crate imports PEM and PKCS#8; the vectors hold JWKs, which every browser reads.
fn key(jwk: &PrivateJwk) -> SealingKey {
    let number = |text: &String| URL_SAFE_NO_PAD.decode(text).unwrap();
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: number(&jwk.n), e: number(&jwk.e) },
        d: number(&jwk.d),
        p: number(&jwk.p),
        q: number(&jwk.q),
        dP: number(&jwk.dp),
        dQ: number(&jwk.dq),
        qInv: number(&jwk.qi),
    };
    let der = KeyPair::from_components(&components).unwrap().as_der().unwrap();
    let key = SealingKey::from_pkcs8_der(der.as_ref()).unwrap();
    assert_eq!(key.kid(), jwk.kid);
    key
}

const REFUSALS: [(InvalidEnvelope, &str); 18] = [
    (InvalidEnvelope::TooLong, "too_long"),
    (InvalidEnvelope::NotSealed, "not_sealed"),
    (InvalidEnvelope::JsonSerialization, "json_serialization"),
    (InvalidEnvelope::PartCount, "part_count"),
    (InvalidEnvelope::Encoding, "encoding"),
    (InvalidEnvelope::HeaderTooLong, "header_too_long"),
    (InvalidEnvelope::Header, "header"),
    (InvalidEnvelope::UnsupportedAlgorithm, "unsupported_algorithm"),
    (InvalidEnvelope::UnsupportedEncryption, "unsupported_encryption"),
    (InvalidEnvelope::Compressed, "compressed"),
    (InvalidEnvelope::CriticalExtension, "critical_extension"),
    (InvalidEnvelope::HeaderMember, "header_member"),
    (InvalidEnvelope::MissingKeyId, "missing_key_id"),
    (InvalidEnvelope::InitializationVectorLength, "initialization_vector_length"),
    (InvalidEnvelope::EmptyCiphertext, "empty_ciphertext"),
    (InvalidEnvelope::TagLength, "tag_length"),
    (InvalidEnvelope::RsaCiphertextLength, "rsa_ciphertext_length"),
    (InvalidEnvelope::RsaCiphertextRange, "rsa_ciphertext_range"),
];
