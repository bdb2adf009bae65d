//! Keys and key sets: what is accepted, what is refused, and that nothing secret is published.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use bulla_token::{Algorithm, Jwk, JwkSet, KeyError, SigningKey, Verifier, WeakSecret};
use serde_json::{Value, json};

const ASYMMETRIC: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa];

/// The example secret that RFC 7515 A.1 prints: random, and secret to nobody.
const RFC_7515_A1: &str = "AyM1SysPpbyfDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAw";

#[test]
fn thumbprints_are_those_printed_in_the_rfcs() {
    // RFC 7638 §3.1
    let rsa = jwk(json!({ "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "n":
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw" }));
    assert_eq!(rsa.thumbprint().as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    // RFC 8037 A.3
    let ed25519 = jwk(json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }));
    assert_eq!(ed25519.thumbprint().as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    assert_eq!(jwk(json!({ "kty": "EC", "x": "AA" })).thumbprint(), None);
}

#[test]
fn a_published_key_has_exactly_its_public_members() {
    for (algorithm, expected) in [
        (Algorithm::Es256, vec!["alg", "crv", "kid", "kty", "use", "x", "y"]),
        (Algorithm::Rs256, vec!["alg", "e", "kid", "kty", "n", "use"]),
        (Algorithm::EdDsa, vec!["alg", "crv", "kid", "kty", "use", "x"]),
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let json = serde_json::to_value(key.jwk()).unwrap();
        let mut members: Vec<&String> = json.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, expected);
        assert_eq!(json["alg"], algorithm.as_str());
        assert_eq!(json["use"], "sig");
        assert_eq!(json["kid"], key.kid());
        assert_eq!(key.jwk().unwrap().thumbprint().as_deref(), Some(key.kid()));
    }
}

#[test]
fn private_members_of_a_jwk_are_not_kept() {
    let mut json = published(Algorithm::Es256);
    let public = jwk(json.clone());
    json["d"] = json!("AAAA");
    json["k"] = json!("AAAA");
    let read = jwk(json);
    assert_eq!(read, public);
    assert!(!serde_json::to_string(&read).unwrap().contains("AAAA"));
}

#[test]
fn a_private_key_survives_export_and_import() {
    for algorithm in ASYMMETRIC {
        let key = SigningKey::generate(algorithm).unwrap();
        let again = SigningKey::from_pkcs8_der(algorithm, &key.to_pkcs8_der().unwrap()).unwrap();
        assert_eq!(again.jwk(), key.jwk());
        assert_eq!(again.algorithm(), algorithm);
    }
}

#[test]
fn a_private_key_of_another_kind_is_refused() {
    for algorithm in ASYMMETRIC {
        let der = SigningKey::generate(algorithm).unwrap().to_pkcs8_der().unwrap();
        for other in ASYMMETRIC.into_iter().filter(|other| *other != algorithm) {
            let refusal = SigningKey::from_pkcs8_der(other, &der).unwrap_err();
            assert_eq!(refusal, KeyError::PrivateKey(other));
        }
        let refusal = SigningKey::from_pkcs8_der(algorithm, &der[..der.len() - 1]).unwrap_err();
        assert_eq!(refusal, KeyError::PrivateKey(algorithm));
    }
}

#[test]
fn hs256_has_no_key_pair_and_nothing_to_publish() {
    let refusal = SigningKey::generate(Algorithm::Hs256).unwrap_err();
    assert_eq!(refusal, KeyError::SharedSecret);
    assert!(refusal.to_string().contains("from_shared_secret"));
    let refusal = SigningKey::from_pkcs8_der(Algorithm::Hs256, b"").unwrap_err();
    assert_eq!(refusal, KeyError::SharedSecret);
    let key = SigningKey::from_shared_secret(RFC_7515_A1.as_bytes()).unwrap();
    assert_eq!(key.jwk(), None);
    assert_eq!(key.kid(), "shared-secret");
    assert_eq!(key.to_pkcs8_der().unwrap_err(), KeyError::SharedSecret);
}

#[test]
fn a_key_set_with_a_symmetric_key_is_refused() {
    for extra in [json!({}), json!({ "kid": "shared-secret" }), json!({ "kid": "x", "alg": "HS256" })] {
        let mut oct = json!({ "kty": "oct", "k": RFC_7515_A1 });
        oct.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(load(vec![published(Algorithm::Es256), oct]), Err(KeyError::SymmetricKey));
    }
}

#[test]
fn a_key_set_with_two_keys_of_one_kid_is_refused() {
    let mut first = published(Algorithm::Es256);
    let mut second = published(Algorithm::EdDsa);
    first["kid"] = json!("same");
    second["kid"] = json!("same");
    assert_eq!(load(vec![first, second]), Err(KeyError::DuplicateKeyId("same".into())));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let twice = Verifier::new("i", "a").with_keys(&[key.clone(), key]);
    assert!(matches!(twice, Err(KeyError::DuplicateKeyId(_))));
}

#[test]
fn an_alg_that_does_not_fit_the_kind_of_key_is_refused() {
    for algorithm in ASYMMETRIC {
        for other in ["ES256", "RS256", "EdDSA", "HS256"] {
            let mut key = published(algorithm);
            key["alg"] = json!(other);
            let is_own = other == algorithm.as_str();
            let refusal = KeyError::AlgorithmMismatch(key["kid"].as_str().unwrap().into());
            assert_eq!(load(vec![key]), if is_own { Ok(1) } else { Err(refusal) });
        }
    }
}

#[test]
fn keys_for_other_purposes_are_skipped() {
    let changed = |algorithm, name: &str, value| {
        let mut key = published(algorithm);
        key[name] = value;
        key
    };
    for key in [
        changed(Algorithm::Rs256, "use", json!("enc")),
        changed(Algorithm::Rs256, "alg", json!("PS256")),
        changed(Algorithm::Rs256, "alg", json!("RSA-OAEP-256")),
        changed(Algorithm::Es256, "alg", json!("ES384")),
        changed(Algorithm::Es256, "crv", json!("P-384")),
        changed(Algorithm::Es256, "crv", json!("secp256k1")),
        changed(Algorithm::EdDsa, "crv", json!("X25519")),
        changed(Algorithm::EdDsa, "kty", json!("AKP")),
        changed(Algorithm::EdDsa, "kid", json!(null)),
    ] {
        assert_eq!(load(vec![key.clone()]), Ok(0), "{key}");
    }
}

#[test]
fn a_key_without_alg_takes_it_from_its_kind() {
    for algorithm in ASYMMETRIC {
        let mut key = published(algorithm);
        key.as_object_mut().unwrap().remove("alg");
        assert_eq!(load(vec![key]), Ok(1));
    }
}

#[test]
fn damaged_keys_are_refused() {
    for (algorithm, member, value) in [
        (Algorithm::Es256, "x", json!("AAAA")),
        (Algorithm::Es256, "x", json!(null)),
        (Algorithm::Es256, "y", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        (Algorithm::Es256, "y", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
        (Algorithm::EdDsa, "x", json!("AAAA")),
        (Algorithm::EdDsa, "x", json!(null)),
        (Algorithm::Rs256, "n", json!(null)),
        (Algorithm::Rs256, "n", json!("+/+/")),
        (Algorithm::Rs256, "e", json!(null)),
    ] {
        let mut key = published(algorithm);
        key[member] = value;
        let refusal = KeyError::Jwk(key["kid"].as_str().unwrap().into());
        assert_eq!(load(vec![key]), Err(refusal), "{algorithm} {member}");
    }
}

#[test]
fn rsa_keys_outside_2048_to_4096_bits_or_with_another_exponent_are_refused() {
    let of_bytes = |length: usize| {
        // 0x80 in front: exactly 8 × length bits; odd at the end, as a modulus is.
        let digits = [vec![0x80], vec![0x55; length - 1]].concat();
        json!(base64url(&digits))
    };
    for (member, value) in [
        ("n", of_bytes(128)),
        ("n", of_bytes(255)),
        ("n", of_bytes(513)),
        ("n", json!("")),
        ("n", json!(base64url(&[vec![0], vec![0xff; 256]].concat()))),
        ("e", json!("AQ")),
        ("e", json!("Aw")),
        ("e", json!("AAEAAQ")),
        ("e", json!("")),
    ] {
        let mut key = published(Algorithm::Rs256);
        key[member] = value;
        assert_eq!(load(vec![key]), Err(KeyError::RsaParameters), "{member}");
    }
}

#[test]
fn a_shared_secret_of_31_bytes_is_too_short() {
    let secret = &RFC_7515_A1.as_bytes()[..32];
    assert!(SigningKey::from_shared_secret(secret).is_ok());
    let refusal = SigningKey::from_shared_secret(&secret[..31]).unwrap_err();
    assert_eq!(refusal, WeakSecret::TooShort { bytes: 31 });
}

#[test]
fn secrets_of_tutorials_are_refused_however_they_are_padded() {
    for secret in [
        "super_secret_key",
        "super_secret_key_super_secret_key",
        "SUPER-SECRET-KEY.super secret key",
        "super_secret_key0000000000000000",
        "super_secret_key1234567890123456",
        "super_secret_key________________________",
        "your-256-bit-secret-your-256-bit-secret",
        "a-string-secret-at-least-256-bits-long",
        "my_super_secret_jwt_key_change_me_please",
        "secretsecretsecretsecretsecretsecret",
        "09d25e094faa0000000000000000000000000000000000000000000000000000",
    ] {
        let refusal = SigningKey::from_shared_secret(secret.as_bytes()).unwrap_err();
        assert!(matches!(refusal, WeakSecret::WellKnown { .. }), "{secret}: {refusal}");
        assert!(refusal.to_string().contains("openssl rand"));
    }
}

#[test]
fn regular_secrets_are_refused() {
    for secret in [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabcabcabcabcabcabcabc",
        "acme-corp-9acme-corp-9acme-corp-9acme-corp-9",
        "11111111111111110000000000000000",
    ] {
        let refusal = SigningKey::from_shared_secret(secret.as_bytes()).unwrap_err();
        assert_eq!(refusal, WeakSecret::Predictable, "{secret}");
    }
}

#[test]
fn random_secrets_are_accepted_in_every_usual_form() {
    // A digest chain stands in for randomness, so that the test is the same every day.
    let mut bytes = [7; 32];
    for _ in 0..2000 {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        bytes.copy_from_slice(digest.as_ref());
        let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(SigningKey::from_shared_secret(&bytes).err(), None);
        assert_eq!(SigningKey::from_shared_secret(base64url(&bytes).as_bytes()).err(), None);
        assert_eq!(SigningKey::from_shared_secret(&hexadecimal.as_bytes()[..32]).err(), None);
    }
}

/// How many keys a verifier takes from a set.
fn load(keys: Vec<Value>) -> Result<usize, KeyError> {
    let kids: Vec<String> = keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect();
    let keys = JwkSet { keys: keys.into_iter().map(jwk).collect() };
    let verifier = Verifier::new("i", "a").with_jwks(&keys)?;
    Ok(kids.iter().filter(|kid| verifier.knows(kid)).count())
}

fn published(algorithm: Algorithm) -> Value {
    serde_json::to_value(SigningKey::generate(algorithm).unwrap().jwk()).unwrap()
}

fn jwk(json: Value) -> Jwk {
    serde_json::from_value(json).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
