//! BLAKE2b, and H′ of RFC 9106 §3.3, which is BLAKE2b for any length.
//!
//! What is hashed may be a password: its last 128 bytes stay on the stack, which is for the caller to overwrite.

use blake2::Blake2bVarCore;
use blake2::digest::Output;
use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use zeroize::{Zeroize, Zeroizing};

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

/// BLAKE2b with an output of 1 to 64 bytes (RFC 7693). State and buffer stay where they are, and are wiped when they are
/// dropped; a hash that is moved into its end would leave its buffer behind.
pub(crate) fn blake2b(parts: &[&[u8]], output: &mut [u8]) {
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
