//! Several nodes on one database.

mod database_gone;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use bulla::flows;
use bulla_seal::Purpose;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::observe::{SECOND, authenticated_routes, within};
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, TestServer, Tokens};

async fn two_nodes() -> (TestServer, TestServer) {
    let a = TestServer::start().await;
    let b = a.another_node().await;
    (a, b)
}

#[tokio::test]
async fn a_login_at_one_node_is_a_login_at_every_node() {
    let (a, b) = two_nodes().await;
    let (_, tokens) = a.new_person().await;
    assert_eq!(b.profile(&tokens.access).await.ok(200), tokens.user);
    b.verify(&tokens.access).await.ok(200);
    assert_eq!(b.sessions(&tokens.access).await, a.sessions(&tokens.access).await);
    b.logout(&tokens.access).await.ok(200);
    a.profile(&tokens.access).await.problem(401, "invalid_token");
}

#[tokio::test]
async fn a_token_is_refreshed_at_any_node() {
    let (a, b) = two_nodes().await;
    let (_, mut tokens) = a.new_person().await;
    for node in [&b, &a, &b] {
        tokens = Tokens::of(&node.refresh(&tokens.refresh).await);
    }
}

#[tokio::test]
async fn a_repeat_at_another_node_gets_the_same_successor() {
    let (a, b) = two_nodes().await;
    let (_, tokens) = a.new_person().await;
    let successor = Tokens::of(&a.refresh(&tokens.refresh).await).refresh;
    assert_eq!(Tokens::of(&b.refresh(&tokens.refresh).await).refresh, successor);
}

#[tokio::test]
async fn a_late_repeat_at_another_node_ends_the_session_at_both() {
    let (a, b) = two_nodes().await;
    let (_, stolen) = a.new_person().await;
    let current = Tokens::of(&a.refresh(&stolen.refresh).await);
    a.advance(11 * SECOND).await;
    b.refresh(&stolen.refresh).await.problem(401, "invalid_token");
    a.refresh(&current.refresh).await.problem(401, "invalid_token");
    assert_ended_at(&a, &current).await;
    assert_ended_at(&b, &current).await;
}

#[tokio::test]
async fn parallel_refreshes_at_two_nodes_leave_one_chain() {
    let (a, b) = two_nodes().await;
    let (_, mut tokens) = a.new_person().await;
    for round in 0..50 {
        let (one, two) = tokio::join!(a.refresh(&tokens.refresh), b.refresh(&tokens.refresh));
        let (one, two) = (Tokens::of(&one), Tokens::of(&two));
        assert_eq!(one.refresh, two.refresh, "round {round}");
        tokens = one;
    }
}

#[tokio::test]
async fn a_logout_at_one_node_is_refused_by_every_node_in_the_next_request() {
    let (a, b) = two_nodes().await;
    let (email, witness) = a.new_person().await;
    let routes = authenticated_routes().into_iter().filter(|(_, path)| path != "/api/auth/verify");
    // Each request is the first one after a logout.
    for (method, path) in routes {
        let tokens = a.login(&email).await;
        b.profile(&tokens.access).await.ok(200);
        a.logout(&tokens.access).await.ok(200);
        b.with_token(method, &path, &tokens.access, json!({})).await.problem(401, "invalid_token");
    }
    b.profile(&witness.access).await.ok(200);
}

#[tokio::test]
async fn a_logout_at_one_node_is_refused_by_verify_of_every_node_within_a_second() {
    let (a, b) = two_nodes().await;
    let (email, witness) = a.new_person().await;
    for _ in 0..5 {
        let tokens = a.login(&email).await;
        b.verify(&tokens.access).await.ok(200);
        a.logout(&tokens.access).await.ok(200);
        a.verify(&tokens.access).await.problem(401, "invalid_token");
        within(Duration::from_secs(1), async || b.verify(&tokens.access).await.status == 401).await;
        b.verify(&tokens.access).await.problem(401, "invalid_token");
        b.refresh(&tokens.refresh).await.problem(401, "invalid_token");
    }
    b.verify(&witness.access).await.ok(200);
}

#[tokio::test]
async fn a_password_change_at_one_node_ends_the_other_sessions_at_every_node() {
    let (a, b) = two_nodes().await;
    let (email, tokens) = a.new_person().await;
    let other = b.login(&email).await;
    let changed = Tokens::of(&a.change_password(&email, &tokens.access, OTHER_PASSWORD).await);
    assert_ended_at(&b, &other).await;
    b.profile(&changed.access).await.ok(200);
    b.try_login(&email, PASSWORD).await.problem(401, "invalid_credentials");
    b.try_login(&email, OTHER_PASSWORD).await.ok(200);
}

#[tokio::test]
async fn disabling_an_account_ends_its_sessions_at_every_node() {
    let (a, b) = two_nodes().await;
    let (email, tokens) = a.new_person().await;
    flows::disable_account(&a.app, &a.account(&tokens.user).await).await.unwrap();
    assert_ended_at(&a, &tokens).await;
    assert_ended_at(&b, &tokens).await;
    b.try_login(&email, PASSWORD).await.problem(403, "account_disabled");
}

#[tokio::test]
async fn an_envelope_with_the_nonce_of_one_node_opens_at_every_node() {
    let (a, b) = two_nodes().await;
    let (email, _) = a.new_person().await;
    let envelope = a.seal(Purpose::Login, &email, PASSWORD).await;
    b.login_with(&email, &envelope).await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_sent_to_two_nodes_at_once_is_judged_once() {
    let (a, b) = two_nodes().await;
    let nodes = [Arc::new(a), Arc::new(b)];
    let (email, _) = nodes[0].new_person().await;
    let key = nodes[0].sealing_key().await;
    for round in 0..20 {
        // Both forms, in turn.
        let envelope = match round % 2 {
            0 => nodes[0].login_envelope(&key, &email).await,
            _ => bulla_seal::seal_raw(&key, PASSWORD).unwrap(),
        };
        let answers = send_at_once(&nodes, &email, &envelope, 4).await;
        let judged = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(judged, 1, "round {round}: {answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.problem(401, "reused_envelope");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_sent_to_two_nodes_at_once_is_judged_once() {
    let (a, b) = two_nodes().await;
    let nodes = [Arc::new(a), Arc::new(b)];
    let (email, _) = nodes[0].new_person().await;
    let envelope = nodes[0].seal(Purpose::Login, &email, OTHER_PASSWORD).await;
    let answers = send_at_once(&nodes, &email, &envelope, 4).await;
    let judged = answers.iter().filter(|answer| answer.json()["code"] == "invalid_credentials").count();
    assert_eq!(judged, 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.json()["code"] == "reused_envelope").count(), 3, "{answers:?}");
}

async fn send_at_once(nodes: &[Arc<TestServer>; 2], email: &str, envelope: &str, times: usize) -> Vec<Answer> {
    let mut requests = JoinSet::new();
    for number in 0..times {
        let (node, email, envelope) = (Arc::clone(&nodes[number % 2]), email.to_owned(), envelope.to_owned());
        requests.spawn(async move { node.login_with(&email, &envelope).await });
    }
    requests.join_all().await
}

/// In the next request on every route but `/verify`, and there within a second.
async fn assert_ended_at(node: &TestServer, tokens: &Tokens) {
    node.profile(&tokens.access).await.problem(401, "invalid_token");
    within(Duration::from_secs(1), async || node.verify(&tokens.access).await.status == 401).await;
    node.assert_refused_everywhere(&tokens.access).await;
    node.refresh(&tokens.refresh).await.problem(401, "invalid_token");
}
