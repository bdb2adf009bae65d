//! `/api/auth/verify`, and what `/profile` and it ask of a token.

use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla::flows;
use bulla::model::Email;
use bulla::store::accounts;
use bulla_token::{Algorithm, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::observe::refusal_of_old_memory;
use crate::support::{Answer, TestServer, Tokens, new_email, shared};

/// A token must be refused by the route that asks the database and by the one that answers from memory.
async fn is_refused(server: &TestServer, token: &str) {
    for path in ["profile", "verify"] {
        let answer = server.with_token(Method::GET, path, token, Value::Null).await;
        assert_eq!(answer.status, 401, "{path} accepts {token}");
        answer.problem(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
        assert_eq!(answer.header("x-auth-user-id"), "");
    }
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// A token with any header and claims, signed by anything.
fn sign(header: &Value, claims: &Value, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(signature(text.as_bytes()));
    format!("{text}.{signature}")
}

fn es256(key: &SigningKey) -> impl Fn(&[u8]) -> Vec<u8> + use<> {
    let der = key.to_pkcs8_der().unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    move |text| pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()
}

fn our_key(server: &TestServer) -> SigningKey {
    server.app.keys.current().active_signing(server.app.clock.now()).unwrap().clone()
}

#[tokio::test]
async fn a_good_token_is_answered_with_who_it_is_in_headers_and_an_empty_body() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let answer = server.verify(&tokens.access).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    assert_eq!(answer.header("x-auth-user-id"), tokens.user["id"]);
    assert_eq!(answer.header("x-auth-email"), email);
    assert_eq!(answer.header("x-auth-session-id"), tokens.refresh.split('.').next().unwrap());
}

/// The first two have a way of their own; Envoy takes the others.
#[tokio::test]
async fn both_ways_to_it_answer_alike() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    for (token, status) in [(tokens.access.as_str(), 200), ("x", 401), ("", 401)] {
        let mut answers = Vec::new();
        for path in ["verify", "verify?x=1", "verify/", "verify/x"] {
            let mut answer = server.with_token(Method::GET, path, token, Value::Null).await;
            assert_eq!(answer.status, status, "{answer:?}");
            let id = answer.headers.remove("x-request-id").unwrap();
            answer.headers.remove("date").unwrap();
            answers.push((answer.headers, answer.text.replace(id.to_str().unwrap(), "")));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}

#[tokio::test]
async fn an_email_beyond_ascii_goes_as_utf_8() {
    let server = shared().await;
    let email = new_email().replace("person", "pérsön");
    server.register(&email).await;
    let answer = server.verify(&server.login(&email).await.access).await;
    assert_eq!(answer.headers["x-auth-email"].as_bytes(), email.as_bytes());
}

#[tokio::test]
async fn a_request_without_a_token_is_refused() {
    for path in ["profile", "verify"] {
        let answer = shared().await.get(path).await;
        answer.problem(401, "invalid_token");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_an_access_token_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let [header, claims, signature] = tokens.access.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for token in [
        "x",
        "..",
        "a.b.c",
        &tokens.refresh,
        &format!("{header}.{claims}."),
        &format!("{header}.{claims}"),
        &format!("{header}.{claims}.{signature}."),
        &format!("{header}.{claims}.{signature}="),
        &format!("{header}.{claims}.{}", "A".repeat(86)),
        &format!("{}x", tokens.access),
        &"x".repeat(10_000),
    ] {
        is_refused(server, token).await;
    }
    server.verify(&tokens.access).await.ok(200);
}

#[tokio::test]
async fn a_token_comes_in_one_authorization_header_of_the_bearer_scheme() {
    let server = shared().await;
    let (_, Tokens { access, .. }) = server.new_person().await;
    let send = async |path: &str, values: &[String]| {
        let request = server.request(Method::GET, path);
        let request = values.iter().fold(request, |request, value| request.header("authorization", value));
        Answer::read(request.send().await.unwrap()).await
    };
    let right = format!("Bearer {access}");
    for path in ["profile", "verify"] {
        send(path, std::slice::from_ref(&right)).await.ok(200);
        send(path, &[format!("bearer {access}")]).await.ok(200);
        for wrong in [
            vec![right.clone(), right.clone()],
            vec![right.clone(), "Bearer x".to_owned()],
            vec!["Basic eDp4".to_owned(), right.clone()],
            vec![access.clone()],
            vec![format!("Basic {access}")],
            vec![format!("{right}, {right}")],
            vec!["Bearer".to_owned()],
            vec!["Bearer ".to_owned()],
            vec![String::new()],
        ] {
            send(path, &wrong).await.problem(401, "invalid_token");
        }
        let query = format!("{path}?access_token={access}");
        send(&query, &[]).await.problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_token_lives_for_10_minutes_and_not_a_second_more() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.advance(Duration::from_secs(599)).await;
    server.verify(&tokens.access).await.ok(200);
    server.profile(&tokens.access).await.ok(200);
    // Nothing but the time tells that it is over: no key has changed, no session has ended.
    server.app.clock.advance(Duration::from_secs(1));
    is_refused(&server, &tokens.access).await;
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_refused_at_once() {
    let server = shared().await;
    let (email, tokens) = server.new_person().await;
    let other = server.login(&email).await;
    server.with_token(Method::POST, "logout", &tokens.access, Value::Null).await.ok(200);
    is_refused(server, &tokens.access).await;
    server.verify(&other.access).await.ok(200);
    server.with_token(Method::DELETE, "sessions", &other.access, Value::Null).await.ok(204);
    is_refused(server, &other.access).await;
}

#[tokio::test]
async fn a_token_of_a_disabled_account_is_refused() {
    let server = TestServer::start().await;
    let (email, tokens) = server.new_person().await;
    let account = accounts::by_email(&server.app.db, &Email::parse(&email).unwrap()).await.unwrap().unwrap();
    flows::disable_account(&server.app, &account).await.unwrap();
    server.advance(Duration::from_secs(1)).await;
    is_refused(&server, &tokens.access).await;
}

#[tokio::test]
async fn a_token_that_someone_else_signed_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let (header, claims) = (part(&tokens.access, 0), part(&tokens.access, 1));
    let key = our_key(server);
    is_refused(server, &sign(&header, &claims, es256(&SigningKey::generate(Algorithm::Es256).unwrap()))).await;
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut foreign = header.clone();
    foreign["kid"] = json!(stranger.kid());
    is_refused(server, &sign(&foreign, &claims, es256(&stranger))).await;
    foreign["jwk"] = serde_json::to_value(stranger.jwk()).unwrap();
    is_refused(server, &sign(&foreign, &claims, es256(&stranger))).await;
    let again = sign(&header, &claims, es256(&key));
    server.verify(&again).await.ok(200);
}

#[tokio::test]
async fn a_token_of_another_algorithm_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let (header, claims) = (part(&tokens.access, 0), part(&tokens.access, 1));
    let jwk = serde_json::to_string(our_key(server).jwk().unwrap()).unwrap();
    let hs256 = |secret: Vec<u8>| {
        move |text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text).as_ref().to_vec()
    };
    let with_alg = |alg: &str| {
        let mut header = header.clone();
        header["alg"] = json!(alg);
        header
    };
    for secret in [jwk.into_bytes(), vec![0; 32], Vec::new()] {
        is_refused(server, &sign(&with_alg("HS256"), &claims, hs256(secret))).await;
    }
    for alg in ["none", "None", "NONE", ""] {
        is_refused(server, &sign(&with_alg(alg), &claims, |_| Vec::new())).await;
    }
    for alg in ["RS256", "EdDSA", "ES384"] {
        is_refused(server, &sign(&with_alg(alg), &claims, es256(&our_key(server)))).await;
    }
}

#[tokio::test]
async fn a_token_of_ours_that_is_no_access_token_for_here_is_refused() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let (header, claims) = (part(&tokens.access, 0), part(&tokens.access, 1));
    let key = our_key(server);
    for (member, value) in [("typ", json!("JWT")), ("typ", Value::Null), ("crit", json!(["exp"]))] {
        let mut header = header.clone();
        header[member] = value;
        is_refused(server, &sign(&header, &claims, es256(&key))).await;
    }
    let now = server.app.clock.now().seconds();
    for (claim, value) in [
        ("iss", json!("https://auth.test.eve.example")),
        ("aud", json!("https://other.test")),
        ("exp", Value::Null),
        ("exp", json!(now - 1)),
        ("exp", json!((now + 600).to_string())),
        ("iat", json!(now + 600)),
        ("nbf", json!(now + 600)),
        ("sid", Value::Null),
        ("sub", json!(7)),
    ] {
        let mut claims = claims.clone();
        claims[claim] = value;
        is_refused(server, &sign(&header, &claims, es256(&key))).await;
    }
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove("exp");
    is_refused(server, &sign(&header, &claims, es256(&key))).await;
}

#[tokio::test]
async fn a_profile_is_shown_for_a_session_of_its_own_account_only() {
    let server = shared().await;
    let ((_, ours), (_, theirs)) = (server.new_person().await, server.new_person().await);
    let (header, right) = (part(&ours.access, 0), part(&ours.access, 1));
    for (claim, value) in [("sub", &theirs.user["id"]), ("sid", &json!("no-such-session"))] {
        let mut claims = right.clone();
        claims[claim] = value.clone();
        server.profile(&sign(&header, &claims, es256(&our_key(server)))).await.problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn without_the_database_memory_is_trusted_for_a_second_only() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    server.app.db.close().await;
    refusal_of_old_memory(&server, &tokens.access).await.problem(503, "unavailable");
}
