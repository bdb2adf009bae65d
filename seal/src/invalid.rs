//! The refusals that anyone could work out without a private key.

/// Why a text is no envelope that this crate accepts. Nothing here depends on a private key, so
/// a server may tell it to anyone; each message says what was wrong and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum InvalidEnvelope {
    /// More than 4096 bytes of text.
    #[error("the sealed password exceeds 4096 bytes; seal a shorter one")]
    TooLong,
    /// The text resembles no envelope: a password in clear, most likely. [`crate::Envelope::parse`]
    /// defines what resembles one.
    #[error(
        "the password is not sealed; seal it with the key of GET /api/auth/sealing-key as a compact JWE, \
         or encrypt it with GET /api/auth/public.pem and RSA-OAEP-SHA-256 and send base64"
    )]
    NotSealed,
    /// A JWE in one of the JSON serializations (RFC 7516 §7.2).
    #[error("the JWE is in a JSON serialization; send the compact one, five parts with dots between them")]
    JsonSerialization,
    /// Not five parts.
    #[error("a JWE has five parts with dots between them; this text begins like one and has another number")]
    PartCount,
    /// Not the one canonical base64url or base64 text of its bytes.
    #[error(
        "the encoding is not canonical; a JWE takes base64url without padding, the raw form takes standard \
         base64 with padding, both without whitespace and line breaks (`base64 -w0`)"
    )]
    Encoding,
    /// The decoded protected header exceeds 1024 bytes.
    #[error("the JWE's protected header exceeds 1024 bytes; it needs only alg, enc and kid")]
    HeaderTooLong,
    /// Not UTF-8, not a JSON object, or a member twice (RFC 7516 §4).
    #[error("the JWE's protected header is not a JSON object with each member once")]
    Header,
    /// `alg` is not `RSA-OAEP-256`.
    #[error("the JWE's alg must be RSA-OAEP-256; PKCS#1 v1.5 (RSA1_5) and SHA-1 (RSA-OAEP) are never accepted")]
    UnsupportedAlgorithm,
    /// `enc` is not `A256GCM`.
    #[error("the JWE's enc must be A256GCM")]
    UnsupportedEncryption,
    /// A `zip` member: compression before encryption betrays contents by length (RFC 8725 §3.6).
    #[error("the JWE's protected header has zip; send the payload uncompressed")]
    Compressed,
    /// A `crit` member (RFC 7516 §4.1.13): we know no extension, so it must be refused.
    #[error("the JWE's protected header has crit; no extension is supported")]
    CriticalExtension,
    /// A member that is none of `alg`, `enc`, `kid` and `typ`, or a `typ` other than `JOSE`.
    #[error("the JWE's protected header may have alg, enc, kid and typ (JOSE) and no other member")]
    HeaderMember,
    /// No `kid`, or one that is no text.
    #[error("the JWE's protected header lacks kid; copy it from GET /api/auth/sealing-key")]
    MissingKeyId,
    /// Not 12 bytes (RFC 7518 §5.3).
    #[error("the JWE's initialization vector must have 12 bytes")]
    InitializationVectorLength,
    /// No bytes at all.
    #[error("the JWE's ciphertext is empty")]
    EmptyCiphertext,
    /// Not 16 bytes (RFC 7518 §5.3).
    #[error("the JWE's authentication tag must have 16 bytes")]
    TagLength,
    /// The RSA ciphertext is not exactly as long as the modulus (RFC 8017 §7.1.2, step 1b).
    #[error("the RSA ciphertext is not as long as the key's modulus; keep its leading zero bytes")]
    RsaCiphertextLength,
    /// The RSA ciphertext, as a number, is not below the modulus (RFC 8017 §5.1.2, step 1).
    #[error("the RSA ciphertext is not below the key's modulus; encrypt with the current key")]
    RsaCiphertextRange,
}
