//! Keeping the server's keys: made at the first start, rotated when due, destroyed when retired, held in memory.

use std::path::Path;
use std::time::Duration;

use bulla_seal::{ImportError, SealingKey};
use bulla_token::Algorithm;

use super::{Internal, Urgency, import_sealing_key, rotate_key};
use crate::app::{App, Opener, Ring};
use crate::config::Tokens;
use crate::model::{KeyPurpose, KeyStage, StoredKey, Timestamp};
use crate::store::server_keys;

/// How long a key is the active one.
const ACTIVE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a sealing key opens envelopes after its successor took over.
pub(super) const SEALING_OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// How long a signing key is published before it signs, so that every verifier's cache knows it by then.
pub(super) const PUBLISHED_AHEAD: Duration = Duration::from_secs(3600);
/// Beyond the life of its last token, for clocks that differ.
pub(super) const VERIFYING_MARGIN: Duration = Duration::from_secs(3600);
/// A retiring signing key's private part is destroyed this long after its successor took over.
const SIGNING_MARGIN: Duration = Duration::from_secs(600);

/// Where the tutorial's system keeps its key. One found there at the first start is the first sealing key.
const TUTORIAL_KEY: &str = "storage/rsa/private.pem";

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Internal(#[from] Internal),
    #[error("making a key failed: {0}")]
    Sealing(#[from] bulla_seal::KeyError),
    #[error("making a key failed: {0}")]
    Signing(#[from] bulla_token::KeyError),
    #[error("{TUTORIAL_KEY} cannot be imported: {0}")]
    TutorialKey(ImportError),
}

impl From<crate::store::Error> for KeyError {
    fn from(error: crate::store::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// Does what is due and loads the result. Called at the start and every few seconds; any number of nodes may.
pub async fn keep_keys(app: &App) -> Result<(), KeyError> {
    let rows = server_keys::list(&app.db).await?;
    for purpose in KeyPurpose::ALL {
        if purpose == KeyPurpose::Signing && matches!(app.config.tokens, Tokens::SharedSecret(_)) {
            continue;
        }
        let rows = rotate_key::of_purpose(rows.clone(), purpose);
        match rows.last() {
            None => make_first(app, purpose).await?,
            Some(latest) if is_due(latest, purpose, app.clock.now()) => {
                tracing::info!(%purpose, "the active key has served its time");
                rotate_key::succeed(app, purpose, &rows, Urgency::Planned).await?;
            }
            Some(_) => {}
        }
    }
    destroy_private_parts(app, &rows).await?;
    Ok(reload(app).await?)
}

/// Reads the keys of the database into memory.
pub(super) async fn reload(app: &App) -> Result<(), Internal> {
    let rows = server_keys::list(&app.db).await?;
    let opener = Opener {
        master_key: &app.master_key,
        shared_secret: app.shared_secret.as_ref(),
        issuer: &app.public_url,
        audience: &app.audience,
    };
    app.keys.replace(Ring::build(rows, app.keys.held().as_deref(), opener, app.clock.now())?);
    Ok(())
}

/// Reads them again because a client named a key that is not held: another node may have made it a moment ago.
pub(super) async fn reload_for_unknown_key(app: &App) -> Result<(), Internal> {
    if app.keys.may_be_outdated() { reload(app).await } else { Ok(()) }
}

async fn make_first(app: &App, purpose: KeyPurpose) -> Result<(), KeyError> {
    let now = app.clock.now();
    let key = match tutorial_key(purpose)? {
        Some(key) => import_sealing_key::stored(app, &key, 1, now)?,
        None => generate(app, purpose, 1, now).await?,
    };
    let mut tx = app.db.begin().await?;
    // Taken: another node was faster, and its key is found by the reload that follows.
    let _ = server_keys::insert(&mut tx, &key).await?;
    tx.commit().await?;
    Ok(())
}

fn tutorial_key(purpose: KeyPurpose) -> Result<Option<SealingKey>, KeyError> {
    if purpose != KeyPurpose::Sealing || !Path::new(TUTORIAL_KEY).exists() {
        return Ok(None);
    }
    let pem = std::fs::read_to_string(TUTORIAL_KEY).map(zeroize::Zeroizing::new).unwrap_or_default();
    let key = SealingKey::from_pem(&pem).map_err(KeyError::TutorialKey)?;
    tracing::info!(kid = key.kid(), "imported {TUTORIAL_KEY} as the first sealing key");
    Ok(Some(key))
}

/// The next signing key is made early enough to be published ahead.
fn is_due(latest: &StoredKey, purpose: KeyPurpose, now: Timestamp) -> bool {
    let lead = match purpose {
        KeyPurpose::Sealing => Duration::ZERO,
        KeyPurpose::Signing => PUBLISHED_AHEAD,
    };
    latest.stage(now) == KeyStage::Active && now >= latest.active_at + ACTIVE_LIFETIME - lead
}

/// A new key of `generation` that becomes active at `active_at`, ready to be stored.
pub(super) async fn generate(
    app: &App,
    purpose: KeyPurpose,
    generation: i64,
    active_at: Timestamp,
) -> Result<StoredKey, KeyError> {
    match purpose {
        KeyPurpose::Sealing => {
            // Finding primes takes a second or so; requests are served meanwhile.
            let key = tokio::task::spawn_blocking(|| SealingKey::generate(bulla_seal::KeySize::default()));
            let key = key.await.expect("generating a key does not panic")?;
            import_sealing_key::stored(app, &key, generation, active_at)
        }
        KeyPurpose::Signing => {
            let algorithm = match app.config.tokens {
                Tokens::Signed(algorithm) => algorithm,
                Tokens::SharedSecret(_) => Algorithm::Es256,
            };
            let key = tokio::task::spawn_blocking(move || bulla_token::SigningKey::generate(algorithm));
            let key = key.await.expect("generating a key does not panic")?;
            let public_jwk = serde_json::to_string(&key.jwk()).expect("a JWK is plain JSON");
            let secret =
                SecretKey { kid: key.kid(), algorithm: algorithm.as_str(), private: &key.to_pkcs8_der()?, public_jwk };
            Ok(store_form(app, KeyPurpose::Signing, secret, generation, active_at))
        }
    }
}

pub(super) struct SecretKey<'k> {
    pub(super) kid: &'k str,
    pub(super) algorithm: &'k str,
    pub(super) private: &'k [u8],
    pub(super) public_jwk: String,
}

/// The row of a key, its private part encrypted.
pub(super) fn store_form(
    app: &App,
    purpose: KeyPurpose,
    key: SecretKey<'_>,
    generation: i64,
    active_at: Timestamp,
) -> StoredKey {
    let context = StoredKey::encryption_context(purpose, key.kid);
    StoredKey {
        kid: key.kid.to_owned(),
        purpose: purpose.as_str().to_owned(),
        generation,
        algorithm: key.algorithm.to_owned(),
        private_key: Some(app.master_key.encrypt(&context, key.private, app.random.bytes())),
        public_jwk: key.public_jwk,
        created_at: app.clock.now(),
        active_at,
        retiring_at: None,
        retired_at: None,
    }
}

async fn destroy_private_parts(app: &App, rows: &[StoredKey]) -> Result<(), KeyError> {
    let now = app.clock.now();
    let is_useless = |row: &&StoredKey| match row.purpose == KeyPurpose::Sealing.as_str() {
        true => row.stage(now) == KeyStage::Retired,
        false => row.retiring_at.is_some_and(|retiring_at| retiring_at + SIGNING_MARGIN <= now),
    };
    for row in rows.iter().filter(|row| row.private_key.is_some()).filter(is_useless) {
        let mut tx = app.db.begin().await?;
        let was_there = server_keys::delete_private_part(&mut tx, &row.kid).await?;
        tx.commit().await?;
        if was_there {
            tracing::info!(
                kid = row.kid,
                purpose = row.purpose,
                "destroyed the private part of a key that is no longer used"
            );
        }
    }
    Ok(())
}
