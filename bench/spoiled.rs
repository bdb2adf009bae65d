//! Envelopes that fail, each at another step.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla_seal::seal_raw;

use crate::offer::Offer;
use crate::stage::Failure;

/// The bytes of a part of a JWE.
#[derive(Clone, Copy)]
pub enum Part {
    WrappedKey = 1,
    Tag = 4,
}

/// With one bit flipped, in the middle of one part.
pub fn damaged(envelope: &str, part: Part) -> Result<String, Failure> {
    let mut parts: Vec<String> = envelope.split('.').map(str::to_owned).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[part as usize])?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    parts[part as usize] = URL_SAFE_NO_PAD.encode(bytes);
    Ok(parts.join("."))
}

/// Any payload under a content key, with another text in the key's place.
pub fn sealed(offer: &Offer, payload: &str, content_key: &str, wrapped: &str) -> Result<String, Failure> {
    let header = format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{}"}}"#, offer.key.kid());
    let header = URL_SAFE_NO_PAD.encode(header);
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key.as_bytes())?);
    let (iv, mut body) = ([7; 12], payload.as_bytes().to_vec());
    let aad = Aad::from(header.as_bytes());
    let tag = cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), aad, &mut body)?;
    let rsa = STANDARD.decode(seal_raw(&offer.key, wrapped)?)?;
    let parts = [rsa.as_slice(), &iv, &body, tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    Ok(format!("{header}.{}", parts.join(".")))
}
