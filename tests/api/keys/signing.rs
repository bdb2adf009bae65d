//! A signing key grows old by itself: published, active, verifying for a while, gone.

use bulla::model::KeyPurpose;
use bulla_token::{JwkSet, Verifier};

use super::signing_kid;
use crate::support::observe::{DAY, HOUR, MILLISECOND, SECOND, token_header};
use crate::support::{TestServer, Tokens};

#[tokio::test]
async fn a_signing_key_is_published_an_hour_before_it_signs() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    let old = signing_kid(&server, &mut tokens).await;
    server.advance(30 * DAY - HOUR - MILLISECOND).await;
    assert_eq!(server.published_kids().await, [old.as_str()]);
    server.advance(MILLISECOND).await;
    assert_eq!(server.published_kids().await.len(), 2);
    assert_eq!(signing_kid(&server, &mut tokens).await, old);
    server.advance(HOUR - MILLISECOND).await;
    assert_eq!(signing_kid(&server, &mut tokens).await, old);
    server.advance(MILLISECOND).await;
    let new = signing_kid(&server, &mut tokens).await;
    assert_ne!(new, old);
    assert!(server.published_kids().await.contains(&new));
}

#[tokio::test]
async fn a_signing_key_that_was_due_long_ago_is_still_published_an_hour_ahead() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    let old = signing_kid(&server, &mut tokens).await;
    server.advance(29 * DAY).await;
    signing_kid(&server, &mut tokens).await;
    server.advance(20 * DAY).await;
    assert_eq!(signing_kid(&server, &mut tokens).await, old);
    server.advance(HOUR - MILLISECOND).await;
    assert_eq!(signing_kid(&server, &mut tokens).await, old);
    server.advance(MILLISECOND).await;
    assert_ne!(signing_kid(&server, &mut tokens).await, old);
}

#[tokio::test]
async fn the_last_token_of_an_old_key_is_good_for_its_whole_life() {
    for (setting, lifetime) in [(None, 600 * SECOND), (Some("12h"), 12 * HOUR)] {
        let server = TestServer::with(|settings| settings.jwt_expires = setting.map(str::to_owned)).await;
        let (_, mut tokens) = server.new_person().await;
        server.advance(30 * DAY - HOUR).await;
        server.advance(HOUR - MILLISECOND).await;
        let old = signing_kid(&server, &mut tokens).await;
        // Issued in the middle of a second, a token expires at the beginning of one.
        server.advance(lifetime - SECOND).await;
        server.profile(&tokens.access).await.ok(200);
        server.verify(&tokens.access).await.ok(200);
        assert!(server.published_kids().await.contains(&old));
        let mut later = tokens.clone();
        assert_ne!(signing_kid(&server, &mut later).await, old);
    }
}

#[tokio::test]
async fn an_old_signing_key_leaves_the_published_set() {
    let server = TestServer::start().await;
    let (email, mut tokens) = server.new_person().await;
    let old = signing_kid(&server, &mut tokens).await;
    server.advance(30 * DAY - HOUR).await;
    server.advance(HOUR).await;
    assert!(server.published_kids().await.contains(&old));
    server.advance(DAY).await;
    tokens = server.login(&email).await;
    let new = signing_kid(&server, &mut tokens).await;
    assert_eq!(server.published_kids().await, [new]);
}

#[tokio::test]
async fn a_retired_signing_key_has_no_private_part() {
    let server = TestServer::start().await;
    let (email, mut tokens) = server.new_person().await;
    let old = signing_kid(&server, &mut tokens).await;
    server.advance(30 * DAY - HOUR).await;
    server.advance(HOUR - MILLISECOND).await;
    assert!(server.has_private_part(&old).await);
    server.advance(DAY).await;
    tokens = server.login(&email).await;
    assert!(!server.has_private_part(&old).await);
    assert!(server.has_private_part(&signing_kid(&server, &mut tokens).await).await);
}

#[tokio::test]
async fn a_verifier_that_caches_the_published_set_misses_no_key() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    server.advance(30 * DAY - 2 * HOUR).await;
    let mut cached = published(&server).await;
    let mut kids = Vec::new();
    for _ in 0..48 {
        server.advance(300 * SECOND).await;
        let earlier = tokens.access.clone();
        kids.push(signing_kid(&server, &mut tokens).await);
        let now = server.app.clock.now().seconds();
        // Five minutes old, as the answer's Cache-Control allows.
        cached.verify(&tokens.access, now).unwrap();
        cached = published(&server).await;
        if kids.len() > 1 {
            cached.verify(&earlier, now).unwrap();
            server.profile(&earlier).await.ok(200);
        }
    }
    kids.dedup();
    assert_eq!(kids.len(), 2, "one rotation was seen");
}

async fn published(server: &TestServer) -> Verifier {
    let answer = server.get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let key_set: JwkSet = serde_json::from_str(&answer.text).unwrap();
    Verifier::new("https://auth.test", "https://auth.test").with_jwks(&key_set).unwrap()
}

#[tokio::test]
async fn signing_keys_rotate_every_thirty_days() {
    let server = TestServer::start().await;
    for keys in 2..=4 {
        server.advance(30 * DAY - HOUR).await;
        assert_eq!(server.stored_keys(KeyPurpose::Signing).await.len(), keys);
        server.advance(HOUR).await;
        assert_eq!(server.stored_keys(KeyPurpose::Signing).await.len(), keys);
    }
}

#[tokio::test]
async fn tokens_are_signed_by_the_algorithm_of_the_setting() {
    for (algorithm, kind) in [("ES256", "EC"), ("RS256", "RSA"), ("EdDSA", "OKP")] {
        let server = TestServer::with(|settings| settings.signing_alg = Some(algorithm.to_owned())).await;
        let (_, tokens) = server.new_person().await;
        assert_eq!(token_header(&tokens.access)["alg"], algorithm);
        let key = server.get("/.well-known/jwks.json").await.json()["keys"][0].clone();
        assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&kind.into(), &algorithm.into(), &"sig".into()));
        published(&server).await.verify(&tokens.access, server.app.clock.now().seconds()).unwrap();
        let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
        server.profile(&tokens.access).await.ok(200);
        server.verify(&tokens.access).await.ok(200);
    }
}
