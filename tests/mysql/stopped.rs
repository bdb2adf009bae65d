//! A database that neither answers nor refuses.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, TestServer, Tokens};

/// What an answer may take while the database is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sends a signal to the database server, and lets it go on when dropped.
struct Stopped(String);

impl Stopped {
    fn stop() -> Self {
        let pid = std::env::var("BULLA_TEST_DATABASE_PID").expect("run this by way of scripts/with-database");
        signal("-STOP", &pid);
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

fn signal(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

async fn ask_everything(server: &TestServer, tokens: &Tokens, envelope: &str) -> Vec<(&'static str, Answer, Duration)> {
    let body = json!({ "email": "ada@example.com", "password": envelope });
    let mut answers = Vec::new();
    let begun = Instant::now();
    answers.push(("readyz", server.get("/readyz").await, begun.elapsed()));
    let begun = Instant::now();
    answers.push(("profile", server.profile(&tokens.access).await, begun.elapsed()));
    let begun = Instant::now();
    answers.push(("refresh", server.refresh(&tokens.refresh).await, begun.elapsed()));
    let begun = Instant::now();
    answers.push(("login", server.post("login", body).await, begun.elapsed()));
    // By now, what memory knows of ended sessions is older than a second.
    let begun = Instant::now();
    answers.push(("verify", server.verify(&tokens.access).await, begun.elapsed()));
    answers
}

#[tokio::test]
async fn while_the_database_is_stopped_every_answer_says_so_in_time_and_afterwards_all_works_again() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let envelope = server.seal(bulla_seal::Purpose::Login, &email, crate::support::PASSWORD).await;

    let stopped = Stopped::stop();
    for (route, answer, took) in ask_everything(&server, &tokens, &envelope).await {
        answer.problem(503, "unavailable");
        assert!(!answer.header("retry-after").is_empty(), "{route}: {answer:?}");
        assert!(took < PATIENCE, "{route} took {took:?}");
    }
    server.get("/healthz").await.ok(200);

    drop(stopped);
    let works = async { while server.profile(&tokens.access).await.status != 200 {} };
    assert!(tokio::time::timeout(Duration::from_secs(10), works).await.is_ok(), "it does not work again by itself");
    // The refresh that was answered "unavailable" was not made, or is repeated with the same successor.
    server.refresh(&tokens.refresh).await.ok(200);
    server.verify(&tokens.access).await.ok(200);
}
