//! Sealed passwords: what is accepted, what is refused and how, and that each is accepted once.

mod alike;
mod freshness;
mod once;
mod purpose;
mod raw;
mod secrecy;

use bulla_seal::Purpose;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::envelope::{Offer, Parts};
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, Tokens, new_email, shared};

async fn log_in(server: &TestServer, email: &str, envelope: &str) -> Answer {
    server.post("login", json!({ "email": email, "password": envelope })).await
}

/// What came back, but for the id of the request and the time.
fn without_id(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let is_its_own = |name: &str| ["x-request-id", "date"].contains(&name);
    let headers = answer.headers.iter().filter(|(name, _)| !is_its_own(name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.sort();
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    (answer.status.as_u16(), headers, body)
}

#[tokio::test]
async fn a_password_in_clear_is_refused_in_every_field_with_the_way_to_seal_it() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let sealed = server.seal(Purpose::CurrentPassword, &email, PASSWORD).await;
    let changes = [
        json!({ "current_password": PASSWORD, "new_password": sealed }),
        json!({ "current_password": sealed, "new_password": PASSWORD }),
    ];
    let register = json!({ "name": "Ada", "email": new_email(), "password": PASSWORD });
    let mut answers = vec![log_in(server, &email, PASSWORD).await, server.post("register", register).await];
    for change in changes {
        answers.push(server.with_token(Method::POST, "password", &tokens.access, change).await);
    }
    for answer in answers {
        let problem = answer.problem(400, "invalid_envelope");
        let detail = problem["detail"].as_str().unwrap();
        for hint in ["seal", "/api/auth/sealing-key", "JWE", "/api/auth/public.pem", "RSA-OAEP"] {
            assert!(detail.contains(hint), "{hint} is missing: {detail}");
        }
        assert!(!answer.text.contains(PASSWORD), "{answer:?}");
    }
}

#[tokio::test]
async fn a_clear_password_is_accepted_where_the_operator_allows_it() {
    let server = TestServer::with(|settings| settings.allow_plaintext = Some("true".to_owned())).await;
    let email = new_email();
    let register = json!({ "name": "Ada", "email": email, "password": PASSWORD });
    server.post("register", register).await.ok(201);
    let tokens = Tokens::of(&log_in(&server, &email, PASSWORD).await);
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    server.with_token(Method::POST, "password", &tokens.access, change).await.ok(200);
    log_in(&server, &email, OTHER_PASSWORD).await.ok(200);
    log_in(&server, &email, PASSWORD).await.problem(401, "invalid_credentials");
    assert!(server.try_login(&email, OTHER_PASSWORD).await.status.is_success(), "a sealed one must still be right");
}

#[tokio::test]
async fn a_broken_envelope_is_never_taken_for_a_password_in_clear() {
    let server = TestServer::with(|settings| settings.allow_plaintext = Some("true".to_owned())).await;
    let envelope = server.seal(Purpose::Login, "ada@example.com", PASSWORD).await;
    let raw = bulla_seal::seal_raw(&Offer::of(&server).await.key, PASSWORD).unwrap();
    let too_long = "x".repeat(4097);
    for broken in [format!("{envelope}="), format!(" {envelope}"), format!("{raw}\n"), too_long] {
        let register = json!({ "name": "Ada", "email": new_email(), "password": broken });
        server.post("register", register).await.problem(400, "invalid_envelope");
    }
}

#[tokio::test]
async fn a_sealed_password_may_have_4096_bytes_and_no_more() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(server).await;
    let padded = |length: usize| {
        let mut payload = offer.payload(&email, PASSWORD);
        payload["padding"] = json!("x".repeat(length));
        offer.seal(&offer.header(), payload.to_string()).text()
    };
    let too_long = (2000..).map(padded).find(|text| text.len() > 4096).unwrap();
    assert!(too_long.len() <= 4098);
    log_in(server, &email, &too_long).await.problem(400, "invalid_envelope");
    let longest = (2000..).map(padded).take_while(|text| text.len() <= 4096).last().unwrap();
    log_in(server, &email, &longest).await.ok(200);
    log_in(server, &email, &"x".repeat(4097)).await.problem(400, "invalid_envelope");
}

#[tokio::test]
async fn a_jwe_of_another_kind_is_an_invalid_envelope() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let offer = Offer::of(server).await;
    for (member, value) in [
        ("alg", json!("RSA1_5")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("dir")),
        ("alg", json!("none")),
        ("alg", json!(["RSA-OAEP-256"])),
        ("enc", json!("A128GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("enc", Value::Null),
        ("zip", json!("DEF")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("jwk", serde_json::to_value(offer.key.jwk()).unwrap()),
        ("jku", json!("https://eve.example/keys")),
        ("kid", Value::Null),
        ("kid", json!("")),
        ("typ", json!("JWT")),
    ] {
        let mut header = offer.header();
        header[member] = value;
        let text = offer.seal(&header, offer.payload(&email, PASSWORD).to_string()).text();
        let answer = log_in(server, &email, &text).await;
        assert_eq!(answer.status, 400, "{header}: {answer:?}");
        answer.problem(400, "invalid_envelope");
    }
}

#[tokio::test]
async fn what_can_be_seen_without_the_key_to_be_wrong_is_an_invalid_envelope() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let right = Offer::of(server).await.login(&email, PASSWORD);
    let text = right.text();
    let [header, rsa, iv, ciphertext, tag] = text.split('.').collect::<Vec<_>>()[..] else { panic!("{text}") };
    let general = json!({ "protected": header, "encrypted_key": rsa, "iv": iv, "ciphertext": ciphertext, "tag": tag,
                          "unprotected": { "kid": "x" } });
    for wrong in [
        right.with(|parts| parts.tag.truncate(15)),
        right.with(|parts| parts.tag.truncate(12)),
        right.with(|parts| parts.tag.push(0)),
        right.with(|parts| parts.iv.truncate(11)),
        right.with(|parts| parts.iv.push(0)),
        right.with(|parts| parts.ciphertext.clear()),
        right.with(|parts| parts.rsa.clear()),
        right.with(|parts| parts.rsa.truncate(383)),
        right.with(|parts| parts.rsa.insert(0, 0)),
        right.with(|parts| parts.rsa.fill(0xff)),
        right.with(|parts| parts.protected.clear()),
        right.with(|parts| parts.protected.push('=')),
        format!("{text}="),
        format!("{text}\n"),
        format!("{text}."),
        text.rsplit_once('.').unwrap().0.to_owned(),
        general.to_string(),
        String::new(),
    ] {
        let answer = log_in(server, &email, &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        answer.problem(400, "invalid_envelope");
    }
    log_in(server, &email, &text).await.ok(200);
}

#[tokio::test]
async fn an_unknown_key_is_answered_with_the_current_one_to_seal_to_at_once() {
    let server = shared().await;
    let email = new_email();
    server.register(&email).await;
    let document = server.get("sealing-key").await.ok(200);
    let offer = Offer::of(server).await;
    let lower = offer.key.kid().to_lowercase();
    for kid in ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", &lower] {
        let mut header = offer.header();
        header["kid"] = json!(kid);
        let text = offer.seal(&header, offer.payload(&email, PASSWORD).to_string()).text();
        let problem = log_in(server, &email, &text).await.problem(400, "unknown_sealing_key");
        let offered = &problem["sealing_key"];
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(offered), members(&document));
        assert_eq!((&offered["jwk"], &offered["pem"]), (&document["jwk"], &document["pem"]));
        let retry = Offer::read(offered).login(&email, PASSWORD).text();
        log_in(server, &email, &retry).await.ok(200);
    }
}

#[tokio::test]
async fn only_an_unknown_key_is_answered_with_a_key() {
    let server = shared().await;
    let email = new_email();
    let wrong = log_in(server, &email, PASSWORD).await.problem(400, "invalid_envelope");
    let unknown = server.try_login(&email, PASSWORD).await.problem(401, "invalid_credentials");
    assert!(wrong.get("sealing_key").is_none() && unknown.get("sealing_key").is_none());
}

#[tokio::test]
async fn an_envelope_of_the_library_is_taken_apart_and_put_together_unchanged() {
    let envelope = shared().await.seal(Purpose::Login, "ada@example.com", PASSWORD).await;
    assert_eq!(Parts::of(&envelope).text(), envelope);
}
