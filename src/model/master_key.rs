//! The one secret that an operator keeps: everything else that is secret lives in the database under it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// 256 random bits, written as 64 hexadecimal digits (`openssl rand -hex 32`) or in base64.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 random bytes, as 64 hexadecimal digits or base64; make one with: openssl rand -hex 32")]
pub struct InvalidMasterKey;

/// Something in the database was not encrypted under this master key (or was changed since).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys in the database were encrypted under another master key")]
pub struct WrongMasterKey;

impl MasterKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn to_hex(&self) -> Zeroizing<String> {
        let mut hex = Zeroizing::new(String::with_capacity(64));
        hex.extend(
            self.0
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 15])
                .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
        );
        hex
    }

    /// A key of its own for each use (HKDF-SHA-256, RFC 5869), so that no use can be turned against another.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, b"bulla v1")
            .extract(&self.0)
            .expand(&[label.as_bytes()], HKDF_SHA256)
            .and_then(|key| key.fill(derived.as_mut_slice()))
            .expect("32 bytes are within HKDF's limits");
        derived
    }

    /// AES-256-GCM; `context` says what the secret is and must be given again to open it. The nonce goes first.
    pub fn encrypt(&self, context: &str, secret: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        let mut buffer = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
        buffer.extend_from_slice(secret);
        self.encryption_key()
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut *buffer)
            .expect("a private key is far below AES-GCM's limits");
        sealed.extend_from_slice(&buffer);
        sealed
    }

    pub fn decrypt(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrongMasterKey> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(WrongMasterKey)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .encryption_key()
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut buffer)
            .map_err(|_| WrongMasterKey)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    fn encryption_key(&self) -> LessSafeKey {
        let key = self.derive("encryption of private keys");
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("32 bytes are an AES-256 key"))
    }
}

impl FromStr for MasterKey {
    type Err = InvalidMasterKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let decoded = match text.len() {
            64 => decode_hex(text),
            44 => STANDARD.decode(text).ok().map(Zeroizing::new),
            43 => URL_SAFE_NO_PAD.decode(text).ok().map(Zeroizing::new),
            _ => None,
        };
        let bytes = decoded.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        bytes.map(Self).ok_or(InvalidMasterKey)
    }
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    Some(Zeroizing::new(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()))
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_the_same_key_and_context_only() {
        let key = MasterKey::new([1; 32]);
        let sealed = key.encrypt("signing/abc", b"secret", [2; NONCE_LEN]);
        assert_eq!(key.decrypt("signing/abc", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(key.decrypt("sealing/abc", &sealed), Err(WrongMasterKey));
        assert_eq!(MasterKey::new([3; 32]).decrypt("signing/abc", &sealed), Err(WrongMasterKey));
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(key.decrypt("signing/abc", &changed), Err(WrongMasterKey));
        }
        assert_eq!(key.decrypt("signing/abc", &sealed[..5]), Err(WrongMasterKey));
    }

    #[test]
    fn hexadecimal_and_base64_say_the_same_key() {
        let key = MasterKey::new([0xab; 32]);
        let hex = key.to_hex();
        assert_eq!(hex.parse::<MasterKey>().unwrap().0, key.0);
        assert_eq!(STANDARD.encode([0xab; 32]).parse::<MasterKey>().unwrap().0, key.0);
        assert_eq!(format!(" {}\n", *hex).parse::<MasterKey>().unwrap().0, key.0);
        assert!("correct horse battery staple".parse::<MasterKey>().is_err());
        assert!("zz".repeat(32).parse::<MasterKey>().is_err());
    }

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let key = MasterKey::new([1; 32]);
        assert_ne!(*key.derive("a"), *key.derive("b"));
        assert_eq!(*key.derive("a"), *key.derive("a"));
    }
}
