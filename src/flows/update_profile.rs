//! Changing one's own profile.

use super::{Caller, Internal};
use crate::app::App;
use crate::model::{Account, Name};
use crate::store::accounts;

/// Changes what is given and leaves the rest.
pub async fn update_profile(app: &App, caller: Caller, name: Option<Name>) -> Result<Account, Internal> {
    let mut account = caller.account;
    if let Some(name) = name {
        let mut tx = app.db.begin().await?;
        accounts::update_name(&mut tx, &account.id, &name).await?;
        tx.commit().await?;
        account.name = name;
    }
    Ok(account)
}
