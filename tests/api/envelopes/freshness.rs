//! The nonce: fresh by the server's clock, for 300 seconds, for any number of envelopes.

use std::time::Duration;

use bulla::model::MasterKey;
use bulla_seal::NonceKey;
use serde_json::{Value, json};

use super::log_in;
use crate::support::envelope::Offer;
use crate::support::{PASSWORD, TestServer, new_email};

#[tokio::test]
async fn an_envelope_is_fresh_for_300_seconds_and_not_a_second_more() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(&server).await;
    server.advance(Duration::from_secs(299)).await;
    log_in(&server, &email, &offer.login(&email, PASSWORD).text()).await.ok(200);
    server.advance(Duration::from_secs(1)).await;
    log_in(&server, &email, &offer.login(&email, PASSWORD).text()).await.problem(401, "stale_envelope");
    log_in(&server, &email, &Offer::of(&server).await.login(&email, PASSWORD).text()).await.ok(200);
}

#[tokio::test]
async fn a_nonce_serves_any_number_of_envelopes() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(&server).await;
    for _ in 0..5 {
        log_in(&server, &email, &offer.login(&email, PASSWORD).text()).await.ok(200);
    }
}

#[tokio::test]
async fn a_nonce_of_one_node_is_fresh_on_another() {
    let server = TestServer::start().await;
    let other = server.another_node().await;
    let email = new_email();
    server.register(&email).await;
    let envelope = Offer::of(&other).await.login(&email, PASSWORD).text();
    log_in(&server, &email, &envelope).await.ok(200);
}

#[tokio::test]
async fn a_nonce_that_this_server_did_not_issue_is_stale() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(&server).await;
    let now = server.app.clock.now().milliseconds();
    let stranger = MasterKey::new([8; 32]);
    let flip = |at: usize| {
        let letter = if &offer.nonce[at..=at] == "A" { "B" } else { "A" };
        format!("{}{letter}{}", &offer.nonce[..at], &offer.nonce[at + 1..])
    };
    for nonce in [
        NonceKey::new(*stranger.derive("sealing nonces")).issue(now),
        NonceKey::new([7; 32]).issue(now),
        server.app.nonces.issue(now + 60_000),
        flip(9),
        flip(31),
        format!("{}A", offer.nonce),
        offer.nonce[..31].to_owned(),
        now.to_string(),
        String::new(),
    ] {
        let mut payload = offer.payload(&email, PASSWORD);
        payload["nonce"] = json!(nonce);
        let text = offer.seal(&offer.header(), payload.to_string()).text();
        log_in(&server, &email, &text).await.problem(401, "stale_envelope");
    }
}

#[tokio::test]
async fn a_stale_envelope_says_nothing_of_its_password() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(&server).await;
    server.advance(Duration::from_secs(301)).await;
    let answer_to = async |email: &str, password: &str| {
        let answer = log_in(&server, email, &offer.login(email, password).text()).await;
        let mut problem = answer.problem(401, "stale_envelope");
        problem["request_id"] = Value::Null;
        problem
    };
    let right = answer_to(&email, PASSWORD).await;
    assert_eq!(right, answer_to(&email, "a wrong password of some length").await);
    assert_eq!(right, answer_to(&new_email(), PASSWORD).await);
}

#[tokio::test]
async fn a_stale_envelope_for_something_else_is_a_wrong_password() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(&server).await;
    server.advance(Duration::from_secs(301)).await;
    for (member, value) in [("purpose", "register"), ("email", "eve@example.com")] {
        let mut payload = offer.payload(&email, PASSWORD);
        payload[member] = json!(value);
        let text = offer.seal(&offer.header(), payload.to_string()).text();
        log_in(&server, &email, &text).await.problem(401, "invalid_credentials");
    }
}
