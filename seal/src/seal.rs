//! The client's side: putting a password into an envelope.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::envelope::MAXIMUM_TEXT_BYTES;
use crate::public_key::PublicKey;
use crate::random;

/// What a sealed password is for. An envelope made for one purpose is worthless for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// `register`: the password of a new account.
    Register,
    /// `login`: the password to sign in with.
    Login,
    /// `current_password`: proof of the old password while it is being changed.
    CurrentPassword,
    /// `new_password`: the password to change to.
    NewPassword,
}

/// What an envelope holds.
#[derive(Clone, Copy)]
pub struct Payload<'a> {
    /// The password, as typed; the server normalizes it.
    pub password: &'a str,
    /// What the password is for.
    pub purpose: Purpose,
    /// The account that it is for.
    pub email: &'a str,
    /// The nonce from the sealing-key document, unchanged.
    pub nonce: &'a str,
}

/// A password could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The raw form takes at most the modulus's bytes less 66.
    #[error("the password has {bytes} bytes, but the raw form of this key takes at most {limit}; use the JWE form")]
    PasswordTooLong {
        /// The password's length in bytes of UTF-8.
        bytes: usize,
        /// How many bytes fit.
        limit: usize,
    },
    /// The finished envelope would exceed [`MAXIMUM_TEXT_BYTES`].
    #[error("the envelope would have {bytes} bytes, but at most 4096 are accepted; shorten the password or the email")]
    EnvelopeTooLong {
        /// The envelope's length in bytes.
        bytes: usize,
    },
    /// The cryptographic library failed.
    #[error("sealing failed in the cryptographic library; try again")]
    Cryptography,
}

/// The payload is padded with spaces to a multiple of this, so that its length says little about the password's.
const PADDED_TO_BYTES: usize = 256;
/// A longer payload is not padded: the envelope might become too long by it.
const LONGEST_PADDED_BYTES: usize = 2048;

/// Seals a payload: a JWE in compact serialization (RFC 7516 §7.1) with `alg` `RSA-OAEP-256`,
/// `enc` `A256GCM` and the key's `kid`, at most [`MAXIMUM_TEXT_BYTES`] bytes. A password of 1024
/// bytes fits with every key, unless JSON must escape many of its characters. Two passwords whose payloads end in the
/// same 256 bytes make envelopes of one length.
///
/// # Errors
/// [`SealError::EnvelopeTooLong`], or [`SealError::Cryptography`], which should not happen.
pub fn seal(key: &PublicKey, payload: &Payload<'_>) -> Result<String, SealError> {
    let header = format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{}"}}"#, key.kid());
    let header = URL_SAFE_NO_PAD.encode(header);
    let content_key = random::bytes::<32>().map_err(|_| SealError::Cryptography)?;
    let iv = *random::bytes::<12>().map_err(|_| SealError::Cryptography)?;
    let wrapped = key.seal_oaep(content_key.as_slice()).ok_or(SealError::Cryptography)?;
    let mut body = payload.to_json();
    let tag = UnboundKey::new(&AES_256_GCM, content_key.as_slice())
        .map(LessSafeKey::new)
        // "Less safe" means a nonce chosen by the caller: this key is used once, so none repeats.
        .and_then(|cipher| {
            let iv = Nonce::assume_unique_for_key(iv);
            cipher.seal_in_place_separate_tag(iv, Aad::from(header.as_bytes()), &mut body)
        })
        .map_err(|_| SealError::Cryptography)?;
    let parts = [wrapped.as_slice(), &iv, &body, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let text = format!("{header}.{}", parts.join("."));
    match text.len() {
        0..=MAXIMUM_TEXT_BYTES => Ok(text),
        bytes => Err(SealError::EnvelopeTooLong { bytes }),
    }
}

/// Seals a password in the raw form: standard base64 with padding (RFC 4648 §4) of RSA-OAEP
/// (SHA-256, MGF1-SHA-256, empty label) over the password's UTF-8. It is bound to the key and to
/// nothing else; prefer [`seal`].
///
/// # Errors
/// [`SealError::PasswordTooLong`], or [`SealError::Cryptography`], which should not happen.
pub fn seal_raw(key: &PublicKey, password: &str) -> Result<String, SealError> {
    let (bytes, limit) = (password.len(), key.maximum_message_bytes());
    if bytes > limit {
        return Err(SealError::PasswordTooLong { bytes, limit });
    }
    let ciphertext = key.seal_oaep(password.as_bytes()).ok_or(SealError::Cryptography)?;
    Ok(STANDARD.encode(ciphertext))
}

impl Payload<'_> {
    fn to_json(self) -> Zeroizing<Vec<u8>> {
        #[derive(Serialize)]
        struct Members<'a> {
            password: &'a str,
            purpose: Purpose,
            email: &'a str,
            nonce: &'a str,
        }
        let Self { password, purpose, email, nonce } = self;
        // JSON needs at most six bytes for one (`\u0000`). All of them are reserved now, because
        // a buffer that grows leaves a copy of the password behind.
        let escaped_bytes = 6 * (password.len() + email.len() + nonce.len());
        let mut json = Zeroizing::new(Vec::with_capacity(escaped_bytes + 128 + PADDED_TO_BYTES));
        serde_json::to_writer(&mut *json, &Members { password, purpose, email, nonce })
            .expect("strings always serialize, and memory takes all that is written");
        // White space after the object is a part of the JSON text (RFC 8259 §2).
        let padded = json.len().next_multiple_of(PADDED_TO_BYTES);
        if padded <= LONGEST_PADDED_BYTES {
            json.resize(padded, b' ');
        }
        json
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Payload").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl Purpose {
    /// The name in the payload, in snake case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::CurrentPassword => "current_password",
            Self::NewPassword => "new_password",
        }
    }
}

/// A text is not the name of a [`Purpose`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown purpose; use register, login, current_password or new_password")]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(name: &str) -> Result<Self, UnknownPurpose> {
        [Self::Register, Self::Login, Self::CurrentPassword, Self::NewPassword]
            .into_iter()
            .find(|purpose| purpose.as_str() == name)
            .ok_or(UnknownPurpose)
    }
}
