//! What a server hands out for sealing, and envelopes that are made of it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla_seal::{Jwk, Payload, PublicKey, Purpose, seal, seal_raw};

use crate::stage::Failure;
use crate::wire::{Wire, get};

pub struct Offer {
    pub key: PublicKey,
    pub nonce: String,
}

impl Offer {
    pub fn fetch(wire: &mut Wire) -> Result<Self, Failure> {
        let document = wire.ask(&get("/api/auth/sealing-key", ""))?.json()?;
        let jwk: Jwk = serde_json::from_value(document["jwk"].clone())?;
        Ok(Self { key: PublicKey::from_jwk(&jwk)?, nonce: document["nonce"].as_str().ok_or("no nonce")?.to_owned() })
    }

    pub fn seal(&self, purpose: Purpose, email: &str, password: &str) -> Result<String, Failure> {
        Ok(seal(&self.key, &Payload { password, purpose, email, nonce: &self.nonce })?)
    }

    /// Any payload under any content key, which is wrapped whatever its length.
    pub fn seal_bytes(&self, payload: &str, content_key: &str, wrapped: &str) -> Result<String, Failure> {
        let header = format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{}"}}"#, self.key.kid());
        let header = URL_SAFE_NO_PAD.encode(header);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key.as_bytes())?);
        let (iv, mut body) = ([7; 12], payload.as_bytes().to_vec());
        let aad = Aad::from(header.as_bytes());
        let tag = cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), aad, &mut body)?;
        let rsa = STANDARD.decode(seal_raw(&self.key, wrapped)?)?;
        let parts = [rsa.as_slice(), &iv, &body, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
        Ok(format!("{header}.{}", parts.join(".")))
    }
}

/// One bit of the byte in the middle of a part of a JWE, flipped: 1 is the RSA ciphertext, 4 the tag.
pub fn damaged(envelope: &str, part: usize) -> Result<String, Failure> {
    let mut parts: Vec<String> = envelope.split('.').map(str::to_owned).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[part])?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    parts[part] = URL_SAFE_NO_PAD.encode(bytes);
    Ok(parts.join("."))
}
