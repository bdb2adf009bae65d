//! The compression function in AVX-512 registers: 512 bits, eight words, at a time.
//!
//! Sixteen registers hold a block, so it never rests between its rounds, nor between one block and the next. In memory,
//! blocks lie as the row rounds want them ([`place`]); the column rounds then find their words where those left them.
//!
//! Loops instead of closures: not every profile lets a compiler inline those.
#![expect(
    unsafe_code,
    reason = "calls a function that needs AVX-512, where it was found, and says where that one lies"
)]

use std::arch::asm;
use std::arch::x86_64::*;

use super::fetch::{fetch_next, fetch_target};
use crate::run::{Block, Run, three};

/// That this processor has AVX-512: made by [`Avx512::detect`] alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    pub(crate) fn compute(self, blocks: &mut [Block], run: &Run<'_>) {
        // SAFETY: `compute` is safe but for its need of AVX-512F, and that `self` exists shows that the processor has it.
        unsafe { compute(bytemuck::cast_slice_mut(blocks), run) }
    }
}

/// Where each word of a block (row by row) lies in memory: a register has four words of one row and those below them.
pub(crate) fn place(word: usize) -> usize {
    let (row, column) = (word / 16, word % 16);
    let register = 4 * (row / 2) + column / 4;
    8 * register + 4 * (row % 2) + column % 4
}

/// A cache line.
type Register = __m512i;
/// A block: four registers for each pair of rows.
type Registers = [Register; 16];
type Quad = [Register; 4];

#[target_feature(enable = "avx512f")]
fn compute(blocks: &mut [Registers], run: &Run<'_>) {
    lie_across_a_page();
    let base = blocks.as_ptr();
    // Four columns of each pair of rows make a quad.
    let mut current = [[_mm512_setzero_si512(); 4]; 4];
    for column in 0..4 {
        for pair in 0..4 {
            current[column][pair] = blocks[run.previous][4 * pair + column];
        }
    }
    let mut chosen = run.reference(0, first_word(current[0][0]));
    for place in 0..run.count {
        fetch_target(base, run, place);
        let (previous, target) = run.previous_and_target(place);
        let (previous, reference, target) = three(blocks, previous, chosen, target);
        for column in 0..4 {
            for pair in 0..4 {
                current[column][pair] = xor(current[column][pair], reference[4 * pair + column]);
            }
        }
        let [a, b, c, d] = permuted_rows(current);
        let [a] = permuted_columns([a]);
        current[0] = finish::<0>(a, previous, reference, target, run.mixes);
        // The first word decides which block is read next; the other columns take as long as it takes to fetch it.
        if place + 1 < run.count {
            chosen = run.reference(place + 1, first_word(current[0][0]));
            fetch_next(base, run, place, chosen);
        }
        let [b, c, d] = permuted_columns([b, c, d]);
        current[1] = finish::<1>(b, previous, reference, target, run.mixes);
        current[2] = finish::<2>(c, previous, reference, target, run.mixes);
        current[3] = finish::<3>(d, previous, reference, target, run.mixes);
    }
}

/// What follows begins in the middle of a page of memory. The loop is longer than a page, so it crosses into another one:
/// now while rows are computed. Where it did so while the next block is being fetched, two threads of a Zen 4 took 6 %
/// longer, and a linker puts a function anywhere. A newer Intel Xeon does not mind, nor does the AVX2 loop.
#[inline(always)]
fn lie_across_a_page() {
    // SAFETY: it jumps over bytes that nothing else runs or reads, and changes nothing.
    unsafe { asm!("jmp 2f", ".p2align 12", ".skip 2048", "2:", options(nomem, nostack, preserves_flags)) }
}

/// The permuted quad and the two that went into it make the new one.
#[inline]
#[target_feature(enable = "avx512f")]
fn finish<const COLUMN: usize>(
    permuted: Quad,
    previous: &Registers,
    reference: &Registers,
    target: &mut Registers,
    mixes: bool,
) -> Quad {
    let mut quad = permuted;
    for pair in 0..4 {
        let register = 4 * pair + COLUMN;
        quad[pair] = xor3(permuted[pair], previous[register], reference[register]);
        if mixes {
            quad[pair] = xor(target[register], quad[pair]);
        }
        target[register] = quad[pair];
    }
    quad
}

/// All rows, two in each half of a register.
#[inline]
#[target_feature(enable = "avx512f")]
fn permuted_rows([mut a, mut b, mut c, mut d]: [Quad; 4]) -> [Quad; 4] {
    quarters(&mut a, &mut b, &mut c, &mut d);
    for i in 0..4 {
        b[i] = _mm512_permutex_epi64::<0b00_11_10_01>(b[i]);
        c[i] = _mm512_permutex_epi64::<0b01_00_11_10>(c[i]);
        d[i] = _mm512_permutex_epi64::<0b10_01_00_11>(d[i]);
    }
    quarters(&mut a, &mut b, &mut c, &mut d);
    for i in 0..4 {
        b[i] = _mm512_permutex_epi64::<0b10_01_00_11>(b[i]);
        c[i] = _mm512_permutex_epi64::<0b01_00_11_10>(c[i]);
        d[i] = _mm512_permutex_epi64::<0b00_11_10_01>(d[i]);
    }
    [a, b, c, d]
}

/// The columns of these quads. A register has four words of either of two columns: 0, 1, 4, 5 are of one, the rest of
/// the other.
#[inline]
#[target_feature(enable = "avx512f")]
fn permuted_columns<const N: usize>(mut quads: [Quad; N]) -> [Quad; N] {
    let left = _mm512_setr_epi64(1, 4, 3, 6, 5, 0, 7, 2);
    let right = _mm512_setr_epi64(5, 0, 7, 2, 1, 4, 3, 6);
    let mut quarter = [[_mm512_setzero_si512(); N]; 4];
    for i in 0..N {
        for row in 0..4 {
            quarter[row][i] = quads[i][row];
        }
    }
    let [mut a, mut b, mut c, mut d] = quarter;
    quarters(&mut a, &mut b, &mut c, &mut d);
    for i in 0..N {
        b[i] = _mm512_permutexvar_epi64(left, b[i]);
        c[i] = _mm512_shuffle_i64x2::<0b01_00_11_10>(c[i], c[i]);
        d[i] = _mm512_permutexvar_epi64(right, d[i]);
    }
    quarters(&mut a, &mut b, &mut c, &mut d);
    for i in 0..N {
        b[i] = _mm512_permutexvar_epi64(right, b[i]);
        c[i] = _mm512_shuffle_i64x2::<0b01_00_11_10>(c[i], c[i]);
        d[i] = _mm512_permutexvar_epi64(left, d[i]);
        quads[i] = [a[i], b[i], c[i], d[i]];
    }
    quads
}

/// GB of RFC 9106 §3.6, eight times N times at once.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarters<const N: usize>(
    a: &mut [Register; N],
    b: &mut [Register; N],
    c: &mut [Register; N],
    d: &mut [Register; N],
) {
    half_quarters::<N, 32, 24>(a, b, c, d);
    half_quarters::<N, 16, 63>(a, b, c, d);
}

#[inline]
#[target_feature(enable = "avx512f")]
fn half_quarters<const N: usize, const D: i32, const B: i32>(
    a: &mut [Register; N],
    b: &mut [Register; N],
    c: &mut [Register; N],
    d: &mut [Register; N],
) {
    for i in 0..N {
        a[i] = mixed(a[i], b[i]);
        d[i] = _mm512_ror_epi64::<D>(xor(d[i], a[i]));
    }
    for i in 0..N {
        c[i] = mixed(c[i], d[i]);
        b[i] = _mm512_ror_epi64::<B>(xor(b[i], c[i]));
    }
}

/// a + b + 2 × the product of their lower halves.
#[inline]
#[target_feature(enable = "avx512f")]
fn mixed(a: Register, b: Register) -> Register {
    let product = _mm512_mul_epu32(a, b);
    _mm512_add_epi64(_mm512_add_epi64(a, b), _mm512_add_epi64(product, product))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: Register, b: Register) -> Register {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: Register, b: Register, c: Register) -> Register {
    _mm512_ternarylogic_epi64::<0b1001_0110>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn first_word(register: Register) -> u64 {
    _mm_cvtsi128_si64(_mm512_castsi512_si128(register)) as u64
}
