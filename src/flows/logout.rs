//! Logging out: this session ends, everywhere and at once.

use super::{Caller, Internal, end_sessions};
use crate::app::App;
use crate::model::EndReason;

pub async fn logout(app: &App, caller: &Caller) -> Result<(), Internal> {
    end_sessions::end(app, &caller.session.id, &caller.account.id, EndReason::Logout).await.map(drop)
}
