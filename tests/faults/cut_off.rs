//! A database that moved: the old connections are dead without a word, new ones work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::database::{connect, new_database, run, shared, until_waiting_for_table};
use crate::node::{Node, Remote, assert_unavailable, home};

/// What `/readyz` may take to see that the database is back.
const RECOVERY: Duration = Duration::from_secs(10);

const MOST_CONNECTIONS: i64 = 32;

/// Stands between a node and its database.
struct Cable {
    address: String,
    is_cut: Arc<AtomicBool>,
    /// Counts the cuts: what was connected before the last one stays dead.
    cuts: Arc<AtomicU64>,
}

impl Cable {
    async fn to(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (is_cut, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let cable = Self { address, is_cut: Arc::clone(&is_cut), cuts: Arc::clone(&cuts) };
        tokio::spawn(async move {
            // Never closed: whoever is cut off hears nothing, not even an end.
            let mut silent = Vec::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                if is_cut.load(Ordering::SeqCst) {
                    silent.push(near);
                    continue;
                }
                let far = TcpStream::connect(&database).await.unwrap();
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                let born = cuts.load(Ordering::SeqCst);
                tokio::spawn(carry(near_read, far_write, born, Arc::clone(&cuts)));
                tokio::spawn(carry(far_read, near_write, born, Arc::clone(&cuts)));
            }
        });
        cable
    }

    fn cut(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
        self.is_cut.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

/// Until the cable is cut; then nothing is said or heard any more.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, born: u64, cuts: Arc<AtomicU64>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if cuts.load(Ordering::SeqCst) != born {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    if cuts.load(Ordering::SeqCst) != born {
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
    let (user, place) = database.rsplit_once('@').unwrap();
    let (address, name) = place.split_once('/').unwrap();
    let cable = Cable::to(address.to_owned()).await;
    let home = home(&format!("{user}@{}/{name}", cable.address));
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
    let mended = Instant::now();
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
