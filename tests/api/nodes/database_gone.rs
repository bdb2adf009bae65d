//! A node whose database is gone says so; it never says yes.

use bulla_seal::Purpose;
use serde_json::json;

use super::two_nodes;
use crate::support::observe::refusal_of_old_memory;
use crate::support::{Answer, PASSWORD, TestServer, new_email};

#[tokio::test]
async fn a_node_without_a_database_says_so_on_every_route_that_needs_it() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let login = server.seal(Purpose::Login, &email, PASSWORD).await;
    let newcomer = new_email();
    let register = server.seal(Purpose::Register, &newcomer, PASSWORD).await;
    server.app.db.close().await;
    let register = json!({ "name": "Ada", "email": newcomer, "password": register });
    let mut answers = vec![
        ("register".to_owned(), server.post("register", register).await),
        ("login".to_owned(), server.login_with(&email, &login).await),
        ("refresh".to_owned(), server.refresh(&tokens.refresh).await),
        ("readyz".to_owned(), server.get("/readyz").await),
    ];
    answers.extend(server.ask_every_authenticated_route(&tokens.access).await);
    for (route, answer) in answers {
        if !route.ends_with("/verify") {
            assert_unavailable(&route, &answer);
        }
    }
}

#[tokio::test]
async fn verify_without_a_database_says_so_once_its_memory_is_a_second_old() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.verify(&tokens.access).await.ok(200);
    server.app.db.close().await;
    refusal_of_old_memory(&server, &tokens.access).await;
    for _ in 0..3 {
        assert_unavailable("verify", &server.verify(&tokens.access).await);
    }
}

#[tokio::test]
async fn verify_without_a_database_still_refuses_what_is_no_token() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.app.db.close().await;
    server.verify(&tokens.access[..tokens.access.len() - 4]).await.problem(401, "invalid_token");
    server.verify("nonsense").await.problem(401, "invalid_token");
}

#[tokio::test]
async fn verify_without_a_database_still_refuses_a_session_that_it_knows_ended() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.logout(&tokens.access).await.ok(200);
    server.app.db.close().await;
    server.verify(&tokens.access).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn a_node_without_a_database_lives_and_is_not_ready() {
    let server = TestServer::start().await;
    server.get("/readyz").await.ok(200);
    server.app.db.close().await;
    server.get("/healthz").await.ok(200);
    assert_unavailable("readyz", &server.get("/readyz").await);
}

#[tokio::test]
async fn a_node_without_a_database_harms_no_other_node() {
    let (a, b) = two_nodes().await;
    let (email, tokens) = a.new_person().await;
    a.app.db.close().await;
    b.profile(&tokens.access).await.ok(200);
    b.login(&email).await;
}

#[track_caller]
fn assert_unavailable(route: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{route}: {answer:?}");
    answer.problem(503, "unavailable");
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{route}: {wait}");
}
