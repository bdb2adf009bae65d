//! What x86-64 processors have beyond the plain ones.

pub(crate) mod avx2;
pub(crate) mod avx512;

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::run::Run;

const CACHE_LINE: usize = 64;
/// How many blocks early one is fetched whose place is known: memory takes about as long as two of them.
const AHEAD: usize = 3;

/// While the block at `place` is computed, has the block fetched that is `chosen` for the next; or one for later, where all
/// are known beforehand.
#[inline]
#[target_feature(enable = "sse")]
fn fetch_next<T>(blocks: *const T, run: &Run<'_>, place: usize, chosen: usize) {
    if run.words.is_none() {
        prefetch(blocks, chosen);
    } else if place + AHEAD < run.count {
        prefetch(blocks, run.reference(place + AHEAD, 0));
    }
}

/// Has the block fetched that is written a few places later: a store waits for the lines that it goes to.
#[inline]
#[target_feature(enable = "sse")]
fn fetch_target<T>(blocks: *const T, run: &Run<'_>, place: usize) {
    prefetch(blocks, run.target + place + AHEAD);
}

/// Asks for the cache lines of a block, in the order in which they are read. An address is never wrong for a prefetch.
#[inline]
#[target_feature(enable = "sse")]
fn prefetch<T>(blocks: *const T, block: usize) {
    let lines = blocks.wrapping_add(block).cast::<[i8; CACHE_LINE]>();
    for line in 0..size_of::<T>() / CACHE_LINE {
        _mm_prefetch::<_MM_HINT_T0>(lines.wrapping_add(line).cast());
    }
}
