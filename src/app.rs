//! What every flow is given: the configuration, the clock, the database, and what this process holds in memory.

mod address_throttle;
mod attempt_lanes;
mod clock_watch;
mod counts;
mod courtesy;
mod decoys;
mod ended_sessions;
mod event_ids;
mod hash_threads;
mod key_ring;
mod rarely;
mod verified_tokens;

use bulla_seal::NonceKey;
use bulla_token::SigningKey;

use crate::clock::Clock;
use crate::config::{Config, Tokens};
use crate::model::{MasterKey, Password, PasswordHash, RefreshKey};
use crate::random::Random;
use crate::store::Db;

pub use address_throttle::AddressThrottle;
pub use attempt_lanes::{AttemptLanes, Lane};
pub use clock_watch::{ClockMove, ClockWatch};
pub use counts::{Counts, Outcomes};
pub use decoys::Decoys;
pub use ended_sessions::{Asked, EndedSessions};
pub use event_ids::EventIds;
pub use hash_threads::{HashThreads, Overloaded, Panicked, Place, Turn};
pub use key_ring::{KeyRing, Opener, Reading, Ring, UnusableKey};
pub use rarely::Rarely;
pub use verified_tokens::VerifiedTokens;

#[derive(Debug)]
pub struct App {
    pub config: Config,
    /// The issuer of tokens. Never taken from a request.
    pub public_url: String,
    pub audience: String,
    pub clock: Clock,
    pub clock_watch: ClockWatch,
    pub random: Random,
    pub db: Db,
    pub master_key: MasterKey,
    pub keys: KeyRing,
    pub nonces: NonceKey,
    pub refresh_key: RefreshKey,
    pub hashing: HashThreads,
    /// Signs tokens instead of the stored keys, under `JWT_SECRET`.
    pub shared_secret: Option<SigningKey>,
    pub decoys: Decoys,
    pub ended_sessions: EndedSessions,
    pub verified_tokens: VerifiedTokens,
    pub addresses: AddressThrottle,
    pub attempt_lanes: AttemptLanes,
    pub event_ids: EventIds,
    pub counts: Counts,
    /// Who was turned away, for the audit log.
    pub throttle_notes: Rarely,
}

/// What an [`App`] is made of besides what it makes itself.
#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub public_url: String,
    pub clock: Clock,
    pub db: Db,
    pub master_key: MasterKey,
}

impl App {
    /// Everything but the keys of the database, which `flows::keep_keys` loads.
    pub fn new(parts: Parts) -> Self {
        let Parts { config, public_url, clock, db, master_key } = parts;
        let random = Random::new();
        Self {
            audience: config.audience.clone().unwrap_or_else(|| public_url.clone()),
            public_url,
            clock,
            clock_watch: ClockWatch::default(),
            db,
            keys: KeyRing::default(),
            nonces: NonceKey::new(*master_key.derive("sealing nonces")),
            refresh_key: RefreshKey::new(&master_key.derive("refresh tokens")),
            hashing: HashThreads::start(config.hash_threads, config.hash_queue),
            shared_secret: shared_secret(&config),
            decoys: Decoys::new(
                PasswordHash::of_nobody(random.bytes(), random.bytes(), config.argon2),
                &master_key.derive("decoys"),
            ),
            ended_sessions: EndedSessions::default(),
            verified_tokens: VerifiedTokens::new(random.bytes()),
            addresses: AddressThrottle::new(config.address_rate),
            attempt_lanes: AttemptLanes::default(),
            event_ids: EventIds::default(),
            counts: Counts::default(),
            throttle_notes: Rarely::default(),
            master_key,
            random,
            config,
        }
    }

    /// A new unique id for a row or a token.
    pub fn new_id(&self) -> String {
        self.random.uuid(self.clock.now())
    }

    /// A password that nobody knows, for where the real one could not be read but the work must be done all the same.
    pub fn random_password(&self) -> Password {
        let bytes: [u8; 16] = self.random.bytes();
        Password::new(zeroize::Zeroizing::new(bytes.map(|byte| format!("{byte:02x}")).concat()))
    }
}

fn shared_secret(config: &Config) -> Option<SigningKey> {
    match &config.tokens {
        Tokens::Signed(_) => None,
        Tokens::SharedSecret(secret) => {
            Some(SigningKey::from_shared_secret(secret).expect("the configuration refuses a weak shared secret"))
        }
    }
}
