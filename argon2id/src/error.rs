//! What can be wrong.

use crate::cost::MOST_LANES;

/// Why nothing was hashed. No variant repeats a password, a salt or a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// RFC 9106 §3.1: `p` from 1 to 2²⁴-1, `m` at least 8 × `p` KiB, `t` at least 1.
    #[error("the cost {0} is not one of Argon2: p is from 1 to {MOST_LANES}, m at least 8 times p, t at least 1")]
    Cost(String),
    /// At least 8 bytes, as in the reference implementation; RFC 9106 §3.1 recommends 16.
    #[error("a salt must have at least 8 bytes")]
    Salt,
    /// At least 4 bytes (RFC 9106 §3.1).
    #[error("a hash must have at least 4 bytes")]
    Output,
    /// At most 2³²-1 bytes (RFC 9106 §3.1).
    #[error("the {0} has 4 GiB or more")]
    TooLong(&'static str),
    /// Not of the form `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
    #[error("this is no PHC string of Argon2: {0}")]
    Phc(&'static str),
    /// The system did not give the memory that the cost asks for.
    #[error("there is no room for {mib} MiB: {reason}")]
    Memory {
        /// What was asked for.
        mib: usize,
        /// In the system's words.
        reason: String,
    },
}
