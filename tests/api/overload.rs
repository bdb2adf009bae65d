//! More passwords than can be hashed: whoever is turned away loses nothing, whoever left costs nothing, and nothing else
//! waits.

use std::time::Duration;

use bulla::app::{Place, Turn};
use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::observe::{MILLISECOND, SECOND, within};
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, new_email};

/// Every place that is left in the queue.
fn fill_queue(server: &TestServer) -> Vec<Place> {
    std::iter::from_fn(|| server.app.hashing.reserve().ok()).collect()
}

/// Every place at its front.
async fn fill_front(server: &TestServer) -> Vec<Turn> {
    let (hashing, mut turns) = (&server.app.hashing, Vec::new());
    while let Ok(turn) = tokio::time::timeout(Duration::ZERO, hashing.turn(hashing.reserve().unwrap())).await {
        turns.push(turn.unwrap());
    }
    turns
}

#[track_caller]
fn assert_overloaded(answer: &Answer) {
    answer.problem(503, "overloaded");
    assert_eq!(answer.header("retry-after"), "1", "{answer:?}");
}

#[tokio::test]
async fn a_full_queue_answers_overloaded_and_neither_spends_nor_counts_anything() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let newcomer = new_email();
    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let register = json!({ "name": "Ada", "email": newcomer, "password": server.seal(Purpose::Register, &newcomer, PASSWORD).await });
    let change = json!({
        "current_password": server.seal(Purpose::CurrentPassword, &email, PASSWORD).await,
        "new_password": server.seal(Purpose::NewPassword, &email, OTHER_PASSWORD).await,
    });
    let (places, before) = (fill_queue(&server), server.app.hashing.hashes());
    // More often than there are attempts for free.
    for _ in 0..7 {
        assert_overloaded(&server.login_with(&email, &envelope).await);
        assert_overloaded(&server.post("register", register.clone()).await);
        assert_overloaded(&server.with_token(Method::POST, "password", &tokens.access, change.clone()).await);
    }
    assert_eq!(server.app.hashing.hashes(), before);
    drop(places);
    server.login_with(&email, &envelope).await.ok(200);
    server.post("register", register).await.ok(201);
    server.with_token(Method::POST, "password", &tokens.access, change).await.ok(200);
}

#[tokio::test]
async fn what_needs_no_hash_does_not_wait_for_those_who_need_one() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    let (_turns, _places) = (fill_front(&server).await, fill_queue(&server));
    server.verify(&tokens.access).await.ok(200);
    server.profile(&tokens.access).await.ok(200);
    server.refresh(&tokens.refresh).await.ok(200);
    server.with_token(Method::PATCH, "profile", &tokens.access, json!({ "name": "Countess" })).await.ok(200);
    server.get("sealing-key").await.ok(200);
    server.get("/healthz").await.ok(200);
    server.with_token(Method::POST, "logout", &tokens.access, Value::Null).await.ok(200);
}

#[tokio::test]
async fn whoever_leaves_the_queue_has_spent_nothing_and_costs_no_hash() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let before = server.app.hashing.hashes();
    let (turns, hashing) = (fill_front(&server).await, &server.app.hashing);
    let free = hashing.free_places();
    let free_places_are = async |number: usize| {
        tokio::time::sleep(MILLISECOND).await;
        hashing.free_places() == number
    };
    // More often than there are attempts for free.
    for _ in 0..7 {
        let body = json!({ "email": email, "password": envelope });
        let request = tokio::spawn(server.request(Method::POST, "login").json(&body).send());
        within(SECOND * 30, || free_places_are(free - 1)).await;
        request.abort();
        within(SECOND * 30, || free_places_are(free)).await;
    }
    drop(turns);
    assert_eq!(hashing.hashes(), before);
    server.login_with(&email, &envelope).await.ok(200);
    assert_eq!(hashing.hashes(), before + 1);
}
