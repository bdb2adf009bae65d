//! Forgetting what no longer matters, in small transactions that nobody notices.

use super::Internal;
use super::receive_envelope::MEMORY_MARGIN;
use crate::app::App;
use crate::model::{AuditEvent, Session};
use crate::store::{attempts, audit_events, sessions, spent_envelopes, transaction};

/// One statement of each kind.
const BATCH: u32 = 64;

/// Removes one batch of each kind; true when there is more to do.
pub async fn prune(app: &App) -> Result<bool, Internal> {
    let now = app.clock.now();
    let mut digests = spent_envelopes::list_expired(&app.db, now, BATCH).await?;
    // A node whose clock is behind may still open envelopes with a key that has just retired.
    digests.extend(spent_envelopes::list_of_retired_keys(&app.db, now - MEMORY_MARGIN, BATCH).await?);
    // Kept for a while after their end, so that a late refresh token is still recognized.
    let over = sessions::list_over(&app.db, now - Session::IDLE, BATCH).await?;
    let counters = attempts::list_over(&app.db, now, BATCH).await?;
    let events = audit_events::list_old(&app.db, &AuditEvent::least_id(now - app.config.audit_kept), BATCH).await?;
    let most = digests.len().max(over.len()).max(counters.len()).max(events.len());
    if most == 0 {
        return Ok(false);
    }
    transaction!(app.db, |tx| {
        spent_envelopes::remove(tx, &digests).await?;
        sessions::remove(tx, &over).await?;
        attempts::remove_over(tx, &counters, now).await?;
        audit_events::remove(tx, &events).await?;
        Some(())
    })?;
    Ok(most >= BATCH as usize)
}
