//! Making a key, ready to be stored.

use std::path::Path;

use bulla_seal::SealingKey;
use bulla_token::{Algorithm, SigningKey};

use super::Internal;
use crate::app::App;
use crate::config::Tokens;
use crate::model::{KeyPurpose, StoredKey, Timestamp};
use crate::private_file;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Internal(#[from] Internal),
    #[error("making a key failed: {0}")]
    Sealing(#[from] bulla_seal::KeyError),
    #[error("making a key failed: {0}")]
    Signing(#[from] bulla_token::KeyError),
    #[error("{path} cannot be imported as the first sealing key: {reason}")]
    FirstKey { path: String, reason: String },
}

impl From<crate::store::Error> for KeyError {
    fn from(error: crate::store::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// What to say of a file whose key was imported, if others on its machine could read it too.
pub fn advice_on_exposed(file: &Path) -> Option<String> {
    private_file::is_exposed_at(file).then(|| {
        format!(
            "others could read {}; if anyone else has been on its machine, run: bulla keys rotate sealing --compromised",
            file.display()
        )
    })
}

/// A new key of `generation` that becomes active at `active_at`.
pub(super) async fn make_key(
    app: &App,
    purpose: KeyPurpose,
    generation: i64,
    active_at: Timestamp,
) -> Result<StoredKey, KeyError> {
    // Finding primes takes a second or so; requests are served meanwhile.
    match purpose {
        KeyPurpose::Sealing => {
            let size = app.config.sealing_key_size;
            let key = tokio::task::spawn_blocking(move || SealingKey::generate(size));
            let key = key.await.expect("generating a key does not panic")?;
            stored_sealing_key(app, &key, generation, active_at)
        }
        KeyPurpose::Signing => {
            let algorithm = match app.config.tokens {
                Tokens::Signed(algorithm) => algorithm,
                Tokens::SharedSecret(_) => Algorithm::Es256,
            };
            let key = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm));
            let key = key.await.expect("generating a key does not panic")?;
            let parts = Parts {
                kid: key.kid(),
                algorithm: algorithm.as_str(),
                private: &key.to_pkcs8_der()?,
                public_jwk: serde_json::to_string(&key.jwk()).expect("a JWK is plain JSON"),
            };
            Ok(stored(app, KeyPurpose::Signing, parts, generation, active_at))
        }
    }
}

/// The row of a sealing key, made here or elsewhere.
pub(super) fn stored_sealing_key(
    app: &App,
    key: &SealingKey,
    generation: i64,
    active_at: Timestamp,
) -> Result<StoredKey, KeyError> {
    let parts = Parts {
        kid: key.kid(),
        algorithm: "RSA-OAEP-256",
        private: &key.to_pkcs8_der()?,
        public_jwk: serde_json::to_string(key.public().jwk()).expect("a JWK is plain JSON"),
    };
    Ok(stored(app, KeyPurpose::Sealing, parts, generation, active_at))
}

struct Parts<'k> {
    kid: &'k str,
    algorithm: &'k str,
    private: &'k [u8],
    public_jwk: String,
}

/// The private part is encrypted for this very row.
fn stored(app: &App, purpose: KeyPurpose, parts: Parts<'_>, generation: i64, active_at: Timestamp) -> StoredKey {
    let context = StoredKey::encryption_context(purpose, parts.kid);
    StoredKey {
        kid: parts.kid.to_owned(),
        purpose: purpose.as_str().to_owned(),
        generation,
        algorithm: parts.algorithm.to_owned(),
        private_key: Some(app.master_key.encrypt(&context, parts.private, app.random.bytes())),
        public_jwk: parts.public_jwk,
        created_at: app.clock.now(),
        active_at,
        retiring_at: None,
        retired_at: None,
    }
}
