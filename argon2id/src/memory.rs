//! The memory of one hashing thread: an arena on huge pages, kept from one hash to the next.

use std::fmt;

use memmap2::MmapMut;
use zeroize::Zeroize;

use crate::backend::Backend;
use crate::run::{Aligned, BLOCK_BYTES, Block, Run};
use crate::{Cost, Error};

/// Grows to what the costliest hash so far needed, and is overwritten with zeros when it is dropped or [wiped](Self::wipe).
///
/// Mapping memory anew for each hash, page by page, costs as much as the hash. So keep one for each thread that hashes;
/// while no hash is wanted, drop it.
pub struct Memory {
    arena: Arena,
    compressor: Compressor,
}

/// What computes blocks, and the room that it needs.
pub(crate) struct Compressor {
    pub(crate) backend: Backend,
    pub(crate) scratch: Box<Aligned<1>>,
    pause: Option<fn()>,
    /// Blocks since the last pause.
    since_pause: usize,
}

/// At most so many blocks are computed between two pauses: a sixth of a millisecond's work, more or less.
pub(crate) const STRETCH: u32 = 1024;

enum Arena {
    /// Below the size of a huge page.
    Heap(Vec<u8>),
    Mapped(MmapMut),
}

const CACHE_LINE: usize = 64;
const HUGE_PAGE: usize = 2 << 20;

impl Compressor {
    pub(crate) fn compute(&mut self, blocks: &mut [Block], run: &Run<'_>) {
        self.backend.compute(blocks, run, &mut self.scratch.0[0]);
        self.since_pause += run.count;
        if let Some(pause) = self.pause.filter(|_| self.since_pause >= STRETCH as usize) {
            self.since_pause = 0;
            pause();
        }
    }
}

impl Memory {
    /// Nothing yet; computes blocks as fast as this processor can.
    pub fn new() -> Self {
        Self::with(Backend::fastest())
    }

    /// As [`Memory::new`], but by the instructions that are asked for.
    pub fn with(backend: Backend) -> Self {
        let scratch = Box::new(Aligned([[0; 128]]));
        let compressor = Compressor { backend, scratch, pause: None, since_pause: 0 };
        Self { arena: Arena::Heap(Vec::new()), compressor }
    }

    /// Has `pause` called after every 1024 blocks (MiB) of a hash, so that a thread that has hashed for a while can let
    /// others go first, or give up its turn.
    #[must_use]
    pub fn pausing(mut self, pause: fn()) -> Self {
        self.compressor.pause = Some(pause);
        self
    }

    /// Which instructions compute blocks.
    pub fn backend(&self) -> Backend {
        self.compressor.backend
    }

    /// KiB that are held.
    pub fn held_kib(&self) -> usize {
        self.arena.bytes().len() / 1024
    }

    /// Overwrites all of it with zeros, and keeps it.
    pub fn wipe(&mut self) {
        let bytes = self.arena.bytes_mut();
        let (before, words, after) = bytemuck::pod_align_to_mut::<u8, u64>(bytes);
        words.zeroize();
        before.zeroize();
        after.zeroize();
        self.compressor.scratch.0.zeroize();
    }

    pub(crate) fn blocks(&mut self, cost: Cost) -> Result<(&mut [Block], &mut Compressor), Error> {
        let wanted = cost.blocks() * BLOCK_BYTES;
        if self.arena.aligned_len() < wanted {
            self.wipe();
            self.arena = Arena::of(wanted)?;
        }
        let blocks = bytemuck::cast_slice_mut(&mut self.arena.aligned_mut()[..wanted]);
        Ok((blocks, &mut self.compressor))
    }
}

impl Arena {
    fn of(bytes: usize) -> Result<Self, Error> {
        let problem = |reason: String| Error::Memory { mib: bytes >> 20, reason };
        if bytes < HUGE_PAGE {
            return Ok(Self::Heap(vec![0; bytes + CACHE_LINE]));
        }
        let whole_pages = bytes.div_ceil(HUGE_PAGE) * HUGE_PAGE;
        let mapped = MmapMut::map_anon(whole_pages + HUGE_PAGE).map_err(|error| problem(error.to_string()))?;
        // With 4 KiB pages, most of the time goes into address translation. A system that has no huge pages is slower.
        #[cfg(all(target_os = "linux", not(miri)))]
        let _ = mapped.advise(memmap2::Advice::HugePage);
        Ok(Self::Mapped(mapped))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }

    /// Where the first block begins.
    fn offset(&self) -> usize {
        let alignment = match self {
            Self::Heap(_) => CACHE_LINE,
            Self::Mapped(_) => HUGE_PAGE,
        };
        let bytes = self.bytes();
        bytes.as_ptr().align_offset(alignment).min(bytes.len())
    }

    fn aligned_len(&self) -> usize {
        self.bytes().len() - self.offset()
    }

    fn aligned_mut(&mut self) -> &mut [u8] {
        let offset = self.offset();
        &mut self.bytes_mut()[offset..]
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Memory({} KiB, {})", self.held_kib(), self.backend().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn hashed(memory: &mut Memory, memory_kib: u32) {
        hash(b"open sesame", b"some salt", Cost::new(memory_kib, 1, 1).unwrap(), memory).unwrap();
    }

    /// How many bytes are not zero.
    fn used(memory: &Memory) -> usize {
        memory.arena.bytes().iter().filter(|byte| **byte != 0).count()
    }

    #[test]
    fn nothing_is_left_of_a_hash_once_it_is_wiped() {
        // Below and above the size of a huge page.
        for memory_kib in if cfg!(miri) { [8, 16] } else { [64, 4096] } {
            let mut memory = Memory::new();
            hashed(&mut memory, memory_kib);
            assert!(used(&memory) > memory_kib as usize * 1000, "or the test would see nothing");
            memory.wipe();
            assert_eq!(used(&memory), 0);
            assert!(memory.compressor.scratch.0[0].iter().all(|word| *word == 0));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes hours")]
    fn pauses_come_after_every_1024_blocks_and_change_nothing() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static PAUSES: AtomicUsize = AtomicUsize::new(0);
        let cost = Cost::new(4096, 3, 1).unwrap();
        let hashed = |memory: &mut Memory| hash(b"open sesame", b"some salt", cost, memory).unwrap();
        let mut pausing = Memory::new().pausing(|| {
            PAUSES.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(hashed(&mut pausing), hashed(&mut Memory::new()));
        // Those blocks, too, that choose others where the password may not.
        assert!((12..=13).contains(&PAUSES.load(Ordering::Relaxed)), "{PAUSES:?}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes hours")]
    fn memory_is_kept_and_grows_to_the_costliest_hash() {
        let mut memory = Memory::new();
        assert_eq!(memory.held_kib(), 0);
        hashed(&mut memory, 4096);
        let (held, place) = (memory.held_kib(), memory.arena.bytes().as_ptr());
        assert!((4096..=4096 + 4096).contains(&held));
        for smaller in [64, 4095, 4096] {
            hashed(&mut memory, smaller);
            assert_eq!((memory.held_kib(), memory.arena.bytes().as_ptr()), (held, place));
        }
        hashed(&mut memory, 8192);
        assert!(memory.held_kib() > held);
    }

    #[test]
    fn blocks_begin_where_a_huge_page_or_a_cache_line_does() {
        for (memory_kib, alignment) in [(64, CACHE_LINE), (2048, HUGE_PAGE), (19_456, HUGE_PAGE)] {
            let mut memory = Memory::new();
            let (blocks, _) = memory.blocks(Cost::new(memory_kib, 1, 1).unwrap()).unwrap();
            assert_eq!(blocks.len(), memory_kib as usize);
            assert_eq!(blocks.as_ptr().addr() % alignment, 0, "{memory_kib}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "its own address space is smaller")]
    fn memory_that_the_system_does_not_give_is_an_error() {
        // More than a process can address.
        let refused = Arena::of(1 << 50).err();
        assert!(matches!(refused, Some(Error::Memory { mib: 0x4000_0000, .. })), "{refused:?}");
    }
}
