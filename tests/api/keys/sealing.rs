//! A sealing key grows old by itself: active for thirty days, opening for one more, gone.

use bulla::flows;
use bulla::model::KeyPurpose;
use bulla::store::{Insertion, spent_envelopes};
use bulla_seal::Envelope;

use crate::support::observe::{DAY, HOUR, MILLISECOND, public_key, raw_envelope_in_range};
use crate::support::{PASSWORD, TestServer};

#[tokio::test]
async fn a_sealing_key_is_active_for_thirty_days_and_then_followed_by_another() {
    let server = TestServer::start().await;
    let old = server.sealing_key().await;
    server.advance(30 * DAY - MILLISECOND).await;
    assert_eq!(server.sealing_key().await.kid(), old.kid());
    server.advance(MILLISECOND).await;
    let new = server.sealing_key().await;
    assert_ne!(new.kid(), old.kid());
    assert_eq!(server.get("public.pem").await.text, new.to_pem());
    assert_eq!(server.stored_keys(KeyPurpose::Sealing).await.len(), 2);
}

#[tokio::test]
async fn an_old_sealing_key_opens_for_a_day() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    server.advance(30 * DAY).await;
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.ok(200);
    server.advance(DAY - MILLISECOND).await;
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.ok(200);
    server.login(&email).await;
}

#[tokio::test]
async fn an_envelope_to_a_retired_key_is_answered_with_the_key_to_use() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    server.advance(30 * DAY).await;
    server.advance(DAY).await;
    let envelope = server.login_envelope(&old, &email).await;
    let problem = server.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
    let offered = &problem["sealing_key"];
    let document = server.get("sealing-key").await.json();
    assert_eq!(offered["kid"], document["kid"]);
    assert_eq!(offered["jwk"], document["jwk"]);
    let (nonce, key) = (offered["nonce"].as_str().unwrap(), public_key(offered));
    let payload = bulla_seal::Payload { password: PASSWORD, purpose: bulla_seal::Purpose::Login, email: &email, nonce };
    let envelope = bulla_seal::seal(&key, &payload).unwrap();
    server.login_with(&email, &envelope).await.ok(200);
}

#[tokio::test]
async fn a_retired_sealing_key_has_no_private_part() {
    let server = TestServer::start().await;
    let old = server.sealing_key().await;
    server.advance(30 * DAY).await;
    server.advance(DAY - MILLISECOND).await;
    assert!(server.has_private_part(old.kid()).await);
    server.advance(MILLISECOND).await;
    assert!(!server.has_private_part(old.kid()).await);
    assert!(server.has_private_part(server.sealing_key().await.kid()).await);
}

#[tokio::test]
async fn a_raw_envelope_is_remembered_while_its_key_lives() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    let envelope = raw_envelope_in_range(&old);
    server.login_with(&email, &envelope).await.ok(200);
    for pause in [29 * DAY, DAY, DAY - MILLISECOND] {
        server.advance(pause).await;
        assert!(!flows::prune(&server.app).await.unwrap());
        server.login_with(&email, &envelope).await.problem(401, "reused_envelope");
    }
    assert!(is_remembered(&server, &envelope).await);
}

#[tokio::test]
async fn a_raw_envelope_is_forgotten_when_nothing_opens_it_any_more() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    let envelope = raw_envelope_in_range(&old);
    server.login_with(&email, &envelope).await.ok(200);
    server.advance(30 * DAY).await;
    server.advance(DAY + HOUR).await;
    assert!(is_remembered(&server, &envelope).await, "the clock of another node may be an hour behind");
    server.advance(MILLISECOND).await;
    flows::prune(&server.app).await.unwrap();
    assert!(!is_remembered(&server, &envelope).await);
    server.login_with(&email, &envelope).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_raw_envelope_opens_for_as_long_as_its_key_does() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    let envelopes = [(); 3].map(|()| raw_envelope_in_range(&old));
    server.advance(30 * DAY).await;
    server.login_with(&email, &envelopes[0]).await.ok(200);
    server.advance(DAY - MILLISECOND).await;
    server.login_with(&email, &envelopes[1]).await.ok(200);
    server.advance(MILLISECOND).await;
    server.login_with(&email, &envelopes[2]).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn pruning_forgets_no_envelope_that_is_still_fresh() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let envelope = server.login_envelope(&server.sealing_key().await, &email).await;
    server.login_with(&email, &envelope).await.ok(200);
    for _ in 0..3 {
        server.advance(99_999 * MILLISECOND).await;
        flows::prune(&server.app).await.unwrap();
        server.login_with(&email, &envelope).await.problem(401, "reused_envelope");
    }
}

/// Tries to remember it once more, and leaves nothing behind.
async fn is_remembered(server: &TestServer, envelope: &str) -> bool {
    let digest = Envelope::parse(envelope).unwrap().digest();
    let until = spent_envelopes::Memory::Until(server.app.clock.now());
    let mut tx = server.app.db.begin().await.unwrap();
    spent_envelopes::insert(&mut tx, &digest, &until).await.unwrap() == Insertion::Taken
}
