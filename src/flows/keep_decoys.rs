//! Keeping what unknown addresses are checked against like what accounts have.

use super::Internal;
use crate::app::App;
use crate::store::accounts;

/// Where in the order of addresses to look. The same everywhere and always: what is found there changes only as accounts
/// do, so an address does not seem to be imported to one node and not to another.
const PLACES: [&str; 4] = ["a", "g", "m", "s"];
const ROWS: u32 = 128;

pub async fn keep_decoys(app: &App) -> Result<(), Internal> {
    let mut sample = Vec::new();
    for place in PLACES {
        sample.extend(accounts::hashes_from(&app.db, place, ROWS).await?);
    }
    app.decoys.learn(&sample);
    Ok(())
}
