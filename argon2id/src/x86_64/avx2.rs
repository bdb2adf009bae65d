//! The compression function in AVX2 registers: 256 bits, four words, at a time.
//!
//! Nothing is copied: the row rounds take their input straight from the two blocks, whose xor goes into the target, and
//! the column rounds xor their output into that. Between them, a block rests in the first-level cache, since sixteen
//! registers do not hold it. A round is a chain of operations that each wait for the one before, so four rows, or the
//! registers of four columns, go side by side.
//!
//! Loops instead of closures: not every profile lets a compiler inline those.
#![expect(unsafe_code, reason = "calls a function that needs AVX2, where it was found")]

use std::arch::x86_64::*;
use std::hint::black_box;

use super::fetch::{fetch_next, fetch_target};
use crate::run::{Block, Run, three};

/// That this processor has AVX2: made by [`Avx2::detect`] alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(crate) fn compute(self, blocks: &mut [Block], run: &Run<'_>, scratch: &mut Block) {
        // SAFETY: `compute` is safe but for its need of AVX2, and that `self` exists shows that the processor has it.
        unsafe { compute(bytemuck::cast_slice_mut(blocks), run, bytemuck::cast_mut(scratch)) }
    }
}

type Register = __m256i;
/// Four rows of four registers.
type Half = [Register; 16];
/// A block.
type Halves = [Half; 2];
type Quad = [Register; 4];

#[target_feature(enable = "avx2")]
fn compute(blocks: &mut [Halves], run: &Run<'_>, scratch: &mut Halves) {
    let (base, rotations) = (blocks.as_ptr(), Rotations::new());
    let mut chosen = run.reference(0, first_word(blocks[run.previous][0][0]));
    for place in 0..run.count {
        fetch_target(base, run, place);
        let (previous, target) = run.previous_and_target(place);
        let (previous, reference, target) = three(blocks, previous, chosen, target);
        for half in 0..2 {
            let mut rows = previous[half];
            xor_into(&mut rows, &reference[half]);
            if run.mixes {
                xor_into(&mut target[half], &rows);
            } else {
                target[half] = rows;
            }
            scratch[half] = permuted_rows(rows, &rotations);
        }
        permute_columns::<0>(scratch, target, &rotations);
        // The first word decides which block is read next; the other columns take as long as it takes to fetch it.
        if place + 1 < run.count {
            chosen = run.reference(place + 1, first_word(target[0][0]));
            fetch_next(base, run, place, chosen);
        }
        permute_columns::<2>(scratch, target, &rotations);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor_into(half: &mut Half, other: &Half) {
    for register in 0..16 {
        half[register] = xor(half[register], other[register]);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn permuted_rows(mut rows: Half, by: &Rotations) -> Half {
    let zero = [_mm256_setzero_si256(); 4];
    let [mut a, mut b, mut c, mut d] = [zero; 4];
    for row in 0..4 {
        [a[row], b[row], c[row], d[row]] = [rows[4 * row], rows[4 * row + 1], rows[4 * row + 2], rows[4 * row + 3]];
    }
    quarters(&mut a, &mut b, &mut c, &mut d, by);
    for row in 0..4 {
        b[row] = _mm256_permute4x64_epi64::<0b00_11_10_01>(b[row]);
        c[row] = _mm256_permute4x64_epi64::<0b01_00_11_10>(c[row]);
        d[row] = _mm256_permute4x64_epi64::<0b10_01_00_11>(d[row]);
    }
    quarters(&mut a, &mut b, &mut c, &mut d, by);
    for row in 0..4 {
        rows[4 * row] = a[row];
        rows[4 * row + 1] = _mm256_permute4x64_epi64::<0b10_01_00_11>(b[row]);
        rows[4 * row + 2] = _mm256_permute4x64_epi64::<0b01_00_11_10>(c[row]);
        rows[4 * row + 3] = _mm256_permute4x64_epi64::<0b00_11_10_01>(d[row]);
    }
    rows
}

/// Four columns: those of the registers `FIRST` and `FIRST + 1` of each row. Half a register belongs to either column.
#[inline]
#[target_feature(enable = "avx2")]
fn permute_columns<const FIRST: usize>(scratch: &Halves, target: &mut Halves, by: &Rotations) {
    let (scratch, target) = (scratch.as_flattened(), target.as_flattened_mut());
    let mut a = column_quarter(scratch, FIRST);
    let mut b = column_quarter(scratch, FIRST + 8);
    let mut c = column_quarter(scratch, FIRST + 16);
    let mut d = column_quarter(scratch, FIRST + 24);
    quarters(&mut a, &mut b, &mut c, &mut d, by);
    b = rotated_left(b);
    c = [c[1], c[0], c[3], c[2]];
    d = rotated_right(d);
    quarters(&mut a, &mut b, &mut c, &mut d, by);
    b = rotated_right(b);
    c = [c[1], c[0], c[3], c[2]];
    d = rotated_left(d);
    xor_into_column_quarter(target, FIRST, a);
    xor_into_column_quarter(target, FIRST + 8, b);
    xor_into_column_quarter(target, FIRST + 16, c);
    xor_into_column_quarter(target, FIRST + 24, d);
}

/// Of a column, a register has two words; so four words of it are in the registers of two rows.
#[inline]
#[target_feature(enable = "avx2")]
fn column_quarter(block: &[Register], at: usize) -> Quad {
    [block[at], block[at + 4], block[at + 1], block[at + 5]]
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor_into_column_quarter(block: &mut [Register], at: usize, quad: Quad) {
    block[at] = xor(block[at], quad[0]);
    block[at + 4] = xor(block[at + 4], quad[1]);
    block[at + 1] = xor(block[at + 1], quad[2]);
    block[at + 5] = xor(block[at + 5], quad[3]);
}

/// Of each column, four words that are spread over two registers, by one word.
#[inline]
#[target_feature(enable = "avx2")]
fn rotated_left([a, b, c, d]: Quad) -> Quad {
    [joined(a, b), joined(b, a), joined(c, d), joined(d, c)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotated_right([a, b, c, d]: Quad) -> Quad {
    [joined(b, a), joined(a, b), joined(d, c), joined(c, d)]
}

/// In each half, the upper word of one and then the lower word of the other.
#[inline]
#[target_feature(enable = "avx2")]
fn joined(upper: Register, lower: Register) -> Register {
    _mm256_alignr_epi8::<8>(lower, upper)
}

/// GB of RFC 9106 §3.6, sixteen times at once.
#[inline]
#[target_feature(enable = "avx2")]
fn quarters(a: &mut Quad, b: &mut Quad, c: &mut Quad, d: &mut Quad, by: &Rotations) {
    for i in 0..4 {
        a[i] = mixed(a[i], b[i]);
        d[i] = _mm256_shuffle_epi8(xor(d[i], a[i]), by.r32);
    }
    for i in 0..4 {
        c[i] = mixed(c[i], d[i]);
        b[i] = _mm256_shuffle_epi8(xor(b[i], c[i]), by.r24);
    }
    for i in 0..4 {
        a[i] = mixed(a[i], b[i]);
        d[i] = _mm256_shuffle_epi8(xor(d[i], a[i]), by.r16);
    }
    for i in 0..4 {
        c[i] = mixed(c[i], d[i]);
        let both = xor(b[i], c[i]);
        // To the right by 63 is to the left by one.
        b[i] = _mm256_or_si256(_mm256_srli_epi64::<63>(both), _mm256_add_epi64(both, both));
    }
}

/// a + b + 2 × the product of their lower halves.
#[inline]
#[target_feature(enable = "avx2")]
fn mixed(a: Register, b: Register) -> Register {
    let product = _mm256_mul_epu32(a, b);
    _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(product, product))
}

/// For the bytes of each word, where they come from when it is rotated to the right.
struct Rotations {
    r16: Register,
    r24: Register,
    r32: Register,
}

impl Rotations {
    /// Hidden from the compiler, which otherwise sees that they commute with an xor, and rotates both its operands.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let by = |bytes: i64| {
            let word = |word: i64| 0x0706_0504_0302_0100_u64.rotate_right(8 * bytes as u32) as i64 + word;
            let second = 0x0808_0808_0808_0808;
            _mm256_setr_epi64x(word(0), word(second), word(0), word(second))
        };
        black_box(Self { r16: by(2), r24: by(3), r32: by(4) })
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(one: Register, other: Register) -> Register {
    _mm256_xor_si256(one, other)
}

#[inline]
#[target_feature(enable = "avx2")]
fn first_word(register: Register) -> u64 {
    _mm_cvtsi128_si64(_mm256_castsi256_si128(register)) as u64
}
