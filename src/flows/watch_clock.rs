//! Saying that someone moved the clock: everything that is fresh, expired or over is so by the server's.

use std::time::{Duration, Instant};

use bulla_seal::DIGEST_LIFETIME_SECONDS;

use super::Internal;
use super::receive_envelope::MEMORY_MARGIN;
use crate::app::{App, ClockMove};
use crate::store::spent_envelopes;

/// By so much the clocks of nodes may differ.
const SKEW: Duration = Duration::from_secs(10);

/// Called every few seconds.
pub async fn watch_clock(app: &App) -> Result<(), Internal> {
    match app.clock_watch.look(Instant::now(), app.clock.now()) {
        ClockMove::None => Ok(()),
        ClockMove::FirstLook => look_at_the_database(app).await,
        ClockMove::Ahead(by) => {
            let seconds = by.as_secs();
            tracing::warn!(
                seconds,
                "the clock jumped ahead (or the machine slept): what was fresh or valid may have expired by it; if it \
                 is wrong, set it right soon, and keep it right with NTP"
            );
            Ok(())
        }
        ClockMove::Back(by) => {
            let seconds = by.as_secs();
            tracing::warn!(
                seconds,
                "the clock was set back: nonces and access tokens that were issued before are refused as ones of the \
                 future, so clients fetch new ones; what is spent or ended stays so. Keep the clock right with NTP"
            );
            Ok(())
        }
    }
}

/// What was judged later than now tells that this clock was set back while nobody looked, or is behind another node's.
async fn look_at_the_database(app: &App) -> Result<(), Internal> {
    let Some(remembered_until) = spent_envelopes::latest_expiry(&app.db).await? else { return Ok(()) };
    let memory = Duration::from_secs(DIGEST_LIFETIME_SECONDS.unsigned_abs()) + MEMORY_MARGIN;
    let behind = (remembered_until - memory).since(app.clock.now());
    if behind > SKEW {
        let seconds = behind.as_secs();
        tracing::warn!(
            seconds,
            "the clock is behind: the database holds an envelope that was judged later than now. It was set back, or \
             another node's is ahead; keep the clocks of all nodes right with NTP"
        );
    }
    Ok(())
}
