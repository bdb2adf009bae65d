//! Forgetting what no longer matters, in small transactions that nobody notices.

use std::time::Duration;

use super::Internal;
use super::receive_envelope::MEMORY_MARGIN;
use crate::app::App;
use crate::model::{Attempts, Session};
use crate::store::{attempts, sessions, spent_envelopes, transaction};

const BATCH: u32 = 200;
const FEW_FAILURES_KEPT: Duration = Duration::from_secs(24 * 3600);
const FAILURES_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes one batch of each kind; true when there is more to do.
pub async fn prune(app: &App) -> Result<bool, Internal> {
    let now = app.clock.now();
    let mut digests = spent_envelopes::list_expired(&app.db, now, BATCH).await?;
    // A node whose clock is behind may still open envelopes with a key that has just retired.
    digests.extend(spent_envelopes::list_of_retired_keys(&app.db, now - MEMORY_MARGIN, BATCH).await?);
    // Kept for a while after their end, so that a late refresh token is still recognized.
    let over = sessions::list_over(&app.db, now - Session::IDLE, BATCH).await?;
    let mut forgotten = attempts::list_old(&app.db, now - FEW_FAILURES_KEPT, Attempts::FREE, BATCH).await?;
    // A locked password stays locked.
    forgotten.extend(attempts::list_old(&app.db, now - FAILURES_KEPT, Attempts::MOST, BATCH).await?);
    if digests.is_empty() && over.is_empty() && forgotten.is_empty() {
        return Ok(false);
    }
    transaction!(app.db, |tx| {
        for digest in &digests {
            spent_envelopes::delete(tx, digest).await?;
        }
        for session in &over {
            sessions::delete(tx, session).await?;
        }
        for email in &forgotten {
            attempts::delete_old(tx, email, now - FEW_FAILURES_KEPT).await?;
        }
        Some(())
    })?;
    Ok(digests.len().max(over.len()).max(forgotten.len()) >= BATCH as usize)
}
