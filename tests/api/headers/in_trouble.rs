//! The headers of answers that not everybody gets to see: of a server in trouble, and to whoever makes some.

use bulla::flows;
use reqwest::Method;
use serde_json::Value;

use super::{assert_guarded, with_headers};
use crate::support::{PASSWORD, TestServer};

#[tokio::test]
async fn an_answer_to_someone_who_is_shut_out_forbids_caching_sniffing_and_framing() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    flows::disable_account(&server.app, &server.account(&tokens.user).await).await.unwrap();
    assert_guarded(403, &server.try_login(&email, PASSWORD).await);
}

#[tokio::test]
async fn an_answer_to_a_flood_forbids_caching_sniffing_and_framing() {
    let server = TestServer::with(|settings| settings.address_rate = Some("1/s,1".to_owned())).await;
    let mut answer = server.post("logout", Value::Null).await;
    for _ in 0..30 {
        answer = server.post("logout", Value::Null).await;
        if answer.status == 429 {
            break;
        }
    }
    assert_guarded(429, &answer);
}

#[tokio::test]
async fn an_answer_without_a_database_forbids_caching_sniffing_and_framing() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.app.db.close().await;
    assert_guarded(503, &server.profile(&tokens.access).await);
    assert_guarded(503, &server.get("/readyz").await);
}

#[tokio::test]
async fn an_answer_to_a_method_that_nobody_knows_reflects_nothing() {
    let server = TestServer::start().await;
    let method = Method::from_bytes(b"SING").unwrap();
    let headers = [("x-canary", "tweet"), ("accept-language", "tweet"), ("origin", "https://tweet.example")];
    for (path, status) in [("login", 405), ("tweet", 404), ("/tweet?tweet=tweet", 404)] {
        let answer = with_headers(&server, method.clone(), path, &headers).await;
        assert_guarded(status, &answer);
        assert!(!format!("{answer:?}").contains("tweet"), "{answer:?}");
    }
}
