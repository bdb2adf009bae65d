//! What can be wrong.

/// Why nothing was hashed. No variant repeats a password, a salt or a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// RFC 9106 §3.1: `p` from 1 to 2²⁴-1, `m` at least 8 × `p` KiB, `t` at least 1.
    #[error("the cost {0} is not one of Argon2: p is at least 1, m at least 8 times p, t at least 1")]
    Cost(String),
    /// At least 8 bytes, below 4 GiB; 16 are recommended.
    #[error("a salt has at least 8 bytes")]
    Salt,
    /// 4 bytes to 4 GiB.
    #[error("a hash has at least 4 bytes")]
    Output,
    /// Below 4 GiB.
    #[error("the {0} is longer than 4 GiB")]
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
