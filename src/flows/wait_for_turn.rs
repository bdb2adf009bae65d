//! Waiting in the hashing queue: the one way from a place to a turn.

use std::time::Instant;

use super::Internal;
use crate::app::{App, Overloaded, Place, Turn};

/// A wait for a database that does not answer is not begun once more by whoever waited behind others who did so in vain.
pub(super) async fn wait_for_turn(app: &App, place: Place) -> Result<Result<Turn, Overloaded>, Internal> {
    let arrived = Instant::now();
    match app.hashing.turn(place).await {
        Ok(turn) => {
            app.db.refuse_if_silent_since(arrived)?;
            Ok(Ok(turn))
        }
        Err(overloaded) => Ok(Err(overloaded)),
    }
}
