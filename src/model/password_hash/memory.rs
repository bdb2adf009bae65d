//! The memory of one hashing thread.

use std::fmt;
use std::time::{Duration, Instant};

use bulla_argon2::Memory;

/// Kept from one hash to the next: mapping 19 MiB anew costs as much as a hash.
#[derive(Default)]
pub struct HashMemory {
    argon2: Memory,
    leave: Option<Box<dyn FnMut() + Send>>,
    durations: Vec<Duration>,
}

impl HashMemory {
    /// For a thread on which others may wait: `pause` is called several times within each Argon2 hash, and `leave` before
    /// any other, which has no pauses.
    pub fn pausing(pause: impl FnMut() + Send + 'static, leave: impl FnMut() + Send + 'static) -> Self {
        Self { argon2: Memory::new().pausing(pause), leave: Some(Box::new(leave)), durations: Vec::new() }
    }

    /// Wipes it and gives it back until the next Argon2 hash.
    pub fn release(&mut self) {
        self.argon2.release();
    }

    /// How long each hash took that was computed since this was last asked, of whatever kind.
    pub fn take_durations(&mut self) -> Vec<Duration> {
        std::mem::take(&mut self.durations)
    }

    /// Computes one hash.
    pub(super) fn time<T>(&mut self, hash: impl FnOnce(&mut Self) -> T) -> T {
        let begun = Instant::now();
        let hash = hash(self);
        self.durations.push(begun.elapsed());
        hash
    }

    /// As [`HashMemory::time`], for a hash that is none of Argon2.
    pub(super) fn time_other<T>(&mut self, hash: impl FnOnce() -> T) -> T {
        if let Some(leave) = &mut self.leave {
            leave();
        }
        self.time(|_| hash())
    }

    pub(super) fn for_argon2(&mut self) -> &mut Memory {
        &mut self.argon2
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HashMemory({:?})", self.argon2)
    }
}
