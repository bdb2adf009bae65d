//! `/api/auth/password`

use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, Tokens, shared};

async fn change(server: &TestServer, email: &str, access: &str, current: &str, new: &str) -> Answer {
    let body = json!({
        "current_password": server.seal(Purpose::CurrentPassword, email, current).await,
        "new_password": server.seal(Purpose::NewPassword, email, new).await,
    });
    server.with_token(Method::POST, "password", access, body).await
}

#[tokio::test]
async fn the_new_password_is_right_and_the_old_one_wrong() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    change(server, &email, &tokens.access, PASSWORD, OTHER_PASSWORD).await.ok(200);
    server.try_login(&email, OTHER_PASSWORD).await.ok(200);
    server.try_login(&email, PASSWORD).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn this_session_goes_on_with_new_tokens() {
    let server = shared().await;
    let (email, before) = server.new_person().await;
    let answer = change(server, &email, &before.access, PASSWORD, OTHER_PASSWORD).await;
    let after = Tokens::of(&answer);
    assert_eq!((&answer.json()["token_type"], answer.header("cache-control")), (&json!("Bearer"), "no-store"));
    assert_eq!(server.profile(&after.access).await.ok(200), before.user);
    let session = |tokens: &Tokens| tokens.refresh.split('.').next().unwrap().to_owned();
    assert_eq!(session(&after), session(&before));
    server.refresh(&after.refresh).await.ok(200);
}

#[tokio::test]
async fn the_old_refresh_token_of_this_session_is_dead_at_once() {
    let server = shared().await;
    let (email, before) = server.new_person().await;
    change(server, &email, &before.access, PASSWORD, OTHER_PASSWORD).await.ok(200);
    server.refresh(&before.refresh).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_token_from_before_the_last_rotation_is_dead_too() {
    let server = shared().await;
    let (email, first) = server.new_person().await;
    let second = Tokens::of(&server.refresh(&first.refresh).await);
    change(server, &email, &second.access, PASSWORD, OTHER_PASSWORD).await.ok(200);
    server.refresh(&first.refresh).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn every_other_session_ends() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let others = [server.login(&email).await, server.login(&email).await];
    change(server, &email, &tokens.access, PASSWORD, OTHER_PASSWORD).await.ok(200);
    for other in others {
        server.profile(&other.access).await.problem(401, "invalid_token");
        server.verify(&other.access).await.problem(401, "invalid_token");
        server.refresh(&other.refresh).await.problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn nobody_elses_session_ends() {
    let server = shared().await;
    let ((email, ours), (_, theirs)) = (server.new_person().await, server.new_person().await);
    change(server, &email, &ours.access, PASSWORD, OTHER_PASSWORD).await.ok(200);
    server.profile(&theirs.access).await.ok(200);
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_ends_no_session() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let other = server.login(&email).await;
    let answer = change(server, &email, &tokens.access, OTHER_PASSWORD, "a third one, long enough").await;
    answer.problem(401, "invalid_credentials");
    assert_eq!(answer.header("www-authenticate"), "", "the token is fine; a client must not think otherwise");
    for access in [&tokens.access, &other.access] {
        server.profile(access).await.ok(200);
    }
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn a_weak_new_password_changes_nothing_and_is_told_why() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let long = "x y ".repeat(257);
    for (new, code) in [
        ("fourteen chars", "too_short"),
        ("passwordpassword", "common"),
        ("Test Person 2026", "built_from_identity"),
        (&long[..1025], "too_long"),
    ] {
        let problem = change(server, &email, &tokens.access, PASSWORD, new).await.problem(422, "weak_password");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&"/new_password".into(), &code.into())
        );
    }
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn a_weak_new_password_is_judged_only_after_the_right_current_one() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let answer = change(server, &email, &tokens.access, OTHER_PASSWORD, "short").await;
    answer.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn swapped_envelopes_change_nothing() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let body = json!({
        "current_password": server.seal(Purpose::NewPassword, &email, PASSWORD).await,
        "new_password": server.seal(Purpose::CurrentPassword, &email, OTHER_PASSWORD).await,
    });
    let answer = server.with_token(Method::POST, "password", &tokens.access, body).await;
    answer.problem(401, "invalid_credentials");
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn someone_elses_token_changes_nothing() {
    let server = shared().await;
    let ((email, _), (_, theirs)) = (server.new_person().await, server.new_person().await);
    change(server, &email, &theirs.access, PASSWORD, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn a_change_takes_a_token_of_a_living_session() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    server.with_token(Method::POST, "logout", &tokens.access, Value::Null).await.ok(200);
    for access in [tokens.access.as_str(), "x", &tokens.refresh] {
        change(server, &email, access, PASSWORD, OTHER_PASSWORD).await.problem(401, "invalid_token");
    }
    server.try_login(&email, PASSWORD).await.ok(200);
}
