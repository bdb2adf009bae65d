//! Unlocking a password after too many failed attempts, as an operator.

use super::Internal;
use crate::app::App;
use crate::model::Email;
use crate::store::{attempts, transaction};

/// False when there was nothing to unlock: no attempt has failed since the last good login.
pub async fn unlock_password(app: &App, email: &Email) -> Result<bool, Internal> {
    let forgotten = transaction!(app.db, |tx| { attempts::delete(tx, email).await?.then_some(()) })?;
    Ok(forgotten.is_some())
}
