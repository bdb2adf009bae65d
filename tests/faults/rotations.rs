//! Keys that are rotated beside working nodes, and rotations that die.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bulla_seal::Purpose;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::database::{connect, count, new_database, run, shared, until_no_transaction_but, until_waiting_for_row};
use crate::node::{Node, Remote, Tokens, home, login_body, seal_to, until_counted};
use crate::processes::{Home, Pace, Process};
use crate::support::PASSWORD;

const EMAIL: &str = "ada@example.com";
/// All nodes follow within this.
const FOLLOWING: Duration = Duration::from_secs(5);
const KILLS: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_follow_a_rotation_and_nobody_fails_to_log_in() {
    let _server = shared().await;
    let home = home(&new_database().await);
    let nodes: [Node; 3] = Node::start_all(&home);
    let remotes = nodes.each_ref().map(|node| node.remote.clone());
    remotes[0].register(EMAIL).await;
    let (is_over, logins) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for number in 0..6 {
        let (remotes, is_over, logins) = (remotes.clone(), Arc::clone(&is_over), Arc::clone(&logins));
        clients.spawn(async move {
            for round in number.. {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let tokens = log_in_across(&remotes[round % 3], &remotes[(round + number) % 3]).await;
                remotes[(round + 1) % 3].profile(&tokens.access).await.ok(200);
                logins.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let before = published_at_all(&remotes).await;
    for rotation in [&["sealing"][..], &["signing"], &["sealing", "--compromised"]] {
        let old = remotes[0].sealing_key().await["kid"].clone();
        home.run(&[&["keys", "rotate"], rotation].concat()).ok();
        if rotation == ["signing"] {
            let has_next = |kids: &Vec<String>| kids.len() == before[0].len() + 1;
            until_all(&remotes, async |node| has_next(&node.published_kids().await)).await;
        } else {
            until_all(&remotes, async |node| node.sealing_key().await["kid"] != old).await;
        }
        until_counted(&logins, logins.load(Ordering::SeqCst) + 6, FOLLOWING).await;
    }
    is_over.store(true, Ordering::SeqCst);
    clients.join_all().await;
    let kids = published_at_all(&remotes).await;
    assert!(kids.iter().all(|node| *node == kids[0]), "{kids:?}");
}

/// With the key of one node at another; a client that is told to take a newer key takes it.
async fn log_in_across(asked: &Remote, judging: &Remote) -> Tokens {
    let envelope = asked.seal(Purpose::Login, EMAIL, PASSWORD).await;
    let answer = judging.post("login", &login_body(EMAIL, &envelope)).await;
    if answer.status != 400 {
        return Tokens::of(&answer);
    }
    let document = answer.problem(400, "unknown_sealing_key")["sealing_key"].clone();
    let envelope = seal_to(&document, Purpose::Login, EMAIL, PASSWORD);
    Tokens::of(&judging.post("login", &login_body(EMAIL, &envelope)).await)
}

async fn published_at_all(remotes: &[Remote; 3]) -> Vec<Vec<String>> {
    let mut kids = Vec::new();
    for remote in remotes {
        kids.push(remote.published_kids().await);
    }
    kids
}

async fn until_all(remotes: &[Remote; 3], is_so: impl AsyncFn(&Remote) -> bool) {
    let begun = Pace::now();
    for remote in remotes {
        while !is_so(remote).await {
            assert!(begun.elapsed() < FOLLOWING, "a node does not follow within {FOLLOWING:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_in_its_transaction_leaves_nothing() {
    let _server = shared().await;
    let database = new_database().await;
    let home = home(&database);
    let node = Node::start(&home);
    node.remote.register(EMAIL).await;
    let before = keys(&home);
    // Someone who holds the rows of the keys stops the rotation in the middle.
    let (mut holder, mut witness) = (connect(&database).await, connect(&database).await);
    run(&mut holder, "BEGIN").await;
    count(&mut holder, "SELECT COUNT(*) FROM server_keys FOR UPDATE").await;
    let mut rotation = Process::spawn(&mut home.bulla(&["keys", "rotate", "sealing"]));
    until_waiting_for_row(&mut witness, 1).await;
    rotation.kill();
    run(&mut holder, "ROLLBACK").await;
    until_no_transaction_but(&mut witness, &[]).await;
    assert_eq!(keys(&home), before);
    node.remote.login(EMAIL).await;
    assert_rotates(&home, &[&node.remote]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_and_nodes_that_are_killed_at_any_moment_leave_nothing_stuck() {
    let _server = shared().await;
    let home = home(&new_database().await);
    let nodes: [Node; 2] = Node::start_all(&home);
    let [a, b] = nodes.each_ref().map(|node| &node.remote);
    a.register(EMAIL).await;
    for number in 0..KILLS {
        // Half of the victims are whole nodes, which look after the keys as soon as they start.
        let arguments: &[&str] = if number % 2 == 0 { &["keys", "rotate"] } else { &[] };
        let mut victim = Process::spawn(&mut home.bulla(arguments));
        tokio::time::sleep(Duration::from_millis(number * 67 % 600)).await;
        victim.kill();
        a.login(EMAIL).await;
        b.login(EMAIL).await;
        assert_one_active_key_each(&home);
    }
    assert_rotates(&home, &[a, b]).await;
}

fn keys(home: &Home) -> Vec<Value> {
    serde_json::from_str(&home.run(&["keys", "list", "--json"]).ok()).unwrap()
}

fn assert_one_active_key_each(home: &Home) {
    let keys = keys(home);
    for purpose in ["sealing", "signing"] {
        let active = keys.iter().filter(|key| key["purpose"] == purpose && key["stage"] == "active");
        assert_eq!(active.count(), 1, "{purpose}: {keys:?}");
    }
}

/// The next rotation works, and every node follows it and serves.
async fn assert_rotates(home: &Home, nodes: &[&Remote]) {
    home.run(&["keys", "rotate", "sealing"]).ok();
    assert_one_active_key_each(home);
    let active = keys(home).into_iter().find(|key| key["purpose"] == "sealing" && key["stage"] == "active").unwrap();
    let begun = Pace::now();
    for node in nodes {
        while node.sealing_key().await["kid"] != active["kid"] {
            assert!(begun.elapsed() < FOLLOWING, "a node does not follow within {FOLLOWING:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        node.login(EMAIL).await;
    }
}
