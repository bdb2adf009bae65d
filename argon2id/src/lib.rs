//! Argon2id (RFC 9106), version 0x13, as fast as the processor and its memory allow.
//!
//! A password hash costs its attacker memory and time. The defender pays the same, so whatever the defender wastes is
//! strength given away. This crate wastes little: blocks are compressed in AVX-512 or AVX2 registers without being
//! copied, the block that comes next is fetched while this one is still being computed, and one [`Memory`] on huge pages
//! serves hash after hash. An attacker with GPUs gains nothing from it; a server can afford stronger parameters in the
//! same time.
//!
//! ```
//! use bulla_argon2::{Cost, Memory, hash, verify};
//!
//! let mut memory = Memory::new(); // one a thread, kept
//! let salt = *b"sixteen bytes, ."; // in earnest: 16 random bytes, others for each password (RFC 9106 §3.1)
//! let stored = hash(b"open sesame", &salt, Cost::new(19_456, 2, 1)?, &mut memory)?;
//! assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//! assert!(verify(b"open sesame", &stored, &mut memory)?);
//! assert!(!verify(b"open barley", &stored, &mut memory)?);
//! # Ok::<(), bulla_argon2::Error>(())
//! ```
//!
//! [`hash`] and [`verify`] speak PHC strings ([`Phc`], which takes a secret and associated data, too: [`Phc::of`]);
//! [`derive()`] fills bytes of any length, and also computes Argon2d, Argon2i and version 0x10, so that hashes of others
//! can be verified.
//!
//! Lanes (p) are computed one after the other, on the thread that asks: a server has other hashes for its other cores.
//!
//! # Strings of strangers
//!
//! A hash takes 1 KiB of memory for each of `m`, and time in proportion to `m` times `t`: up to 4 TiB, and years. Nothing
//! here limits what a PHC string may ask for, nor how short its hash may be: of 4 bytes, one wrong password in 2³² matches.
//! Where strings may come from others, look before you verify:
//!
//! ```
//! # use bulla_argon2::{Cost, Memory, Phc};
//! # let stored = "$argon2id$v=19$m=4194304,t=99,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";
//! # let mut memory = Memory::new();
//! let most = Cost::new(262_144, 16, 16)?;
//! let phc: Phc = stored.parse()?;
//! let is_right = phc.cost.is_within(most) && phc.hash.len() >= 16 && phc.matches(b"open sesame", &mut memory)?;
//! # assert!(!is_right);
//! # Ok::<(), bulla_argon2::Error>(())
//! ```
#![deny(missing_docs)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod backend;
mod cost;
mod error;
mod fill;
// An emulator shows the memory and the processor of another machine.
#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod inspection;
mod long_hash;
mod memory;
mod phc;
mod portable;
mod run;
mod scheme;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use subtle::ConstantTimeEq;
use zeroize::{Zeroizing, zeroize_stack};

pub use backend::Backend;
pub use cost::Cost;
pub use error::Error;
pub use memory::Memory;
pub use phc::Phc;
pub use scheme::{Input, Scheme, Variant, Version};

/// Bytes of the hashes that [`hash`] makes.
pub const HASH_BYTES: usize = 32;

/// A PHC string of Argon2id, version 0x13, with a hash of [`HASH_BYTES`] bytes. The salt is random and used once: 16 bytes
/// are enough (RFC 9106 §3.1).
///
/// # Errors
/// A salt below 8 bytes, a salt or password of 2³² bytes or more, or memory that the system does not give.
pub fn hash(password: &[u8], salt: &[u8], cost: Cost, memory: &mut Memory) -> Result<String, Error> {
    Phc::of(&Input::new(password, salt), cost, memory).map(|phc| phc.to_string())
}

/// Whether a PHC string of Argon2 (all variants, versions 0x10 and 0x13) is of this password. Hashes are compared in
/// constant time. Takes as much memory and time as the string says, [whoever wrote it](self#strings-of-strangers).
///
/// # Errors
/// A string that is none of Argon2, or whose cost is none ([`Error::Cost`]); a password of 2³² bytes or more; or memory that
/// the system does not give.
pub fn verify(password: &[u8], phc: &str, memory: &mut Memory) -> Result<bool, Error> {
    phc.parse::<Phc>()?.matches(password, memory)
}

/// Fills `output` (4 to 2³²-1 bytes) with what Argon2 derives from `input` (RFC 9106 §3.2). Takes less than 80 KiB of the
/// stack, most of which it overwrites at the end.
///
/// # Errors
/// A salt below 8 bytes, as in the reference implementation; a length that RFC 9106 §3.1 does not allow; or memory that the
/// system does not give.
pub fn derive(
    scheme: Scheme,
    input: &Input<'_>,
    cost: Cost,
    memory: &mut Memory,
    output: &mut [u8],
) -> Result<(), Error> {
    let _wiped = WipedStack;
    let memory = WipedIfBroken(memory);
    derive_on_stack(scheme, input, cost, memory.0, output)
}

/// Wipes the memory of a hash that a pause broke off: what it holds is of this hash and of the one before.
struct WipedIfBroken<'m>(&'m mut Memory);

impl Drop for WipedIfBroken<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.wipe();
        }
    }
}

/// Overwrites what the compiler and the `blake2` crate leave below, under no name that could be wiped: the end of the
/// password, blocks, registers that were put aside. After a pause that panics, too. The processor's own registers are not
/// cleared: until others use them they hold much of the last block, which at p=1 is worth as much as the hash.
struct WipedStack;

/// More than is used below, also where the compiler optimizes nothing; where it does, it is some ten blocks.
const STACK_BYTES: usize = 64 * 1024;

impl Drop for WipedStack {
    fn drop(&mut self) {
        zeroize_stack::<STACK_BYTES>();
    }
}

#[inline(never)]
fn derive_on_stack(
    scheme: Scheme,
    input: &Input<'_>,
    cost: Cost,
    memory: &mut Memory,
    output: &mut [u8],
) -> Result<(), Error> {
    let seed = scheme::seed(scheme, input, cost, output.len())?;
    let (blocks, compressor) = memory.blocks(cost)?;
    fill::fill(blocks, &fill::Shape::of(cost, scheme), &seed, compressor);
    let last = fill::xor_of_last_blocks(blocks, cost.lanes(), compressor.backend);
    long_hash::long_hash(&[bytemuck::bytes_of(&*last)], output);
    Ok(())
}

impl Phc {
    /// Of Argon2id, version 0x13, with a hash of [`HASH_BYTES`] bytes. Its string says nothing of a secret (a "pepper") and
    /// of associated data, so [`Phc::matches_with`] is told of them again.
    ///
    /// # Errors
    /// As [`hash`](hash()), and a secret or data of 2³² bytes or more.
    pub fn of(input: &Input<'_>, cost: Cost, memory: &mut Memory) -> Result<Self, Error> {
        let (scheme, mut hash) = (Scheme::default(), vec![0; HASH_BYTES]);
        derive(scheme, input, cost, memory, &mut hash)?;
        Ok(Self { scheme, cost, salt: input.salt.to_vec(), hash })
    }

    /// Whether this is the hash of a password, at the cost that it says. Compares in constant time.
    ///
    /// # Errors
    /// A salt, hash or password of a length that [`derive()`] does not take, or memory that the system does not give.
    pub fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, Error> {
        self.matches_with(password, &[], &[], memory)
    }

    /// As [`Phc::matches`], of a hash that was also made of a secret or of associated data.
    ///
    /// # Errors
    /// As there, and a secret or data of a length that [`derive()`] does not take.
    pub fn matches_with(
        &self,
        password: &[u8],
        secret: &[u8],
        associated_data: &[u8],
        memory: &mut Memory,
    ) -> Result<bool, Error> {
        let input = Input { password, salt: &self.salt, secret, associated_data };
        let mut made = Zeroizing::new(vec![0; self.hash.len()]);
        derive(self.scheme, &input, self.cost, memory, &mut made)?;
        Ok(made.ct_eq(&self.hash).into())
    }
}
