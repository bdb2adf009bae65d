//! Other implementations: what we issue they accept, what they issue we accept.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_token::{Algorithm, Claims, SigningKey, Verifier};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};

const NOW: i64 = 1_800_000_000;
/// The text that RFC 7515 A.1 prints as an example, here without decoding it.
const SHARED_SECRET: &[u8] = b"AyM1SysPpbyfDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAw";
const NODE_IS_NEEDED: &str = "these tests need Node.js 18 or newer on the path";
const ALL: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256];

#[test]
fn jsonwebtoken_accepts_our_tokens() {
    for algorithm in ALL {
        let key = key(algorithm);
        let decoding_key = match key.jwk() {
            Some(jwk) => {
                let jwk = serde_json::from_value(serde_json::to_value(jwk).unwrap()).unwrap();
                DecodingKey::from_jwk(&jwk).unwrap()
            }
            None => DecodingKey::from_secret(SHARED_SECRET),
        };
        let mut validation = Validation::new(theirs(algorithm));
        validation.set_issuer(&["i"]);
        validation.set_audience(&["a"]);
        // Its clock is the machine's, and the tokens of this test are from another day.
        validation.validate_exp = false;
        let token = key.issue(&claims()).unwrap();
        let decoded = decode::<Claims>(&token, &decoding_key, &validation).unwrap();
        assert_eq!(decoded.claims, claims());
        assert_eq!(decoded.header.kid.as_deref(), Some(key.kid()));
    }
}

#[test]
fn we_accept_tokens_of_jsonwebtoken() {
    for algorithm in ALL {
        let key = key(algorithm);
        let encoding_key = match algorithm {
            Algorithm::Hs256 => EncodingKey::from_secret(SHARED_SECRET),
            Algorithm::Es256 => EncodingKey::from_ec_der(&key.to_pkcs8_der().unwrap()),
            Algorithm::EdDsa => EncodingKey::from_ed_der(&key.to_pkcs8_der().unwrap()),
            Algorithm::Rs256 => EncodingKey::from_rsa_der(&pkcs1(&key.to_pkcs8_der().unwrap())),
        };
        let mut header = Header::new(theirs(algorithm));
        header.typ = Some("at+jwt".into());
        header.kid = Some(key.kid().into());
        let token = encode(&header, &claims(), &encoding_key).unwrap();
        let verifier = Verifier::new("i", "a").with_keys(&[key]).unwrap();
        assert_eq!(verifier.verify(&token, NOW), Ok(claims()));
    }
}

#[test]
fn node_accepts_our_tokens_with_nothing_but_its_crypto_module() {
    const VERIFY: &str = r#"
        const crypto = require('node:crypto');
        const { token, jwk, secret } = JSON.parse(require('node:fs').readFileSync(0));
        const [header, payload, signature] = token.split('.');
        const signed = Buffer.from(`${header}.${payload}`);
        const bytes = Buffer.from(signature, 'base64url');
        const { alg } = JSON.parse(Buffer.from(header, 'base64url'));
        const isGood = alg === 'HS256'
            ? crypto.timingSafeEqual(crypto.createHmac('sha256', secret).update(signed).digest(), bytes)
            : crypto.verify(alg === 'EdDSA' ? null : 'sha256', signed,
                { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' }, bytes);
        process.stdout.write(isGood ? Buffer.from(payload, 'base64url') : 'refused');
    "#;
    for algorithm in ALL {
        let key = key(algorithm);
        let input = serde_json::json!({
            "token": key.issue(&claims()).unwrap(),
            "jwk": key.jwk(),
            "secret": std::str::from_utf8(SHARED_SECRET).unwrap(),
        });
        let output = run_node(VERIFY, &input.to_string());
        assert_eq!(serde_json::from_str::<Claims>(&output).ok(), Some(claims()), "{algorithm}: {output}");
    }
}

#[test]
fn we_accept_a_token_that_node_made_with_create_hmac() {
    const ISSUE: &str = r#"
        const { claims, secret } = JSON.parse(require('node:fs').readFileSync(0));
        const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const signed = part({ typ: 'at+jwt', alg: 'HS256', kid: 'shared-secret' }) + '.' + part(claims);
        const signature = require('node:crypto').createHmac('sha256', secret).update(signed).digest('base64url');
        process.stdout.write(`${signed}.${signature}`);
    "#;
    let secret = std::str::from_utf8(SHARED_SECRET).unwrap();
    let input = serde_json::json!({ "claims": claims(), "secret": secret });
    let token = run_node(ISSUE, &input.to_string());
    let verifier = Verifier::new("i", "a").with_keys(&[key(Algorithm::Hs256)]).unwrap();
    assert_eq!(verifier.verify(&token, NOW), Ok(claims()));
}

#[test]
fn a_verifier_in_javascript_agrees_with_the_vectors() {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.mjs");
    let status = Command::new("node").arg(program).status();
    assert!(status.expect(NODE_IS_NEEDED).success());
}

#[test]
fn the_header_is_exactly_what_the_specification_says() {
    for algorithm in ALL {
        let key = key(algorithm);
        let token = key.issue(&claims()).unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        let expected = serde_json::json!({ "alg": algorithm.as_str(), "kid": key.kid(), "typ": "at+jwt" });
        assert_eq!(header, expected);
    }
}

fn run_node(program: &str, input: &str) -> String {
    let mut node = Command::new("node")
        .args(["--eval", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(NODE_IS_NEEDED);
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// RSA in PKCS#8 is a wrapper of 26 bytes around PKCS#1, which is what `jsonwebtoken` takes as DER.
fn pkcs1(pkcs8: &[u8]) -> Vec<u8> {
    pkcs8[26..].to_vec()
}

fn key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::Hs256 => SigningKey::from_shared_secret(SHARED_SECRET).unwrap(),
        _ => SigningKey::generate(algorithm).unwrap(),
    }
}

fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    algorithm.as_str().parse().unwrap()
}

fn claims() -> Claims {
    Claims {
        iss: "i".into(),
        sub: "42".into(),
        aud: "a".into(),
        exp: NOW + 600,
        iat: NOW,
        jti: "7b1e".into(),
        sid: "9f3c".into(),
        email: "ada@example.com".into(),
        id: None,
    }
}
