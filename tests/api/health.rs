//! `/healthz` and `/readyz`

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestServer, shared};

#[tokio::test]
async fn a_server_with_its_database_lives_and_is_ready() {
    let server = shared().await;
    for path in ["/healthz", "/readyz"] {
        assert!(server.get(path).await.ok(200)["message"].is_string());
    }
}

#[tokio::test]
async fn a_server_without_its_database_lives_and_is_not_ready() {
    let server = TestServer::start().await;
    server.app.db.close().await;
    server.get("/healthz").await.ok(200);
    let answer = server.get("/readyz").await;
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn without_the_database_every_answer_that_needs_it_is_unavailable() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let sealed = server.seal(bulla_seal::Purpose::Login, &email, crate::support::PASSWORD).await;
    server.app.db.close().await;
    for (method, path, body) in [
        (Method::POST, "login", json!({ "email": email, "password": sealed })),
        (Method::POST, "register", json!({ "name": "Ada", "email": email, "password": sealed })),
        (Method::POST, "refresh", json!({ "refresh_token": tokens.refresh })),
        (Method::POST, "password", json!({ "current_password": sealed, "new_password": sealed })),
        (Method::POST, "logout", Value::Null),
        (Method::GET, "profile", Value::Null),
        (Method::PATCH, "profile", json!({ "name": "Ada" })),
        (Method::GET, "sessions", Value::Null),
        (Method::DELETE, "sessions", Value::Null),
        (Method::DELETE, "sessions/1", Value::Null),
    ] {
        let answer = server.with_token(method, path, &tokens.access, body).await;
        answer.problem(503, "unavailable");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1, "{answer:?}");
    }
}
