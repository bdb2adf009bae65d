//! Keys: their ids, their formats, and what is refused.

use bulla_seal::{ImportError, Jwk, KeySize, PublicKey, SealingKey};

/// The example of RFC 7638 §3.1.
const RFC7638_MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
const RFC7638_THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

#[test]
fn the_kid_is_the_thumbprint_of_rfc_7638() {
    let key = PublicKey::from_jwk(&example()).unwrap();
    assert_eq!(key.kid(), RFC7638_THUMBPRINT);
    assert_eq!(key.modulus_bits(), 2048);
    assert_eq!(key.jwk(), &example());
}

#[test]
fn a_new_key_has_the_length_that_was_asked_for() {
    assert_eq!(SealingKey::generate(KeySize::default()).unwrap().public().modulus_bits(), 3072);
    assert_eq!(SealingKey::generate(KeySize::Rsa2048).unwrap().public().modulus_bits(), 2048);
}

#[test]
fn a_key_survives_each_of_its_formats() {
    let key = SealingKey::generate(KeySize::Rsa2048).unwrap();
    let again = SealingKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()).unwrap();
    assert_eq!(again.kid(), key.kid());
    assert_eq!(again.to_pkcs8_der().unwrap(), key.to_pkcs8_der().unwrap());
    assert_eq!(PublicKey::from_pem(&key.public().to_pem()).unwrap().jwk(), key.public().jwk());
    assert_eq!(PublicKey::from_jwk(key.public().jwk()).unwrap().to_pem(), key.public().to_pem());
}

#[test]
fn the_jwk_says_what_it_is_for() {
    let json = serde_json::to_value(example()).unwrap();
    assert_eq!(json["use"], "enc");
    assert_eq!(json["alg"], "RSA-OAEP-256");
    assert_eq!(json.as_object().unwrap().len(), 6);
    assert_eq!(serde_json::from_value::<Jwk>(json).unwrap(), example());
}

#[test]
fn a_jwk_with_a_wrong_member_is_refused_by_its_name() {
    type Change = fn(&mut Jwk);
    let changes: [(&str, Change); 10] = [
        ("kty", |jwk| jwk.kty = "EC".into()),
        ("use", |jwk| jwk.usage = "sig".into()),
        ("alg", |jwk| jwk.alg = "RSA-OAEP".into()),
        ("kid", |jwk| jwk.kid = "1".into()),
        ("n", |jwk| jwk.n.push('=')),
        ("n", |jwk| jwk.n.clear()),
        ("n", |jwk| jwk.n.insert_str(0, "AAAA")),
        ("e", |jwk| jwk.e = "AAEAAQ".into()),
        ("e", |jwk| jwk.e.clear()),
        ("e", |jwk| jwk.e = "+QAB".into()),
    ];
    for (member, change) in changes {
        let mut jwk = example();
        change(&mut jwk);
        assert_eq!(PublicKey::from_jwk(&jwk).unwrap_err(), ImportError::Jwk(member), "{jwk:?}");
    }
}

#[test]
fn a_jwk_of_a_weak_key_is_refused() {
    let with = |change: fn(&mut Jwk)| {
        let mut jwk = example();
        change(&mut jwk);
        PublicKey::from_jwk(&jwk).unwrap_err()
    };
    assert_eq!(with(|jwk| jwk.e = "Aw".into()), ImportError::Exponent);
    assert_eq!(with(|jwk| jwk.e = "AQAA".into()), ImportError::Exponent);
    assert_eq!(with(|jwk| jwk.e = "AQAAAAE".into()), ImportError::Exponent);
    assert_eq!(with(|jwk| jwk.n.truncate(340)), ImportError::TooSmall(2040));
    assert_eq!(with(|jwk| jwk.n = jwk.n[..340].repeat(3)), ImportError::TooLarge(6120));
    // An even modulus is the product of no two large primes.
    assert_eq!(with(|jwk| jwk.n.replace_range(340.., "gg")), ImportError::Inconsistent);
}

#[test]
fn text_that_is_no_key_is_refused() {
    let pem = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    for (text, refusal) in [
        (String::new(), ImportError::NoPem),
        ("hello".into(), ImportError::NoPem),
        ("-----BEGIN PRIVATE KEY-----\n".into(), ImportError::Malformed),
        (pem("PRIVATE KEY", "!!!!"), ImportError::Malformed),
        (pem("PRIVATE KEY", "AAAA"), ImportError::Malformed),
        (pem("RSA PRIVATE KEY", "MAMCAQA="), ImportError::Malformed),
        (pem("OPENSSH PRIVATE KEY", "AAAA"), ImportError::OpenSsh),
        (pem("DH PARAMETERS", "AAAA"), ImportError::UnknownBlock),
    ] {
        assert_eq!(SealingKey::from_pem(&text).unwrap_err(), refusal, "{text}");
    }
    assert_eq!(SealingKey::from_pkcs8_der(&[]).unwrap_err(), ImportError::Malformed);
}

#[test]
fn several_keys_in_one_file_are_refused() {
    let pem = SealingKey::generate(KeySize::Rsa2048).unwrap().public().to_pem();
    assert_eq!(PublicKey::from_pem(&pem.repeat(3)).unwrap_err(), ImportError::SeveralBlocks(3));
}

#[test]
fn a_damaged_private_key_is_refused() {
    let der = SealingKey::generate(KeySize::Rsa2048).unwrap().to_pkcs8_der().unwrap();
    // Far into the structure: one of the private numbers.
    for at in [400, 600, 900, der.len() - 5] {
        let mut damaged = der.to_vec();
        damaged[at] ^= 1;
        assert_eq!(SealingKey::from_pkcs8_der(&damaged).unwrap_err(), ImportError::Inconsistent, "byte {at}");
    }
    assert!(SealingKey::from_pkcs8_der(&der[..der.len() - 1]).is_err());
}

#[test]
fn a_key_of_the_wrong_half_is_refused() {
    let key = SealingKey::generate(KeySize::Rsa2048).unwrap();
    assert_eq!(SealingKey::from_pem(&key.public().to_pem()).unwrap_err(), ImportError::PublicKey);
    let private = pem::encode(&pem::Pem::new("PRIVATE KEY", key.to_pkcs8_der().unwrap().to_vec()));
    assert_eq!(PublicKey::from_pem(&private).unwrap_err(), ImportError::PrivateKey);
}

#[test]
fn a_private_key_prints_nothing_but_its_kid() {
    let key = SealingKey::generate(KeySize::Rsa2048).unwrap();
    assert_eq!(format!("{key:?}"), format!("SealingKey {{ kid: {:?}, .. }}", key.kid()));
}

#[test]
fn keys_are_shared_between_threads() {
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<SealingKey>();
    is_shared::<PublicKey>();
}

fn example() -> Jwk {
    Jwk {
        kty: "RSA".into(),
        usage: "enc".into(),
        alg: "RSA-OAEP-256".into(),
        kid: RFC7638_THUMBPRINT.into(),
        n: RFC7638_MODULUS.into(),
        e: "AQAB".into(),
    }
}
