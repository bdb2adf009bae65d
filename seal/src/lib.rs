//! Sealed passwords: what a client puts a password into, and how a server takes it out again.
//!
//! An [`Envelope`] is a JWE in compact serialization (RFC 7516 §7.1) with exactly one shape,
//! `RSA-OAEP-256` and `A256GCM`, made to a server's RSA key. It is bound to a [`Purpose`], to an
//! account and to a server-issued nonce, so that it is worthless anywhere else and soon after.
//! A second, raw form (plain RSA-OAEP in base64) serves OpenSSL and Postman.
//!
//! Opening takes three steps, and the types keep them in order:
//!
//! 1. [`Envelope::parse`] checks all that needs no key. Its refusals may be told to anyone.
//! 2. [`Envelope::address`] finds the key, and checks what its public part decides.
//! 3. [`Addressed::open`] uses the private key. Its failures carry no reason, so that a server
//!    has none to leak, and each costs the same private-key operations.
//!
//! The crate keeps no state: remembering [`Envelope::digest`] for [`DIGEST_LIFETIME_SECONDS`]
//! (the raw form: until its keys retire), so that each is judged at most once, is the caller's part.
//!
//! ```
//! use bulla_seal::{Envelope, Expected, KeySize, NonceKey, Opened, Payload, Purpose, SealingKey, seal};
//!
//! // The server makes a key, publishes its public part and issues nonces.
//! let key = SealingKey::generate(KeySize::Rsa2048)?;
//! let nonces = NonceKey::new([7; 32]); // in earnest: 32 random bytes that all nodes share
//! let now_milliseconds = 1_700_000_000_000;
//! let nonce = nonces.issue(now_milliseconds);
//!
//! // The client seals.
//! let payload = Payload {
//!     password: "correct horse battery staple",
//!     purpose: Purpose::Login,
//!     email: "ada@example.com",
//!     nonce: &nonce,
//! };
//! let text = seal(key.public(), &payload)?;
//!
//! // The server opens.
//! let envelope = Envelope::parse(&text)?;
//! let addressed = envelope.address(&[key])?;
//! let expected = Expected { purpose: Purpose::Login, email_matches: &|email| email == "ada@example.com" };
//! match addressed.open(&expected, &nonces, now_milliseconds + 2_000) {
//!     Opened::Fresh(password) => assert_eq!(*password, "correct horse battery staple"),
//!     Opened::Stale => panic!("fetch a new nonce and seal again"),
//!     Opened::Unopenable => panic!("go on as with a wrong password"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod der;
mod envelope;
mod header;
mod import;
mod invalid;
mod json;
mod key;
mod nonce;
mod oaep;
mod open;
mod public_key;
mod random;
mod seal;

pub use envelope::{AddressError, Envelope, EnvelopeDigest, Form, MAXIMUM_TEXT_BYTES};
pub use import::ImportError;
pub use invalid::InvalidEnvelope;
pub use key::{KeyError, KeySize, SealingKey};
pub use nonce::{DIGEST_LIFETIME_SECONDS, NONCE_LIFETIME_SECONDS, NonceKey};
pub use open::{Addressed, Expected, Opened};
pub use public_key::{Jwk, PublicKey};
pub use seal::{Payload, Purpose, SealError, UnknownPurpose, seal, seal_raw};
