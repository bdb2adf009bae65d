//! Refreshing at the same moment: tabs, lost answers, thieves in a hurry.

use std::collections::BTreeSet;
use std::sync::Arc;

use bulla::model::{RefreshSecret, RefreshToken};
use bulla::store::sessions;
use tokio::task::JoinSet;

use super::assert_refused;
use crate::support::{Answer, TestServer, Tokens};

/// Sends one token `times` at once.
async fn refresh_at_once(server: &Arc<TestServer>, token: &str, times: usize) -> Vec<Answer> {
    let mut requests = JoinSet::new();
    for _ in 0..times {
        let (server, token) = (Arc::clone(server), token.to_owned());
        requests.spawn(async move { server.refresh(&token).await });
    }
    requests.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_parallel_uses_of_one_token_leave_one_chain() {
    let server = Arc::new(TestServer::start().await);
    let (_, mut tokens) = server.new_person().await;
    for round in 0..100 {
        let answers = refresh_at_once(&server, &tokens.refresh, 100).await;
        let successors: BTreeSet<String> = answers.iter().map(|answer| Tokens::of(answer).refresh).collect();
        assert_eq!(successors.len(), 1, "round {round}");
        tokens = Tokens::of(&answers[0]);
    }
    assert_eq!(server.sessions(&tokens.access).await.len(), 1);
    server.refresh(&tokens.refresh).await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_run_ahead_of_a_race_are_not_thrown_back() {
    let server = Arc::new(TestServer::start().await);
    let (_, first) = server.new_person().await;
    let mut start = first.refresh;
    for round in 0..20 {
        let mut clients = JoinSet::new();
        for _ in 0..16 {
            let (server, mut token) = (Arc::clone(&server), start.clone());
            clients.spawn(async move {
                for _ in 0..4 {
                    token = Tokens::of(&server.refresh(&token).await).refresh;
                }
                token
            });
        }
        let ends: BTreeSet<String> = clients.join_all().await.into_iter().collect();
        assert_eq!(ends.len(), 1, "round {round}");
        start = ends.into_iter().next().unwrap();
    }
    server.refresh(&start).await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_between_refresh_and_logout_leaves_no_living_session() {
    let server = Arc::new(TestServer::start().await);
    let (email, witness) = server.new_person().await;
    for round in 0..20 {
        let tokens = server.login(&email).await;
        let logout = {
            let (server, access) = (Arc::clone(&server), tokens.access.clone());
            tokio::spawn(async move { server.logout(&access).await })
        };
        let answers = refresh_at_once(&server, &tokens.refresh, 8).await;
        logout.await.unwrap().ok(200);
        let won = answers.iter().filter(|answer| answer.status == 200).map(Tokens::of);
        for tokens in won.chain([tokens]) {
            assert_refused(&server.refresh(&tokens.refresh).await);
            assert_refused(&server.profile(&tokens.access).await);
            assert_refused(&server.verify(&tokens.access).await);
        }
        assert_eq!(server.sessions(&witness.access).await.len(), 1, "round {round}");
    }
}

/// Successors are derived, so over HTTP a second exchange would write what the first one wrote; here it would not.
#[tokio::test]
async fn an_exchange_is_made_only_while_its_token_is_the_current_one() {
    let server = TestServer::start().await;
    let (_, tokens) = server.new_person().await;
    let token = RefreshToken::parse(&tokens.refresh).unwrap();
    let (session, _) = sessions::with_account(&server.app.db, &token.session).await.unwrap().unwrap();
    let exchange = |new_digest| sessions::Exchange {
        old_digest: &session.refresh_digest,
        new_digest,
        rotations: 1,
        recent_rotations: &session.recent_rotations,
        now: session.created_at,
        idle_ends_at: session.idle_ends_at,
    };
    let [first, second] = [1, 2].map(|byte| RefreshSecret::new([byte; 32]).digest());
    assert!(sessions::exchange_token(&server.app.db, &session.id, &exchange(&first)).await.unwrap());
    assert!(!sessions::exchange_token(&server.app.db, &session.id, &exchange(&second)).await.unwrap());
}
