//! What each server wants done to a password before it is sent.

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulla_seal::Purpose;

use crate::offer::Offer;
use crate::stage::Failure;
use crate::wire::{Wire, get};

/// Good for as long as its nonce is, if it has one: five minutes.
pub enum Sealer {
    Jwe(Offer),
    /// The tutorial's: the password alone, encrypted to a key that stays.
    Oaep(OaepPublicEncryptingKey),
    Clear,
}

impl Sealer {
    pub fn jwe(wire: &mut Wire) -> Result<Self, Failure> {
        Ok(Self::Jwe(Offer::fetch(wire)?))
    }

    pub fn oaep(wire: &mut Wire) -> Result<Self, Failure> {
        let pem = String::from_utf8(wire.ask(&get("/api/auth/public.pem", ""))?.body)?;
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = PublicEncryptingKey::from_der(&STANDARD.decode(base64)?)?;
        Ok(Self::Oaep(OaepPublicEncryptingKey::new(key)?))
    }

    pub fn seal(&self, purpose: Purpose, email: &str, password: &str) -> Result<String, Failure> {
        Ok(match self {
            Self::Jwe(offer) => offer.seal(purpose, email, password)?,
            Self::Oaep(key) => {
                let mut sealed = vec![0; key.ciphertext_size()];
                let sealed = key.encrypt(&OAEP_SHA256_MGF1SHA256, password.as_bytes(), &mut sealed, None)?;
                STANDARD.encode(sealed)
            }
            Self::Clear => password.to_owned(),
        })
    }
}
