//! Transactions that meet: the database gives one of them up, and its client never hears of it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::database::{
    connect, count, id, new_database, run, shared, third, until_no_transaction_but, until_waiting_for_row,
};
use crate::node::{Node, Remote, Tokens, assert_unavailable, home};
use crate::support::{OTHER_PASSWORD, PASSWORD, Pace};

const EMAIL: &str = "ada@example.com";
const ROUNDS: usize = 4;
/// A transaction that failed is made again if it was begun half a second ago at most: where this machine takes longer to let
/// the two meet, nothing is asked.
const SOON: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_the_database_gives_up_is_made_again() {
    let _server = shared().await;
    let database = new_database().await;
    let node = Node::start(&home(&database));
    let mut tokens = node.remote.new_person(EMAIL).await;
    let (mut other, mut witness) = (connect(&database).await, connect(&database).await);
    // The one that has written less is given up: this makes it the server's, each time.
    run(&mut other, "CREATE TABLE ballast (id BIGINT PRIMARY KEY)").await;
    let mut made = 0;
    for round in 0..5 * ROUNDS {
        let (current, new) = if made % 2 == 0 { (PASSWORD, OTHER_PASSWORD) } else { (OTHER_PASSWORD, PASSWORD) };
        run(&mut other, "BEGIN").await;
        for number in 0..50 {
            run(&mut other, &format!("INSERT INTO ballast VALUES ({})", round * 50 + number)).await;
        }
        // The server locks the account, then its sessions. This is the opposite order.
        count(&mut other, "SELECT COUNT(*) FROM sessions FOR UPDATE").await;
        let (remote, access) = (node.remote.clone(), tokens.access.clone());
        let change = async move { remote.change_password(EMAIL, &access, current, new).await };
        let (change, begun) = (tokio::spawn(change), Instant::now());
        until_waiting_for_row(&mut witness, 1).await;
        count(&mut other, "SELECT COUNT(*) FROM accounts FOR UPDATE").await;
        let met_after = begun.elapsed();
        run(&mut other, "COMMIT").await;
        let answer = change.await.unwrap();
        if met_after > SOON && answer.status == 503 {
            assert_unavailable(&answer);
            continue;
        }
        tokens = Tokens::of(&answer);
        made += 1;
        if made == ROUNDS {
            break;
        }
    }
    assert_eq!(made, ROUNDS);
    node.remote.profile(&tokens.access).await.ok(200);
    until_no_transaction_but(&mut witness, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_someone_keeps_is_answered_in_time_and_leaves_nothing_behind() {
    let _server = shared().await;
    let database = new_database().await;
    let node = Node::start(&home(&database));
    let tokens = node.remote.new_person(EMAIL).await;
    let (mut other, mut witness) = (connect(&database).await, connect(&database).await);
    run(&mut other, "BEGIN").await;
    count(&mut other, "SELECT COUNT(*) FROM sessions FOR UPDATE").await;
    let mut waiting = JoinSet::new();
    // More than the pool has connections.
    for _ in 0..40 {
        let (remote, access) = (node.remote.clone(), tokens.access.clone());
        waiting.spawn(async move { remote.logout(&access).await });
    }
    for answer in waiting.join_all().await {
        assert_unavailable(&answer);
    }
    // Nobody waits on for someone who has been answered.
    until_no_transaction_but(&mut witness, &[id(&mut other).await]).await;
    node.remote.profile(&tokens.access).await.ok(200);
    run(&mut other, "ROLLBACK").await;
    let freed = Pace::now();
    node.remote.logout(&tokens.access).await.ok(200);
    assert!(freed.elapsed() < Duration::from_secs(1), "{:?}", freed.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_statement_was_refused_is_kept_and_keeps_no_lock() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home(&database).with("BULLA_DATABASE_TIMEOUT", "20s").with("BULLA_DATABASE_CONNECTIONS", "1");
    let node = Node::start(&home);
    let tokens = node.remote.new_person(EMAIL).await;
    let (mut other, mut witness) = (connect(&database).await, connect(&database).await);
    let other_id = id(&mut other).await;
    let nodes = third(&mut witness, other_id).await;
    run(&mut other, "BEGIN").await;
    count(&mut other, "SELECT COUNT(*) FROM sessions FOR UPDATE").await;
    // The database gives up waiting for the lock, in the middle of a transaction.
    assert_unavailable(&node.remote.logout(&tokens.access).await);
    until_no_transaction_but(&mut witness, &[other_id]).await;
    run(&mut other, "ROLLBACK").await;
    node.remote.logout(&tokens.access).await.ok(200);
    assert_eq!(third(&mut witness, other_id).await, nodes);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_one_account_can_do_at_once_at_two_nodes_is_answered() {
    let _server = shared().await;
    // A disk that takes a moment is not what is asked about.
    let home = home(&new_database().await).with("BULLA_DATABASE_TIMEOUT", "10s");
    let nodes: [Node; 2] = Node::start_all(&home);
    nodes[0].remote.register(EMAIL).await;
    let begun = Pace::now();
    let mut clients = JoinSet::new();
    for number in 0..8 {
        let remote = nodes[number % 2].remote.clone();
        clients.spawn(async move {
            let mut rounds = 0;
            while begun.elapsed() < Duration::from_secs(3) || rounds < 3 {
                at_once(&remote, number / 2).await;
                rounds += 1;
            }
        });
    }
    clients.join_all().await;
}

/// A session of its own, which others end at any moment: refused is fine, failed is not.
async fn at_once(remote: &Remote, kind: usize) {
    let answer = remote.try_login(EMAIL, PASSWORD).await;
    if answer.status == 401 {
        // The password counts as changed between the check and the opening of the session.
        answer.problem(401, "invalid_credentials");
        return;
    }
    if answer.status == 429 {
        // So many logins to one account at once are a crowd.
        answer.problem(429, "too_many_attempts");
        return;
    }
    let tokens = Tokens::of(&answer);
    let answer = match kind {
        0 => remote.change_password(EMAIL, &tokens.access, PASSWORD, PASSWORD).await,
        1 => remote.with_token(Method::DELETE, "sessions", &tokens.access).await,
        2 => remote.refresh(&tokens.refresh).await,
        _ => remote.ask(Method::PATCH, "profile", Some(&tokens.access), &json!({ "name": "Ada" })).await.unwrap(),
    };
    assert!(answer.status.as_u16() < 300 || answer.status == 401, "{answer:?}");
    let left = remote.ask(Method::POST, "logout", Some(&tokens.access), &Value::Null).await.unwrap();
    assert!(left.status == 200 || left.status == 401, "{left:?}");
}
