//! BLAKE2b, and H′ of RFC 9106 §3.3, which is BLAKE2b for any length.
//!
//! What is hashed may be a password. State and buffer are wiped when they are dropped; what the compiler and the `blake2`
//! crate leave on the stack, among it the last 128 bytes of what is hashed, is overwritten as far as that can be said.

use blake2::Blake2bVarCore;
use blake2::digest::Output;
use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use zeroize::{Zeroize, Zeroizing, zeroize_stack};

const WHOLE: usize = 64;
const HALF: usize = WHOLE / 2;

/// Fills `output`, whose length is a part of what is hashed.
pub(crate) fn long_hash(parts: &[&[u8]], output: &mut [u8]) {
    let length = u32::try_from(output.len()).expect("checked where the output comes from").to_le_bytes();
    let parts = [&[length.as_slice()], parts].concat();
    if output.len() <= WHOLE {
        return blake2b(&parts, output);
    }
    let mut link = Zeroizing::new([0; WHOLE]);
    blake2b(&parts, &mut *link);
    let mut rest = output;
    loop {
        let (half, after) = rest.split_at_mut(HALF);
        half.copy_from_slice(&link[..HALF]);
        rest = after;
        if rest.len() <= WHOLE {
            return blake2b(&[&*link], rest);
        }
        let before = link.clone();
        blake2b(&[&*before], &mut *link);
    }
}

/// More than BLAKE2b uses: two states of 128 bytes, a block or two, and what lies between.
const STACK_BYTES: usize = 4096;

/// BLAKE2b with an output of 1 to 64 bytes (RFC 7693).
pub(crate) fn blake2b(parts: &[&[u8]], output: &mut [u8]) {
    blake2b_on_stack(parts, output);
    zeroize_stack::<STACK_BYTES>();
}

/// State and buffer stay where they are: a hash that is moved into its end would leave its buffer behind.
#[inline(never)]
fn blake2b_on_stack(parts: &[&[u8]], output: &mut [u8]) {
    let mut core = Blake2bVarCore::new(output.len()).expect("1 to 64 bytes");
    let mut buffer = LazyBuffer::default();
    for part in parts {
        buffer.digest_blocks(part, |blocks| core.update_blocks(blocks));
    }
    let mut whole = Output::<Blake2bVarCore>::default();
    core.finalize_variable_core(&mut buffer, &mut whole);
    output.copy_from_slice(&whole[..output.len()]);
    whole.zeroize();
}
