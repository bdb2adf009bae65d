//! `/api/auth/login`

use bulla_seal::Purpose;
use serde_json::json;

use crate::support::{OTHER_PASSWORD, PASSWORD, Tokens, new_email, shared};

#[tokio::test]
async fn a_login_answers_with_tokens_that_open_the_profile() {
    let server = shared().await;
    let email = new_email();
    let user = server.register(&email).await;
    let answer = server.try_login(&email, PASSWORD).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["expires_in"], 600);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(tokens.user, user);
    assert_eq!(server.profile(&tokens.access).await.ok(200), user);
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_are_answered_alike() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let wrong = server.try_login(&email, OTHER_PASSWORD).await;
    let unknown = server.try_login(&new_email(), PASSWORD).await;
    let (mut first, mut second) =
        (wrong.problem(401, "invalid_credentials"), unknown.problem(401, "invalid_credentials"));
    first["request_id"] = json!(null);
    second["request_id"] = json!(null);
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_envelope_for_another_account_or_purpose_is_a_wrong_password() {
    let server = shared().await;
    let (email, other) = (new_email(), new_email());
    server.register(&email).await;
    server.register(&other).await;
    for (purpose, sealed_for) in [(Purpose::Register, &email), (Purpose::NewPassword, &email), (Purpose::Login, &other)]
    {
        let envelope = server.seal(purpose, sealed_for, PASSWORD).await;
        let answer = server.post("login", json!({ "email": email, "password": envelope })).await;
        answer.problem(401, "invalid_credentials");
    }
}
