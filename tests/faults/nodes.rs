//! Several processes on one database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bulla_seal::Purpose;
use tokio::task::JoinSet;

use crate::database::{connect, count, new_database, shared};
use crate::node::{Node, Remote, Tokens, home, key_of, login_body, seal_to, until_counted};
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD};

/// `/verify` follows an ended session within this.
const SECOND: Duration = Duration::from_secs(1);
const ROUNDS: usize = 10;
const EMAIL: &str = "ada@example.com";

async fn three_nodes() -> [Node; 3] {
    Node::start_all(&home(&new_database().await))
}

#[tokio::test(flavor = "multi_thread")]
async fn three_that_start_at_once_on_an_empty_database_agree() {
    let _server = shared().await;
    let database = new_database().await;
    let nodes: [Node; 3] = Node::start_all(&home(&database));
    let conn = &mut connect(&database).await;
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/mysql")).unwrap().count();
    let migrations = i64::try_from(migrations).unwrap();
    assert_eq!(count(conn, "SELECT COUNT(*) FROM _sqlx_migrations WHERE success").await, migrations);
    assert_eq!(count(conn, "SELECT COUNT(*) FROM _sqlx_migrations").await, migrations);
    for purpose in ["sealing", "signing"] {
        let sql = format!("SELECT COUNT(*) FROM server_keys WHERE purpose = '{purpose}'");
        assert_eq!(count(conn, &sql).await, 1, "{purpose} keys");
    }
    let kid = nodes[0].remote.sealing_key().await["kid"].clone();
    let published = nodes[0].remote.published_kids().await;
    assert_eq!(published.len(), 1);
    for node in &nodes {
        assert_eq!(node.remote.sealing_key().await["kid"], kid);
        assert_eq!(node.remote.published_kids().await, published);
    }
    // A fourth one later finds everything done.
    let late = Node::start(&home(&database));
    assert_eq!(late.remote.sealing_key().await["kid"], kid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_one_is_a_login_at_all_and_so_is_a_logout() {
    let _server = shared().await;
    let nodes = three_nodes().await;
    let [a, b, c] = nodes.each_ref().map(|node| &node.remote);
    let witness = a.new_person(EMAIL).await;
    for round in 0..ROUNDS {
        let tokens = [a, b, c][round % 3].login(EMAIL).await;
        for node in [a, b, c] {
            node.profile(&tokens.access).await.ok(200);
            node.verify(&tokens.access).await.ok(200);
        }
        let refreshed = Tokens::of(&b.refresh(&tokens.refresh).await);
        assert_eq!(Tokens::of(&c.refresh(&tokens.refresh).await).refresh, refreshed.refresh);

        let leaving = [b, c, a][round % 3];
        leaving.logout(&tokens.access).await.ok(200);
        let left = Instant::now();
        for node in [a, b, c] {
            node.profile(&tokens.access).await.problem(401, "invalid_token");
            node.refresh(&refreshed.refresh).await.problem(401, "invalid_token");
        }
        leaving.verify(&tokens.access).await.problem(401, "invalid_token");
        for node in [a, b, c] {
            assert_verify_follows(node, &tokens, left).await;
        }
    }
    for node in [a, b, c] {
        node.verify(&witness.access).await.ok(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_change_at_one_ends_the_other_sessions_at_all() {
    let _server = shared().await;
    let nodes = three_nodes().await;
    let [a, b, c] = nodes.each_ref().map(|node| &node.remote);
    let mine = a.new_person(EMAIL).await;
    let others = [a.login(EMAIL).await, b.login(EMAIL).await, c.login(EMAIL).await];
    let changed = Tokens::of(&a.change_password(EMAIL, &mine.access, PASSWORD, OTHER_PASSWORD).await);
    let at = Instant::now();
    for node in [c, b, a] {
        for other in &others {
            node.profile(&other.access).await.problem(401, "invalid_token");
            node.refresh(&other.refresh).await.problem(401, "invalid_token");
        }
        node.profile(&changed.access).await.ok(200);
        node.refresh(&mine.refresh).await.problem(401, "invalid_token");
    }
    for other in &others {
        assert_verify_follows(c, other, at).await;
    }
    b.try_login(EMAIL, PASSWORD).await.problem(401, "invalid_credentials");
    c.try_login(EMAIL, OTHER_PASSWORD).await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_sent_to_all_in_parallel_is_judged_once() {
    let _server = shared().await;
    let nodes = three_nodes().await;
    let remotes = nodes.each_ref().map(|node| node.remote.clone());
    remotes[0].register(EMAIL).await;
    for round in 0..4 * ROUNDS {
        let document = remotes[round % 3].sealing_key().await;
        // Right and wrong, in both forms: judged once means once, whatever the judgement.
        let password = if round % 4 < 2 { PASSWORD } else { OTHER_PASSWORD };
        let envelope = match round % 2 {
            0 => seal_to(&document, Purpose::Login, EMAIL, password),
            _ => bulla_seal::seal_raw(&key_of(&document), password).unwrap(),
        };
        let mut sending = JoinSet::new();
        for number in 0..6 {
            let (node, body) = (remotes[number % 3].clone(), login_body(EMAIL, &envelope));
            sending.spawn(async move { node.post("login", &body).await });
        }
        let answers = sending.join_all().await;
        let is_reused = |answer: &&Answer| answer.status == 401 && answer.json()["code"] == "reused_envelope";
        assert_eq!(answers.iter().filter(is_reused).count(), 5, "round {round}: {answers:?}");
        let judged = answers.iter().find(|answer| !is_reused(answer)).unwrap();
        match password {
            PASSWORD => drop(judged.ok(200)),
            _ => drop(judged.problem(401, "invalid_credentials")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_is_killed_under_load_the_others_go_on() {
    let _server = shared().await;
    let mut nodes = three_nodes().await;
    let remotes = nodes.each_ref().map(|node| node.remote.clone());
    remotes[0].register(EMAIL).await;
    let (is_over, after_the_kill) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let is_killed = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for number in 0..6 {
        let (nodes, is_over) = ([remotes[number % 2].clone(), remotes[2].clone()], Arc::clone(&is_over));
        let (is_killed, after_the_kill) = (Arc::clone(&is_killed), Arc::clone(&after_the_kill));
        clients.spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                let counts = is_killed.load(Ordering::SeqCst);
                let tokens = nodes[0].login(EMAIL).await;
                nodes[0].refresh(&tokens.refresh).await.ok(200);
                nodes[0].logout(&tokens.access).await.ok(200);
                after_the_kill.fetch_add(usize::from(counts), Ordering::SeqCst);
                if !counts {
                    // The one that will be killed is at work, too; of it, no answer is promised.
                    let envelope = nodes[0].seal(Purpose::Login, EMAIL, PASSWORD).await;
                    let body = login_body(EMAIL, &envelope);
                    let _ = nodes[1].ask(reqwest::Method::POST, "login", None, &body).await;
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    nodes[2].process.kill();
    is_killed.store(true, Ordering::SeqCst);
    until_counted(&after_the_kill, 12, 10 * SECOND).await;
    is_over.store(true, Ordering::SeqCst);
    clients.join_all().await;
}

/// Within a second of `since`, for good.
async fn assert_verify_follows(node: &Remote, tokens: &Tokens, since: Instant) {
    loop {
        let asked = since.elapsed();
        if node.verify(&tokens.access).await.status == 401 {
            break;
        }
        assert!(asked < SECOND, "/verify still says yes {asked:?} after the end of the session");
    }
    node.verify(&tokens.access).await.problem(401, "invalid_token");
}
