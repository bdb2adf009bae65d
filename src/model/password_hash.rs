//! The stored form of a password: a PHC string (ours, Argon2id) or a foreign hash that was brought along.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use super::{Argon2Cost, Password};

#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct PasswordHash(String);

/// A stored hash that cannot be checked: damaged, of an unknown kind, or so costly that checking it would be an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored password hash is damaged, of an unknown kind, or costlier than allowed")]
pub struct UnusableHash;

/// The memory of one hashing thread, kept from one hash to the next: mapping 19 MiB anew doubles the cost of a hash.
#[derive(Default)]
pub struct HashMemory {
    blocks: Vec<Block>,
    hashes: u64,
}

/// An allocation of over 32 MiB always is a mapping of its own, which glibc gives back to the system when it is freed;
/// a smaller one would stay with the process. What is reserved and not used costs nothing.
const LEAST_CAPACITY_BLOCKS: usize = 33 * 1024;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// About two seconds.
const COSTLIEST_BCRYPT: u32 = 15;

impl PasswordHash {
    /// Hashes a password; takes milliseconds, so it runs on a hashing thread only.
    pub fn make(password: &Password, salt: [u8; SALT_BYTES], cost: Argon2Cost, memory: &mut HashMemory) -> Self {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(cost, HASH_BYTES));
        let mut output = [0; HASH_BYTES];
        argon2
            .hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, memory.for_hash(&argon2))
            .expect("a checked cost, a 16-byte salt and a 32-byte output are always accepted");
        Self(format!("$argon2id$v=19${cost}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output)))
    }

    /// A hash that someone else made.
    pub fn from_existing(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a password is the one that was hashed; takes milliseconds, so it runs on a hashing thread only.
    pub fn matches(&self, password: &Password, memory: &mut HashMemory) -> Result<bool, UnusableHash> {
        if self.0.starts_with("$argon2") {
            self.argon2_matches(password, memory)
        } else if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| self.0.starts_with(prefix)) {
            memory.hashes += 1;
            self.bcrypt_matches(password)
        } else {
            Err(UnusableHash)
        }
    }

    /// Whether it is what [`PasswordHash::make`] would make today; if not, the next good login replaces it.
    pub fn is_current(&self, cost: Argon2Cost) -> bool {
        self.0.starts_with(&format!("$argon2id$v=19${cost}$"))
    }

    fn argon2_matches(&self, password: &Password, memory: &mut HashMemory) -> Result<bool, UnusableHash> {
        let hash = phc::PasswordHash::new(&self.0).map_err(|_| UnusableHash)?;
        let algorithm = Algorithm::from_str(hash.algorithm.as_str()).map_err(|_| UnusableHash)?;
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| UnusableHash)?;
        let params = Params::try_from(&hash).map_err(|_| UnusableHash)?;
        let cost = Argon2Cost { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() };
        let (Some(salt), Some(expected), false) = (hash.salt, hash.hash, cost.exceeds(Argon2Cost::COSTLIEST)) else {
            return Err(UnusableHash);
        };
        let argon2 = Argon2::new(algorithm, version, params);
        let mut output = Zeroizing::new(vec![0; expected.len()]);
        argon2
            .hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, memory.for_hash(&argon2))
            .map_err(|_| UnusableHash)?;
        Ok(verify_slices_are_equal(&output, expected.as_bytes()).is_ok())
    }

    /// bcrypt sees the first 72 bytes only; that is how these hashes were made, and why they are replaced.
    fn bcrypt_matches(&self, password: &Password) -> Result<bool, UnusableHash> {
        let cost: u32 = self.0.get(4..6).and_then(|cost| cost.parse().ok()).ok_or(UnusableHash)?;
        if cost > COSTLIEST_BCRYPT {
            return Err(UnusableHash);
        }
        bcrypt::verify(password.as_bytes(), &self.0).map_err(|_| UnusableHash)
    }
}

fn params(cost: Argon2Cost, output_bytes: usize) -> Params {
    Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(output_bytes))
        .expect("a parsed cost is within Argon2's limits")
}

impl HashMemory {
    /// How many hashes were computed since this was last asked, of whatever kind.
    pub fn take_count(&mut self) -> u64 {
        std::mem::take(&mut self.hashes)
    }

    fn for_hash(&mut self, argon2: &Argon2<'_>) -> &mut [Block] {
        self.hashes += 1;
        let blocks = argon2.params().block_count();
        if self.blocks.len() < blocks {
            self.blocks.reserve_exact(blocks.max(LEAST_CAPACITY_BLOCKS) - self.blocks.len());
            self.blocks.resize(blocks, Block::default());
        }
        &mut self.blocks[..blocks]
    }
}

/// What is left of a hash must not outlive its use.
impl Drop for HashMemory {
    fn drop(&mut self) {
        self.blocks.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HashMemory({} KiB)", self.blocks.len())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(Zeroizing::new(text.to_owned()))
    }

    fn matches(hash: &str, text: &str) -> Result<bool, UnusableHash> {
        PasswordHash::from_existing(hash).matches(&password(text), &mut HashMemory::default())
    }

    #[test]
    fn a_hash_matches_its_own_password_and_no_other() {
        let mut memory = HashMemory::default();
        let hash = PasswordHash::make(&password("open sesame"), [7; 16], Argon2Cost::DEFAULT, &mut memory);
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hash.matches(&password("open sesame"), &mut memory), Ok(true));
        assert_eq!(hash.matches(&password("open sesamE"), &mut memory), Ok(false));
        assert!(hash.is_current(Argon2Cost::DEFAULT));
        assert!(!hash.is_current(Argon2Cost { passes: 3, ..Argon2Cost::DEFAULT }));
    }

    #[test]
    fn the_costliest_hash_that_can_be_set_can_be_checked() {
        let mut memory = HashMemory::default();
        let costliest: Argon2Cost = "m=262144,t=16,p=16".parse().unwrap();
        assert_eq!(costliest, Argon2Cost::COSTLIEST);
        // As costly in each respect on its own: all at once would take seconds.
        for cost in ["m=262144,t=1,p=1", "m=7168,t=16,p=1", "m=19456,t=2,p=16"] {
            let hash = PasswordHash::make(&password("open sesame"), [7; 16], cost.parse().unwrap(), &mut memory);
            assert_eq!(hash.matches(&password("open sesame"), &mut memory), Ok(true), "{cost}");
        }
    }

    #[test]
    fn foreign_hashes_of_other_systems_match() {
        let bcrypt = bcrypt::hash("open sesame", 4).unwrap();
        assert_eq!(matches(&bcrypt, "open sesame"), Ok(true));
        assert_eq!(matches(&bcrypt.replacen("$2b$", "$2a$", 1), "open sesame"), Ok(true));
        assert_eq!(matches(&bcrypt.replacen("$2b$", "$2y$", 1), "open sesame!"), Ok(false));
        // From the README of the reference implementation (phc-winner-argon2).
        let argon2i = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";
        assert_eq!(matches(argon2i, "password"), Ok(true));
        assert_eq!(matches(argon2i, "Password"), Ok(false));
    }

    #[test]
    fn a_hash_that_cannot_be_checked_is_said_to_be_so() {
        for hash in [
            "",
            "plain",
            "$1$salt$hash",
            "$2b$31$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcdefghij",
            "$2b$",
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA",
        ] {
            assert_eq!(matches(hash, "x"), Err(UnusableHash), "{hash}");
        }
    }
}
