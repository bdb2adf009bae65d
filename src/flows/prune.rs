//! Forgetting what no longer matters, in small transactions that nobody notices.

use super::Internal;
use super::receive_envelope::MEMORY_MARGIN;
use crate::app::App;
use crate::model::Session;
use crate::store::{sessions, spent_envelopes};

const BATCH: u32 = 200;

/// Removes one batch of each kind; true when there is more to do.
pub async fn prune(app: &App) -> Result<bool, Internal> {
    let now = app.clock.now();
    let mut digests = spent_envelopes::list_expired(&app.db, now, BATCH).await?;
    // A node whose clock is behind may still open envelopes with a key that has just retired.
    digests.extend(spent_envelopes::list_of_retired_keys(&app.db, now - MEMORY_MARGIN, BATCH).await?);
    // Kept for a while after their end, so that a late refresh token is still recognized.
    let over = sessions::list_over(&app.db, now - Session::IDLE, BATCH).await?;
    if digests.is_empty() && over.is_empty() {
        return Ok(false);
    }
    let mut tx = app.db.begin().await?;
    for digest in &digests {
        spent_envelopes::delete(&mut tx, digest).await?;
    }
    for session in &over {
        sessions::delete(&mut tx, session).await?;
    }
    tx.commit().await?;
    Ok(digests.len().max(over.len()) >= BATCH as usize)
}
