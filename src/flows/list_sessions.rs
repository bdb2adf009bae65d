//! Listing one's own live sessions.

use super::{Caller, Internal};
use crate::app::App;
use crate::model::Session;
use crate::store::sessions;

/// The newest first.
pub async fn list_sessions(app: &App, caller: &Caller) -> Result<Vec<Session>, Internal> {
    Ok(sessions::list_live(&app.db, &caller.account.id, app.clock.now()).await?)
}
