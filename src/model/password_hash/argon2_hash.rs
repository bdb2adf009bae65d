//! Argon2 (RFC 9106): our own hashes (Argon2id) and foreign ones of all three variants.

use std::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::fields::SHORTEST_HASH_BYTES;
use super::{HashMemory, UnusableHash};
use crate::model::Argon2Cost;

pub(super) struct Argon2Hash {
    argon2: Argon2<'static>,
    salt: phc::Salt,
    expected: phc::Output,
}

const HASH_BYTES: usize = 32;
const DAMAGED: UnusableHash = UnusableHash::Damaged("Argon2");

pub(super) fn make(password: &[u8], salt: [u8; 16], cost: Argon2Cost, memory: &mut HashMemory) -> String {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES))
        .expect("a parsed cost is within Argon2's limits");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut output = [0; HASH_BYTES];
    argon2
        .hash_password_into_with_memory(password, &salt, &mut output, memory.for_argon2(&argon2))
        .expect("a checked cost, a 16-byte salt and a 32-byte output are always accepted");
    format!("$argon2id$v=19${cost}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output))
}

impl Argon2Hash {
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        let hash = phc::PasswordHash::new(text).map_err(|_| DAMAGED)?;
        let algorithm = Algorithm::from_str(hash.algorithm.as_str()).map_err(|_| DAMAGED)?;
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| DAMAGED)?;
        let params = Params::try_from(&hash).map_err(|_| DAMAGED)?;
        let cost = Argon2Cost { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() };
        if cost.exceeds(Argon2Cost::COSTLIEST) {
            return Err(UnusableHash::TooCostly("for Argon2, at most m=262144, t=16 and p=16"));
        }
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else { return Err(DAMAGED) };
        if expected.len() < SHORTEST_HASH_BYTES {
            return Err(DAMAGED);
        }
        Ok(Self { argon2: Argon2::new(algorithm, version, params), salt, expected })
    }

    pub(super) fn matches(&self, password: &[u8], memory: &mut HashMemory) -> bool {
        let mut output = Zeroizing::new(vec![0; self.expected.len()]);
        let blocks = memory.for_argon2(&self.argon2);
        let made = self.argon2.hash_password_into_with_memory(password, &self.salt, &mut output, blocks);
        made.is_ok() && verify_slices_are_equal(&output, self.expected.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, password: &str) -> Result<bool, UnusableHash> {
        Ok(Argon2Hash::parse(text)?.matches(password.as_bytes(), &mut HashMemory::default()))
    }

    #[test]
    fn the_costliest_hash_that_can_be_set_can_be_checked() {
        let mut memory = HashMemory::default();
        let costliest: Argon2Cost = "m=262144,t=16,p=16".parse().unwrap();
        assert_eq!(costliest, Argon2Cost::COSTLIEST);
        // As costly in each respect on its own: all at once would take seconds.
        for cost in ["m=262144,t=1,p=1", "m=7168,t=16,p=1", "m=19456,t=2,p=16"] {
            let hash = make(b"open sesame", [7; 16], cost.parse().unwrap(), &mut memory);
            assert_eq!(matches(&hash, "open sesame"), Ok(true), "{cost}");
        }
    }

    #[test]
    fn a_foreign_hash_matches_its_own_password() {
        // From the README of the reference implementation (phc-winner-argon2).
        let argon2i = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";
        assert_eq!(matches(argon2i, "password"), Ok(true));
        assert_eq!(matches(argon2i, "Password"), Ok(false));
    }

    #[test]
    fn a_costlier_hash_than_the_costliest_is_refused() {
        for cost in ["m=262145,t=2,p=1", "m=19456,t=17,p=1", "m=19456,t=2,p=17", "m=4194304,t=2,p=1"] {
            let text = format!("$argon2id$v=19${cost}$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG");
            assert!(matches!(matches(&text, "x"), Err(UnusableHash::TooCostly(_))), "{cost}");
        }
    }

    #[test]
    fn a_damaged_hash_is_refused() {
        for text in [
            "$argon2id$",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$",
            "$argon2id$v=19$m=19456,t=2,p=1$$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
            "$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub!b+dWRWJTmaaJObG",
            // Twelve bytes.
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub",
            "$argon2x$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        ] {
            assert_eq!(matches(text, "x"), Err(DAMAGED), "{text}");
        }
    }
}
