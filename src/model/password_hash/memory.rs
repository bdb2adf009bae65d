//! The memory of one hashing thread.

use std::fmt;
use std::time::{Duration, Instant};

use bulla_argon2::Memory;

/// Kept from one hash to the next: mapping 19 MiB anew costs as much as a hash. Wiped and given back when it is dropped.
#[derive(Default)]
pub struct HashMemory {
    /// Nothing until the first Argon2 hash.
    argon2: Option<Memory>,
    /// Goes into that memory when it is made.
    pause: Option<Box<dyn FnMut() + Send>>,
    leave: Option<Box<dyn FnMut() + Send>>,
    durations: Vec<Duration>,
}

impl HashMemory {
    /// For a thread on which others may wait: `pause` is called several times within each Argon2 hash, and `leave` before
    /// any other, which has no pauses.
    pub fn pausing(pause: impl FnMut() + Send + 'static, leave: impl FnMut() + Send + 'static) -> Self {
        Self { pause: Some(Box::new(pause)), leave: Some(Box::new(leave)), ..Self::default() }
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
        let new = || self.pause.take().map_or_else(Memory::new, |pause| Memory::new().pausing(pause));
        self.argon2.get_or_insert_with(new)
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HashMemory({:?})", self.argon2)
    }
}
