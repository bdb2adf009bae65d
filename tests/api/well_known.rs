//! `/.well-known/jwks.json`

use bulla_token::{JwkSet, Verifier};
use serde_json::json;

use crate::support::{TestServer, shared};

#[tokio::test]
async fn a_token_is_verified_with_the_published_keys_alone() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let answer = server.get("/.well-known/jwks.json").await;
    let keys: JwkSet = serde_json::from_value(answer.ok(200)).unwrap();
    let verifier = Verifier::new("https://auth.test", "https://auth.test").with_jwks(&keys).unwrap();
    let claims = verifier.verify(&tokens.access, server.app.clock.now().seconds()).unwrap();
    assert_eq!((claims.email, json!(claims.sub)), (email, tokens.user["id"].clone()));
}

#[tokio::test]
async fn the_published_keys_are_public_and_for_signatures_only() {
    let keys = shared().await.get("/.well-known/jwks.json").await.ok(200);
    let keys = keys["keys"].as_array().unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!((&key["use"], &key["alg"], &key["crv"]), (&json!("sig"), &json!("ES256"), &json!("P-256")));
    }
}

#[tokio::test]
async fn the_sealing_key_is_not_among_the_published_keys() {
    let server = shared().await;
    let kid = server.get("sealing-key").await.ok(200)["kid"].clone();
    let keys = server.get("/.well-known/jwks.json").await.ok(200);
    assert!(keys["keys"].as_array().unwrap().iter().all(|key| key["kid"] != kid));
}

#[tokio::test]
async fn the_set_may_be_cached_for_less_than_a_key_is_published_ahead() {
    let answer = shared().await.get("/.well-known/jwks.json").await;
    let age = answer.header("cache-control").split("max-age=").nth(1).unwrap().parse::<u64>().unwrap();
    assert!((1..3600).contains(&age), "{answer:?}");
}

#[tokio::test]
async fn a_shared_secret_is_not_published() {
    let secret = "bN3xR8vQ2mK7tW5yZ1cF6hJ9pL4sD0gA";
    let server = TestServer::with(|settings| settings.jwt_secret = Some(secret.to_owned())).await;
    server.new_person().await;
    assert_eq!(server.get("/.well-known/jwks.json").await.ok(200), json!({ "keys": [] }));
}
