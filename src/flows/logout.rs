//! Logging out: this session ends, everywhere and at once.

use super::end_sessions::{Ending, end};
use super::{Caller, Internal};
use crate::app::App;
use crate::model::EndReason;

pub async fn logout(app: &App, caller: &Caller) -> Result<(), Internal> {
    end(app, Ending::of(caller, &caller.session.id, EndReason::Logout)).await.map(drop)
}
