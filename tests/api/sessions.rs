//! `/api/auth/sessions` and `/api/auth/logout`

mod access_tokens;
mod ending;

use bulla::store::audit_events;
use reqwest::Method;
use reqwest::header::USER_AGENT;
use serde_json::{Value, json};

use crate::support::observe::{DAY, MILLISECOND, SECOND, members, token_claims};
use crate::support::{Answer, PASSWORD, TestServer, Tokens, new_email, shared};
use bulla_seal::Purpose;

#[tokio::test]
async fn a_session_is_listed_with_exactly_these_members() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    let answer = server.with_token(Method::GET, "sessions", &tokens.access, Value::Null).await;
    let expected = json!({ "sessions": [{
        "id": token_claims(&tokens.access)["sid"],
        "created_at": "2027-01-15T08:00:00.000Z",
        "last_used_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-02-14T08:00:00.000Z",
        "ip": "127.0.0.1",
        "user_agent": "bulla-tests/1.0",
        "current": true,
    }] });
    assert_eq!(answer.ok(200), expected);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        members(&answer.json()["sessions"][0]),
        ["created_at", "current", "expires_at", "id", "ip", "last_used_at", "user_agent"]
    );
}

#[tokio::test]
async fn sessions_are_listed_newest_first() {
    let server = TestServer::start().await;
    let (email, first) = server.new_person().await;
    let mut expected = vec![session_of(&first)];
    for _ in 0..3 {
        server.advance(MILLISECOND).await;
        expected.insert(0, session_of(&server.login(&email).await));
    }
    // Being used does not make a session newer.
    server.advance(SECOND).await;
    let first = Tokens::of(&server.refresh(&first.refresh).await);
    assert_eq!(ids(&server.sessions(&first.access).await), expected);
}

#[tokio::test]
async fn only_the_session_that_asks_is_current() {
    let server = shared().await;
    let (email, one) = server.new_person().await;
    let two = server.login(&email).await;
    for tokens in [one, two] {
        let sessions = server.sessions(&tokens.access).await;
        let current: Vec<&Value> = sessions.iter().filter(|session| session["current"] == true).collect();
        assert_eq!(sessions.len(), 2);
        assert_eq!(current.len(), 1);
        assert_eq!(current[0]["id"], session_of(&tokens).as_str());
    }
}

#[tokio::test]
async fn only_ones_own_sessions_are_listed() {
    let server = shared().await;
    let ((_, ada), (_, eve)) = (server.new_person().await, server.new_person().await);
    assert_eq!(ids(&server.sessions(&ada.access).await), [session_of(&ada)]);
    assert_eq!(ids(&server.sessions(&eve.access).await), [session_of(&eve)]);
}

#[tokio::test]
async fn an_ended_session_is_not_listed() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let (logged_out, deleted) = (server.login(&email).await, server.login(&email).await);
    server.logout(&logged_out.access).await.ok(200);
    delete(server, &tokens, &session_of(&deleted)).await.ok(204);
    assert_eq!(ids(&server.sessions(&tokens.access).await), [session_of(&tokens)]);
}

#[tokio::test]
async fn an_expired_session_is_not_listed() {
    let server = TestServer::start().await;
    let (email, idle) = server.new_person().await;
    server.advance(30 * DAY - MILLISECOND).await;
    let tokens = server.login(&email).await;
    assert_eq!(ids(&server.sessions(&tokens.access).await), [session_of(&tokens), session_of(&idle)]);
    server.advance(MILLISECOND).await;
    assert_eq!(ids(&server.sessions(&tokens.access).await), [session_of(&tokens)]);
}

#[tokio::test]
async fn a_refresh_is_a_use_and_pushes_the_end_ahead() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.advance(DAY).await;
    let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    let session = server.sessions(&tokens.access).await[0].clone();
    assert_eq!(session["created_at"], "2027-01-15T08:00:00.000Z");
    assert_eq!(session["last_used_at"], "2027-01-16T08:00:00.000Z");
    assert_eq!(session["expires_at"], "2027-02-15T08:00:00.000Z");
}

#[tokio::test]
async fn a_long_user_agent_is_cut() {
    let user_agent = "x".repeat(8000);
    assert_eq!(user_agent_of_session(user_agent.as_bytes()).await, "x".repeat(256));
    let user_agent = "é".repeat(1000);
    assert_eq!(user_agent_of_session(user_agent.as_bytes()).await, "é".repeat(256));
}

#[tokio::test]
async fn control_characters_are_cut_out_of_a_user_agent() {
    assert_eq!(user_agent_of_session("curl\t8\u{85}\u{9b}31m".as_bytes()).await, "curl831m");
}

#[tokio::test]
async fn a_user_agent_that_is_not_text_does_no_harm() {
    assert_eq!(user_agent_of_session(b"curl\xff\xc3").await, "curl\u{fffd}\u{fffd}");
}

/// Logs in with it, and returns what the list of sessions says.
async fn user_agent_of_session(user_agent: &[u8]) -> Value {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let request = server.request(Method::POST, "login").header(USER_AGENT, user_agent);
    let answer = Answer::read(request.json(&json!({ "email": email, "password": envelope })).send().await.unwrap());
    let tokens = Tokens::of(&answer.await);
    server.sessions(&tokens.access).await[0]["user_agent"].clone()
}

async fn delete(server: &TestServer, tokens: &Tokens, id: &str) -> Answer {
    server.with_token(Method::DELETE, &format!("sessions/{id}"), &tokens.access, Value::Null).await
}

fn session_of(tokens: &Tokens) -> String {
    token_claims(&tokens.access)["sid"].as_str().unwrap().to_owned()
}

fn ids(sessions: &[Value]) -> Vec<&str> {
    sessions.iter().map(|session| session["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_account_has_a_hundred_sessions_at_most_and_one_more_ends_the_oldest() {
    let server = TestServer::start().await;
    let (email, oldest) = server.new_person().await;
    server.app.clock.advance(MILLISECOND);
    let second = server.login(&email).await;
    for _ in 0..98 {
        server.app.clock.advance(MILLISECOND);
        server.login(&email).await;
    }
    server.profile(&oldest.access).await.ok(200);
    let newest = server.login(&email).await;
    server.profile(&oldest.access).await.problem(401, "invalid_token");
    server.verify(&oldest.access).await.problem(401, "invalid_token");
    server.profile(&second.access).await.ok(200);
    assert_eq!(server.sessions(&newest.access).await.len(), 100);
    let told = audit_events::list(&server.app.db, None, "", 1000).await.unwrap();
    let ended: Vec<_> = told.iter().filter(|event| event.kind == "session_ended").collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].detail.as_deref(), Some("too_many_sessions"));
    assert_eq!(ended[0].session_id.as_ref().unwrap().as_str(), oldest.refresh.split('.').next().unwrap());
}
