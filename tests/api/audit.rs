//! The audit log: what happened is written once, with who did it and from where, and nothing secret.

use std::time::Duration;

use bulla::flows::{self, Urgency};
use bulla::model::{AuditEvent, KeyPurpose};
use bulla::store::audit_events;
use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::observe::DAY;
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, new_email};

async fn events(server: &TestServer) -> Vec<AuditEvent> {
    audit_events::list(&server.app.db, None, "", 10_000).await.unwrap()
}

/// Without the keys that every server makes at its first start.
async fn kinds(server: &TestServer) -> Vec<String> {
    let kinds = events(server).await.into_iter().map(|event| event.kind);
    kinds.filter(|kind| kind != "key_made").collect()
}

async fn last(server: &TestServer) -> AuditEvent {
    events(server).await.pop().unwrap()
}

fn detail(event: &AuditEvent) -> &str {
    event.detail.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn whatever_a_person_does_leaves_its_event() {
    let server = TestServer::start().await;
    let (email, first) = server.new_person().await;
    let second = server.login(&email).await;
    server.with_token(Method::PATCH, "profile", &second.access, json!({ "name": "Ada" })).await.ok(200);
    server.change_password(&email, &second.access, OTHER_PASSWORD).await.ok(200);
    server.profile(&first.access).await.problem(401, "invalid_token");
    server.logout(&second.access).await.ok(200);
    let third = crate::support::Tokens::of(&server.try_login(&email, OTHER_PASSWORD).await);
    let id = third.refresh.split('.').next().unwrap();
    server.with_token(Method::DELETE, &format!("sessions/{id}"), &third.access, Value::Null).await.ok(204);
    let fourth = crate::support::Tokens::of(&server.try_login(&email, OTHER_PASSWORD).await);
    server.with_token(Method::DELETE, "sessions", &fourth.access, Value::Null).await.ok(204);
    let expected = [
        "registered",
        "logged_in",
        "logged_in",
        "profile_updated",
        "password_changed",
        "session_ended",
        "logged_in",
        "session_ended",
        "logged_in",
        "sessions_ended",
    ];
    assert_eq!(kinds(&server).await, expected);
    let events: Vec<_> = events(&server).await.into_iter().filter(|event| event.kind != "key_made").collect();
    let of = |kind: &str| events.iter().filter(|event| event.kind == kind).map(detail).collect::<Vec<_>>();
    assert_eq!(of("password_changed"), ["1 other sessions ended"]);
    assert_eq!(of("session_ended"), ["logout", "ended_by_owner"]);
    assert_eq!(of("sessions_ended"), ["ended_by_owner: 1"]);
    for event in &events {
        let account = event.account_id.as_ref().unwrap();
        assert_eq!(account.as_str(), second.user["id"]);
        assert_eq!((event.actor.as_str(), event.address.as_deref()), ("client", Some("127.0.0.1")));
        assert_eq!(event.user_agent.as_deref(), Some("bulla-tests/1.0"));
        assert!(event.request_id.is_some());
    }
}

#[tokio::test]
async fn an_event_names_the_request_that_caused_it_and_the_session() {
    let server = TestServer::start().await;
    let email = new_email();
    server.register(&email).await;
    let answer = server.try_login(&email, PASSWORD).await;
    let event = last(&server).await;
    assert_eq!(event.kind, "logged_in");
    assert_eq!(event.request_id.unwrap().as_str(), answer.header("x-request-id"));
    let refresh = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(event.session_id.unwrap().as_str(), refresh.split('.').next().unwrap());
    assert_eq!(event.at, server.app.clock.now());
}

#[tokio::test]
async fn a_refused_login_says_why_to_the_operator_and_to_nobody_else() {
    let server = TestServer::start().await;
    let (email, unknown) = (new_email(), new_email());
    let user = server.register(&email).await;
    let send =
        async |email: &str, envelope: &str| server.post("login", json!({ "email": email, "password": envelope })).await;
    server.try_login(&email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    server.try_login(&unknown, PASSWORD).await.problem(401, "invalid_credentials");
    let wrong_purpose = server.seal(Purpose::Register, &email, PASSWORD).await;
    send(&email, &wrong_purpose).await.problem(401, "invalid_credentials");
    let envelope = server.seal(Purpose::Login, &email, OTHER_PASSWORD).await;
    send(&email, &envelope).await.problem(401, "invalid_credentials");
    send(&email, &envelope).await.problem(401, "reused_envelope");
    let account = server.account(&user).await;
    flows::disable_account(&server.app, &account).await.unwrap();
    server.try_login(&email, PASSWORD).await.problem(403, "account_disabled");
    let refused: Vec<_> = events(&server).await.into_iter().filter(|event| event.kind == "login_refused").collect();
    let reasons: Vec<_> = refused.iter().map(detail).collect();
    let expected = [
        "wrong_password",
        "unknown_account",
        "unreadable_envelope",
        "wrong_password",
        "reused_envelope",
        "account_disabled",
    ];
    assert_eq!(reasons, expected);
    assert!(refused.iter().all(|event| event.account_id.is_some() == (detail(event) != "unknown_account")));
}

#[tokio::test]
async fn theft_is_told_and_so_is_the_end_of_the_session() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.refresh(&tokens.refresh).await.ok(200);
    server.advance(Duration::from_secs(11)).await;
    server.refresh(&tokens.refresh).await.problem(401, "invalid_token");
    let told = events(&server).await;
    let [.., ended, theft] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((ended.kind.as_str(), detail(ended)), ("session_ended", "refresh_token_reused"));
    assert_eq!(theft.kind, "theft_detected");
    assert_eq!(theft.session_id, ended.session_id);
    // Told once: the session is over.
    server.refresh(&tokens.refresh).await.problem(401, "invalid_token");
    assert_eq!(events(&server).await.len(), told.len());
}

#[tokio::test]
async fn whoever_is_turned_away_is_told_of_once_a_minute_at_most() {
    let server = TestServer::start().await;
    let email = new_email();
    let user = server.register(&email).await;
    for _ in 0..5 {
        server.try_login(&email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    for _ in 0..5 {
        server.try_login(&email, PASSWORD).await.problem(429, "too_many_attempts");
    }
    let throttled: Vec<_> = events(&server).await.into_iter().filter(|event| event.kind == "throttled").collect();
    assert_eq!(throttled.len(), 1, "{throttled:?}");
    assert_eq!(throttled[0].account_id.as_ref().unwrap().as_str(), user["id"]);
    assert_eq!(detail(&throttled[0]), "account");
}

#[tokio::test]
async fn an_address_that_asks_too_much_is_told_of_once() {
    let server = TestServer::with(|settings| settings.address_rate = Some("1/s,3".to_owned())).await;
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(server.refresh("nobody.nothing").await.status == 429);
    }
    assert!(refused >= 2, "{refused}");
    let told = events(&server).await.into_iter().filter(|event| event.kind == "throttled").collect::<Vec<_>>();
    assert_eq!(told.iter().map(detail).collect::<Vec<_>>(), ["address"]);
    assert_eq!(told[0].address.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn what_operators_and_the_server_do_is_told_as_theirs() {
    let server = TestServer::start().await;
    let email = new_email();
    let account = server.account(&server.register(&email).await).await;
    server.login(&email).await;
    flows::disable_account(&server.app, &account).await.unwrap();
    flows::enable_account(&server.app, &account).await.unwrap();
    server.login(&email).await;
    flows::log_out_account(&server.app, &account).await.unwrap();
    server.login(&email).await;
    flows::log_out_everyone(&server.app).await.unwrap();
    for purpose in KeyPurpose::ALL {
        flows::rotate_key(&server.app, purpose, Urgency::Planned).await.unwrap();
    }
    server.advance(60 * DAY).await;
    server.advance(2 * DAY).await;
    let told = events(&server).await;
    let by = |actor: &str| -> Vec<_> {
        told.iter().filter(|event| event.actor == actor).map(|event| event.kind.as_str()).collect()
    };
    let of_operator =
        ["account_disabled", "account_enabled", "sessions_ended", "session_ended", "key_rotated", "key_rotated"];
    assert_eq!(by("operator"), of_operator);
    assert_eq!(by("server")[..2], ["key_made", "key_made"]);
    assert!(by("server").contains(&"key_rotated") && by("server").contains(&"key_destroyed"), "{:?}", by("server"));
    let disabled = told.iter().find(|event| event.kind == "account_disabled").unwrap();
    assert_eq!(detail(disabled), "1 sessions ended");
    assert!(told.iter().filter(|event| event.actor != "client").all(|event| event.address.is_none()));
}

#[tokio::test]
async fn no_event_holds_an_email_address_a_password_or_a_token() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    server.try_login(&email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    server.try_login("hunter2@example.com", OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    server.logout(&tokens.access).await.ok(200);
    let told = format!("{:?}", events(&server).await);
    let secret = tokens.refresh.split('.').nth(1).unwrap();
    for text in [&email, "hunter2", PASSWORD, OTHER_PASSWORD, secret, &tokens.access] {
        assert!(!told.contains(text), "{text} is told");
    }
    assert!(told.contains("bulla-tests"), "the search would find nothing: {told}");
}

#[tokio::test]
async fn a_user_agent_cannot_forge_a_line() {
    let server = TestServer::start().await;
    let forged = "curl\u{2028}2026-01-01 logged_in account=root\u{85}\t\u{1b}[31m";
    let header = reqwest::header::HeaderValue::from_bytes(forged.replace('\u{1b}', "").as_bytes()).unwrap();
    let email = new_email();
    let request = server.request(Method::POST, "login").header("user-agent", header);
    let envelope = server.seal(Purpose::Login, &email, PASSWORD).await;
    let answer = request.json(&json!({ "email": email, "password": envelope })).send().await.unwrap();
    Answer::read(answer).await.problem(401, "invalid_credentials");
    let agent = last(&server).await.user_agent.unwrap();
    assert!(agent.starts_with("curl") && !agent.chars().any(char::is_control), "{agent:?}");
}

#[tokio::test]
async fn an_event_is_kept_for_as_long_as_the_setting_says() {
    let server = TestServer::with(|settings| settings.audit_kept = Some("7d".to_owned())).await;
    server.register(&new_email()).await;
    let first = events(&server).await.len();
    server.advance(7 * DAY).await;
    server.register(&new_email()).await;
    while flows::prune(&server.app).await.unwrap() {}
    assert_eq!(events(&server).await.len(), first + 1);
    server.advance(Duration::from_millis(1)).await;
    while flows::prune(&server.app).await.unwrap() {}
    assert_eq!(kinds(&server).await, ["registered"]);
}
