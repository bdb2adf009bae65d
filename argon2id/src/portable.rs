//! The compression function in plain Rust.

use crate::run::{Block, Run, three};

pub(crate) fn compute(blocks: &mut [Block], run: &Run<'_>, scratch: &mut Block) {
    for place in 0..run.count {
        let (previous, target) = run.previous_and_target(place);
        let reference = run.reference(place, blocks[previous][0]);
        let (previous, reference, target) = three(blocks, previous, reference, target);
        compress(previous, reference, target, run.mixes, scratch);
    }
}

fn compress(previous: &Block, reference: &Block, target: &mut Block, mixes: bool, scratch: &mut Block) {
    for place in 0..128 {
        let mixed = previous[place] ^ reference[place];
        scratch[place] = mixed;
        target[place] = if mixes { target[place] ^ mixed } else { mixed };
    }
    let mut words = [0; 16];
    for row in scratch.chunks_exact_mut(16) {
        words.copy_from_slice(row);
        permute(&mut words);
        row.copy_from_slice(&words);
    }
    for column in 0..8 {
        for row in 0..8 {
            words[2 * row] = scratch[16 * row + 2 * column];
            words[2 * row + 1] = scratch[16 * row + 2 * column + 1];
        }
        permute(&mut words);
        for row in 0..8 {
            target[16 * row + 2 * column] ^= words[2 * row];
            target[16 * row + 2 * column + 1] ^= words[2 * row + 1];
        }
    }
}

/// The permutation P (RFC 9106 §3.6).
#[inline(always)]
fn permute(v: &mut [u64; 16]) {
    quarter(v, 0, 4, 8, 12);
    quarter(v, 1, 5, 9, 13);
    quarter(v, 2, 6, 10, 14);
    quarter(v, 3, 7, 11, 15);
    quarter(v, 0, 5, 10, 15);
    quarter(v, 1, 6, 11, 12);
    quarter(v, 2, 7, 8, 13);
    quarter(v, 3, 4, 9, 14);
}

/// GB of RFC 9106 §3.6.
#[inline(always)]
fn quarter(v: &mut [u64; 16], a: usize, b: usize, c: usize, d: usize) {
    v[a] = mix(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = mix(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = mix(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = mix(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

#[inline(always)]
fn mix(a: u64, b: u64) -> u64 {
    let product = u64::from(a as u32) * u64::from(b as u32);
    a.wrapping_add(b).wrapping_add(product << 1)
}
