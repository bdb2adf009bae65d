//! Randomness from the operating system, by way of aws-lc.

use std::cell::RefCell;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

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
    ///
    /// An id is no secret, so its random bytes may wait in memory until they are needed: drawn one by one, they would be
    /// a good part of what answering `/verify` costs.
    pub fn uuid(&self, now: Timestamp) -> String {
        thread_local! {
            static DRAWN: RefCell<Vec<[u8; 10]>> = const { RefCell::new(Vec::new()) };
        }
        let bytes = DRAWN.with_borrow_mut(|drawn| {
            if drawn.is_empty() {
                drawn.extend_from_slice(self.bytes::<640>().as_chunks().0);
            }
            drawn.pop().unwrap_or_else(|| self.bytes())
        });
        let uuid = uuid::Builder::from_unix_timestamp_millis(now.milliseconds().unsigned_abs(), &bytes).into_uuid();
        uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
    }
}
