//! Importing a sealing key that was made elsewhere, with OpenSSL say.

use bulla_seal::SealingKey;

use super::keep_keys::{self, KeyError, SecretKey};
use super::rotate_key;
use crate::app::App;
use crate::model::{KeyPurpose, StoredKey, Timestamp};
use crate::store::{Insertion, server_keys};

#[derive(Debug, thiserror::Error)]
pub enum ImportKeyError {
    #[error("this key is in the database already")]
    Known,
    #[error("another node rotated at this very moment; run the import again")]
    RacedByRotation,
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Makes `key` the active sealing key; the one before opens for another day.
pub async fn import_sealing_key(app: &App, key: &SealingKey) -> Result<(), ImportKeyError> {
    let now = app.clock.now();
    let rows = server_keys::list(&app.db).await.map_err(KeyError::from)?;
    if rows.iter().any(|row| row.kid == key.kid()) {
        return Err(ImportKeyError::Known);
    }
    let latest = rows.iter().rev().find(|row| row.purpose == KeyPurpose::Sealing.as_str());
    let row = stored(app, key, latest.map_or(1, |latest| latest.generation + 1), now)?;
    let mut tx = app.db.begin().await.map_err(KeyError::from)?;
    if server_keys::insert(&mut tx, &row).await.map_err(KeyError::from)? == Insertion::Taken {
        return Err(ImportKeyError::RacedByRotation);
    }
    if let Some(latest) = latest {
        let retired_at = rotate_key::retired_at(app, KeyPurpose::Sealing, now);
        server_keys::update_retirement(&mut tx, &latest.kid, now, retired_at).await.map_err(KeyError::from)?;
    }
    tx.commit().await.map_err(KeyError::from)?;
    keep_keys::keep_keys(app).await?;
    Ok(())
}

/// The row of a sealing key.
pub(super) fn stored(
    app: &App,
    key: &SealingKey,
    generation: i64,
    active_at: Timestamp,
) -> Result<StoredKey, KeyError> {
    let secret = SecretKey {
        kid: key.kid(),
        algorithm: "RSA-OAEP-256",
        private: &key.to_pkcs8_der()?,
        public_jwk: serde_json::to_string(key.public().jwk()).expect("a JWK is plain JSON"),
    };
    Ok(keep_keys::store_form(app, KeyPurpose::Sealing, secret, generation, active_at))
}
