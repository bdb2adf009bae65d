//! A database that neither answers nor refuses.

use std::time::Duration;

use serde_json::json;

use crate::database::alone;
use crate::support::{Answer, Pace, TestServer, Tokens};

/// What an answer may take while the database is away.
const PATIENCE: Duration = Duration::from_secs(2);

async fn ask_everything(server: &TestServer, tokens: &Tokens, envelope: &str) -> Vec<(&'static str, Answer, Duration)> {
    let body = json!({ "email": "ada@example.com", "password": envelope });
    let mut answers = Vec::new();
    let begun = Pace::now();
    answers.push(("readyz", server.get("/readyz").await, begun.elapsed()));
    let begun = Pace::now();
    answers.push(("profile", server.profile(&tokens.access).await, begun.elapsed()));
    let begun = Pace::now();
    answers.push(("refresh", server.refresh(&tokens.refresh).await, begun.elapsed()));
    let begun = Pace::now();
    answers.push(("login", server.post("login", body).await, begun.elapsed()));
    // By now, what memory knows of ended sessions is older than a second.
    let begun = Pace::now();
    answers.push(("verify", server.verify(&tokens.access).await, begun.elapsed()));
    answers
}

#[tokio::test]
async fn while_the_database_is_stopped_every_answer_says_so_in_time_and_afterwards_all_works_again() {
    let database = alone().await;
    let server = TestServer::with(|settings| settings.database_timeout = None).await;
    let (email, tokens) = server.new_person().await;
    let envelope = server.seal(bulla_seal::Purpose::Login, &email, crate::support::PASSWORD).await;

    database.stop();
    for (route, answer, took) in ask_everything(&server, &tokens, &envelope).await {
        answer.problem(503, "unavailable");
        assert!(!answer.header("retry-after").is_empty(), "{route}: {answer:?}");
        assert!(took < PATIENCE, "{route} took {took:?}");
    }
    server.get("/healthz").await.ok(200);

    database.go_on();
    let works = async { while server.profile(&tokens.access).await.status != 200 {} };
    assert!(tokio::time::timeout(Duration::from_secs(10), works).await.is_ok(), "it does not work again by itself");
    // The refresh that was answered "unavailable" was not made, or is repeated with the same successor.
    server.refresh(&tokens.refresh).await.ok(200);
    server.verify(&tokens.access).await.ok(200);
}
