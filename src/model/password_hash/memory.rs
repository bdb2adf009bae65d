//! The memory of one hashing thread.

use std::fmt;

use argon2::{Argon2, Block};
use zeroize::Zeroize;

/// Kept from one hash to the next: mapping 19 MiB anew doubles the cost of a hash.
#[derive(Default)]
pub struct HashMemory {
    blocks: Vec<Block>,
    hashes: u64,
}

/// An allocation of over 32 MiB always is a mapping of its own, which glibc gives back to the system when it is freed;
/// a smaller one would stay with the process. What is reserved and not used costs nothing.
const LEAST_CAPACITY_BLOCKS: usize = 33 * 1024;

impl HashMemory {
    /// How many hashes were computed since this was last asked, of whatever kind.
    pub fn take_count(&mut self) -> u64 {
        std::mem::take(&mut self.hashes)
    }

    pub(super) fn count_one(&mut self) {
        self.hashes += 1;
    }

    /// Counts one hash, and gives it the blocks that it needs.
    pub(super) fn for_argon2(&mut self, argon2: &Argon2<'_>) -> &mut [Block] {
        self.count_one();
        let blocks = argon2.params().block_count();
        if self.blocks.len() < blocks {
            self.blocks.reserve_exact(blocks.max(LEAST_CAPACITY_BLOCKS) - self.blocks.len());
            self.blocks.resize(blocks, Block::default());
        }
        &mut self.blocks[..blocks]
    }
}

/// What is left of a hash must not outlive its use.
impl Drop for HashMemory {
    fn drop(&mut self) {
        self.blocks.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HashMemory({} KiB)", self.blocks.len())
    }
}
