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
/// while no hash is wanted, [release](Self::release) it.
///
/// Until it is wiped, or filled by the next hash, it holds the blocks of the last one, and of none before; of one that
/// a pause broke off, nothing. Whoever reads them can guess the password without filling memory for each guess, so
/// thousands of times as fast as from the hash: wipe it where that matters more than a tenth of the time. From 2 MiB
/// on, Linux leaves it out of core dumps; it may swap it out. Where the system promises more memory than it has, as
/// Linux does, a cost that is too high may end the process instead of being an error. Where it is one, what was held
/// before is given back already.
pub struct Memory {
    arena: Arena,
    /// Bytes of the last hash: what lies beyond is zeros.
    used: usize,
    compressor: Compressor,
}

/// What computes blocks, and the room that it needs.
pub(crate) struct Compressor {
    pub(crate) backend: Backend,
    pub(crate) scratch: Box<Aligned<1>>,
    pause: Option<Box<dyn FnMut() + Send>>,
    /// Blocks since the last pause.
    since_pause: u32,
}

/// After so many blocks comes a pause: an eighth to a quarter of a millisecond's work; by portable means, up to a whole one.
const STRETCH: u32 = 1024;

enum Arena {
    /// Below the size of a huge page, and where there are none.
    Heap(Vec<u8>),
    Mapped(MmapMut),
}

const CACHE_LINE: usize = 64;
const HUGE_PAGE: usize = 2 << 20;

impl Compressor {
    pub(crate) fn compute(&mut self, blocks: &mut [Block], run: &Run<'_>) {
        self.backend.compute(blocks, run, &mut self.scratch.0[0]);
        self.since_pause += run.count as u32;
        if self.since_pause >= STRETCH {
            self.since_pause = 0;
            if let Some(pause) = &mut self.pause {
                pause();
            }
        }
    }

    /// How many blocks may be computed until the next pause.
    pub(crate) fn until_pause(&self) -> u32 {
        STRETCH - self.since_pause
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
        Self { arena: Arena::NONE, used: 0, compressor }
    }

    /// Has `pause` called after each MiB of blocks, so that a thread that has hashed for a while can let others go first,
    /// or give up its turn: it is called by the thread that hashes. Where the password has no say in what is read, it comes
    /// up to 127 KiB later; what is left of a hash at its end counts for the next. If it panics, so does what hashes, and the
    /// memory serves the next hash as before.
    #[must_use]
    pub fn pausing(mut self, pause: impl FnMut() + Send + 'static) -> Self {
        self.compressor.pause = Some(Box::new(pause));
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

    /// Overwrites what the last hash has left with zeros, and keeps the memory.
    pub fn wipe(&mut self) {
        self.wipe_from(0);
        self.compressor.scratch.0.zeroize();
    }

    /// [Wipes](Self::wipe) it and gives it back to the system; the next hash takes as much as it needs.
    pub fn release(&mut self) {
        self.wipe();
        self.arena = Arena::NONE;
    }

    fn wipe_from(&mut self, first: usize) {
        if first < self.used {
            self.arena.aligned_mut()[first..self.used].zeroize();
            #[cfg(test)]
            tests::WIPED_BYTES.set(tests::WIPED_BYTES.get() + self.used - first);
            self.used = first;
        }
    }

    pub(crate) fn blocks(&mut self, cost: Cost) -> Result<(&mut [Block], &mut Compressor), Error> {
        let wanted = cost.blocks().checked_mul(BLOCK_BYTES).ok_or_else(|| too_large(cost.blocks() / 1024))?;
        if self.arena.aligned_len() < wanted {
            // Before there is more: there may not be room for both.
            self.release();
            self.arena = Arena::of(wanted)?;
        }
        // A hash that was costlier than this one leaves nothing behind it.
        self.wipe_from(wanted);
        self.used = wanted;
        let blocks = bytemuck::cast_slice_mut(&mut self.arena.aligned_mut()[..wanted]);
        Ok((blocks, &mut self.compressor))
    }
}

fn too_large(mib: usize) -> Error {
    Error::Memory { mib, reason: "this processor cannot address so much".to_owned() }
}

impl Arena {
    const NONE: Self = Self::Heap(Vec::new());

    fn of(bytes: usize) -> Result<Self, Error> {
        let mib = bytes >> 20;
        let refused = |error: &dyn fmt::Display| Error::Memory { mib, reason: error.to_string() };
        // Elsewhere, memmap2 maps nothing.
        if bytes < HUGE_PAGE || cfg!(not(any(unix, windows))) {
            let mut heap = Vec::new();
            heap.try_reserve_exact(bytes + CACHE_LINE).map_err(|error| refused(&error))?;
            heap.resize(bytes + CACHE_LINE, 0);
            return Ok(Self::Heap(heap));
        }
        let whole_pages = bytes.checked_next_multiple_of(HUGE_PAGE).and_then(|bytes| bytes.checked_add(HUGE_PAGE));
        let mapped = MmapMut::map_anon(whole_pages.ok_or_else(|| too_large(mib))?);
        let mapped = mapped.map_err(|error| refused(&error))?;
        // With 4 KiB pages, most of the time goes into address translation. A system that has no huge pages is slower.
        #[cfg(all(target_os = "linux", not(miri)))]
        for advice in [memmap2::Advice::HugePage, memmap2::Advice::DontDump] {
            let _ = mapped.advise(advice);
        }
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
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::hash;

    thread_local! {
        pub(super) static WIPED_BYTES: Cell<usize> = const { Cell::new(0) };
    }

    fn hashed(memory: &mut Memory, memory_kib: u32) -> String {
        hash(b"open sesame", b"some salt", Cost::new(memory_kib, 1, 1).unwrap(), memory).unwrap()
    }

    /// How many bytes are not zero.
    fn used(memory: &Memory) -> usize {
        memory.arena.bytes().iter().filter(|byte| **byte != 0).count()
    }

    #[test]
    fn nothing_is_left_of_a_hash_once_it_is_wiped() {
        // Below and, where that does not take hours, above the size of a huge page.
        for memory_kib in if cfg!(miri) { [8, 16] } else { [64, 4096] } {
            for backend in Backend::all() {
                let mut memory = Memory::with(backend);
                hashed(&mut memory, memory_kib);
                assert!(used(&memory) > memory_kib as usize * 1000, "or the test would see nothing");
                let is_empty = |memory: &Memory| memory.compressor.scratch.0[0].iter().all(|word| *word == 0);
                assert_eq!(is_empty(&memory), backend.name() == "avx512", "the others need it");
                memory.wipe();
                assert!(used(&memory) == 0 && is_empty(&memory), "{}", backend.name());
            }
        }
    }

    #[test]
    fn it_is_wiped_when_it_is_dropped_and_before_it_grows() {
        let wiped = || WIPED_BYTES.replace(0);
        let mut memory = Memory::new();
        hashed(&mut memory, 8);
        wiped();
        hashed(&mut memory, 16);
        assert_eq!(wiped(), 8 * 1024);
        drop(memory);
        assert_eq!(wiped(), 16 * 1024);
    }

    #[test]
    fn a_cheaper_hash_leaves_nothing_of_a_costlier_one() {
        let mut memory = Memory::new();
        hashed(&mut memory, 16);
        let before = used(&memory);
        hashed(&mut memory, 8);
        assert!(before > 16 * 1000 && used(&memory) <= 8 * 1024, "{before}, {}", used(&memory));
    }

    #[test]
    fn what_is_released_is_wiped_and_gone_and_the_next_hash_is_the_same() {
        let mut memory = Memory::new();
        hashed(&mut memory, 16);
        WIPED_BYTES.set(0);
        memory.release();
        assert_eq!((WIPED_BYTES.get(), memory.held_kib()), (16 * 1024, 0));
        assert_eq!(hashed(&mut memory, 8), hashed(&mut Memory::new(), 8));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes hours")]
    fn a_pause_that_panics_ends_one_hash_and_changes_no_other() {
        thread_local!(static BREAKS: Cell<bool> = const { Cell::new(false) });
        let mut memory = Memory::new().pausing(|| assert!(!BREAKS.get(), "on purpose, for this test"));
        let before = hashed(&mut memory, 4096);
        assert!(used(&memory) > 4096 * 1000, "or the test would see nothing");
        BREAKS.set(true);
        assert!(catch_unwind(AssertUnwindSafe(|| hashed(&mut memory, 4096))).is_err());
        BREAKS.set(false);
        assert_eq!(used(&memory), 0, "what is left is of this hash and of the one before");
        assert_eq!(hashed(&mut memory, 4096), before);
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes hours")]
    fn pauses_come_after_every_mib_of_blocks_and_change_nothing() {
        thread_local!(static PAUSES: Cell<u32> = const { Cell::new(0) });
        // Segments that are a stretch, shorter than one, and no multiple of one.
        for (memory_kib, passes) in [(4096, 3), (1000, 9), (19_456, 2)] {
            let cost = Cost::new(memory_kib, passes, 1).unwrap();
            let hashed = |memory: &mut Memory| hash(b"open sesame", b"some salt", cost, memory).unwrap();
            let mut pausing = Memory::new().pausing(|| PAUSES.set(PAUSES.get() + 1));
            assert_eq!(hashed(&mut pausing), hashed(&mut Memory::new()));
            let (pauses, mib) = (PAUSES.replace(0), memory_kib * passes / STRETCH);
            // Where the password has no say, one comes later, and the blocks that choose are computed as well.
            assert!((mib - 1..=mib + 1).contains(&pauses), "{pauses} in {mib}");
        }
        // Three of half a stretch.
        let mut pausing = Memory::new().pausing(|| PAUSES.set(PAUSES.get() + 1));
        for pauses in [0, 0, 1] {
            hashed(&mut pausing, STRETCH * 2 / 5);
            assert_eq!(PAUSES.get(), pauses);
        }
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
        // More than a process can address, which on 32 bits is all but everything; and more than there are numbers for.
        let too_many = if cfg!(target_pointer_width = "64") { usize::MAX / 4 } else { usize::MAX - 4 * HUGE_PAGE };
        for bytes in [too_many, usize::MAX - 1] {
            let refused = Arena::of(bytes).err();
            assert!(matches!(refused, Some(Error::Memory { mib, .. }) if mib == bytes >> 20), "{refused:?}");
        }
    }
}
