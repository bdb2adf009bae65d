//! A sealing key is replaced by an operator: rotated, compromised, or by one from elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulla::flows::{self, ImportKeyError, Rotation, Urgency};
use bulla::model::KeyPurpose;
use bulla_seal::{KeySize, SealingKey};

use crate::support::observe::{DAY, MILLISECOND, raw_envelope_in_range};
use crate::support::{PASSWORD, TestServer};

#[tokio::test]
async fn a_planned_rotation_takes_effect_at_once_and_the_old_key_opens_for_a_day() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    let rotation = flows::rotate_key(&server.app, KeyPurpose::Sealing, Urgency::Planned).await.unwrap();
    let Rotation::Made { kid, .. } = rotation else { panic!("{rotation:?}") };
    assert_eq!(server.sealing_key().await.kid(), kid);
    server.advance(DAY - MILLISECOND).await;
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.ok(200);
    server.advance(MILLISECOND).await;
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
}

#[tokio::test]
async fn a_compromised_sealing_key_opens_nothing_from_now_on() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    flows::rotate_key(&server.app, KeyPurpose::Sealing, Urgency::Compromised).await.unwrap();
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
    let envelope = raw_envelope_in_range(&old);
    server.login_with(&email, &envelope).await.problem(401, "invalid_credentials");
    server.login(&email).await;
}

#[tokio::test]
async fn a_compromise_retires_every_older_sealing_key() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let oldest = server.sealing_key().await;
    flows::rotate_key(&server.app, KeyPurpose::Sealing, Urgency::Planned).await.unwrap();
    flows::rotate_key(&server.app, KeyPurpose::Sealing, Urgency::Compromised).await.unwrap();
    let envelope = server.login_envelope(&oldest, &email).await;
    server.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
}

#[tokio::test]
async fn the_private_part_of_a_compromised_sealing_key_is_gone_at_once() {
    let server = TestServer::start().await;
    let old = server.sealing_key().await;
    flows::rotate_key(&server.app, KeyPurpose::Sealing, Urgency::Compromised).await.unwrap();
    assert!(!server.has_private_part(old.kid()).await);
}

#[tokio::test]
async fn an_imported_key_is_the_active_one() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let imported = key_from_pem();
    flows::import_sealing_key(&server.app, &imported).await.unwrap();
    assert_eq!(server.sealing_key().await.kid(), imported.kid());
    assert_eq!(server.get("public.pem").await.text, imported.public().to_pem());
    server.login(&email).await;
    let envelope = bulla_seal::seal_raw(imported.public(), PASSWORD).unwrap();
    server.login_with(&email, &envelope).await.ok(200);
}

#[tokio::test]
async fn the_key_before_an_imported_one_opens_for_a_day() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    let old = server.sealing_key().await;
    flows::import_sealing_key(&server.app, &key_from_pem()).await.unwrap();
    server.advance(DAY - MILLISECOND).await;
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.ok(200);
    server.advance(MILLISECOND).await;
    let envelope = server.login_envelope(&old, &email).await;
    server.login_with(&email, &envelope).await.problem(400, "unknown_sealing_key");
    assert!(!server.has_private_part(old.kid()).await);
}

#[tokio::test]
async fn an_imported_key_grows_old_like_any_other() {
    let server = TestServer::start().await;
    let imported = key_from_pem();
    flows::import_sealing_key(&server.app, &imported).await.unwrap();
    server.advance(30 * DAY - MILLISECOND).await;
    assert_eq!(server.sealing_key().await.kid(), imported.kid());
    server.advance(MILLISECOND).await;
    assert_ne!(server.sealing_key().await.kid(), imported.kid());
}

#[tokio::test]
async fn a_key_is_imported_once() {
    let server = TestServer::start().await;
    let imported = key_from_pem();
    flows::import_sealing_key(&server.app, &imported).await.unwrap();
    let again = flows::import_sealing_key(&server.app, &imported).await;
    assert!(matches!(again, Err(ImportKeyError::Known)), "{again:?}");
    assert_eq!(server.stored_keys(KeyPurpose::Sealing).await.len(), 2);
}

#[tokio::test]
async fn a_compromised_key_does_not_come_back_by_import() {
    let server = TestServer::start().await;
    let imported = key_from_pem();
    flows::import_sealing_key(&server.app, &imported).await.unwrap();
    flows::rotate_key(&server.app, KeyPurpose::Sealing, Urgency::Compromised).await.unwrap();
    let again = flows::import_sealing_key(&server.app, &imported).await;
    assert!(matches!(again, Err(ImportKeyError::Known)), "{again:?}");
    assert_ne!(server.sealing_key().await.kid(), imported.kid());
}

/// A key from elsewhere, of the least accepted size, by way of the text that OpenSSL writes.
fn key_from_pem() -> SealingKey {
    let der = SealingKey::generate(KeySize::Rsa2048).unwrap().to_pkcs8_der().unwrap();
    let text = STANDARD.encode(&*der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    SealingKey::from_pem(&pem).unwrap()
}
