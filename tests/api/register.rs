//! `/api/auth/register`

use bulla_seal::Purpose;
use serde_json::json;

use crate::support::{OTHER_PASSWORD, PASSWORD, new_email, shared};

#[tokio::test]
async fn registering_answers_with_the_user_and_nothing_secret() {
    let server = shared().await;
    let email = new_email();
    let password = server.seal(Purpose::Register, &email, PASSWORD).await;
    let body = json!({ "name": " Ada Lovelace ", "email": email.to_uppercase(), "password": password });
    let answer = server.post("register", body).await;
    let registered = answer.ok(201);
    assert_eq!(registered["user"]["name"], "Ada Lovelace");
    assert_eq!(registered["user"]["email"], email.as_str());
    assert!(registered["message"].is_string());
    let members: Vec<_> = registered["user"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["created_at", "email", "id", "name"]);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn an_email_registers_once_in_whatever_spelling() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    for spelling in [email.clone(), email.to_uppercase(), format!("  {email} ")] {
        let password = server.seal(Purpose::Register, &spelling, OTHER_PASSWORD).await;
        let body = json!({ "name": "Other", "email": spelling, "password": password });
        server.post("register", body).await.problem(409, "email_taken");
    }
    assert!(server.try_login(&email, PASSWORD).await.status.is_success(), "the first password must still be right");
}

#[tokio::test]
async fn members_that_are_not_asked_for_are_not_stored() {
    let server = shared().await;
    let email = new_email();
    let password = server.seal(Purpose::Register, &email, PASSWORD).await;
    let body = json!({ "name": "Ada", "email": email, "password": password, "id": "1", "role": "admin",
                       "disabled_at": 1, "created_at": "1970-01-01T00:00:00Z" });
    let user = server.post("register", body).await.ok(201)["user"].clone();
    assert_ne!(user["id"], "1");
    assert!(!user["created_at"].as_str().unwrap().starts_with("1970"));
    assert!(server.try_login(&email, PASSWORD).await.status.is_success());
}

#[tokio::test]
async fn a_weak_password_is_refused_with_the_reason() {
    let server = shared().await;
    let email = new_email();
    for (password, code) in
        [("fourteen chars", "too_short"), ("passwordpassword", "common"), ("Ada Lovelace 1815", "built_from_identity")]
    {
        let sealed = server.seal(Purpose::Register, &email, password).await;
        let body = json!({ "name": "Ada Lovelace", "email": email, "password": sealed });
        let problem = server.post("register", body).await.problem(422, "weak_password");
        assert_eq!(problem["errors"][0]["pointer"], "/password");
        assert_eq!(problem["errors"][0]["code"], code);
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_fields_is_told_at_once() {
    let server = shared().await;
    let body = json!({ "name": " ", "email": "not an address", "password": "x" });
    let problem = server.post("register", body).await.problem(422, "validation_failed");
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/name", "/email"]);
}
