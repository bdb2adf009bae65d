//! The memory of one hashing thread.

use std::fmt;

use bulla_argon2::Memory;

/// Kept from one hash to the next: mapping 19 MiB anew costs as much as a hash. Wiped and given back when it is dropped.
#[derive(Default)]
pub struct HashMemory {
    /// Nothing until the first Argon2 hash.
    argon2: Option<Memory>,
    hashes: u64,
}

impl HashMemory {
    /// How many hashes were computed since this was last asked, of whatever kind.
    pub fn take_count(&mut self) -> u64 {
        std::mem::take(&mut self.hashes)
    }

    pub(super) fn count_one(&mut self) {
        self.hashes += 1;
    }

    /// Counts one hash, and gives it its memory.
    pub(super) fn for_argon2(&mut self) -> &mut Memory {
        self.count_one();
        self.argon2.get_or_insert_default()
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HashMemory({:?})", self.argon2)
    }
}
