//! The life of the server's keys: first start, rotation, overlap, retirement, restart.

mod sealing;
mod sealing_replaced;
mod shared_secret;
mod signing;
mod signing_replaced;

use std::time::Duration;

use bulla::flows::{self, Rotation, Urgency};
use bulla::model::{KeyPurpose, MasterKey, StoredKey};
use bulla::store::{Tx, server_keys};
use bulla_seal::SealingKey;

use crate::support::bare_node::{app_beside, app_on, empty_database};
use crate::support::observe::{DAY, HOUR, stored_keys, token_header};
use crate::support::{TestServer, Tokens};

#[tokio::test]
async fn the_first_start_makes_one_key_of_each_kind() {
    let server = TestServer::start().await;
    let sealing = server.stored_keys(KeyPurpose::Sealing).await;
    let signing = server.stored_keys(KeyPurpose::Signing).await;
    assert_eq!((sealing.len(), signing.len()), (1, 1));
    assert_eq!(sealing[0].kid, server.sealing_key().await.kid());
    assert_eq!(server.published_kids().await, [signing[0].kid.clone()]);
    assert_eq!(signing[0].algorithm, "ES256");
    let modulus = server.get("sealing-key").await.json()["jwk"]["n"].as_str().unwrap().len();
    assert_eq!(modulus, 512, "3072 bits in base64url");
}

#[tokio::test]
async fn a_restart_changes_no_key() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let envelope = server.login_envelope(&server.sealing_key().await, &email).await;
    let restarted = server.another_node().await;
    assert_eq!(restarted.sealing_key().await.kid(), server.sealing_key().await.kid());
    assert_eq!(restarted.published_kids().await, server.published_kids().await);
    assert_eq!(server.stored_keys(KeyPurpose::Sealing).await.len(), 1);
    assert_eq!(server.stored_keys(KeyPurpose::Signing).await.len(), 1);
    restarted.profile(&tokens.access).await.ok(200);
    restarted.refresh(&tokens.refresh).await.ok(200);
    restarted.login_with(&email, &envelope).await.ok(200);
}

#[tokio::test]
async fn a_restart_long_after_a_key_was_due_rotates_once() {
    let server = TestServer::start().await;
    server.app.clock.advance(100 * DAY);
    let restarted = server.another_node().await;
    flows::keep_keys(&server.app).await.unwrap();
    assert_eq!(restarted.stored_keys(KeyPurpose::Sealing).await.len(), 2);
    assert_eq!(restarted.stored_keys(KeyPurpose::Signing).await.len(), 2);
    restarted.new_person().await;
}

#[tokio::test]
async fn private_keys_rest_encrypted() {
    let server = TestServer::start().await;
    for row in server_keys::list(&server.app.db).await.unwrap() {
        let stored = row.private_key.unwrap();
        let context = format!("{}/{}", row.purpose, row.kid);
        let opened = MasterKey::new([7; 32]).decrypt(&context, &stored).unwrap();
        assert!(SealingKey::from_pkcs8_der(&stored).is_err());
        // Every PKCS#8 structure begins like this.
        assert_eq!(opened[0], 0x30);
        let part = &opened[opened.len() - 16..];
        assert!(!stored.windows(part.len()).any(|window| window == part), "{}", row.purpose);
    }
}

#[tokio::test]
async fn a_public_key_in_the_database_has_no_private_member() {
    let server = TestServer::start().await;
    for row in server_keys::list(&server.app.db).await.unwrap() {
        let jwk: serde_json::Value = serde_json::from_str(&row.public_jwk).unwrap();
        for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(jwk[member].is_null(), "{jwk}");
        }
    }
}

#[tokio::test]
async fn another_master_key_fails_with_what_is_wrong_and_what_to_do() {
    let server = TestServer::start().await;
    let app = app_beside(&server, MasterKey::new([8; 32])).await;
    let message = flows::keep_keys(&app).await.unwrap_err().to_string();
    assert!(message.contains("another master key"), "{message}");
    assert!(message.contains("start with the master key that this database was first used with"), "{message}");
    assert!(app.keys.held().is_none(), "nothing to serve with");
}

#[tokio::test]
async fn another_master_key_changes_nothing_in_the_database() {
    let server = TestServer::start().await;
    let before = server_keys::list(&server.app.db).await.unwrap();
    let app = app_beside(&server, MasterKey::new([8; 32])).await;
    flows::keep_keys(&app).await.unwrap_err();
    let after = server_keys::list(&server.app.db).await.unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
}

#[tokio::test]
async fn a_damaged_private_key_stops_the_start() {
    let server = TestServer::start().await;
    let row = server.stored_keys(KeyPurpose::Signing).await.remove(0);
    let database = empty_database().await;
    let app = app_on(&database).await;
    // The secret of one row in another: encrypted under the right key, for something else.
    let moved = StoredKey { kid: "another".to_owned(), ..row };
    let mut tx = app.db.begin().await.unwrap();
    let _ = server_keys::insert(&mut tx, &moved).await.unwrap();
    tx.commit().await.unwrap();
    assert!(flows::keep_keys(&app).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_on_an_empty_database_at_once_agree_on_one_key_each() {
    for _ in 0..3 {
        let database = empty_database().await;
        let (one, two) = tokio::join!(app_on(&database), app_on(&database));
        let (first, second) = tokio::join!(flows::keep_keys(&one), flows::keep_keys(&two));
        first.unwrap();
        second.unwrap();
        let now = one.clock.now();
        let sealing = |app: &bulla::app::App| app.keys.current().active_sealing(now).unwrap().kid().to_owned();
        let signing = |app: &bulla::app::App| app.keys.current().active_signing(now).unwrap().kid().to_owned();
        assert_eq!(sealing(&one), sealing(&two));
        assert_eq!(signing(&one), signing(&two));
        assert_eq!(stored_keys(&one.db, KeyPurpose::Sealing).await.len(), 1);
        assert_eq!(stored_keys(&one.db, KeyPurpose::Signing).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_that_find_a_key_due_at_once_one_rotates() {
    let server = TestServer::start().await;
    let other = app_beside(&server, MasterKey::new([7; 32])).await;
    flows::keep_keys(&other).await.unwrap();
    for keys in [2, 3] {
        server.app.clock.advance(30 * DAY + 2 * HOUR);
        let (one, two) = tokio::join!(flows::keep_keys(&server.app), flows::keep_keys(&other));
        one.unwrap();
        two.unwrap();
        assert_eq!(server.stored_keys(KeyPurpose::Sealing).await.len(), keys);
        assert_eq!(server.stored_keys(KeyPurpose::Signing).await.len(), keys);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rotations_at_once_make_one_key() {
    let server = TestServer::start().await;
    let other = app_beside(&server, MasterKey::new([7; 32])).await;
    for purpose in KeyPurpose::ALL {
        // Of two that only nearly met, the later one rightly follows the first with a key of its own: try again, and keep
        // them waiting for longer.
        let (mut met, mut keys) = (false, 1);
        for attempt in 1..=20 {
            let held = hold_latest_key(&server, purpose).await;
            let (one, two, ()) = tokio::join!(
                flows::rotate_key(&server.app, purpose, Urgency::Planned),
                flows::rotate_key(&other, purpose, Urgency::Planned),
                let_go_after(held, attempt.min(5) * Duration::from_millis(100))
            );
            let rotations = [one.unwrap(), two.unwrap()];
            let made = rotations.iter().filter(|rotation| matches!(rotation, Rotation::Made { .. })).count();
            met = rotations.iter().any(|rotation| matches!(rotation, Rotation::ByAnotherNode));
            keys += made;
            assert_eq!(server.stored_keys(purpose).await.len(), keys, "{purpose}: {rotations:?}");
            if met {
                assert_eq!(made, 1, "{purpose}: {rotations:?}");
                break;
            }
            // So that a signing key, which waits for its time, may be followed by another.
            server.advance(2 * HOUR).await;
        }
        assert!(met, "no two rotations of {purpose} met");
    }
}

/// Nobody can write to the latest key meanwhile, so whoever rotates it has seen it as the latest.
async fn hold_latest_key(server: &TestServer, purpose: KeyPurpose) -> Tx {
    let now = server.app.clock.now();
    let latest = server.stored_keys(purpose).await.pop().unwrap();
    let mut tx = server.app.db.begin().await.unwrap();
    server_keys::update_retirement(&mut tx, &latest.kid, now, now).await.unwrap();
    tx
}

async fn let_go_after(held: Tx, time: Duration) {
    tokio::time::sleep(time).await;
    drop(held);
}

/// The key that signs right now, by asking for a token.
async fn signing_kid(server: &TestServer, tokens: &mut Tokens) -> String {
    *tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    token_header(&tokens.access)["kid"].as_str().unwrap().to_owned()
}
