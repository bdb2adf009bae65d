//! Randomness from the operating system, by way of aws-lc.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::model::Timestamp;

/// The source of every random byte outside of the cryptographic libraries.
#[derive(Clone, Debug, Default)]
pub struct Random(SystemRandom);

impl Random {
    pub fn new() -> Self {
        Self::default()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where random bytes are drawn")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).expect("the operating system always has random bytes after boot");
        bytes
    }

    /// A UUIDv7 (RFC 9562 §5.7): ids made later sort later, which keeps the primary-key index compact.
    pub fn uuid(&self, now: Timestamp) -> String {
        uuid::Builder::from_unix_timestamp_millis(now.milliseconds().unsigned_abs(), &self.bytes())
            .into_uuid()
            .to_string()
    }
}
