//! Argon2 (RFC 9106): our own hashes (Argon2id) and foreign ones of all three variants.

use bulla_argon2::{Cost, Phc, Scheme};

use super::fields::SHORTEST_HASH_BYTES;
use super::{HashMemory, UnusableHash};
use crate::model::Argon2Cost;

pub(super) struct Argon2Hash(Phc);

const DAMAGED: UnusableHash = UnusableHash::Damaged("Argon2");

pub(super) fn make(password: &[u8], salt: [u8; 16], cost: Argon2Cost, memory: &mut HashMemory) -> String {
    bulla_argon2::hash(password, &salt, cost_of(cost), memory.for_argon2()).expect(ROOM)
}

pub(super) fn of_nobody(salt: [u8; 16], hash: [u8; bulla_argon2::HASH_BYTES], cost: Argon2Cost) -> String {
    Phc { scheme: Scheme::default(), cost: cost_of(cost), salt: salt.into(), hash: hash.into() }.to_string()
}

fn cost_of(Argon2Cost { memory_kib, passes, lanes }: Argon2Cost) -> Cost {
    Cost::new(memory_kib, passes, lanes).expect("a parsed cost is within Argon2's limits")
}

/// A thread that gets no memory cannot answer anyone; the panic ends one request, and says so in the log.
const ROOM: &str = "the system has memory for a password hash";

impl Argon2Hash {
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        let phc: Phc = text.parse().map_err(|_| DAMAGED)?;
        if !phc.cost.is_within(cost_of(Argon2Cost::COSTLIEST)) {
            return Err(UnusableHash::TooCostly("for Argon2, at most m=262144, t=16 and p=16"));
        }
        if phc.hash.len() < SHORTEST_HASH_BYTES {
            return Err(DAMAGED);
        }
        Ok(Self(phc))
    }

    pub(super) fn matches(&self, password: &[u8], memory: &mut HashMemory) -> bool {
        self.0.matches(password, memory.for_argon2()).expect(ROOM)
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
