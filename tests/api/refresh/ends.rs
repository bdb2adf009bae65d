//! After the end of its session, a refresh token is worth nothing.

use bulla::flows;
use serde_json::Value;

use super::assert_refused;
use crate::support::observe::{DAY, MILLISECOND, SECOND, token_claims};
use crate::support::{OTHER_PASSWORD, TestServer, Tokens, shared};

#[tokio::test]
async fn after_a_logout_nothing_is_refreshed() {
    let server = shared().await;
    let (email, first) = server.new_person().await;
    let other = server.login(&email).await;
    let second = Tokens::of(&server.refresh(&first.refresh).await);
    server.logout(&second.access).await.ok(200);
    assert_refused(&server.refresh(&second.refresh).await);
    assert_refused(&server.refresh(&first.refresh).await);
    server.refresh(&other.refresh).await.ok(200);
}

#[tokio::test]
async fn after_a_password_change_no_other_session_is_refreshed() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let other = server.login(&email).await;
    let (_, someone_else) = server.new_person().await;
    let changed = Tokens::of(&server.change_password(&email, &tokens.access, OTHER_PASSWORD).await);
    assert_refused(&server.refresh(&other.refresh).await);
    server.assert_refused_everywhere(&other.access).await;
    server.refresh(&changed.refresh).await.ok(200);
    server.refresh(&someone_else.refresh).await.ok(200);
}

#[tokio::test]
async fn after_a_password_change_only_the_new_token_of_this_session_is_refreshed() {
    let server = shared().await;
    let (email, first) = server.new_person().await;
    let second = Tokens::of(&server.refresh(&first.refresh).await);
    let changed = Tokens::of(&server.change_password(&email, &second.access, OTHER_PASSWORD).await);
    assert_refused(&server.refresh(&second.refresh).await);
    assert_refused(&server.refresh(&first.refresh).await);
    assert_eq!(token_claims(&changed.access)["sid"], token_claims(&first.access)["sid"]);
    server.refresh(&changed.refresh).await.ok(200);
}

#[tokio::test]
async fn a_disabled_account_is_not_refreshed() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let (_, someone_else) = server.new_person().await;
    let account = server.account(&tokens.user).await;
    assert_eq!(flows::disable_account(&server.app, &account).await.unwrap(), 1);
    assert_refused(&server.refresh(&tokens.refresh).await);
    server.refresh(&someone_else.refresh).await.ok(200);
}

#[tokio::test]
async fn enabling_an_account_does_not_bring_its_sessions_back() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let account = server.account(&tokens.user).await;
    flows::disable_account(&server.app, &account).await.unwrap();
    flows::enable_account(&server.app, &account).await.unwrap();
    assert_refused(&server.refresh(&tokens.refresh).await);
    assert_refused(&server.profile(&tokens.access).await);
    server.login(&email).await;
}

#[tokio::test]
async fn a_session_that_is_idle_for_thirty_days_ends() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let other = server.login(&email).await;
    server.advance(30 * DAY - MILLISECOND).await;
    let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    server.advance(MILLISECOND).await;
    assert_refused(&server.refresh(&other.refresh).await);
    server.advance(30 * DAY - 2 * MILLISECOND).await;
    server.refresh(&tokens.refresh).await.ok(200);
}

#[tokio::test]
async fn a_session_ends_after_ninety_days_however_busy() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    for _ in 0..3 {
        server.advance(29 * DAY).await;
        tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    }
    server.advance(3 * DAY - SECOND).await;
    let last = Tokens::of(&server.refresh(&tokens.refresh).await);
    server.profile(&last.access).await.ok(200);
    server.advance(SECOND).await;
    assert_refused(&server.refresh(&last.refresh).await);
    server.assert_refused_everywhere(&last.access).await;
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    for _ in 0..3 {
        server.advance(29 * DAY).await;
        tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    }
    let end = server.sessions(&tokens.access).await[0]["expires_at"].clone();
    server.advance(3 * DAY - 300 * SECOND).await;
    for remaining in [300, 290, 1] {
        let answer = server.refresh(&tokens.refresh).await;
        tokens = Tokens::of(&answer);
        assert_eq!(answer.json()["expires_in"], remaining);
        assert_eq!(server.sessions(&tokens.access).await[0]["expires_at"], end);
        let pause = if remaining == 300 { 10 } else { 289 };
        server.advance(pause * SECOND).await;
    }
}

#[tokio::test]
async fn the_first_token_of_a_long_setting_does_not_outlive_its_session_either() {
    let server = TestServer::with(|settings| settings.jwt_expires = Some("1h".to_owned())).await;
    let (_, mut tokens) = server.new_person().await;
    for _ in 0..3 {
        server.advance(29 * DAY).await;
        tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    }
    server.advance(3 * DAY - 1800 * SECOND).await;
    let answer: Value = server.refresh(&tokens.refresh).await.ok(200);
    assert_eq!(answer["expires_in"], 1800);
}
