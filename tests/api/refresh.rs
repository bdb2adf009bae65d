//! `/api/auth/refresh`

mod ends;
mod races;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla::model::SessionId;
use bulla::store::Db;
use serde_json::{Value, json};

use crate::support::observe::{MILLISECOND, SECOND, members, token_claims};
use crate::support::{Answer, TestServer, Tokens, shared};

#[tokio::test]
async fn a_refresh_answers_with_a_new_pair_of_tokens() {
    let server = shared().await;
    let (_, first) = server.new_person().await;
    let answer = server.refresh(&first.refresh).await;
    let second = Tokens::of(&answer);
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(second.access, first.access);
    assert_eq!(server.profile(&second.access).await.ok(200), first.user);
}

#[tokio::test]
async fn a_refresh_has_the_shape_of_every_token_answer() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let answer = server.refresh(&tokens.refresh).await;
    let body = answer.ok(200);
    assert_eq!(members(&body), ["access_token", "expires_in", "refresh_token", "token_type", "user"]);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["user"], tokens.user);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_refresh_stays_in_its_session() {
    let server = shared().await;
    let (_, first) = server.new_person().await;
    let second = Tokens::of(&server.refresh(&first.refresh).await);
    assert_eq!(token_claims(&second.access)["sid"], token_claims(&first.access)["sid"]);
    assert_eq!(server.sessions(&second.access).await.len(), 1);
}

#[tokio::test]
async fn each_successor_is_good_for_the_next_refresh() {
    let server = TestServer::start().await;
    let (_, mut tokens) = server.new_person().await;
    for _ in 0..20 {
        server.advance(60 * SECOND).await;
        tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
        server.profile(&tokens.access).await.ok(200);
    }
}

#[tokio::test]
async fn a_refresh_token_is_a_session_id_and_256_random_bits() {
    let server = shared().await;
    let (email, one) = server.new_person().await;
    let other = server.login(&email).await;
    let (session, secret) = one.refresh.split_once('.').unwrap();
    assert_eq!(token_claims(&one.access)["sid"], session);
    assert_eq!(secret.len(), 43, "32 bytes in base64url");
    assert_ne!(other.refresh.split_once('.').unwrap().1, secret);
}

#[tokio::test]
async fn only_a_digest_of_the_refresh_token_is_stored() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    let (session, secret) = tokens.refresh.split_once('.').unwrap();
    let query = "SELECT refresh_digest FROM sessions WHERE id = ?";
    let stored: Vec<u8> = match &server.app.db {
        Db::Sqlite { readers, .. } => {
            let mut held = readers.take().await.unwrap();
            sqlx::query_scalar(query).bind(session).fetch_one(held.conn()).await.unwrap()
        }
        Db::MySql { stock, .. } => {
            let mut held = stock.take().await.unwrap();
            sqlx::query_scalar(query).bind(session).fetch_one(held.conn()).await.unwrap()
        }
    };
    let secret = URL_SAFE_NO_PAD.decode(secret).unwrap();
    assert_eq!(stored, digest(&SHA256, &secret).as_ref());
}

#[tokio::test]
async fn a_repeat_within_ten_seconds_gets_the_same_successor() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    let successor = Tokens::of(&server.refresh(&tokens.refresh).await).refresh;
    for _ in 0..2 {
        assert_eq!(Tokens::of(&server.refresh(&tokens.refresh).await).refresh, successor);
        server.advance(5 * SECOND).await;
    }
    let repeated = Tokens::of(&server.refresh(&tokens.refresh).await);
    assert_eq!(repeated.refresh, successor, "exactly ten seconds later");
    server.profile(&repeated.access).await.ok(200);
    server.refresh(&successor).await.ok(200);
}

#[tokio::test]
async fn a_repeat_gets_the_same_successor_even_when_that_was_used_meanwhile() {
    let server = TestServer::start().await;
    let (_, first) = server.new_person().await;
    let second = Tokens::of(&server.refresh(&first.refresh).await);
    server.advance(5 * SECOND).await;
    let third = Tokens::of(&server.refresh(&second.refresh).await);
    server.advance(4 * SECOND).await;
    assert_eq!(Tokens::of(&server.refresh(&first.refresh).await).refresh, second.refresh);
    assert_eq!(Tokens::of(&server.refresh(&second.refresh).await).refresh, third.refresh);
    server.refresh(&third.refresh).await.ok(200);
}

#[tokio::test]
async fn a_repeat_after_ten_seconds_ends_the_session() {
    let server = TestServer::start().await;
    let (_, stolen) = server.new_person().await;
    let current = Tokens::of(&server.refresh(&stolen.refresh).await);
    server.advance(10 * SECOND + MILLISECOND).await;
    assert_refused(&server.refresh(&stolen.refresh).await);
    assert_refused(&server.refresh(&current.refresh).await);
    server.assert_refused_everywhere(&current.access).await;
    server.assert_refused_everywhere(&stolen.access).await;
}

#[tokio::test]
async fn a_repeat_does_not_prolong_the_ten_seconds() {
    let server = TestServer::start().await;
    let (_, stolen) = server.new_person().await;
    let current = Tokens::of(&server.refresh(&stolen.refresh).await);
    server.advance(9 * SECOND).await;
    server.refresh(&stolen.refresh).await.ok(200);
    server.advance(2 * SECOND).await;
    assert_refused(&server.refresh(&stolen.refresh).await);
    assert_refused(&server.refresh(&current.refresh).await);
}

#[tokio::test]
async fn a_token_from_several_refreshes_ago_ends_the_session() {
    for steps in [2, 8, 9, 30] {
        let server = TestServer::start().await;
        let (_, stolen) = server.new_person().await;
        let mut current = stolen.clone();
        for _ in 0..steps {
            server.advance(60 * SECOND).await;
            current = Tokens::of(&server.refresh(&current.refresh).await);
        }
        server.advance(60 * SECOND).await;
        assert_refused(&server.refresh(&stolen.refresh).await);
        assert_refused(&server.refresh(&current.refresh).await);
        server.assert_refused_everywhere(&current.access).await;
    }
}

#[tokio::test]
async fn theft_in_one_session_leaves_the_persons_others_alone() {
    let server = TestServer::start().await;
    let (email, stolen) = server.new_person().await;
    let other = server.login(&email).await;
    server.refresh(&stolen.refresh).await.ok(200);
    server.advance(11 * SECOND).await;
    assert_refused(&server.refresh(&stolen.refresh).await);
    server.profile(&other.access).await.ok(200);
    server.refresh(&other.refresh).await.ok(200);
}

#[tokio::test]
async fn a_guess_with_a_known_session_id_ends_nothing() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    let tokens = Tokens::of(&server.refresh(&tokens.refresh).await);
    server.advance(60 * SECOND).await;
    let session = token_claims(&tokens.access)["sid"].as_str().unwrap().to_owned();
    for guess in ["A".repeat(43), format!("{}8", "x".repeat(42))] {
        assert_refused(&server.refresh(&format!("{session}.{guess}")).await);
    }
    server.profile(&tokens.access).await.ok(200);
    server.refresh(&tokens.refresh).await.ok(200);
}

#[tokio::test]
async fn a_secret_belongs_to_its_own_session_only() {
    let server = shared().await;
    let ((_, ada), (_, eve)) = (server.new_person().await, server.new_person().await);
    let session = ada.refresh.split_once('.').unwrap().0;
    let secret = eve.refresh.split_once('.').unwrap().1;
    assert_refused(&server.refresh(&format!("{session}.{secret}")).await);
    server.refresh(&ada.refresh).await.ok(200);
    server.refresh(&eve.refresh).await.ok(200);
}

#[tokio::test]
async fn a_damaged_token_is_refused_and_ends_nothing() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let token = tokens.refresh.as_str();
    let (session, secret) = token.split_once('.').unwrap();
    let last = secret.chars().next_back().unwrap();
    // The last of 43 characters has two spare bits.
    let with_spare_bits = char::from(last as u8 + 1);
    let damaged = [
        String::new(),
        ".".to_owned(),
        session.to_owned(),
        secret.to_owned(),
        format!("{session}."),
        format!(".{secret}"),
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        token[1..].to_owned(),
        format!("{}{with_spare_bits}", &token[..token.len() - 1]),
        token.to_uppercase(),
        token.replace('.', ":"),
        format!("{}.{secret}", "é".repeat(20)),
        format!("{}.{secret}", "a".repeat(4000)),
        format!("{session}' OR '1'='1.{secret}"),
    ];
    for damaged in damaged {
        assert_refused(&server.refresh(&damaged).await);
    }
    server.refresh(token).await.ok(200);
}

#[tokio::test]
async fn a_session_that_never_was_has_no_successor() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let secret = tokens.refresh.split_once('.').unwrap().1;
    let unknown = SessionId::new(server.app.new_id());
    assert_refused(&server.refresh(&format!("{unknown}.{secret}")).await);
}

#[tokio::test]
async fn an_access_token_does_not_refresh_and_a_refresh_token_opens_no_route() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    assert_refused(&server.refresh(&tokens.access).await);
    server.assert_refused_everywhere(&tokens.refresh).await;
    server.refresh(&tokens.refresh).await.ok(200);
}

#[tokio::test]
async fn a_refresh_answers_with_the_user_as_it_is_now() {
    let server = shared().await;
    let (_, tokens) = server.new_person().await;
    let renamed = json!({ "name": "Ada King" });
    server.with_token(reqwest::Method::PATCH, "profile", &tokens.access, renamed).await.ok(200);
    let user: Value = server.refresh(&tokens.refresh).await.ok(200)["user"].clone();
    assert_eq!(user["name"], "Ada King");
}

#[track_caller]
fn assert_refused(answer: &Answer) {
    answer.problem(401, "invalid_token");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
}
