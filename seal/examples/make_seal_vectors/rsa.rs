//! RSA encryption from the formulas of RFC 8017, with every part open to be made wrong.

use aws_lc_rs::digest::{Algorithm, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use serde_json::{Value, json};

/// A key that an RFC prints.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kid: String,
    pub(crate) modulus: BigUint,
    exponent: BigUint,
    jwk: Value,
}

impl Key {
    pub(crate) fn from_jwk(name: &'static str, jwk: &Value) -> Self {
        let text = |member: &str| jwk[member].as_str().expect("the member is a string");
        let number = |member| BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(text(member)).expect("base64url"));
        let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text("e"), text("n"));
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Self { name, kid, modulus: number("n"), exponent: number("e"), jwk: jwk.clone() }
    }

    pub(crate) fn private_jwk(&self) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["use"] = json!("enc");
        jwk["alg"] = json!("RSA-OAEP-256");
        jwk["kid"] = json!(self.kid);
        jwk
    }

    pub(crate) fn bytes(&self) -> usize {
        self.modulus.bits().div_ceil(8) as usize
    }

    /// RSAEP (RFC 8017 §5.1.1), as bytes of the modulus's length.
    pub(crate) fn encrypt(&self, encoded: &[u8]) -> Vec<u8> {
        self.to_bytes(&BigUint::from_bytes_be(encoded).modpow(&self.exponent, &self.modulus))
    }

    /// I2OSP (RFC 8017 §4.1).
    pub(crate) fn to_bytes(&self, number: &BigUint) -> Vec<u8> {
        let digits = number.to_bytes_be();
        let mut bytes = vec![0; self.bytes() - digits.len()];
        bytes.extend(digits);
        bytes
    }
}

/// Bytes that look random and are the same on each run.
pub(crate) struct Stream {
    seed: String,
    count: u32,
}

impl Stream {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), count: 0 }
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            self.count += 1;
            bytes.extend(digest(&SHA256, format!("{} {}", self.seed, self.count).as_bytes()).as_ref());
        }
        bytes.truncate(length);
        bytes
    }
}

/// The parameters of OAEP encoding (RFC 8017 §7.1.1), and ways to break it.
pub(crate) struct Oaep {
    pub(crate) label_digest: &'static Algorithm,
    pub(crate) mask_digest: &'static Algorithm,
    pub(crate) label: &'static [u8],
    /// The byte before the masked seed: 0 if right.
    pub(crate) first: u8,
    /// The byte before the message: 1 if right.
    pub(crate) separator: u8,
    /// Changes the data block before it is masked.
    pub(crate) damage: fn(&mut [u8]),
}

impl Default for Oaep {
    fn default() -> Self {
        Self { label_digest: &SHA256, mask_digest: &SHA256, label: b"", first: 0, separator: 1, damage: |_| {} }
    }
}

impl Oaep {
    pub(crate) fn encode(&self, message: &[u8], length: usize, stream: &mut Stream) -> Vec<u8> {
        let digest_length = self.label_digest.output_len();
        let mut block = digest(self.label_digest, self.label).as_ref().to_vec();
        block.resize(length - digest_length - 2 - message.len(), 0);
        block.push(self.separator);
        block.extend(message);
        (self.damage)(&mut block);
        let mut seed = stream.bytes(digest_length);
        mask(&mut block, self.mask_digest, &seed);
        mask(&mut seed, self.mask_digest, &block);
        [vec![self.first], seed, block].concat()
    }
}

/// EME-PKCS1-v1_5 (RFC 8017 §7.2.1), which must never open.
pub(crate) fn encode_pkcs1(message: &[u8], length: usize, stream: &mut Stream) -> Vec<u8> {
    let padding = stream.bytes(length - message.len() - 3).into_iter().map(|byte| byte | 1);
    [vec![0, 2], padding.collect(), vec![0], message.to_vec()].concat()
}

/// MGF1 (RFC 8017 §B.2.1), applied.
fn mask(target: &mut [u8], algorithm: &'static Algorithm, seed: &[u8]) {
    for (counter, chunk) in (0u32..).zip(target.chunks_mut(algorithm.output_len())) {
        let block = digest(algorithm, &[seed, &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(block.as_ref()).for_each(|(byte, mask)| *byte ^= mask);
    }
}
