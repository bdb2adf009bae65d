//! Importing a sealing key that was made elsewhere, with OpenSSL say.

use bulla_seal::SealingKey;

use super::audit;
use super::keep_keys::keep_keys;
use super::make_key::{KeyError, stored_sealing_key};
use super::succeed_key::{of_purpose, retired_at};
use crate::app::App;
use crate::model::{Actor, AuditKind, KeyPurpose};
use crate::store::{self, audit_events, server_keys, transaction};

#[derive(Debug, thiserror::Error)]
pub enum ImportKeyError {
    #[error("this key is in the database already")]
    Known,
    #[error("another node rotated at this very moment; run the import again")]
    RacedByRotation,
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<store::Error> for ImportKeyError {
    fn from(error: store::Error) -> Self {
        Self::Key(error.into())
    }
}

/// Makes `key` the active sealing key; the one before opens for another day.
pub async fn import_sealing_key(app: &App, key: &SealingKey) -> Result<(), ImportKeyError> {
    let now = app.clock.now();
    let rows = of_purpose(server_keys::list(&app.db).await?, KeyPurpose::Sealing);
    if rows.iter().any(|row| row.kid == key.kid()) {
        return Err(ImportKeyError::Known);
    }
    let latest = rows.last();
    let row = stored_sealing_key(app, key, latest.map_or(1, |latest| latest.generation + 1), now)?;
    let event = audit::event(app, AuditKind::KeyImported, Actor::Operator);
    let event = event.because(format_args!("{} key {}", KeyPurpose::Sealing, key.kid()));
    let inserted = transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        let inserted = server_keys::insert(tx, &row).await?;
        if let Some(latest) = latest {
            let retired_at = retired_at(app, KeyPurpose::Sealing, now);
            server_keys::update_retirement(tx, &latest.kid, now, retired_at).await?;
        }
        inserted.made()
    });
    inserted?.ok_or(ImportKeyError::RacedByRotation)?;
    audit::tell(&event);
    Ok(keep_keys(app).await?)
}
