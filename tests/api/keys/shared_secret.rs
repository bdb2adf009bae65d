//! `JWT_SECRET`: tokens for services that verify with a secret that they share with the server.

use bulla::config::{Config, Settings};
use bulla::model::KeyPurpose;
use bulla_token::{Claims, SigningKey, Verifier};
use serde_json::json;

use crate::support::observe::{DAY, SECOND, members, token_claims, token_header};
use crate::support::{TestServer, Tokens};

const SECRET: &str = "b1946ac92492d2347c6235b4d2611184";

async fn server() -> TestServer {
    TestServer::with(|settings| settings.jwt_secret = Some(SECRET.to_owned())).await
}

#[tokio::test]
async fn a_shared_secret_makes_tokens_that_it_verifies() {
    let server = server().await;
    let (_, tokens) = server.new_person().await;
    assert_eq!(token_header(&tokens.access)["alg"], "HS256");
    let secret = SigningKey::from_shared_secret(SECRET.as_bytes()).unwrap();
    let verifier = Verifier::new("https://auth.test", "https://auth.test").with_keys(&[secret]).unwrap();
    verifier.verify(&tokens.access, server.app.clock.now().seconds()).unwrap();
}

#[tokio::test]
async fn tokens_under_a_shared_secret_carry_the_tutorials_claims_beside_the_standard_ones() {
    let server = server().await;
    let (email, tokens) = server.new_person().await;
    let claims = token_claims(&tokens.access);
    assert_eq!(members(&claims), ["aud", "email", "exp", "iat", "id", "iss", "jti", "sid", "sub"]);
    assert_eq!(claims["id"], tokens.user["id"]);
    assert_eq!(claims["sub"], tokens.user["id"]);
    assert_eq!(claims["email"], email.as_str());
}

#[tokio::test]
async fn a_shared_secret_is_not_published() {
    let server = server().await;
    assert_eq!(server.get("/.well-known/jwks.json").await.ok(200), json!({ "keys": [] }));
    assert!(server.stored_keys(KeyPurpose::Signing).await.is_empty());
}

#[tokio::test]
async fn sessions_work_under_a_shared_secret_as_under_any_key() {
    let server = server().await;
    let (_, tokens) = server.new_person().await;
    server.profile(&tokens.access).await.ok(200);
    server.verify(&tokens.access).await.ok(200);
    server.advance(20 * DAY).await;
    server.assert_refused_everywhere(&tokens.access).await;
    let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    server.advance(20 * DAY).await;
    let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    server.logout(&tokens.access).await.ok(200);
    server.assert_refused_everywhere(&tokens.access).await;
}

#[tokio::test]
async fn a_token_under_another_secret_is_refused() {
    let server = server().await;
    let (_, tokens) = server.new_person().await;
    let claims: Claims = serde_json::from_value(token_claims(&tokens.access)).unwrap();
    let other = SigningKey::from_shared_secret(b"d2611184b1946ac92492d2347c6235b4").unwrap();
    server.assert_refused_everywhere(&other.issue(&claims).unwrap()).await;
    let same = SigningKey::from_shared_secret(SECRET.as_bytes()).unwrap();
    server.profile(&same.issue(&claims).unwrap()).await.ok(200);
}

#[tokio::test]
async fn switching_to_a_shared_secret_refuses_the_tokens_of_the_stored_keys() {
    let signed = TestServer::start().await;
    let (_, tokens) = signed.new_person().await;
    let shared = server().await;
    shared.advance(SECOND).await;
    shared.assert_refused_everywhere(&tokens.access).await;
}

#[test]
fn a_secret_that_anyone_could_guess_is_refused_with_the_reason() {
    for (secret, reason) in [
        ("super_secret_key", "of tutorials"),
        ("super_secret_key_super_secret_key", "of tutorials"),
        ("b1946ac92492d2347c6235b4d261118", "has 31 bytes"),
        ("abababababababababababababababababab", "too regular"),
    ] {
        let settings = Settings { jwt_secret: Some(secret.to_owned()), ..Settings::default() };
        let problems = Config::resolve(&settings).unwrap_err().join("\n");
        assert!(problems.contains("JWT_SECRET") && problems.contains(reason), "{secret}: {problems}");
        assert!(!problems.contains("b1946ac9"), "a secret is not repeated: {problems}");
    }
    let settings = Settings { jwt_secret: Some(SECRET.to_owned()), ..Settings::default() };
    assert!(Config::resolve(&settings).is_ok());
}
