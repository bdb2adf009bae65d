//! Reading an envelope: everything that is decided without a private key.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::header;
use crate::invalid::InvalidEnvelope;
use crate::json::Object;
use crate::key::SealingKey;
use crate::open::Addressed;

/// The longest text that is looked at, in bytes.
pub const MAXIMUM_TEXT_BYTES: usize = 4096;

/// How a password was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A compact JWE, bound to purpose, account and nonce.
    Jwe,
    /// Base64 of plain RSA-OAEP, bound to the key alone.
    Raw,
}

/// A well-formed envelope, not yet opened.
pub struct Envelope {
    pub(crate) rsa_ciphertext: Vec<u8>,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Jwe(Jwe),
    Raw,
}

/// What a JWE has besides its RSA ciphertext.
pub(crate) struct Jwe {
    pub(crate) kid: String,
    /// The first part as received: the additional authenticated data (RFC 7516 §5.2, step 15).
    pub(crate) protected: String,
    pub(crate) iv: [u8; 12],
    /// Ciphertext and tag, one after the other.
    pub(crate) body: Vec<u8>,
}

/// SHA-256 over the decoded RSA ciphertext: what to remember so that each envelope is judged at
/// most once. It is not taken over the text, nor over parts that anyone can change; and since the
/// ciphertext's length and range are checked, one encryption has one digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnvelopeDigest([u8; 32]);

/// Why an envelope fits none of the keys. Like [`InvalidEnvelope`], it may be told to anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The `kid` belongs to no living key: fetch the current one and seal again.
    #[error("the sealing key is unknown or retired; seal again with the current one")]
    UnknownKey,
    /// The RSA ciphertext cannot have been made with the key.
    #[error(transparent)]
    Invalid(#[from] InvalidEnvelope),
}

impl Envelope {
    /// Reads a text of at most [`MAXIMUM_TEXT_BYTES`] bytes.
    ///
    /// Surrounding whitespace aside, it resembles a JWE if it begins with `eyJ` (base64url of
    /// `{"`) and has a dot; a JSON serialization if it is a JSON object with the member
    /// `ciphertext`; and the raw form if it consists of 342 to 683 characters of either base64
    /// alphabet (256 to 512 bytes, RSA-2048 to RSA-4096), whitespace and `=` not counted.
    /// Whatever resembles none of them is [`InvalidEnvelope::NotSealed`]; whatever resembles one
    /// must then be right to the byte.
    ///
    /// # Errors
    /// [`InvalidEnvelope`], the first of its variants that applies.
    pub fn parse(text: &str) -> Result<Self, InvalidEnvelope> {
        if text.len() > MAXIMUM_TEXT_BYTES {
            return Err(InvalidEnvelope::TooLong);
        }
        match resembled_form(text)? {
            Form::Jwe => parse_jwe(text),
            Form::Raw => {
                let rsa_ciphertext = STANDARD.decode(text).map_err(|_| InvalidEnvelope::Encoding)?;
                Ok(Self { rsa_ciphertext, content: Content::Raw })
            }
        }
    }

    /// How the password was sealed.
    #[must_use]
    pub fn form(&self) -> Form {
        match self.content {
            Content::Jwe(_) => Form::Jwe,
            Content::Raw => Form::Raw,
        }
    }

    /// The key that a JWE names; the raw form names none.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match &self.content {
            Content::Jwe(jwe) => Some(&jwe.kid),
            Content::Raw => None,
        }
    }

    /// What to remember, so that the envelope is judged at most once.
    #[must_use]
    pub fn digest(&self) -> EnvelopeDigest {
        EnvelopeDigest::of(&self.rsa_ciphertext)
    }

    /// Finds the keys that may open the envelope, by public facts only: for a JWE the one that it
    /// names, for the raw form each whose modulus is as long as the ciphertext and above it.
    ///
    /// # Errors
    /// [`AddressError::UnknownKey`] if no key has the JWE's `kid`; otherwise
    /// [`InvalidEnvelope::RsaCiphertextLength`] or [`InvalidEnvelope::RsaCiphertextRange`].
    pub fn address(self, keys: &[SealingKey]) -> Result<Addressed, AddressError> {
        let is_named = |key: &&SealingKey| self.kid().is_none_or(|kid| kid == key.kid());
        let named: Vec<&SealingKey> = keys.iter().filter(is_named).collect();
        if named.is_empty() && self.form() == Form::Jwe {
            return Err(AddressError::UnknownKey);
        }
        let length = self.rsa_ciphertext.len();
        let fitting: Vec<_> = named.into_iter().filter(|key| key.public().modulus_bytes() == length).collect();
        if fitting.is_empty() {
            return Err(InvalidEnvelope::RsaCiphertextLength.into());
        }
        let in_range = |key: &&SealingKey| key.public().is_in_range(&self.rsa_ciphertext);
        let candidates: Vec<SealingKey> = fitting.into_iter().filter(in_range).cloned().collect();
        if candidates.is_empty() {
            return Err(InvalidEnvelope::RsaCiphertextRange.into());
        }
        Ok(Addressed::new(candidates, self))
    }
}

impl EnvelopeDigest {
    pub(crate) fn of(rsa_ciphertext: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, rsa_ciphertext).as_ref());
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its parts: until it is judged, an envelope in a log is as good as the password.
        formatter.debug_struct("Envelope").field("form", &self.form()).finish_non_exhaustive()
    }
}

fn resembled_form(text: &str) -> Result<Form, InvalidEnvelope> {
    let text = text.trim_ascii();
    if text.starts_with("eyJ") && text.contains('.') {
        return Ok(Form::Jwe);
    }
    if Object::parse(text).is_some_and(|object| object.has("ciphertext")) {
        return Err(InvalidEnvelope::JsonSerialization);
    }
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let is_filler = |byte: u8| byte == b'=' || byte.is_ascii_whitespace();
    let digits = text.bytes().filter(|byte| is_digit(*byte)).count();
    if text.bytes().all(|byte| is_digit(byte) || is_filler(byte)) && (342..=683).contains(&digits) {
        return Ok(Form::Raw);
    }
    Err(InvalidEnvelope::NotSealed)
}

/// RFC 7516 §5.2, steps 1 to 5.
fn parse_jwe(text: &str) -> Result<Envelope, InvalidEnvelope> {
    let parts: Vec<&str> = text.split('.').collect();
    let [protected, rsa_ciphertext, iv, ciphertext, tag] = parts[..] else {
        return Err(InvalidEnvelope::PartCount);
    };
    // This engine refuses padding, other alphabets and spare bits: each byte string has one text.
    let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidEnvelope::Encoding);
    let kid = header::key_id(&decode(protected)?)?;
    let rsa_ciphertext = decode(rsa_ciphertext)?;
    let (iv, mut body, tag) = (decode(iv)?, decode(ciphertext)?, decode(tag)?);
    let iv = iv.try_into().map_err(|_| InvalidEnvelope::InitializationVectorLength)?;
    if body.is_empty() {
        return Err(InvalidEnvelope::EmptyCiphertext);
    }
    // A shorter tag would be a weaker one (NIST SP 800-38D, appendix C).
    if tag.len() != 16 {
        return Err(InvalidEnvelope::TagLength);
    }
    body.extend_from_slice(&tag);
    let jwe = Jwe { kid, protected: protected.to_owned(), iv, body };
    Ok(Envelope { rsa_ciphertext, content: Content::Jwe(jwe) })
}
