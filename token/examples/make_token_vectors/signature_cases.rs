//! Signatures: good, damaged, forged, and made with the wrong algorithm.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::case::{Cases, assemble, changed, claims, header, payload};
use crate::rfc_keys::{Key, bytes, hmac_sha256};

/// The order of P-256 (SEC 2 §2.4.2), big-endian.
const P256_ORDER: &str = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";

/// The order of the Ed25519 base point (RFC 8032 §5.1), little-endian.
const ED25519_ORDER: &str = "7dP1XBpjEljWnPei3vneFAAAAAAAAAAAAAAAAAAAABA";

pub(crate) fn valid(cases: &mut Cases<'_>) {
    for (key, algorithm, name) in [
        (Key::Es256, "ES256", "es256_valid"),
        (Key::Rs256, "RS256", "rs256_valid"),
        (Key::EdDsa, "EdDSA", "eddsa_valid"),
    ] {
        let header = header(algorithm, cases.keys.kid(key));
        let token = cases.keys.token(key, header.as_bytes(), payload().as_bytes());
        cases.valid(name, "", token);
    }
    let token = cases.ordinary();
    cases.valid(
        "es256_twin_signature",
        "(r, n-s) is valid whenever (r, s) is: recognize a token by its jti, not by its text",
        with_signature(&token, |signature| {
            let twin = subtract(&bytes(P256_ORDER), &signature[32..]);
            signature.splice(32.., twin);
        }),
    );
}

pub(crate) fn confused_algorithms(cases: &mut Cases<'_>) {
    let es256 = cases.keys.kid(Key::Es256).to_owned();
    for (algorithm, name, without_signature) in [
        ("none", "none", "none_without_signature"),
        ("None", "none_capitalized", "none_capitalized_without_signature"),
        ("NONE", "none_upper_case", "none_upper_case_without_signature"),
    ] {
        let unsigned = assemble(&header(algorithm, &es256), &payload(), b"");
        cases.refused("algorithm", without_signature, "RFC 8725 section 3.2", unsigned);
        let signed = cases.signed(&header(algorithm, &es256), &payload());
        cases.refused("algorithm", name, "signed all the same, with ES256", signed);
    }
    let rs256 = header("HS256", cases.keys.kid(Key::Rs256));
    let signed = unsigned(&rs256);
    let public_key = cases.keys.rsa.public_key();
    let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(public_key).expect("SPKI");
    let jwk = json!(cases.keys.rs256).to_string();
    for (name, secret) in [
        ("hs256_keyed_with_rsa_public_key_pem", pem(spki.as_ref()).into_bytes()),
        ("hs256_keyed_with_rsa_public_key_der", spki.as_ref().to_vec()),
        ("hs256_keyed_with_rsa_public_key_pkcs1", cases.keys.rsa_public_key_pkcs1().to_vec()),
        ("hs256_keyed_with_rsa_public_key_jwk", jwk.into_bytes()),
        ("hs256_keyed_with_nothing", Vec::new()),
    ] {
        let token = assemble(&rs256, &payload(), &hmac_sha256(&secret, &signed));
        cases.refused("algorithm", name, "CVE-2015-9256 and many after it", token);
    }
    for (key, algorithm, name) in [
        (Key::Es256, "EdDSA", "eddsa_named_with_es256_key"),
        (Key::Es256, "RS256", "rs256_named_with_es256_key"),
        (Key::Es256, "ES384", "es384_named_with_es256_key"),
        (Key::Es256, "es256", "es256_in_lower_case"),
        (Key::Rs256, "PS256", "ps256_named_with_rs256_key"),
        (Key::EdDsa, "Ed25519", "ed25519_named_with_eddsa_key"),
    ] {
        let header = header(algorithm, cases.keys.kid(key));
        let token = cases.keys.token(key, header.as_bytes(), payload().as_bytes());
        cases.refused("algorithm", name, "a key has one algorithm, RFC 8725 section 3.1", token);
    }
}

pub(crate) fn damaged(cases: &mut Cases<'_>) {
    damaged_es256(cases);
    damaged_rs256(cases);
    damaged_eddsa(cases);
}

fn damaged_es256(cases: &mut Cases<'_>) {
    let token = cases.ordinary();
    let order = bytes(P256_ORDER);
    let mut refused = |name, comment, damage: &dyn Fn(&mut Vec<u8>)| {
        cases.refused("signature", name, comment, with_signature(&token, damage));
    };
    refused("es256_empty", "", &|signature| signature.clear());
    refused("es256_all_zero", "CVE-2022-21449", &|signature| signature.fill(0));
    refused("es256_r_zero", "", &|signature| signature[..32].fill(0));
    refused("es256_s_zero", "", &|signature| signature[32..].fill(0));
    refused("es256_r_is_order", "zero modulo the order", &|signature| {
        signature.splice(..32, order.clone());
    });
    refused("es256_s_is_order", "zero modulo the order", &|signature| {
        signature.splice(32.., order.clone());
    });
    refused("es256_halves_exchanged", "", &|signature| signature.rotate_left(32));
    refused("es256_63_bytes", "", &|signature| signature.truncate(63));
    refused("es256_65_bytes", "", &|signature| signature.push(0));
    refused("es256_66_bytes", "r and s with a leading zero each", &|signature| {
        signature.insert(32, 0);
        signature.insert(0, 0);
    });
    refused("es256_der", "RFC 7518 section 3.4 wants r and s side by side", &|signature| {
        *signature = der(signature);
    });
    refused("es256_flipped_bit", "", &|signature| signature[40] ^= 1);

    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (own_header, _) = signed.split_once('.').expect("three parts");
    let other = changed(claims(), json!({ "sub": "1" })).to_string();
    let payload = crate::rfc_keys::base64url(other.as_bytes());
    let token = [own_header, &payload, signature].join(".");
    cases.refused("signature", "payload_exchanged", "the signature of another payload", token);
    let header = header("ES256", cases.keys.kid(Key::Es256)).replace(',', ", ");
    let token = assemble(&header, &self::payload(), &bytes(signature));
    cases.refused("signature", "header_respaced", "the signature covers the text, not its meaning", token);
}

fn damaged_rs256(cases: &mut Cases<'_>) {
    let header = header("RS256", cases.keys.kid(Key::Rs256));
    let token = cases.keys.token(Key::Rs256, header.as_bytes(), payload().as_bytes());
    let mut refused = |name, comment, damage: &dyn Fn(&mut Vec<u8>)| {
        cases.refused("signature", name, comment, with_signature(&token, damage));
    };
    refused("rs256_empty", "", &|signature| signature.clear());
    refused("rs256_truncated", "255 of 256 bytes", &|signature| signature.truncate(255));
    refused("rs256_leading_zero", "257 bytes", &|signature| signature.insert(0, 0));
    refused("rs256_all_zero", "", &|signature| signature.fill(0));
    refused("rs256_is_one", "1 to any power is 1", &|signature| {
        signature.fill(0);
        signature[255] = 1;
    });
    refused("rs256_above_modulus", "", &|signature| signature.fill(0xff));
    refused("rs256_flipped_bit", "", &|signature| signature[128] ^= 1);
    let signature = cases.keys.sign_with_sha512(&unsigned(&header));
    let token = assemble(&header, &payload(), &signature);
    cases.refused("signature", "rs256_with_sha512", "a true RS512 signature", token);
}

fn damaged_eddsa(cases: &mut Cases<'_>) {
    let header = header("EdDSA", cases.keys.kid(Key::EdDsa));
    let token = cases.keys.token(Key::EdDsa, header.as_bytes(), payload().as_bytes());
    let mut refused = |name, comment, damage: &dyn Fn(&mut Vec<u8>)| {
        cases.refused("signature", name, comment, with_signature(&token, damage));
    };
    refused("eddsa_empty", "", &|signature| signature.clear());
    refused("eddsa_all_zero", "", &|signature| signature.fill(0));
    refused("eddsa_63_bytes", "", &|signature| signature.truncate(63));
    refused("eddsa_65_bytes", "", &|signature| signature.push(0));
    refused("eddsa_flipped_bit", "", &|signature| signature[10] ^= 4);
    refused("eddsa_s_plus_order", "the same s modulo the order, RFC 8032 section 5.1.7", &|signature| {
        add_little_endian(&mut signature[32..], &bytes(ED25519_ORDER))
    });
}

pub(crate) fn shared_secret(cases: &mut Cases<'_>) {
    let shared = header("HS256", "shared-secret");
    let good = cases.keys.token(Key::Hs256, shared.as_bytes(), payload().as_bytes());
    cases.refused(
        "unknown_key",
        "hs256_without_shared_secret",
        "a key set holds no secret, so a verifier that has only a key set knows no HS256",
        good.clone(),
    );

    cases.use_keys("shared");
    cases.valid("hs256_valid", "", good.clone());
    let with_id = changed(claims(), json!({ "id": "42", "sub": "42" }));
    let token = cases.keys.token(Key::Hs256, shared.as_bytes(), with_id.to_string().as_bytes());
    cases.valid_with("hs256_with_id", "the id claim of older services", token, with_id);
    let mut refused = |name, comment, damage: &dyn Fn(&mut Vec<u8>)| {
        cases.refused("signature", name, comment, with_signature(&good, damage));
    };
    refused("hs256_empty", "", &|signature| signature.clear());
    refused("hs256_truncated", "16 of 32 bytes", &|signature| signature.truncate(16));
    refused("hs256_33_bytes", "", &|signature| signature.push(0));
    refused("hs256_flipped_bit", "", &|signature| signature[31] ^= 0x80);
    let tag = hmac_sha256(b"", &unsigned(&shared));
    cases.refused("signature", "hs256_keyed_with_empty_secret", "", assemble(&shared, &payload(), &tag));
    for (algorithm, name) in [
        ("none", "none_with_shared_secret"),
        ("HS512", "hs512_with_shared_secret"),
        ("RS256", "rs256_with_shared_secret"),
    ] {
        let header = header(algorithm, "shared-secret");
        let token = cases.keys.token(Key::Hs256, header.as_bytes(), payload().as_bytes());
        cases.refused("algorithm", name, "", token);
    }
    let token = cases.ordinary();
    cases.refused("unknown_key", "es256_with_shared_secret_only", "", token);
    cases.use_keys("published");
}

/// The first two parts, with the ordinary payload.
fn unsigned(header: &str) -> String {
    let token = assemble(header, &payload(), b"");
    token.trim_end_matches('.').to_owned()
}

fn with_signature(token: &str, damage: impl Fn(&mut Vec<u8>)) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let mut signature = bytes(signature);
    damage(&mut signature);
    [signed, &crate::rfc_keys::base64url(&signature)].join(".")
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|start| &text[start..text.len().min(start + 64)]).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// SEQUENCE { INTEGER r, INTEGER s }
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(31);
        let number = &number[start..];
        let sign = vec![0; usize::from(number[0] >= 0x80)];
        let length = (sign.len() + number.len()) as u8;
        [vec![0x02, length], sign, number.to_vec()].concat()
    };
    let content = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [vec![0x30, content.len() as u8], content].concat()
}

/// `larger - smaller`, big-endian, of equal lengths.
fn subtract(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut difference = vec![0; larger.len()];
    let mut borrow = 0;
    for index in (0..larger.len()).rev() {
        let digit = 256 + i32::from(larger[index]) - i32::from(smaller[index]) - borrow;
        borrow = i32::from(digit < 256);
        difference[index] = (digit % 256) as u8;
    }
    difference
}

fn add_little_endian(number: &mut [u8], other: &[u8]) {
    let mut carry = 0;
    for (digit, other) in number.iter_mut().zip(other) {
        let sum = u16::from(*digit) + u16::from(*other) + carry;
        *digit = (sum % 256) as u8;
        carry = sum / 256;
    }
}
