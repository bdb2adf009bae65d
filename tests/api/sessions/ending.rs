//! Ending sessions: one, all, this one; and what stays untouched.

use std::time::Duration;

use bulla::flows;
use reqwest::Method;
use serde_json::Value;

use super::{delete, ids, session_of};
use crate::support::observe::{within, without_request_id};
use crate::support::{Answer, OTHER_PASSWORD, TestServer, Tokens, shared};

#[tokio::test]
async fn a_logout_ends_this_session_at_once_on_every_route() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let answer = server.logout(&tokens.access).await;
    assert!(answer.ok(200)["message"].is_string());
    // On the node that ended it, `/verify` knows at once, too.
    server.verify(&tokens.access).await.problem(401, "invalid_token");
    server.assert_refused_everywhere(&tokens.access).await;
    server.refresh(&tokens.refresh).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn a_logout_ends_every_access_token_of_the_session() {
    let server = shared().await;
    let (_, first) = server.new_person().await;
    let second = Tokens::of(&server.refresh(&first.refresh).await);
    server.logout(&second.access).await.ok(200);
    server.assert_refused_everywhere(&first.access).await;
}

#[tokio::test]
async fn a_logout_leaves_other_sessions_alone() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let other = server.login(&email).await;
    let (_, someone_else) = server.new_person().await;
    server.logout(&tokens.access).await.ok(200);
    assert_living(server, &other).await;
    assert_living(server, &someone_else).await;
}

#[tokio::test]
async fn one_of_ones_own_sessions_can_be_ended() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let (lost, kept) = (server.login(&email).await, server.login(&email).await);
    let answer = delete(server, &tokens, &session_of(&lost)).await;
    assert_eq!(answer.ok(204), Value::Null);
    assert_ended(server, &lost).await;
    assert_living(server, &kept).await;
    assert_living(server, &tokens).await;
}

#[tokio::test]
async fn a_session_can_end_itself_by_its_id() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    delete(server, &tokens, &session_of(&tokens)).await.ok(204);
    assert_ended(server, &tokens).await;
}

#[tokio::test]
async fn someone_elses_session_is_not_found_and_not_touched() {
    let server = shared().await;
    let ((_, ada), (_, eve)) = (server.new_person().await, server.new_person().await);
    delete(server, &eve, &session_of(&ada)).await.problem(404, "not_found");
    assert_living(server, &ada).await;
    assert_living(server, &eve).await;
}

#[tokio::test]
async fn someone_elses_an_ended_and_an_unknown_session_are_answered_alike() {
    let server = shared().await;
    let ((_, ada), (email, eve)) = (server.new_person().await, server.new_person().await);
    let ended = server.login(&email).await;
    server.logout(&ended.access).await.ok(200);
    let unknown = server.app.new_id();
    let mut answers = Vec::new();
    for id in [session_of(&ada), session_of(&ended), unknown] {
        answers.push(without_request_id(delete(server, &eve, &id).await.problem(404, "not_found")));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn an_id_that_is_no_id_is_not_found_either() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    for id in ["%00", "%2e%2e%2f", "'%20OR%201=1", &"a".repeat(4000), "%C3%A9", "%25", "%FF"] {
        delete(server, &tokens, id).await.problem(404, "not_found");
    }
    assert_living(server, &tokens).await;
}

#[tokio::test]
async fn all_of_ones_own_sessions_can_be_ended_at_once() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let others = [server.login(&email).await, server.login(&email).await];
    let (_, someone_else) = server.new_person().await;
    let answer = server.with_token(Method::DELETE, "sessions", &tokens.access, Value::Null).await;
    assert_eq!(answer.ok(204), Value::Null);
    for ended in others.iter().chain([&tokens]) {
        assert_ended(server, ended).await;
    }
    assert_living(server, &someone_else).await;
    let again = server.login(&email).await;
    assert_eq!(ids(&server.sessions(&again.access).await), [session_of(&again)]);
}

#[tokio::test]
async fn a_password_change_ends_every_other_session_on_every_route() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let other = server.login(&email).await;
    let changed = Tokens::of(&server.change_password(&email, &tokens.access, OTHER_PASSWORD).await);
    assert_ended(server, &other).await;
    assert_living(server, &changed).await;
}

#[tokio::test]
async fn disabling_an_account_ends_its_sessions_within_a_second_on_every_route() {
    let server = shared().await;
    let (email, one) = server.new_person().await;
    let two = server.login(&email).await;
    let (_, someone_else) = server.new_person().await;
    flows::disable_account(&server.app, &server.account(&one.user).await).await.unwrap();
    for tokens in [&one, &two] {
        server.profile(&tokens.access).await.problem(401, "invalid_token");
        within(Duration::from_secs(1), async || server.verify(&tokens.access).await.status == 401).await;
        assert_ended(server, tokens).await;
    }
    assert_living(server, &someone_else).await;
}

async fn assert_ended(server: &TestServer, tokens: &Tokens) {
    server.assert_refused_everywhere(&tokens.access).await;
    server.refresh(&tokens.refresh).await.problem(401, "invalid_token");
}

async fn assert_living(server: &TestServer, tokens: &Tokens) {
    let answers: [Answer; 2] = [server.profile(&tokens.access).await, server.verify(&tokens.access).await];
    for answer in answers {
        answer.ok(200);
    }
    assert!(ids(&server.sessions(&tokens.access).await).contains(&session_of(tokens).as_str()));
}
