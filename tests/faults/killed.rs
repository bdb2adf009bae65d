//! The database server is killed, or stands still, in the middle of work: what was answered stays true, and while it is
//! away nobody is told yes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::database::{OwnServer, alone, new_database};
use crate::ledger::{Client, Ledger, Sent};
use crate::node::{Node, Remote, assert_unavailable, home, login_body};
use crate::support::{Answer, OTHER_PASSWORD, PASSWORD, Pace};

const CLIENTS: usize = 10;
/// At work before the fault and after it.
const BEFORE: Duration = Duration::from_millis(2000);
const AWAY: Duration = Duration::from_millis(3200);
const AFTER: Duration = Duration::from_millis(1500);
/// What `/readyz` may take to see that the database is back.
const RECOVERY: Duration = Duration::from_secs(10);
/// Envelopes and sessions that are looked at again afterwards, of each kind.
const MOST_CHECKED: usize = 60;

/// While the database was surely away.
struct Absence {
    begun: Instant,
    ended: Instant,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_before_the_database_was_killed_is_true_afterwards() {
    let mut server = alone().await;
    let nodes = two_nodes().await;
    let ledger = work_through(&nodes, async |nodes| {
        server.kill();
        let begun = Instant::now();
        assert_away(nodes).await;
        let ended = Instant::now();
        come_back(nodes, &mut server, OwnServer::start).await;
        Absence { begun, ended }
    })
    .await;
    check(&nodes, &ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_before_the_database_stood_still_is_true_afterwards() {
    let mut server = alone().await;
    let nodes = two_nodes().await;
    let ledger = work_through(&nodes, async |nodes| {
        server.stop();
        let begun = Instant::now();
        assert_away(nodes).await;
        let ended = Instant::now();
        come_back(nodes, &mut server, |server| server.go_on()).await;
        Absence { begun, ended }
    })
    .await;
    check(&nodes, &ledger).await;
}

async fn two_nodes() -> [Node; 2] {
    Node::start_all(&home(&new_database().await))
}

/// Clients at work before, during and after a fault.
async fn work_through(nodes: &[Node; 2], fault: impl AsyncFnOnce(&[Remote; 2]) -> Absence) -> Ledger {
    let ledger = Arc::new(Ledger::default());
    let remotes = [nodes[0].remote.clone(), nodes[1].remote.clone()];
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (ledger, remotes) = (Arc::clone(&ledger), remotes.clone());
        clients.spawn(async move {
            let nodes = [&remotes[number % 2], &remotes[(number + 1) % 2]];
            Client { nodes, ledger: &ledger }.work(&format!("c{number}")).await;
        });
    }
    tokio::time::sleep(BEFORE).await;
    let absence = fault(&remotes).await;
    tokio::time::sleep(AFTER).await;
    ledger.is_over.store(true, Ordering::SeqCst);
    while let Some(finished) = clients.join_next().await {
        if let Err(error) = finished {
            panic!("{error}:\n{}\n{}", nodes[0].log(), nodes[1].log());
        }
    }
    let ledger = Arc::into_inner(ledger).unwrap();
    assert_no_yes_was_invented(&ledger, &absence);
    ledger
}

/// Lives, but is not ready, for as long as the database is away.
async fn assert_away(nodes: &[Remote; 2]) {
    let begun = Instant::now();
    while begun.elapsed() < AWAY {
        for node in nodes {
            node.get("/healthz").await.ok(200);
            assert_unavailable(&node.get("/readyz").await);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// By themselves, and before long.
async fn come_back(nodes: &[Remote; 2], server: &mut OwnServer, back: impl FnOnce(&mut OwnServer)) {
    back(server);
    let begun = Pace::now();
    for node in nodes {
        while node.get("/readyz").await.status != 200 {
            assert!(begun.elapsed() < RECOVERY, "not ready {RECOVERY:?} after the database was started");
        }
    }
    println!("ready {:?} after the start of the database", begun.elapsed());
}

fn assert_no_yes_was_invented(ledger: &Ledger, absence: &Absence) {
    let answers = ledger.answers.lock().unwrap();
    let meanwhile = answers.iter().filter(|answer| answer.begun > absence.begun && answer.ended < absence.ended);
    let statuses: Vec<u16> = meanwhile.map(|answer| answer.status).collect();
    assert!(statuses.len() > 2, "hardly anyone asked while the database was away: {statuses:?}");
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    let good = answers.iter().filter(|answer| answer.status < 300).count();
    println!("{good} answers, and {} refusals of {} while the database was away", statuses.len(), answers.len());
}

async fn check(nodes: &[Node; 2], ledger: &Ledger) {
    let [one, two] = [&nodes[0].remote, &nodes[1].remote];
    let accounts = ledger.accounts.lock().unwrap().clone();
    let ended = ledger.ended.lock().unwrap().clone();
    let refreshed = ledger.refreshed.lock().unwrap().clone();
    println!("{} accounts, {} ended sessions, {} living ones", accounts.len(), ended.len(), refreshed.len());
    assert!(accounts.len() > CLIENTS && ended.len() > CLIENTS && !refreshed.is_empty());
    for token in &ended {
        for node in [one, two] {
            node.profile(token).await.problem(401, "invalid_token");
        }
    }
    for token in &refreshed {
        one.refresh(token).await.ok(200);
    }
    for (email, password) in &accounts {
        two.try_login(email, password).await.ok(200);
    }
    let changed: Vec<_> = accounts.iter().filter(|(_, password)| *password == OTHER_PASSWORD).collect();
    assert!(!changed.is_empty());
    for (email, _) in changed {
        one.try_login(email, PASSWORD).await.problem(401, "invalid_credentials");
    }
    check_envelopes(one, two, ledger).await;
}

async fn check_envelopes(one: &Remote, two: &Remote, ledger: &Ledger) {
    let judged = ledger.judged.lock().unwrap().clone();
    let unanswered = ledger.unanswered.lock().unwrap().clone();
    println!("{} envelopes judged, {} not answered", judged.len(), unanswered.len());
    assert!(judged.len() > CLIENTS && !unanswered.is_empty());
    // Those around the fault are among the last ones before it: all of them are looked at, up to a limit.
    for (number, sent) in judged.iter().rev().take(4 * MOST_CHECKED).enumerate() {
        let node = [one, two][number % 2];
        post(node, sent).await.problem(401, "reused_envelope");
    }
    for sent in unanswered.iter().take(MOST_CHECKED) {
        let first = post(one, sent).await;
        assert!([200, 201, 401, 409].contains(&first.status.as_u16()), "{first:?}");
        post(two, sent).await.problem(401, "reused_envelope");
    }
}

/// A login that the fault broke off was counted as a failure all the same, so some must wait.
async fn post(node: &Remote, sent: &Sent) -> Answer {
    loop {
        let answer = node.post(sent.path, &login_body(&sent.email, &sent.envelope)).await;
        if answer.status != 429 {
            return answer;
        }
        tokio::time::sleep(Duration::from_secs(answer.header("retry-after").parse().unwrap())).await;
    }
}
