//! `/api/auth/sealing-key` and `/api/auth/public.pem`

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_seal::PublicKey;

use crate::support::shared;

#[tokio::test]
async fn the_document_has_all_that_sealing_takes_and_nothing_else() {
    let document = shared().await.get("sealing-key").await.ok(200);
    let members: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "enc", "jwk", "kid", "nonce", "nonce_expires_in", "pem"]);
    assert_eq!(document["alg"], "RSA-OAEP-256");
    assert_eq!(document["enc"], "A256GCM");
    assert_eq!(document["nonce_expires_in"], 300);
}

#[tokio::test]
async fn the_jwk_is_public_and_for_encryption_only() {
    let document = shared().await.get("sealing-key").await.ok(200);
    let jwk = document["jwk"].as_object().unwrap();
    let members: Vec<_> = jwk.keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!((&jwk["use"], &jwk["kty"], &jwk["alg"]), (&"enc".into(), &"RSA".into(), &"RSA-OAEP-256".into()));
}

#[tokio::test]
async fn the_key_has_3072_bits() {
    let document = shared().await.get("sealing-key").await.ok(200);
    let modulus = URL_SAFE_NO_PAD.decode(document["jwk"]["n"].as_str().unwrap()).unwrap();
    assert_eq!(modulus.len(), 384);
    assert!(modulus[0] >= 0x80);
}

#[tokio::test]
async fn the_kid_is_the_thumbprint_of_the_key() {
    let document = shared().await.get("sealing-key").await.ok(200);
    let jwk = &document["jwk"];
    // RFC 7638 §3.1.
    let canonical = format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, jwk["e"], jwk["n"]);
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
    assert_eq!(document["kid"], thumbprint);
    assert_eq!(jwk["kid"], thumbprint);
}

#[tokio::test]
async fn pem_and_jwk_are_the_same_key() {
    let document = shared().await.get("sealing-key").await.ok(200);
    let key = PublicKey::from_pem(document["pem"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::to_value(key.jwk()).unwrap(), document["jwk"]);
}

#[tokio::test]
async fn the_pem_file_is_the_active_key() {
    let server = shared().await;
    let document = server.get("sealing-key").await.ok(200);
    let answer = server.get("public.pem").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text, document["pem"].as_str().unwrap());
    assert!(answer.text.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{answer:?}");
    assert!(answer.header("content-type").starts_with("application/x-pem-file"), "{answer:?}");
}

#[tokio::test]
async fn a_nonce_must_not_be_cached() {
    let answer = shared().await.get("sealing-key").await;
    assert_eq!(answer.header("cache-control"), "no-store");
}
