//! Rotating a key because an operator says so.

use super::keep_keys::keep_keys;
use super::make_key::KeyError;
use super::succeed_key::{Rotation, Urgency, of_purpose, succeed};
use crate::app::App;
use crate::model::{Actor, KeyPurpose, KeyStage};
use crate::store::server_keys;

pub async fn rotate_key(app: &App, purpose: KeyPurpose, urgency: Urgency) -> Result<Rotation, KeyError> {
    // Makes the first key where there is none, so that there is something to rotate.
    keep_keys(app).await?;
    loop {
        let rows = of_purpose(server_keys::list(&app.db).await?, purpose);
        let waiting = rows.iter().find(|row| row.stage(app.clock.now()) == KeyStage::Next);
        if let (Some(waiting), Urgency::Planned) = (waiting, urgency) {
            return Ok(Rotation::Waiting { kid: waiting.kid.clone(), active_at: waiting.active_at });
        }
        let rotation = succeed(app, purpose, &rows, urgency, Actor::Operator).await?;
        keep_keys(app).await?;
        // Whoever says "compromised" wants every older key gone, the one that another node has just made too.
        if urgency == Urgency::Planned || !matches!(rotation, Rotation::ByAnotherNode) {
            return Ok(rotation);
        }
    }
}
