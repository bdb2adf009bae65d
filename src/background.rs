//! What a serving node does by itself: keep the keys, follow ended sessions, watch the clock, forget what is over.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app::App;
use crate::flows;

/// A key that another node made is known here this much later at most, and at once when a client uses it.
const KEYS: Duration = Duration::from_secs(2);
/// Twice within the second in which `/verify` must follow.
const ENDED_SESSIONS: Duration = Duration::from_millis(400);
/// Imports are rare, and logins that upgrade a hash change little at a time.
const DECOYS: Duration = Duration::from_secs(600);
const CLOCK: Duration = Duration::from_secs(2);
const PRUNING: Duration = Duration::from_secs(30);
/// What is left then is for the next time.
const PRUNING_AT_ONCE: Duration = Duration::from_secs(20);
const LONGEST_CHORE: Duration = Duration::from_secs(60);

pub fn start(app: &Arc<App>) {
    every(app, KEYS, "keeping the keys", |app| async move {
        flows::keep_keys(&app).await.map_err(|error| error.to_string())
    });
    every(app, ENDED_SESSIONS, "following ended sessions", |app| async move {
        flows::follow_ended_sessions(&app).await.map_err(|error| error.to_string())
    });
    every(app, DECOYS, "looking at kinds of hashes", |app| async move {
        flows::keep_decoys(&app).await.map_err(|error| error.to_string())
    });
    if !app.clock.is_manual() {
        every(app, CLOCK, "watching the clock", |app| async move {
            flows::watch_clock(&app).await.map_err(|error| error.to_string())
        });
    }
    every(app, PRUNING, "pruning", |app| async move {
        app.addresses.forget_idle();
        app.throttle_notes.forget_idle();
        let begun = Instant::now();
        while begun.elapsed() < PRUNING_AT_ONCE {
            let batch = Instant::now();
            if !flows::prune(&app).await.map_err(|error| error.to_string())? {
                break;
            }
            // Two thirds of the time belong to those who are waiting for an answer.
            tokio::time::sleep(2 * batch.elapsed()).await;
        }
        Ok(())
    });
}

/// Repeats a chore until the database is closed, whatever becomes of it: a chore that hangs is given up, one that
/// panics is tried again. The first of a row of failures is logged, and the recovery.
fn every<F, R>(app: &Arc<App>, period: Duration, what: &'static str, chore: F)
where
    F: Fn(Arc<App>) -> R + Send + 'static,
    R: Future<Output = Result<(), String>> + Send + 'static,
{
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            ticks.tick().await;
            let result = match tokio::spawn(timeout(LONGEST_CHORE, chore(Arc::clone(&app)))).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err("it took too long".to_owned()),
                Err(panicked) => Err(panicked.to_string()),
            };
            if app.db.is_closed() {
                return;
            }
            match &result {
                Err(error) if !is_failing => tracing::error!(error, "{what} failed; trying again"),
                Ok(()) if is_failing => tracing::info!("{what} works again"),
                _ => {}
            }
            is_failing = result.is_err();
        }
    });
}
