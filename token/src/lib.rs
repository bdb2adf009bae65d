//! Bulla's access tokens: issue them, publish the keys, verify them offline.
//!
//! An access token is a JWT (RFC 7519) in JWS compact serialization (RFC 7515 §7.1) with the
//! profile of RFC 9068: `typ: at+jwt`, signed, never encrypted. Its whole format, with what a
//! verifier must refuse and why, is in `spec/token.md`; `spec/vectors/token.json` has an example
//! of each refusal.
//!
//! A service that receives tokens needs three things: the issuer and the audience it expects, and
//! the issuer's key set (`GET /.well-known/jwks.json`). It asks nobody else.
//!
//! ```
//! use bulla_token::{Algorithm, Claims, JwkSet, SigningKey, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The issuer: one key, one token, and the key set that it publishes.
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let token = key.issue(&Claims {
//!     iss: "https://auth.example.com".into(),
//!     sub: "42".into(),
//!     aud: "https://api.example.com".into(),
//!     iat: 1_800_000_000,
//!     exp: 1_800_000_600,
//!     jti: "7b1e".into(),
//!     sid: "9f3c".into(),
//!     email: "ada@example.com".into(),
//!     id: None,
//! })?;
//! let key_set = JwkSet { keys: key.jwk().cloned().into_iter().collect() };
//! let published = serde_json::to_string(&key_set)?;
//!
//! // Another service, which knows only that text.
//! let key_set: JwkSet = serde_json::from_str(&published)?;
//! let verifier = Verifier::new("https://auth.example.com", "https://api.example.com")
//!     .with_jwks(&key_set)?;
//! let claims = verifier.verify(&token, 1_800_000_001)?;
//! assert_eq!(claims.sub, "42");
//! assert!(verifier.verify(&token, 1_800_000_600).is_err(), "expired");
//! # Ok(())
//! # }
//! ```
//!
//! What an offline verifier cannot see: a session that ended after its token was issued. Such a
//! token stays valid here until `exp`; the issuer's `/verify` refuses it within a second.

#![deny(missing_docs)]

mod algorithm;
mod base64url;
mod claims;
mod error;
mod header;
mod json;
mod jwk;
mod shared_secret;
mod signing_key;
mod verification_key;
mod verifier;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::Claims;
pub use error::{InvalidToken, KeyError};
pub use jwk::{Jwk, JwkSet};
pub use shared_secret::{SHARED_SECRET_KEY_ID, WeakSecret};
pub use signing_key::SigningKey;
pub use verifier::{DEFAULT_LEEWAY_SECONDS, MAXIMUM_LEEWAY_SECONDS, Verifier, kid_of};

/// The longest token in bytes, 8 KiB. A longer one is refused before anything in it is read, and
/// none is issued: it would not fit the header limits of common proxies.
pub const MAXIMUM_TOKEN_BYTES: usize = 8 * 1024;
