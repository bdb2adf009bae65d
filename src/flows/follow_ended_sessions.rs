//! Following which sessions end on other nodes, so that `/verify` can answer from memory.

use std::time::{Duration, Instant};

use super::Internal;
use crate::app::{App, Asked};
use crate::store::sessions;

/// Beyond the last question: a transaction of another node may commit late, and its clock may differ.
const OVERLAP: Duration = Duration::from_secs(30);

/// Called several times a second.
pub async fn follow_ended_sessions(app: &App) -> Result<(), Internal> {
    let asked = Asked { instant: Instant::now(), at: app.clock.now() };
    // An access token may live on after its session, by as long as it had left.
    let memory = app.config.access_lifetime + OVERLAP;
    let since = match app.ended_sessions.last_asked() {
        // A clock that was set back would make us ask too late in the day.
        Some(last) if last.at <= asked.at => last.at - OVERLAP,
        _ => asked.at - memory,
    };
    let ended = sessions::list_ended_since(&app.db, since).await?;
    app.ended_sessions.learn(ended, asked, memory);
    Ok(())
}
