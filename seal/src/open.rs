//! Opening an envelope: everything that needs the private key, and tells nobody why it failed.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::envelope::{Content, Envelope, EnvelopeDigest, Form, Jwe};
use crate::json::Object;
use crate::key::SealingKey;
use crate::nonce::NonceKey;
use crate::random;
use crate::seal::Purpose;

/// An envelope with the keys that may open it. It owns all that it needs, so it can move to
/// another thread.
pub struct Addressed {
    /// At least one; exactly one for a JWE.
    keys: Vec<SealingKey>,
    envelope: Envelope,
}

/// What a JWE must have been sealed for. The raw form is bound to nothing, so it is not asked.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// What the password is for.
    pub purpose: Purpose,
    /// Whether an email in a payload is the account's. The canonical form of an email is the
    /// server's own matter, so the server passes the comparison instead of a text.
    pub email_matches: &'a dyn Fn(&str) -> bool,
}

/// What was inside.
#[must_use]
pub enum Opened {
    /// The password, sealed for this purpose and this account, and fresh. Wiped when dropped.
    Fresh(Zeroizing<String>),
    /// All is right but the nonce: not ours, too old, or too far ahead. Who sealed it knows all
    /// that it holds, so this may be told.
    Stale,
    /// Anything else, for a reason that nobody may learn. Go on as with a wrong password.
    Unopenable,
}

impl Addressed {
    pub(crate) fn new(keys: Vec<SealingKey>, envelope: Envelope) -> Self {
        Self { keys, envelope }
    }

    /// The ids of the keys that may open it. While one of them lives, a raw envelope can be
    /// replayed, so its digest must be remembered until the last of them retires.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(SealingKey::kid)
    }

    /// What to remember, so that the envelope is judged at most once.
    #[must_use]
    pub fn digest(&self) -> EnvelopeDigest {
        self.envelope.digest()
    }

    /// How the password was sealed.
    #[must_use]
    pub fn form(&self) -> Form {
        self.envelope.form()
    }

    /// Uses the private key, for about a millisecond (RSA-3072) per candidate; call it where such
    /// work belongs. The time is Unix milliseconds.
    ///
    /// A failure inside goes before [`Opened::Stale`]. The raw form holds no nonce, so it is never
    /// stale: only remembering its digest stops a replay.
    pub fn open(&self, expected: &Expected<'_>, nonces: &NonceKey, now_milliseconds: i64) -> Opened {
        // With every candidate and no early exit: the cost must not tell which key fits.
        let opened: Vec<_> = self.keys.iter().map(|key| key.open_oaep(&self.envelope.rsa_ciphertext)).collect();
        let message = opened.into_iter().flatten().next();
        match &self.envelope.content {
            Content::Jwe(jwe) => open_jwe(jwe, message, expected, nonces, now_milliseconds),
            Content::Raw => message.and_then(password_of).map_or(Opened::Unopenable, Opened::Fresh),
        }
    }
}

fn open_jwe(
    jwe: &Jwe,
    wrapped_key: Option<Zeroizing<Vec<u8>>>,
    expected: &Expected<'_>,
    nonces: &NonceKey,
    now_milliseconds: i64,
) -> Opened {
    let content_key = content_key_or_random(wrapped_key);
    let Some(payload) = decrypt(jwe, &content_key) else {
        return Opened::Unopenable;
    };
    let Some(payload) = str::from_utf8(&payload).ok().and_then(Payload::parse) else {
        return Opened::Unopenable;
    };
    if *payload.purpose != expected.purpose.as_str() || !(expected.email_matches)(&payload.email) {
        return Opened::Unopenable;
    }
    if !nonces.is_fresh(&payload.nonce, now_milliseconds) {
        return Opened::Stale;
    }
    Opened::Fresh(payload.password)
}

/// RFC 7516 §11.5: after a failure, go on with a random key to the same decryption, so that
/// neither an answer nor its time tells format, padding and length errors apart. The random key
/// must be unguessable: with a fixed one, whoever knows it learns that the padding was wrong.
fn content_key_or_random(unwrapped: Option<Zeroizing<Vec<u8>>>) -> Zeroizing<[u8; 32]> {
    let mut content_key = random::bytes().expect("the system's random source never fails once seeded");
    // RFC 7516 §5.2, step 9: the length must be the one that `enc` needs.
    if let Some(unwrapped) = unwrapped.filter(|key| key.len() == content_key.len()) {
        content_key.copy_from_slice(&unwrapped);
    }
    content_key
}

fn decrypt(jwe: &Jwe, content_key: &[u8; 32]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key).ok()?);
    let mut body = Zeroizing::new(jwe.body.clone());
    let iv = Nonce::assume_unique_for_key(jwe.iv);
    let length = cipher.open_in_place(iv, Aad::from(jwe.protected.as_bytes()), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

fn password_of(mut message: Zeroizing<Vec<u8>>) -> Option<Zeroizing<String>> {
    // The buffer becomes the text itself, so no second copy is left to wipe, unless it is no text.
    match String::from_utf8(std::mem::take(&mut *message)) {
        Ok(password) => Some(Zeroizing::new(password)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}

struct Payload {
    password: Zeroizing<String>,
    purpose: Zeroizing<String>,
    email: Zeroizing<String>,
    nonce: Zeroizing<String>,
}

impl Payload {
    /// `None` unless all four members are there, once each, and are strings. Others are ignored.
    fn parse(json: &str) -> Option<Self> {
        let object = Object::parse(json)?;
        Some(Self {
            password: object.string("password")?,
            purpose: object.string("purpose")?,
            email: object.string("email")?,
            nonce: object.string("nonce")?,
        })
    }
}

impl fmt::Debug for Addressed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Addressed").field("form", &self.form()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Expected<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Expected").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fresh(_) => "Fresh(..)",
            Self::Stale => "Stale",
            Self::Unopenable => "Unopenable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(length: usize) -> Option<Zeroizing<Vec<u8>>> {
        Some(Zeroizing::new(vec![9; length]))
    }

    #[test]
    fn a_content_key_of_32_bytes_is_used() {
        assert_eq!(*content_key_or_random(unwrapped(32)), [9; 32]);
    }

    #[test]
    fn after_a_failure_the_content_key_is_random_each_time() {
        for failure in [None, unwrapped(0), unwrapped(16), unwrapped(31), unwrapped(33)] {
            let keys = [(); 2].map(|()| content_key_or_random(failure.clone()));
            assert_ne!(keys[0], keys[1]);
            assert!(keys.iter().all(|key| key[..16] != [9; 16] && **key != [0; 32]));
        }
    }
}
