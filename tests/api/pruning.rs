//! What is over goes, however much it is, and nothing else does.

use bulla::flows;
use bulla::store::tables;

use crate::support::observe::DAY;
use crate::support::{OTHER_PASSWORD, TestServer, new_email};

const PRUNED: [&str; 4] = ["spent_envelopes", "sessions", "attempts", "audit_events"];
/// More than go in one statement, and some.
const MANY: usize = 66;

#[tokio::test]
async fn what_is_over_goes_however_much_it_is_and_nothing_else_does() {
    let server = TestServer::start().await;
    let (email, _) = server.new_person().await;
    for _ in 0..MANY {
        server.login(&email).await;
        server.try_login(&new_email(), OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    }
    let before = rows(&server).await;
    assert!(before.iter().all(|rows| *rows > MANY as u64), "or one statement would do: {before:?}");
    server.advance(100 * DAY).await;
    server.login(&email).await;
    // Keys were rotated meanwhile, which is an event, too.
    let events = rows(&server).await[3] - before[3];
    while flows::prune(&server.app).await.unwrap() {}
    assert_eq!(rows(&server).await, [1, 1, 1, events], "what the last login wrote");
}

async fn rows(server: &TestServer) -> Vec<u64> {
    let mut tx = tables::snapshot(&server.app.db).await.unwrap();
    let mut counts = Vec::new();
    for name in PRUNED {
        let table = tables::TABLES.iter().find(|table| table.name == name).unwrap();
        counts.push(tables::count(&mut tx, table).await.unwrap());
    }
    tx.roll_back().await.unwrap();
    counts
}
