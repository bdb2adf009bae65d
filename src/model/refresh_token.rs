//! Refresh tokens: `<session id>.<secret>`, where only a digest of the secret is stored.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::SessionId;

#[derive(Debug)]
pub struct RefreshToken {
    pub session: SessionId,
    pub secret: RefreshSecret,
}

/// 256 bits, random for the first token of a session and derived for each that follows.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RefreshSecret([u8; 32]);

/// SHA-256 of a secret. A plain hash is enough: 256 random bits cannot be guessed, so nothing slows an attacker better.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct RefreshDigest(Vec<u8>);

/// Derives each token of a session from the one before, so that a repeated request gets the same successor without
/// anything secret being stored.
pub struct RefreshKey(hmac::Key);

impl RefreshToken {
    pub fn parse(text: &str) -> Option<Self> {
        let (session, secret) = text.rsplit_once('.')?;
        let mut bytes = Zeroizing::new([0; 32]);
        // 43 characters decode to 32 bytes exactly; the strict engine refuses spare bits and padding.
        let length = URL_SAFE_NO_PAD.decode_slice(secret, bytes.as_mut_slice()).ok()?;
        let session = SessionId::parse(session)?;
        (length == 32).then(|| Self { session, secret: RefreshSecret(*bytes) })
    }

    /// The text that the client keeps.
    pub fn expose(&self) -> String {
        format!("{}.{}", self.session, URL_SAFE_NO_PAD.encode(self.secret.0))
    }
}

impl RefreshSecret {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn digest(&self) -> RefreshDigest {
        RefreshDigest(digest::digest(&digest::SHA256, &self.0).as_ref().to_vec())
    }
}

impl RefreshKey {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub fn successor(&self, session: &SessionId, secret: &RefreshSecret) -> RefreshSecret {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&secret.0);
        context.update(session.as_str().as_bytes());
        let tag = context.sign();
        RefreshSecret(tag.as_ref().try_into().expect("HMAC-SHA-256 makes 32 bytes"))
    }
}

impl fmt::Debug for RefreshSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshSecret(…)")
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_being_written_and_read() {
        let token = RefreshToken { session: SessionId::new("abc"), secret: RefreshSecret::new([9; 32]) };
        let read = RefreshToken::parse(&token.expose()).unwrap();
        assert_eq!((read.session, read.secret.0), (token.session.clone(), token.secret.0));
    }

    #[test]
    fn a_damaged_token_is_no_token() {
        let token = RefreshToken { session: SessionId::new("abc"), secret: RefreshSecret::new([9; 32]) }.expose();
        for text in
            ["", ".", "abc", "abc.", &token[..token.len() - 1], &format!("{token}A"), &format!("{token}="), &token[3..]]
        {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_successor_depends_on_the_secret_the_session_and_the_key() {
        let (key, secret, session) = (RefreshKey::new(&[1; 32]), RefreshSecret::new([2; 32]), SessionId::new("a"));
        let successor = key.successor(&session, &secret).0;
        assert_eq!(successor, key.successor(&session, &secret).0);
        assert_ne!(successor, key.successor(&SessionId::new("b"), &secret).0);
        assert_ne!(successor, key.successor(&session, &RefreshSecret::new([3; 32])).0);
        assert_ne!(successor, RefreshKey::new(&[4; 32]).successor(&session, &secret).0);
    }
}
