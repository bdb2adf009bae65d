//! Each envelope is judged once, success or not.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use bulla::flows;
use bulla_seal::{KeySize, Purpose, SealingKey};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::log_in;
use crate::support::envelope::{Offer, Parts};
use crate::support::{OTHER_PASSWORD, PASSWORD, TestServer, new_email, shared};

/// An envelope of either form for a login.
async fn both_forms(server: &TestServer, email: &str, password: &str) -> [String; 2] {
    let offer = Offer::of(server).await;
    [offer.login(email, password).text(), bulla_seal::seal_raw(&offer.key, password).unwrap()]
}

#[tokio::test]
async fn an_envelope_that_logged_in_is_reused_the_second_time() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    for envelope in both_forms(server, &email, PASSWORD).await {
        log_in(server, &email, &envelope).await.ok(200);
        log_in(server, &email, &envelope).await.problem(401, "reused_envelope");
        log_in(server, &email, &envelope).await.problem(401, "reused_envelope");
    }
}

#[tokio::test]
async fn an_envelope_with_a_wrong_password_is_reused_the_second_time() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    for envelope in both_forms(server, &email, OTHER_PASSWORD).await {
        log_in(server, &email, &envelope).await.problem(401, "invalid_credentials");
        log_in(server, &email, &envelope).await.problem(401, "reused_envelope");
    }
}

#[tokio::test]
async fn an_envelope_that_registered_is_reused_the_second_time() {
    let server = shared().await;
    let email = new_email();
    let password = server.seal(Purpose::Register, &email, PASSWORD).await;
    let body = json!({ "name": "Ada", "email": email, "password": password });
    server.post("register", body.clone()).await.ok(201);
    server.post("register", body).await.problem(401, "reused_envelope");
}

#[tokio::test]
async fn both_envelopes_of_a_password_change_are_reused_the_second_time() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let seal = async |purpose, password| server.seal(purpose, &email, password).await;
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        server.with_token(Method::POST, "password", &tokens.access, body).await
    };
    let wrong = seal(Purpose::CurrentPassword, OTHER_PASSWORD).await;
    let new = seal(Purpose::NewPassword, OTHER_PASSWORD).await;
    change(&wrong, &new).await.problem(401, "invalid_credentials");
    let fresh = seal(Purpose::CurrentPassword, PASSWORD).await;
    change(&fresh, &new).await.problem(401, "reused_envelope");
    let another = seal(Purpose::NewPassword, OTHER_PASSWORD).await;
    change(&wrong, &another).await.problem(401, "reused_envelope");
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn one_raw_envelope_cannot_be_both_passwords_of_a_change() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let raw = bulla_seal::seal_raw(&Offer::of(server).await.key, PASSWORD).unwrap();
    let body = json!({ "current_password": raw, "new_password": raw });
    let answer = server.with_token(Method::POST, "password", &tokens.access, body).await;
    answer.problem(401, "reused_envelope");
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn of_20_parallel_repeats_exactly_one_is_judged() {
    let server = TestServer::with(|settings| settings.hash_queue = Some("100".to_owned())).await;
    let node = server.another_node().await;
    let email = new_email();
    server.register(&email).await;
    for envelope in both_forms(&server, &email, PASSWORD).await {
        let mut sending = JoinSet::new();
        for number in 0..20 {
            let request = [&server, &node][number % 2].request(Method::POST, "login");
            sending.spawn(request.json(&json!({ "email": email, "password": envelope })).send());
        }
        let mut statuses = Vec::new();
        while let Some(answer) = sending.join_next().await {
            let answer = crate::support::Answer::read(answer.unwrap().unwrap()).await;
            if answer.status != 200 {
                answer.problem(401, "reused_envelope");
            }
            statuses.push(answer.status.as_u16());
        }
        let judged = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!((judged, statuses.len()), (1, 20));
    }
}

#[tokio::test]
async fn a_repeat_after_a_restart_is_reused() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    for envelope in both_forms(&server, &email, PASSWORD).await {
        log_in(&server, &email, &envelope).await.ok(200);
        let restarted = server.another_node().await;
        log_in(&restarted, &email, &envelope).await.problem(401, "reused_envelope");
    }
}

#[tokio::test]
async fn an_altered_copy_is_not_accepted_before_nor_after_its_original() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let right = Offer::of(server).await.login(&email, PASSWORD);
    let other = Offer::of(server).await.login(&email, PASSWORD);
    let copies = [
        right.with(|parts| parts.tag[0] ^= 1),
        right.with(|parts| parts.iv[0] ^= 1),
        right.with(|parts| parts.ciphertext.push(0)),
        other.with(|parts| parts.tag[0] ^= 1),
    ];
    log_in(server, &email, &right.text()).await.ok(200);
    for copy in &copies {
        log_in(server, &email, copy).await.problem(401, "invalid_credentials");
    }
    // This copy came first, so it was the one that is judged.
    log_in(server, &email, &other.text()).await.problem(401, "reused_envelope");
}

#[tokio::test]
async fn a_respelled_repeat_is_not_accepted() {
    // 256 bytes end in the middle of a base64 letter, so this length has spare bits.
    let server = TestServer::start().await;
    flows::import_sealing_key(&server.app, &SealingKey::generate(KeySize::Rsa2048).unwrap()).await.unwrap();
    let email = new_email();
    server.register(&email).await;
    let [jwe, raw] = both_forms(&server, &email, PASSWORD).await;
    for envelope in [&jwe, &raw] {
        log_in(&server, &email, envelope).await.ok(200);
    }
    let bytes = STANDARD.decode(&raw).unwrap();
    let rsa = STANDARD_NO_PAD.encode(&Parts::of(&jwe).rsa).replace('+', "-").replace('/', "_");
    let respelled = [
        STANDARD_NO_PAD.encode(&bytes),
        format!("{raw}="),
        format!("{raw}\r\n"),
        with_a_spare_bit(raw.trim_end_matches('=')) + "==",
        STANDARD.encode([&[0][..], &bytes].concat()),
        URL_SAFE.encode(&bytes) + " ",
        format!("{jwe}="),
        jwe.replace(&rsa, &with_a_spare_bit(&rsa)),
        jwe.replace(&rsa, &format!("{rsa}==")),
        with_a_spare_bit(&jwe),
        format!(" {jwe}"),
    ];
    for text in respelled {
        assert!(text != jwe && text != raw);
        log_in(&server, &email, &text).await.problem(400, "invalid_envelope");
    }
}

/// Sets the last of the bits that a decoder may overlook.
fn with_a_spare_bit(text: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = text.split_at(text.len() - 1);
    let next = LETTERS.find(last).unwrap() + 1;
    format!("{rest}{}", &LETTERS[next..=next])
}

#[tokio::test]
async fn an_envelope_spent_on_the_wrong_route_is_spent_on_the_right_one() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let body = json!({ "name": "Ada", "email": email, "password": envelope });
    server.post("register", body).await.problem(401, "invalid_credentials");
    log_in(server, &email, &envelope).await.problem(401, "reused_envelope");

    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let new = server.seal(Purpose::NewPassword, &email, OTHER_PASSWORD).await;
    let body = json!({ "current_password": envelope, "new_password": new });
    let answer = server.with_token(Method::POST, "password", &tokens.access, body).await;
    answer.problem(401, "invalid_credentials");
    log_in(server, &email, &envelope).await.problem(401, "reused_envelope");
}

#[tokio::test]
async fn an_envelope_in_a_request_that_was_turned_away_in_public_is_not_spent() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let envelope = server.seal(Purpose::CurrentPassword, &email, PASSWORD).await;
    let change = async |new: &str| {
        let body = json!({ "current_password": envelope, "new_password": new });
        server.with_token(Method::POST, "password", &tokens.access, body).await
    };
    change("in clear").await.problem(400, "invalid_envelope");
    change(&server.seal(Purpose::NewPassword, &email, OTHER_PASSWORD).await).await.ok(200);
}

#[tokio::test]
async fn what_is_forgotten_in_time_is_stale_by_then() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let [jwe, raw] = both_forms(&server, &email, PASSWORD).await;
    for envelope in [&jwe, &raw] {
        log_in(&server, &email, envelope).await.ok(200);
    }
    for (wait_seconds, code) in [(299, "reused_envelope"), (1, "stale_envelope"), (3 * 3600, "stale_envelope")] {
        server.advance(Duration::from_secs(wait_seconds)).await;
        while flows::prune(&server.app).await.unwrap() {}
        log_in(&server, &email, &jwe).await.problem(401, code);
        log_in(&server, &email, &raw).await.problem(401, "reused_envelope");
    }
}

#[tokio::test]
async fn a_raw_envelope_is_never_accepted_again_however_long_it_waits() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let [_, raw] = both_forms(&server, &email, PASSWORD).await;
    log_in(&server, &email, &raw).await.ok(200);
    let day = Duration::from_secs(24 * 3600);
    for days in [29, 1] {
        server.advance(day * days).await;
        while flows::prune(&server.app).await.unwrap() {}
        log_in(&server, &email, &raw).await.problem(401, "reused_envelope");
    }
    server.advance(day + Duration::from_secs(1)).await;
    while flows::prune(&server.app).await.unwrap() {}
    let late = log_in(&server, &email, &raw).await;
    // The key that it was sealed to is gone; to the next one it is noise, in range or not.
    assert!(late.status == 401 || late.status == 400, "{late:?}");
    assert_ne!(late.json()["code"], "reused_envelope");
}
