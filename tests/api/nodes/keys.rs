//! What one node does with a key, the others follow.

use std::time::Duration;

use bulla::flows::{self, Urgency};
use bulla::model::KeyPurpose;

use super::two_nodes;
use crate::support::bare_node::PassiveNode;
use crate::support::observe::{HOUR, public_key, within};
use crate::support::{PASSWORD, TestServer, Tokens};

/// Longer than a node rests between two looks at the keys.
const SECONDS: Duration = Duration::from_secs(5);
/// A node asks the database about unknown keys only so often; far shorter than [`SECONDS`].
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_envelope_to_a_new_key_opens_at_once_at_a_node_that_did_not_make_it() {
    let a = TestServer::start().await;
    let b = PassiveNode::beside(&a).await;
    let (email, _) = a.new_person().await;
    flows::rotate_key(&a.app, KeyPurpose::Sealing, Urgency::Planned).await.unwrap();
    let key = a.sealing_key().await;
    assert_ne!(public_key(&b.sealing_key_document().await).kid(), key.kid(), "b must not know yet");
    within(AT_ONCE, async || {
        let envelope = a.login_envelope(&key, &email).await;
        b.login_with(&email, &envelope).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_raw_envelope_to_a_new_key_opens_at_once_at_a_node_that_did_not_make_it() {
    let a = TestServer::start().await;
    let b = PassiveNode::beside(&a).await;
    let (email, _) = a.new_person().await;
    flows::rotate_key(&a.app, KeyPurpose::Sealing, Urgency::Planned).await.unwrap();
    let key = a.sealing_key().await;
    within(AT_ONCE, async || {
        let envelope = bulla_seal::seal_raw(&key, PASSWORD).unwrap();
        b.login_with(&email, &envelope).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_token_under_a_new_key_is_good_at_once_at_a_node_that_did_not_make_it() {
    let a = TestServer::start().await;
    let b = PassiveNode::beside(&a).await;
    let (_, tokens) = a.new_person().await;
    flows::rotate_key(&a.app, KeyPurpose::Signing, Urgency::Compromised).await.unwrap();
    let tokens = Tokens::of(&a.refresh(&tokens.refresh).await);
    within(AT_ONCE, async || b.with_token("profile", &tokens.access).await.status == 200).await;
    b.with_token("verify", &tokens.access).await.ok(200);
}

#[tokio::test]
async fn a_key_that_nobody_made_is_unknown_at_every_node() {
    let a = TestServer::start().await;
    let b = PassiveNode::beside(&a).await;
    let (email, _) = a.new_person().await;
    let stranger = bulla_seal::SealingKey::generate(bulla_seal::KeySize::Rsa2048).unwrap();
    for _ in 0..3 {
        let envelope = a.login_envelope(stranger.public(), &email).await;
        b.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
    }
}

#[tokio::test]
async fn every_node_offers_a_new_sealing_key_within_seconds() {
    let (a, b) = two_nodes().await;
    flows::rotate_key(&a.app, KeyPurpose::Sealing, Urgency::Planned).await.unwrap();
    let key = a.sealing_key().await;
    within(SECONDS, async || b.sealing_key().await.kid() == key.kid()).await;
}

#[tokio::test]
async fn every_node_publishes_the_next_signing_key_within_seconds() {
    let (a, b) = two_nodes().await;
    flows::rotate_key(&a.app, KeyPurpose::Signing, Urgency::Planned).await.unwrap();
    let published = a.published_kids().await;
    assert_eq!(published.len(), 2);
    within(SECONDS, async || b.published_kids().await == published).await;
    a.advance(HOUR).await;
    let (_, tokens) = b.new_person().await;
    a.profile(&tokens.access).await.ok(200);
}

#[tokio::test]
async fn every_node_refuses_a_compromised_key_within_seconds() {
    let (a, b) = two_nodes().await;
    let (_, tokens) = a.new_person().await;
    flows::rotate_key(&a.app, KeyPurpose::Signing, Urgency::Compromised).await.unwrap();
    within(SECONDS, async || b.profile(&tokens.access).await.status == 401).await;
    b.assert_refused_everywhere(&tokens.access).await;
}
