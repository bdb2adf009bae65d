//! The keys of the database as this process holds them: decrypted, parsed, ready to use.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla_seal::SealingKey;
use bulla_token::{Algorithm, JwkSet, SigningKey, Verifier};
use crossbeam_utils::sync::ShardedLock;

use crate::model::{KeyPurpose, KeyStage, MasterKey, StoredKey, Timestamp, WrongMasterKey};

/// Swapped as a whole whenever the database's keys change.
#[derive(Debug, Default)]
pub struct KeyRing {
    ring: ShardedLock<Option<Arc<Ring>>>,
    /// Held while the keys are read, so that an older reading never replaces a newer one.
    pub last_reading: tokio::sync::Mutex<Option<Reading>>,
}

/// When the database was last asked for the keys.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub at: Instant,
    pub has_failed: bool,
}

#[derive(Debug)]
pub struct Ring {
    sealing: Vec<Held<SealingKey>>,
    signing: Vec<Held<SigningKey>>,
    /// Signs instead of the stored keys where services share a secret with us.
    shared_secret: Option<SigningKey>,
    /// Of every key that is not retired, without its private part.
    rows: Vec<StoredKey>,
    /// Next, active and retiring signing keys. Empty under a shared secret, which must not be published.
    pub jwks: JwkSet,
    /// The same one for as long as the keys that verify stay the same.
    pub verifier: Arc<Verifier>,
}

#[derive(Clone, Debug)]
struct Held<K> {
    key: K,
    row: StoredKey,
}

/// What it takes to turn the rows of the database into keys.
#[derive(Clone, Copy, Debug)]
pub struct Opener<'a> {
    pub master_key: &'a MasterKey,
    pub shared_secret: Option<&'a SigningKey>,
    pub issuer: &'a str,
    pub audience: &'a str,
}

/// A row whose key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableKey {
    #[error("{0}; start with the master key that this database was first used with")]
    MasterKey(#[from] WrongMasterKey),
    #[error("the key {kid} in the database is damaged: {reason}")]
    Damaged { kid: String, reason: String },
    #[error("there is no active {0} key")]
    Missing(KeyPurpose),
}

impl KeyRing {
    /// The current keys. They are loaded before the first request is accepted.
    pub fn current(&self) -> Arc<Ring> {
        self.held().expect(LOADED)
    }

    /// A look at the current keys, for what is done so often that to count who holds them would cost more.
    pub fn look<T>(&self, at: impl FnOnce(&Ring) -> T) -> T {
        at(self.ring.read().expect(NO_PANIC).as_ref().expect(LOADED))
    }

    /// As `current`, before anything is loaded too.
    pub fn held(&self) -> Option<Arc<Ring>> {
        self.ring.read().expect(NO_PANIC).clone()
    }

    pub fn replace(&self, ring: Ring) {
        *self.ring.write().expect(NO_PANIC) = Some(Arc::new(ring));
    }
}

const LOADED: &str = "keys are loaded before the first request";
const NO_PANIC: &str = "no thread panics while it holds this lock";

impl Ring {
    /// Decrypts and parses the keys that `previous` does not hold yet: parsing an RSA key costs as much as using it.
    pub fn build(
        rows: Vec<StoredKey>,
        previous: Option<&Self>,
        opener: Opener<'_>,
        now: Timestamp,
    ) -> Result<Self, UnusableKey> {
        let alive: Vec<StoredKey> = rows.into_iter().filter(|row| row.stage(now) != KeyStage::Retired).collect();
        let rows = alive.iter().map(|row| StoredKey { private_key: None, ..row.clone() }).collect();
        let (sealing, signing): (Vec<_>, Vec<_>) =
            alive.into_iter().partition(|row| row.purpose == KeyPurpose::Sealing.as_str());
        let mut jwks = JwkSet { keys: Vec::new() };
        if opener.shared_secret.is_none() {
            for row in &signing {
                jwks.keys.push(serde_json::from_str(&row.public_jwk).map_err(|error| damaged(row, error))?);
            }
        }
        let sealing =
            hold(sealing, previous.map(|ring| &ring.sealing), opener.master_key, KeyPurpose::Sealing, |_, der| {
                SealingKey::from_pkcs8_der(der).map_err(|error| error.to_string())
            })?;
        let signing =
            hold(signing, previous.map(|ring| &ring.signing), opener.master_key, KeyPurpose::Signing, |row, der| {
                let algorithm: Algorithm = row.algorithm.parse().map_err(|_| "unknown algorithm".to_owned())?;
                SigningKey::from_pkcs8_der(algorithm, der).map_err(|error| error.to_string())
            })?;
        let verifier = match previous.filter(|previous| previous.jwks == jwks) {
            Some(previous) => Arc::clone(&previous.verifier),
            None => Arc::new(verifier(&jwks, opener)?),
        };
        Ok(Self { sealing, signing, shared_secret: opener.shared_secret.cloned(), rows, jwks, verifier })
    }

    /// What clients seal to.
    pub fn active_sealing(&self, now: Timestamp) -> Result<&SealingKey, UnusableKey> {
        active(&self.sealing, now).ok_or(UnusableKey::Missing(KeyPurpose::Sealing))
    }

    /// What tokens are signed with.
    pub fn active_signing(&self, now: Timestamp) -> Result<&SigningKey, UnusableKey> {
        let key = self.shared_secret.as_ref().or_else(|| active(&self.signing, now));
        key.ok_or(UnusableKey::Missing(KeyPurpose::Signing))
    }

    /// Every key that still opens envelopes, the newest last.
    pub fn opening(&self, now: Timestamp) -> Vec<SealingKey> {
        self.alive(now).cloned().collect()
    }

    /// How many keys of a purpose are at a stage. Retired ones are not held.
    pub fn count(&self, purpose: KeyPurpose, stage: KeyStage, now: Timestamp) -> usize {
        self.of(purpose).filter(|row| row.stage(now) == stage).count()
    }

    /// For how long the active key of a purpose has been the active one.
    pub fn age(&self, purpose: KeyPurpose, now: Timestamp) -> Option<Duration> {
        let active = self.of(purpose).find(|row| row.stage(now) == KeyStage::Active)?;
        Some(now.distance(active.active_at))
    }

    fn of(&self, purpose: KeyPurpose) -> impl Iterator<Item = &StoredKey> {
        self.rows.iter().filter(move |row| row.purpose == purpose.as_str())
    }

    /// Whether one of them has this id.
    pub fn opens(&self, kid: &str, now: Timestamp) -> bool {
        self.alive(now).any(|key| key.kid() == kid)
    }

    fn alive(&self, now: Timestamp) -> impl Iterator<Item = &SealingKey> {
        self.sealing.iter().filter(move |held| held.row.stage(now) != KeyStage::Retired).map(|held| &held.key)
    }
}

fn verifier(jwks: &JwkSet, opener: Opener<'_>) -> Result<Verifier, UnusableKey> {
    let verifier = Verifier::new(opener.issuer, opener.audience);
    let verifier = match opener.shared_secret {
        Some(secret) => verifier.with_keys(std::slice::from_ref(secret)),
        None => verifier.with_jwks(jwks),
    };
    verifier.map_err(|error| UnusableKey::Damaged { kid: "(public keys)".to_owned(), reason: error.to_string() })
}

fn active<K>(keys: &[Held<K>], now: Timestamp) -> Option<&K> {
    let is_at = |stage| move |held: &&Held<K>| held.row.stage(now) == stage;
    let active = keys.iter().rev().find(is_at(KeyStage::Active));
    // A clock that was set back makes the only key one of the future: better used early than no key at all.
    active.or_else(|| keys.iter().find(is_at(KeyStage::Next))).map(|held| &held.key)
}

/// Rows whose private part is gone hold nothing.
fn hold<K: Clone>(
    rows: Vec<StoredKey>,
    known: Option<&Vec<Held<K>>>,
    master_key: &MasterKey,
    purpose: KeyPurpose,
    parse: impl Fn(&StoredKey, &[u8]) -> Result<K, String>,
) -> Result<Vec<Held<K>>, UnusableKey> {
    let mut held = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(encrypted) = &row.private_key else { continue };
        let known = known.and_then(|known| known.iter().find(|held| held.row.kid == row.kid));
        let key = match known {
            Some(held) => held.key.clone(),
            None => {
                let der = master_key.decrypt(&StoredKey::encryption_context(purpose, &row.kid), encrypted)?;
                parse(&row, &der).map_err(|reason| damaged(&row, reason))?
            }
        };
        held.push(Held { key, row });
    }
    Ok(held)
}

fn damaged(row: &StoredKey, reason: impl ToString) -> UnusableKey {
    UnusableKey::Damaged { kid: row.kid.clone(), reason: reason.to_string() }
}
