//! Opening leaks nothing: whatever is wrong inside an envelope is answered like a wrong password.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use super::{log_in, without_id};
use crate::support::envelope::Offer;
use crate::support::{OTHER_PASSWORD, PASSWORD, TestServer, new_email, shared};

/// Envelopes whose encryption is wrong, each with what is wrong with it.
fn wrongly_encrypted(offer: &Offer, email: &str) -> Vec<(&'static str, String)> {
    let right = || offer.login(email, PASSWORD);
    let v1_5 = offer.openssl(b"0123456789abcdef0123456789abcdef", &["rsa_padding_mode:pkcs1"]);
    let sha_1 = offer.openssl(b"0123456789abcdef0123456789abcdef", &["rsa_padding_mode:oaep"]);
    let respelled = URL_SAFE_NO_PAD.encode(format!("{} ", offer.header()));
    vec![
        ("broken OAEP", right().with(|parts| parts.rsa[200] ^= 1)),
        ("zero", right().with(|parts| parts.rsa.fill(0))),
        ("PKCS#1 v1.5", right().with(|parts| parts.rsa = v1_5)),
        ("OAEP with SHA-1", right().with(|parts| parts.rsa = sha_1)),
        ("another content key", right().with(|parts| parts.rsa = offer.wrap("fedcba9876543210fedcba9876543210"))),
        ("a short content key", right().with(|parts| parts.rsa = offer.wrap("0123456789abcdef"))),
        ("a long content key", right().with(|parts| parts.rsa = offer.wrap("0123456789abcdef0123456789abcdef0"))),
        ("no content key", right().with(|parts| parts.rsa = offer.wrap(""))),
        ("another tag", right().with(|parts| parts.tag[15] ^= 1)),
        ("another iv", right().with(|parts| parts.iv[0] ^= 1)),
        ("another ciphertext", right().with(|parts| parts.ciphertext[0] ^= 1)),
        ("a cut ciphertext", right().with(|parts| parts.ciphertext.truncate(20))),
        ("a header in another spelling", right().with(|parts| parts.protected = respelled)),
        ("raw: PKCS#1 v1.5", STANDARD.encode(offer.openssl(PASSWORD.as_bytes(), &["rsa_padding_mode:pkcs1"]))),
        (
            "raw: not UTF-8",
            STANDARD.encode(offer.openssl(b"caf\xe9", &["rsa_padding_mode:oaep", "rsa_oaep_md:sha256"])),
        ),
        ("raw: noise", STANDARD.encode([1; 384])),
        ("raw: a wrong password", STANDARD.encode(offer.wrap(OTHER_PASSWORD))),
    ]
}

/// Envelopes whose payload is wrong.
fn wrongly_filled(offer: &Offer, email: &str) -> Vec<(String, String)> {
    let right = offer.payload(email, PASSWORD);
    let mut payloads: Vec<Vec<u8>> = vec![
        b"no JSON".to_vec(),
        json!([right]).to_string().into_bytes(),
        json!(PASSWORD).to_string().into_bytes(),
        b"\xff\xfe".to_vec(),
        format!("{right} x").into_bytes(),
        right.to_string().replacen('{', "{\"password\":\"x\",", 1).into_bytes(),
    ];
    for member in ["password", "purpose", "email", "nonce"] {
        for value in [Value::Null, json!(1), json!([right[member]])] {
            let mut payload = right.clone();
            payload[member] = value;
            payloads.push(payload.to_string().into_bytes());
        }
        let mut payload = right.clone();
        payload.as_object_mut().unwrap().remove(member);
        payloads.push(payload.to_string().into_bytes());
    }
    for (member, value) in [("purpose", "register"), ("purpose", "Login"), ("email", "eve@example.com")] {
        let mut payload = right.clone();
        payload[member] = json!(value);
        payloads.push(payload.to_string().into_bytes());
    }
    let seal = |payload: Vec<u8>| (format!("{payload:?}"), offer.seal(&offer.header(), payload).text());
    payloads.into_iter().map(seal).collect()
}

#[tokio::test]
async fn wrong_encryption_is_answered_like_a_wrong_password() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let wrong = without_id(&server.try_login(&email, OTHER_PASSWORD).await);
    assert_eq!((wrong.0, &wrong.2["code"]), (401, &json!("invalid_credentials")));
    for (what, envelope) in wrongly_encrypted(&Offer::of(server).await, &email) {
        server.login(&email).await;
        assert_eq!(without_id(&log_in(server, &email, &envelope).await), wrong, "{what}");
    }
}

#[tokio::test]
async fn a_wrong_payload_is_answered_like_a_wrong_password() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let wrong = without_id(&server.try_login(&email, OTHER_PASSWORD).await);
    for (payload, envelope) in wrongly_filled(&Offer::of(server).await, &email) {
        server.login(&email).await;
        assert_eq!(without_id(&log_in(server, &email, &envelope).await), wrong, "{payload}");
    }
}

#[tokio::test]
async fn an_unknown_account_makes_no_difference_to_any_of_these_answers() {
    let server = TestServer::start().await;
    let email = new_email();
    let wrong = without_id(&server.try_login(&email, PASSWORD).await);
    assert_eq!((wrong.0, &wrong.2["code"]), (401, &json!("invalid_credentials")));
    for (what, envelope) in wrongly_encrypted(&Offer::of(&server).await, &email) {
        server.forget_attempts(&email).await;
        assert_eq!(without_id(&log_in(&server, &email, &envelope).await), wrong, "{what}");
    }
}

#[tokio::test]
async fn a_password_change_answers_wrong_encryption_like_a_wrong_password() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let change = async |current: &str| {
        let new = server.seal(Purpose::NewPassword, &email, OTHER_PASSWORD).await;
        let body = json!({ "current_password": current, "new_password": new });
        server.with_token(Method::POST, "password", &tokens.access, body).await
    };
    let wrong = without_id(&change(&server.seal(Purpose::CurrentPassword, &email, OTHER_PASSWORD).await).await);
    assert_eq!((wrong.0, &wrong.2["code"]), (401, &json!("invalid_credentials")));
    for (what, envelope) in wrongly_encrypted(&Offer::of(server).await, &email) {
        server.login(&email).await;
        assert_eq!(without_id(&change(&envelope).await), wrong, "{what}");
    }
}

#[tokio::test]
async fn a_new_password_that_does_not_open_is_not_told_from_a_wrong_current_one() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let change = async |current: &str, new: &str| {
        let current = server.seal(Purpose::CurrentPassword, &email, current).await;
        let body = json!({ "current_password": current, "new_password": new });
        server.with_token(Method::POST, "password", &tokens.access, body).await
    };
    let fine = server.seal(Purpose::NewPassword, &email, OTHER_PASSWORD).await;
    let wrong = without_id(&change(OTHER_PASSWORD, &fine).await);
    for (what, envelope) in wrongly_encrypted(&Offer::of(server).await, &email) {
        // A raw envelope binds nothing, so its password is simply the new one.
        if what != "raw: a wrong password" {
            server.login(&email).await;
            assert_eq!(without_id(&change(PASSWORD, &envelope).await), wrong, "{what}");
        }
    }
}

/// The hash is nearly all that an answer costs; `bench/` looks at the time itself.
#[tokio::test]
async fn a_failure_inside_an_envelope_and_an_unknown_account_cost_one_hash_as_a_wrong_password_does() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(&server).await;
    let hashes_of = async |email: &str, envelope: &str| {
        server.forget_attempts(email).await;
        let before = server.app.hashing.hashes();
        log_in(&server, email, envelope).await.problem(401, "invalid_credentials");
        server.app.hashing.hashes() - before
    };
    assert_eq!(hashes_of(&email, &offer.login(&email, OTHER_PASSWORD).text()).await, 1);
    assert_eq!(hashes_of("nobody@example.com", &offer.login("nobody@example.com", PASSWORD).text()).await, 1);
    for (what, envelope) in wrongly_encrypted(&offer, &email) {
        assert_eq!(hashes_of(&email, &envelope).await, 1, "{what}");
    }
    for (payload, envelope) in wrongly_filled(&offer, &email) {
        assert_eq!(hashes_of(&email, &envelope).await, 1, "{payload}");
    }
}
