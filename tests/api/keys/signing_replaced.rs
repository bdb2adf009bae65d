//! A signing key is replaced by an operator: rotated, or compromised.

use bulla::flows::{self, Rotation, Urgency};
use bulla::model::KeyPurpose;

use super::signing_kid;
use crate::support::TestServer;
use crate::support::observe::{HOUR, MILLISECOND};

#[tokio::test]
async fn a_planned_rotation_publishes_the_next_key_and_signs_with_it_an_hour_later() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    let old = signing_kid(&server, &mut tokens).await;
    let rotation = flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Planned).await.unwrap();
    let Rotation::Made { kid: next, .. } = rotation else { panic!("{rotation:?}") };
    assert_eq!(server.published_kids().await, [old.clone(), next.clone()]);
    server.advance(HOUR - MILLISECOND).await;
    assert_eq!(signing_kid(&server, &mut tokens).await, old);
    server.advance(MILLISECOND).await;
    assert_eq!(signing_kid(&server, &mut tokens).await, next);
}

#[tokio::test]
async fn a_planned_rotation_while_a_key_waits_makes_no_other() {
    let server = TestServer::start().await;
    let rotation = flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Planned).await.unwrap();
    let Rotation::Made { kid: next, .. } = rotation else { panic!("{rotation:?}") };
    let rotation = flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Planned).await.unwrap();
    assert!(matches!(&rotation, Rotation::Waiting { kid, .. } if *kid == next), "{rotation:?}");
    assert_eq!(server.stored_keys(KeyPurpose::Signing).await.len(), 2);
}

#[tokio::test]
async fn tokens_of_a_compromised_signing_key_are_refused_at_once() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    let old = tokens.access.clone();
    let rotation = flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Compromised).await.unwrap();
    let Rotation::Made { kid: new, .. } = rotation else { panic!("{rotation:?}") };
    server.assert_refused_everywhere(&old).await;
    assert_eq!(server.published_kids().await, [new.as_str()]);
    assert_eq!(signing_kid(&server, &mut tokens).await, new);
    server.profile(&tokens.access).await.ok(200);
}

#[tokio::test]
async fn a_compromise_retires_the_key_that_waits_too() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Planned).await.unwrap();
    let rotation = flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Compromised).await.unwrap();
    let Rotation::Made { kid: new, .. } = rotation else { panic!("{rotation:?}") };
    assert_eq!(server.published_kids().await, [new.as_str()]);
    server.advance(2 * HOUR).await;
    assert_eq!(signing_kid(&server, &mut tokens).await, new);
}

#[tokio::test]
async fn the_private_part_of_a_compromised_signing_key_is_gone_at_once() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    let old = signing_kid(&server, &mut tokens).await;
    flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Compromised).await.unwrap();
    assert!(!server.has_private_part(&old).await);
}

#[tokio::test]
async fn a_compromised_signing_key_ends_no_session() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    flows::rotate_key(&server.app, KeyPurpose::Signing, Urgency::Compromised).await.unwrap();
    server.refresh(&tokens.refresh).await.ok(200);
}
