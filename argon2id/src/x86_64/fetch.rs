//! Having blocks fetched into the cache before they are read or written.
#![expect(unsafe_code, reason = "tells the compiler that it does not know an address")]

use std::arch::asm;
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::run::Run;

const CACHE_LINE: usize = 64;
/// How many blocks early one is fetched whose place is known: memory takes about as long as two of them.
const AHEAD: usize = 3;

/// While the block at `place` is computed, has the block fetched that is `chosen` for the next; or one for later, where all
/// are known beforehand.
#[inline]
#[target_feature(enable = "sse")]
pub(super) fn fetch_next<T>(blocks: *const T, run: &Run<'_>, place: usize, chosen: usize) {
    if run.words.is_none() {
        prefetch(blocks, chosen);
    } else if place + AHEAD < run.count {
        prefetch(blocks, run.reference(place + AHEAD, 0));
    }
}

/// Has the block fetched that is written a few places later: a store waits for the lines that it goes to.
#[inline]
#[target_feature(enable = "sse")]
pub(super) fn fetch_target<T>(blocks: *const T, run: &Run<'_>, place: usize) {
    prefetch(blocks, run.target + place + AHEAD);
}

/// Asks for the cache lines of a block, in the order in which they are read. An address is never wrong for a prefetch.
#[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read there, which is the point")]
#[inline]
#[target_feature(enable = "sse")]
fn prefetch<T>(blocks: *const T, block: usize) {
    let mut lines = blocks.wrapping_add(block).cast::<[i8; CACHE_LINE]>();
    // In a register of its own, which the compiler cannot see through. Measured, not understood: where memory is not in the
    // cache, the AVX-512 loop took a tenth longer on a Zen 4 without this; in the cache, and with AVX2, as long.
    // SAFETY: no instruction, so it changes nothing.
    unsafe { asm!("/* {} */", inout(reg) lines, options(pure, nomem, nostack, preserves_flags)) }
    for line in 0..size_of::<T>() / CACHE_LINE {
        _mm_prefetch::<_MM_HINT_T0>(lines.wrapping_add(line).cast());
    }
}
