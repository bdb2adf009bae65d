//! An envelope made for one field, or one account, is worthless in another.

use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::json;

use super::log_in;
use crate::support::{OTHER_PASSWORD, PASSWORD, new_email, shared};

const PURPOSES: [Purpose; 4] = [Purpose::Register, Purpose::Login, Purpose::CurrentPassword, Purpose::NewPassword];

fn all_but(purpose: Purpose) -> impl Iterator<Item = Purpose> {
    PURPOSES.into_iter().filter(move |other| *other != purpose)
}

#[tokio::test]
async fn a_login_takes_an_envelope_for_a_login() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    for purpose in all_but(Purpose::Login) {
        let envelope = server.seal(purpose, &email, PASSWORD).await;
        log_in(server, &email, &envelope).await.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_registration_takes_an_envelope_for_a_registration_of_the_same_email() {
    let server = shared().await;
    let email = new_email();
    let mut envelopes = vec![server.seal(Purpose::Register, &new_email(), PASSWORD).await];
    for purpose in all_but(Purpose::Register) {
        envelopes.push(server.seal(purpose, &email, PASSWORD).await);
    }
    for envelope in envelopes {
        let body = json!({ "name": "Ada", "email": email, "password": envelope });
        server.post("register", body).await.problem(401, "invalid_credentials");
    }
    server.register(&email).await;
}

#[tokio::test]
async fn a_password_change_takes_one_envelope_for_each_of_its_fields() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let stranger = new_email();
    let wrong_current =
        all_but(Purpose::CurrentPassword).map(|purpose| (purpose, Purpose::NewPassword, &email, &email));
    let wrong_new = all_but(Purpose::NewPassword).map(|purpose| (Purpose::CurrentPassword, purpose, &email, &email));
    let wrong_owner = [(&stranger, &email), (&email, &stranger)]
        .map(|(current, new)| (Purpose::CurrentPassword, Purpose::NewPassword, current, new));
    for (current, new, current_owner, new_owner) in wrong_current.chain(wrong_new).chain(wrong_owner) {
        let body = json!({
            "current_password": server.seal(current, current_owner, PASSWORD).await,
            "new_password": server.seal(new, new_owner, OTHER_PASSWORD).await,
        });
        let answer = server.with_token(Method::POST, "password", &tokens.access, body).await;
        answer.problem(401, "invalid_credentials");
        server.login(&email).await;
    }
    server.try_login(&email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn an_envelope_may_spell_its_email_differently() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let envelope = server.seal(Purpose::Login, &format!("  {}", email.to_uppercase()), PASSWORD).await;
    log_in(server, &email, &envelope).await.ok(200);
}

#[tokio::test]
async fn an_envelope_for_something_that_is_no_email_is_for_nobody() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    for owner in ["", "*", "null", &format!("{email},{email}"), &format!("{email}\u{0}")] {
        let envelope = server.seal(Purpose::Login, owner, PASSWORD).await;
        log_in(server, &email, &envelope).await.problem(401, "invalid_credentials");
    }
}
