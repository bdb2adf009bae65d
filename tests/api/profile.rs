//! `/api/auth/profile`

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestServer, shared};

async fn change(server: &TestServer, access: &str, body: Value) -> Answer {
    server.with_token(Method::PATCH, "profile", access, body).await
}

#[tokio::test]
async fn a_profile_is_the_user_and_nothing_secret() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let profile = server.profile(&tokens.access).await.ok(200);
    let members: Vec<_> = profile.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["created_at", "email", "id", "name"]);
    assert_eq!((&profile["email"], &profile["name"]), (&json!(email), &json!("Test Person")));
}

#[tokio::test]
async fn a_name_can_be_changed() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let changed = change(server, &tokens.access, json!({ "name": "  Jose\u{301} " })).await.ok(200);
    assert_eq!(changed["name"], "Jos\u{e9}");
    assert_eq!(server.profile(&tokens.access).await.ok(200), changed);
}

#[tokio::test]
async fn an_unusable_name_changes_nothing() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    for name in ["", "  ", "a\u{0}b", "two\nlines", &"x".repeat(201)] {
        let problem = change(server, &tokens.access, json!({ "name": name })).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/name");
    }
    assert_eq!(server.profile(&tokens.access).await.ok(200), tokens.user);
}

#[tokio::test]
async fn a_name_of_200_characters_of_any_script_is_a_name() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    for name in ["名".repeat(200), "\u{1f989}".repeat(200), "<b>O'Brien</b> \"; --".to_owned()] {
        assert_eq!(change(server, &tokens.access, json!({ "name": name })).await.ok(200)["name"], name);
    }
}

#[tokio::test]
async fn a_change_of_nothing_changes_nothing() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    assert_eq!(change(server, &tokens.access, json!({})).await.ok(200), tokens.user);
}

#[tokio::test]
async fn nothing_but_the_name_can_be_changed() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let body = json!({ "id": "1", "email": "eve@example.com", "password": "x", "created_at": "1970-01-01T00:00:00Z",
                       "disabled_at": 1, "role": "admin" });
    change(server, &tokens.access, body).await.ok(200);
    assert_eq!(server.profile(&tokens.access).await.ok(200), tokens.user);
}

#[tokio::test]
async fn a_change_does_not_touch_anyone_else() {
    let server = shared().await;
    let ((_, ours), (_, theirs)) = (server.new_person().await, server.new_person().await);
    change(server, &ours.access, json!({ "name": "Someone Else" })).await.ok(200);
    assert_eq!(server.profile(&theirs.access).await.ok(200), theirs.user);
}

#[tokio::test]
async fn a_change_takes_a_token_of_a_living_session() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    server.with_token(Method::POST, "logout", &tokens.access, Value::Null).await.ok(200);
    for access in [tokens.access.as_str(), "x", &tokens.refresh] {
        change(server, access, json!({ "name": "Eve" })).await.problem(401, "invalid_token");
    }
}
