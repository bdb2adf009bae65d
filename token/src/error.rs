//! Why a token is refused, and why a key is.

/// Why a token was refused.
///
/// For the log of the service that verifies. Do not tell the bearer which it was: RFC 6750 §3.1 has
/// one code, `invalid_token`, for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// Longer than [`MAXIMUM_TOKEN_BYTES`](crate::MAXIMUM_TOKEN_BYTES).
    #[error("token is longer than 8 KiB")]
    TooLong,
    /// Not three parts of canonical base64url (RFC 7515 §7.1).
    #[error("token is not three parts of canonical base64url")]
    Malformed,
    /// The header is not a JSON object of exactly the texts `alg`, `kid` and `typ`.
    #[error("token header must have exactly alg, kid and typ")]
    Header,
    /// `typ` is not `at+jwt`: some other kind of JWT.
    #[error("token is not an access token (typ at+jwt)")]
    Type,
    /// `kid` is not in the key set: fetch a fresh set (not more than once a minute), then refuse.
    #[error("token is signed by a key that is not in the key set")]
    UnknownKey,
    /// `alg` is not the algorithm of the key that `kid` names.
    #[error("token names another algorithm than its key has")]
    Algorithm,
    /// The signature has the wrong size or does not fit.
    #[error("token signature is wrong")]
    Signature,
    /// The payload is not a JSON object with unique names, or a claim is missing or of the wrong
    /// type.
    #[error("token payload lacks a claim or has one of the wrong type")]
    Claims,
    /// `exp` is now or in the past.
    #[error("token has expired")]
    Expired,
    /// `nbf` or `iat` is further in the future than the leeway.
    #[error("token is not valid yet; compare the clocks of issuer and verifier")]
    NotYetValid,
    /// `iss` is not the issuer expected.
    #[error("token is from another issuer")]
    WrongIssuer,
    /// `aud` does not contain the audience expected.
    #[error("token is for another audience")]
    WrongAudience,
}

/// Why a key or a key set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// HS256 has no key pair to generate, to import or to export.
    #[error("HS256 has no key pair; use SigningKey::from_shared_secret")]
    SharedSecret,
    /// The system gave no randomness or no memory for a new key.
    #[error("key generation failed")]
    Generation,
    /// The bytes are not a PKCS#8 private key (RFC 5208, DER, not encrypted) of this algorithm's
    /// kind.
    #[error("not an unencrypted PKCS#8 DER private key for {0}")]
    PrivateKey(crate::Algorithm),
    /// An RSA modulus outside 2048 to 4096 bits, or an exponent other than 65537.
    #[error("RSA keys must have 2048 to 4096 bits and the exponent 65537")]
    RsaParameters,
    /// The key could not be written, or could not sign.
    #[error("the private key operation failed")]
    Operation,
    /// The claims make a token longer than [`MAXIMUM_TOKEN_BYTES`](crate::MAXIMUM_TOKEN_BYTES).
    #[error("the claims make a token longer than 8 KiB, which every verifier would refuse")]
    TokenTooLong,
    /// Two keys have this `kid`, so a token would not say which of them it means (RFC 7517 §4.5).
    #[error("two keys have the kid {0:?}")]
    DuplicateKeyId(String),
    /// A JWK's `alg` does not belong to its `kty` and `crv`.
    #[error("the JWK {0:?} has an alg that does not fit its kty")]
    AlgorithmMismatch(String),
    /// A symmetric key (`kty: oct`) in a key set: what everyone can read can sign nothing.
    #[error("a key set must not contain a symmetric key (kty oct)")]
    SymmetricKey,
    /// A JWK of a known kind whose members are missing, not canonical or no point of its curve.
    #[error("the JWK {0:?} is damaged")]
    Jwk(String),
}
