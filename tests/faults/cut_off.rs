//! A database that moved: the old connections are dead without a word, new ones work. And one that falls silent while a
//! node starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::database::{connect, new_database, run, shared, until_waiting_for_table};
use crate::node::{Node, Remote, assert_unavailable, home};
use crate::processes::Pace;

/// What `/readyz` may take to see that the database is back.
const RECOVERY: Duration = Duration::from_secs(10);

const MOST_CONNECTIONS: i64 = 32;

/// The greeting, and a handful of statements.
const LEAST_THAT_A_START_SAYS: u64 = 8;
const MORE_THAN_A_START_SAYS: u64 = 32;
/// Ten seconds of patience, on a machine that is busy with the others.
const LONGEST_START: Duration = Duration::from_secs(30);

/// Stands between a node and its database.
struct Cable {
    /// The database's, as the node is to reach it.
    url: String,
    state: Arc<State>,
}

struct State {
    is_cut: AtomicBool,
    /// Counts the cuts: what was connected before the last one stays dead.
    cuts: AtomicU64,
    /// How many pieces of what the node says are carried before the cable is cut.
    left: AtomicU64,
}

impl Cable {
    async fn to(url: &str) -> Self {
        Self::cut_after(u64::MAX, url).await
    }

    async fn cut_after(pieces: u64, url: &str) -> Self {
        let (user, place) = url.rsplit_once('@').unwrap();
        let (database, name) = place.split_once('/').unwrap();
        let database = database.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
        let (is_cut, cuts) = (AtomicBool::new(false), AtomicU64::new(0));
        let state = Arc::new(State { is_cut, cuts, left: AtomicU64::new(pieces) });
        let cable = Self { url, state: Arc::clone(&state) };
        tokio::spawn(async move {
            // Never closed: whoever is cut off hears nothing, not even an end.
            let mut silent = Vec::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                if state.is_cut.load(Ordering::SeqCst) {
                    silent.push(near);
                    continue;
                }
                let far = TcpStream::connect(&database).await.unwrap();
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                let born = state.cuts.load(Ordering::SeqCst);
                tokio::spawn(carry(near_read, far_write, born, Arc::clone(&state), State::spend));
                tokio::spawn(carry(far_read, near_write, born, Arc::clone(&state), |_| ()));
            }
        });
        cable
    }

    fn cut(&self) {
        self.state.cut();
    }

    fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }
}

impl State {
    fn cut(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
        self.is_cut.store(true, Ordering::SeqCst);
    }

    /// Once none is left, the next piece is not carried any more.
    fn spend(&self) {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            self.cut();
        }
    }
}

/// Until the cable is cut; then nothing is said or heard any more.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    born: u64,
    state: Arc<State>,
    spend: impl Fn(&State) + Send,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        spend(&state);
        if state.cuts.load(Ordering::SeqCst) != born {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    if state.cuts.load(Ordering::SeqCst) != born {
        std::future::pending::<()>().await;
    }
}

/// More than the pool has connections.
async fn ask_at_once(node: &Remote, access: &str) -> JoinSet<crate::support::Answer> {
    let mut asking = JoinSet::new();
    for _ in 0..40 {
        let (node, access) = (node.clone(), access.to_owned());
        asking.spawn(async move { node.profile(&access).await });
    }
    asking
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_without_a_word_are_replaced_within_seconds() {
    let _server = shared().await;
    let database = new_database().await;
    let cable = Cable::to(&database).await;
    let home = home(&cable.url);
    let node = Node::start(&home);
    let tokens = node.remote.new_person("ada@example.com").await;
    for answer in ask_at_once(&node.remote, &tokens.access).await.join_all().await {
        answer.ok(200);
    }
    // Every connection is in the middle of a statement, which a lock on the table holds up.
    let (mut holder, mut witness) = (connect(&database).await, connect(&database).await);
    run(&mut holder, "LOCK TABLES sessions WRITE").await;
    let asking = ask_at_once(&node.remote, &tokens.access).await;
    until_waiting_for_table(&mut witness, 0, MOST_CONNECTIONS).await;
    cable.cut();
    for answer in asking.join_all().await {
        assert_unavailable(&answer);
    }
    run(&mut holder, "UNLOCK TABLES").await;
    for answer in ask_at_once(&node.remote, &tokens.access).await.join_all().await {
        assert_unavailable(&answer);
    }
    node.remote.get("/healthz").await.ok(200);
    cable.mend();
    let mended = Pace::now();
    while node.remote.get("/readyz").await.status != 200 {
        assert!(mended.elapsed() < RECOVERY, "not ready {RECOVERY:?} after the database came back:\n{}", node.log());
    }
    // All of the pool, not one lucky connection.
    while mended.elapsed() < RECOVERY {
        let answers = ask_at_once(&node.remote, &tokens.access).await.join_all().await;
        if answers.iter().all(|answer| answer.status == 200) {
            println!("whole again after {:?}", mended.elapsed());
            return;
        }
    }
    panic!("some requests are still refused {RECOVERY:?} after the database came back:\n{}", node.log());
}

/// Whatever a start says to its database last, from the first word on, where the tables are up to date.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_during_a_start_does_not_hold_it_up() {
    let _server = shared().await;
    let database = new_database().await;
    home(&database).run(&["keys", "public"]).ok();
    let mut starting = JoinSet::new();
    for pieces in 0..MORE_THAN_A_START_SAYS {
        let cable = Cable::cut_after(pieces, &database).await;
        starting.spawn_blocking(move || {
            let begun = Instant::now();
            (pieces, home(&cable.url).run(&["keys", "public"]), begun.elapsed())
        });
    }
    for (pieces, ran, took) in starting.join_all().await {
        assert!(took < LONGEST_START, "{pieces}: {took:?}");
        // In between, one has said it all, and another was asked once more whether it is there.
        let has_said_all =
            pieces >= MORE_THAN_A_START_SAYS - 4 || (pieces >= LEAST_THAT_A_START_SAYS && ran.status.success());
        if has_said_all {
            ran.ok();
        } else {
            ran.refused(&["answer"]);
        }
    }
}
