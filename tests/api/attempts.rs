//! Guessing passwords: a few attempts are free, then each waits longer, and a hundred in a row lock the password.

use std::time::Duration;

use bulla::flows;
use bulla::model::Attempts;
use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, new_email};

async fn guess(server: &TestServer, email: &str) -> Answer {
    server.try_login(email, OTHER_PASSWORD).await
}

async fn guess_wrong(server: &TestServer, email: &str, times: usize) {
    for _ in 0..times {
        guess(server, email).await.problem(401, "invalid_credentials");
    }
}

/// Where clients say where they come from.
async fn behind_a_proxy() -> TestServer {
    TestServer::with(|settings| settings.trusted_proxies = Some("127.0.0.1".to_owned())).await
}

async fn log_in_from(server: &TestServer, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": server.seal(Purpose::Login, email, password).await });
    let request = server.request(Method::POST, "login").header("x-forwarded-for", address).json(&body);
    Answer::read(request.send().await.unwrap()).await
}

async fn change_password(server: &TestServer, email: &str, access: &str, current: &str, new: &str) -> Answer {
    let body = json!({
        "current_password": server.seal(Purpose::CurrentPassword, email, current).await,
        "new_password": server.seal(Purpose::NewPassword, email, new).await,
    });
    server.with_token(Method::POST, "password", access, body).await
}

#[tokio::test]
async fn five_wrong_passwords_are_free_and_then_even_the_right_one_waits_as_long_as_it_is_told() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    guess_wrong(&server, &email, 5).await;
    for seconds in [1, 2, 4, 8] {
        let refused = server.try_login(&email, PASSWORD).await;
        refused.problem(429, "too_many_attempts");
        assert_eq!(refused.header("retry-after"), seconds.to_string());
        server.advance(Duration::from_secs(seconds) - Duration::from_millis(1)).await;
        server.try_login(&email, PASSWORD).await.problem(429, "too_many_attempts");
        server.advance(Duration::from_millis(1)).await;
        guess_wrong(&server, &email, 1).await;
    }
    server.advance(Duration::from_secs(16)).await;
    server.try_login(&email, PASSWORD).await.ok(200);
    // Success has cleared it.
    guess_wrong(&server, &email, 5).await;
    guess(&server, &email).await.problem(429, "too_many_attempts");
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_throttled_alike() {
    let server = TestServer::start().await;
    let (known, unknown) = (new_email(), new_email());
    server.register(&known).await;
    let mut answers = Vec::new();
    for email in [&known, &unknown] {
        guess_wrong(&server, email, 5).await;
        let refused = guess(&server, email).await;
        answers.push((refused.status, refused.header("retry-after").to_owned(), refused.json()["detail"].clone()));
    }
    assert_eq!(answers[0].0, 429);
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn every_spelling_of_an_email_address_is_one_counter() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let spellings =
        [email.to_uppercase(), format!(" {email}"), format!("{email}\t"), email.clone(), email.to_uppercase()];
    for spelling in &spellings {
        guess_wrong(&server, spelling, 1).await;
    }
    guess(&server, &email).await.problem(429, "too_many_attempts");
    guess_wrong(&server, &new_email(), 1).await;
}

#[tokio::test]
async fn login_and_password_share_the_counter() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    for _ in 0..3 {
        let answer = change_password(&server, &email, &tokens.access, OTHER_PASSWORD, PASSWORD).await;
        answer.problem(401, "invalid_credentials");
    }
    guess_wrong(&server, &email, 2).await;
    let refused = change_password(&server, &email, &tokens.access, PASSWORD, OTHER_PASSWORD).await;
    refused.problem(429, "too_many_attempts");
    server.try_login(&email, PASSWORD).await.problem(429, "too_many_attempts");
    server.advance(Duration::from_secs(1)).await;
    change_password(&server, &email, &tokens.access, PASSWORD, OTHER_PASSWORD).await.ok(200);
    server.try_login(&email, OTHER_PASSWORD).await.ok(200);
}

#[tokio::test]
async fn an_envelope_that_was_throttled_may_come_again() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    guess_wrong(&server, &email, 5).await;
    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let body = json!({ "email": email, "password": envelope });
    server.post("login", body.clone()).await.problem(429, "too_many_attempts");
    server.advance(Duration::from_secs(1)).await;
    server.post("login", body).await.ok(200);
}

#[tokio::test]
async fn what_is_no_guess_does_not_count() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let stale = server.seal(Purpose::Login, &email, OTHER_PASSWORD).await;
    server.advance(Duration::from_secs(300)).await;
    let reused = server.seal(Purpose::Login, &email, OTHER_PASSWORD).await;
    let send = async |envelope: &str| server.post("login", json!({ "email": email, "password": envelope })).await;
    send(&reused).await.problem(401, "invalid_credentials");
    send(&stale).await.problem(401, "stale_envelope");
    for _ in 0..6 {
        send(&reused).await.problem(401, "reused_envelope");
        let weak = change_password(&server, &email, &tokens.access, PASSWORD, "short").await;
        weak.problem(422, "weak_password");
        server.post("login", json!({ "email": email, "password": "in clear" })).await.problem(400, "invalid_envelope");
    }
    for _ in 0..6 {
        let stale = server.seal(Purpose::Login, &email, OTHER_PASSWORD).await;
        server.advance(Duration::from_secs(300)).await;
        send(&stale).await.problem(401, "stale_envelope");
    }
    guess_wrong(&server, &email, 4).await;
    guess(&server, &email).await.problem(429, "too_many_attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_parallel_guesses_at_two_nodes_get_five_judgements() {
    let a = TestServer::start().await;
    let b = a.another_node().await;
    let email = new_email();
    a.register(&email).await;
    let mut envelopes = Vec::new();
    let key = a.sealing_key().await;
    for _ in 0..200 {
        envelopes.push(bulla_seal::seal_raw(&key, OTHER_PASSWORD).unwrap());
    }
    let before = a.app.hashing.hashes() + b.app.hashing.hashes();
    let mut requests = JoinSet::new();
    for (number, envelope) in envelopes.into_iter().enumerate() {
        let node = if number % 2 == 0 { &a } else { &b };
        let body = json!({ "email": email, "password": envelope });
        let request = node.request(Method::POST, "login").json(&body);
        requests.spawn(async move { Answer::read(request.send().await.unwrap()).await });
    }
    let answers = requests.join_all().await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    // A crowd may also find the queue for hashing full.
    assert_eq!((count(401), count(429) + count(503)), (5, 195), "{answers:?}");
    assert_eq!(a.app.hashing.hashes() + b.app.hashing.hashes() - before, 5);
    for answer in answers.iter().filter(|answer| answer.status == 429) {
        assert_eq!(answer.header("retry-after"), "1");
    }
    b.try_login(&email, PASSWORD).await.problem(429, "too_many_attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_devices_of_one_person_log_in_at_once_at_three_nodes() {
    let a = TestServer::start().await;
    let (b, c) = (a.another_node().await, a.another_node().await);
    let email = new_email();
    a.register(&email).await;
    let key = a.sealing_key().await;
    let mut requests = JoinSet::new();
    for number in 0..20 {
        let body = json!({ "email": email, "password": bulla_seal::seal_raw(&key, PASSWORD).unwrap() });
        let request = [&a, &b, &c][number % 3].request(Method::POST, "login").json(&body);
        requests.spawn(async move { Answer::read(request.send().await.unwrap()).await.status });
    }
    assert_eq!(requests.join_all().await, vec![200; 20]);
}

#[tokio::test]
async fn a_hundred_failures_in_a_row_lock_the_password_until_an_administrator_unlocks_it() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let key = server.sealing_key().await;
    for number in 0..100 {
        let body = json!({ "email": email, "password": bulla_seal::seal_raw(&key, OTHER_PASSWORD).unwrap() });
        server.post("login", body).await.problem(401, "invalid_credentials");
        server.app.clock.advance(Duration::from_secs(if number < 4 { 0 } else { 900 }));
    }
    for days in [0, 1, 60] {
        server.advance(Duration::from_secs(days * 24 * 3600)).await;
        while flows::prune(&server.app).await.unwrap() {}
        let locked = server.try_login(&email, PASSWORD).await;
        locked.problem(429, "too_many_attempts");
        assert!(!locked.header("retry-after").is_empty());
        assert!(locked.json()["detail"].as_str().unwrap().contains("locked"), "{locked:?}");
    }
    server.forget_attempts(&email).await;
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn a_stranger_who_guesses_does_not_keep_the_owner_out() {
    let server = behind_a_proxy().await;
    let (home, stranger, elsewhere) = ("192.0.2.1", "198.51.100.7", "203.0.113.9");
    let email = new_email();
    server.register(&email).await;
    log_in_from(&server, home, &email, PASSWORD).await.ok(200);
    for _ in 0..5 {
        log_in_from(&server, stranger, &email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    log_in_from(&server, stranger, &email, PASSWORD).await.problem(429, "too_many_attempts");
    log_in_from(&server, elsewhere, &email, PASSWORD).await.problem(429, "too_many_attempts");
    // A wrong password of the owner's own changes nothing about that.
    log_in_from(&server, home, &email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    log_in_from(&server, home, &email, PASSWORD).await.ok(200);
    // Nor does a lock: it is for everyone else.
    let key = server.sealing_key().await;
    for _ in 0..100 {
        server.app.clock.advance(Attempts::LONGEST_WAIT);
        let body = json!({ "email": email, "password": bulla_seal::seal_raw(&key, OTHER_PASSWORD).unwrap() });
        let request = server.request(Method::POST, "login").header("x-forwarded-for", stranger).json(&body);
        Answer::read(request.send().await.unwrap()).await.problem(401, "invalid_credentials");
    }
    let locked = log_in_from(&server, elsewhere, &email, PASSWORD).await;
    assert!(locked.problem(429, "too_many_attempts")["detail"].as_str().unwrap().contains("locked"));
    log_in_from(&server, home, &email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn the_allowance_of_a_known_address_is_small_and_of_one_account_only() {
    let server = behind_a_proxy().await;
    let home = "2001:db8:1:2::1";
    let (email, other) = (new_email(), new_email());
    server.register(&email).await;
    server.register(&other).await;
    log_in_from(&server, home, &email, PASSWORD).await.ok(200);
    // The same network, as far as anyone can tell.
    let neighbour = "2001:db8:1:2:aaaa::9";
    for _ in 0..5 {
        log_in_from(&server, neighbour, &email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    log_in_from(&server, home, &email, PASSWORD).await.problem(429, "too_many_attempts");
    // Of everyone else's allowance, nothing was taken.
    log_in_from(&server, "203.0.113.9", &email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    // After twenty in a row, one who guesses from there is like everyone else: from a hundred, one is taken already.
    for _ in 5..20 {
        server.app.clock.advance(Attempts::LONGEST_WAIT);
        log_in_from(&server, neighbour, &email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    for _ in 0..4 {
        log_in_from(&server, neighbour, &email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    log_in_from(&server, home, &email, PASSWORD).await.problem(429, "too_many_attempts");
    log_in_from(&server, "203.0.113.9", &email, PASSWORD).await.problem(429, "too_many_attempts");
    // To another account, this address is a stranger.
    for _ in 0..5 {
        log_in_from(&server, "198.51.100.7", &other, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    log_in_from(&server, home, &other, PASSWORD).await.problem(429, "too_many_attempts");
}

#[tokio::test]
async fn an_administrator_unlocks_for_known_addresses_too() {
    let server = TestServer::start().await;
    let (email, other) = (new_email(), new_email());
    for email in [&email, &other] {
        server.register(email).await;
        server.login(email).await;
        guess_wrong(&server, email, 5).await;
        server.try_login(email, PASSWORD).await.problem(429, "too_many_attempts");
    }
    server.forget_attempts(&email).await;
    server.try_login(&email, PASSWORD).await.ok(200);
    server.try_login(&other, PASSWORD).await.problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_password_change_makes_an_address_known_too() {
    let server = behind_a_proxy().await;
    let (email, tokens) = server.new_person().await;
    let body = json!({
        "current_password": server.seal(Purpose::CurrentPassword, &email, PASSWORD).await,
        "new_password": server.seal(Purpose::NewPassword, &email, OTHER_PASSWORD).await,
    });
    let request = server.request(Method::POST, "password").header("x-forwarded-for", "192.0.2.1");
    Answer::read(request.bearer_auth(&tokens.access).json(&body).send().await.unwrap()).await.ok(200);
    for _ in 0..5 {
        log_in_from(&server, "198.51.100.7", &email, PASSWORD).await.problem(401, "invalid_credentials");
    }
    log_in_from(&server, "198.51.100.7", &email, OTHER_PASSWORD).await.problem(429, "too_many_attempts");
    log_in_from(&server, "192.0.2.1", &email, OTHER_PASSWORD).await.ok(200);
}

#[tokio::test]
async fn failures_are_forgotten_after_a_while_unless_there_were_many() {
    let server = TestServer::start().await;
    let email = new_email();
    guess_wrong(&server, &email, 4).await;
    let day = Duration::from_secs(24 * 3600);
    server.advance(day + Duration::from_millis(1)).await;
    while flows::prune(&server.app).await.unwrap() {}
    guess_wrong(&server, &email, 5).await;
    server.advance(day * 29).await;
    while flows::prune(&server.app).await.unwrap() {}
    guess_wrong(&server, &email, 1).await;
    guess(&server, &email).await.problem(429, "too_many_attempts");
}
