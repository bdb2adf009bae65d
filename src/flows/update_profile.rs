//! Changing one's own profile.

use super::{Caller, Internal};
use crate::app::App;
use crate::model::{Account, Name};
use crate::store::{accounts, transaction};

/// Changes what is given and leaves the rest.
pub async fn update_profile(app: &App, caller: Caller, name: Option<Name>) -> Result<Account, Internal> {
    let mut account = caller.account;
    if let Some(name) = name {
        transaction!(app.db, |tx| { Some(accounts::update_name(tx, &account.id, &name).await?) })?;
        account.name = name;
    }
    Ok(account)
}
