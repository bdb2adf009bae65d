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
    // An access token lives on after its session; what ended before the oldest of them was issued is forgotten.
    let oldest = asked.at - app.config.access_lifetime - OVERLAP;
    let since = app.ended_sessions.last_asked().map_or(oldest, |last| last.at - OVERLAP);
    let ended = sessions::list_ended_since(&app.db, since).await?;
    app.ended_sessions.learn(ended, asked, oldest);
    Ok(())
}
