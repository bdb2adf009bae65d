//! What is hashed, and by which member of the family.

use std::fmt;

use crate::long_hash::blake2b;
use crate::{Cost, Error};

/// Which blocks a block depends on (RFC 9106 §3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// On those that the data choose: fastest against its attacker, but its memory accesses tell about the password.
    Argon2d,
    /// On those that do not depend on the password.
    Argon2i,
    /// In the first half of the first pass as Argon2i, then as Argon2d. What passwords should be hashed with.
    #[default]
    Argon2id,
}

/// The two that were ever released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 1.0: later passes overwrite blocks. For old hashes only.
    V0x10,
    /// 1.3 (RFC 9106): later passes are mixed in.
    #[default]
    V0x13,
}

/// Variant and version; by default Argon2id in version 0x13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheme {
    /// Which member of the family.
    pub variant: Variant,
    /// Which release of it.
    pub version: Version,
}

/// What a hash is made of. Each part has at most 2³²-1 bytes.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The message (P), usually a password.
    pub password: &'a [u8],
    /// The nonce (S), at least 8 bytes, as in the reference implementation; of a password, 16 random ones.
    pub salt: &'a [u8],
    /// The secret value (K), or nothing.
    pub secret: &'a [u8],
    /// The associated data (X), or nothing.
    pub associated_data: &'a [u8],
}

impl<'a> Input<'a> {
    /// Without a secret and associated data.
    pub fn new(password: &'a [u8], salt: &'a [u8]) -> Self {
        Self { password, salt, secret: &[], associated_data: &[] }
    }
}

pub(crate) const SHORTEST_SALT_BYTES: usize = 8;
pub(crate) const SHORTEST_OUTPUT_BYTES: usize = 4;

/// H₀ (RFC 9106 §3.2, step 1).
pub(crate) type Seed = zeroize::Zeroizing<[u8; 64]>;

pub(crate) fn seed(scheme: Scheme, input: &Input<'_>, cost: Cost, output_bytes: usize) -> Result<Seed, Error> {
    if input.salt.len() < SHORTEST_SALT_BYTES {
        return Err(Error::Salt);
    }
    if output_bytes < SHORTEST_OUTPUT_BYTES {
        return Err(Error::Output);
    }
    let parts = [
        ("password", input.password),
        ("salt", input.salt),
        ("secret", input.secret),
        ("associated data", input.associated_data),
    ];
    let numbers = [
        cost.lanes(),
        length("output", output_bytes)?,
        cost.memory_kib(),
        cost.passes(),
        scheme.version.number(),
        scheme.variant.number(),
    ];
    let mut lengths = [[0; 4]; 4];
    for (bytes, (name, part)) in lengths.iter_mut().zip(parts) {
        *bytes = length(name, part.len())?.to_le_bytes();
    }
    let numbers = numbers.map(u32::to_le_bytes);
    let mut hashed = vec![numbers.as_flattened()];
    for (length, (_, part)) in lengths.iter().zip(parts) {
        hashed.extend([length.as_slice(), part]);
    }
    let mut seed = Seed::new([0; 64]);
    blake2b(&hashed, &mut *seed);
    Ok(seed)
}

fn length(name: &'static str, bytes: usize) -> Result<u32, Error> {
    u32::try_from(bytes).map_err(|_| Error::TooLong(name))
}

impl Variant {
    /// As in the first hash and in the address blocks.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Argon2d => 0,
            Self::Argon2i => 1,
            Self::Argon2id => 2,
        }
    }

    pub(crate) const ALL: [Self; 3] = [Self::Argon2d, Self::Argon2i, Self::Argon2id];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Argon2d => "argon2d",
            Self::Argon2i => "argon2i",
            Self::Argon2id => "argon2id",
        }
    }
}

impl Version {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::V0x10 => 0x10,
            Self::V0x13 => 0x13,
        }
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Input(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_learns_nothing_of_what_is_hashed() {
        assert_eq!(format!("{:?}", Input::new(b"open sesame", b"some salt")), "Input(…)");
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    #[cfg_attr(miri, ignore = "its own address space is smaller")]
    fn a_length_that_does_not_fit_into_its_field_is_refused() {
        let refused =
            |input: Input<'_>, output| seed(Scheme::default(), &input, Cost::new(8, 1, 1).unwrap(), output).err();
        let few = Input::new(b"", b"some salt");
        assert_eq!(refused(few, u32::MAX as usize), None);
        assert_eq!(refused(few, u32::MAX as usize + 1), Some(Error::TooLong("output")));
        // Nothing of it is ever touched.
        let many = memmap2::MmapOptions::new().len(1 << 32).no_reserve_swap().map_anon().unwrap();
        for (input, name) in [
            (Input { password: &many, ..few }, "password"),
            (Input { salt: &many, ..few }, "salt"),
            (Input { secret: &many, ..few }, "secret"),
            (Input { associated_data: &many, ..few }, "associated data"),
        ] {
            assert_eq!(refused(input, 32), Some(Error::TooLong(name)));
        }
    }
}
