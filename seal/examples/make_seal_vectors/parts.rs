//! A JWE taken apart, so that each part can be replaced.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_seal::NonceKey;
use serde_json::json;

use crate::rsa::{Key, Oaep, Stream};
use crate::{EMAIL, NONCE_KEY, NOW, PASSWORD};

/// What a JWE is made of; right in every part until changed.
pub(crate) struct Recipe<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a Key,
    pub(crate) header: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) oaep: Oaep,
    /// What is wrapped with RSA.
    pub(crate) wrapped_key: Vec<u8>,
    /// What the content is encrypted with.
    pub(crate) content_key: Vec<u8>,
    pub(crate) content_algorithm: &'static Algorithm,
}

impl<'a> Recipe<'a> {
    pub(crate) fn new(name: &'a str, key: &'a Key) -> Self {
        let content_key = Stream::new(&format!("{name} content key")).bytes(32);
        Self {
            name,
            key,
            header: header(key),
            payload: payload(PASSWORD, "login", EMAIL, &fresh_nonce()).into_bytes(),
            oaep: Oaep::default(),
            wrapped_key: content_key.clone(),
            content_key,
            content_algorithm: &AES_256_GCM,
        }
    }

    pub(crate) fn header(mut self, header: impl Into<String>) -> Self {
        self.header = header.into();
        self
    }

    pub(crate) fn payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = payload.into();
        self
    }

    pub(crate) fn oaep(mut self, oaep: Oaep) -> Self {
        self.oaep = oaep;
        self
    }

    pub(crate) fn parts(&self) -> Parts {
        let protected = URL_SAFE_NO_PAD.encode(&self.header);
        let mut stream = Stream::new(self.name);
        let iv: [u8; 12] = stream.bytes(12).try_into().expect("12 bytes were asked for");
        let mut ciphertext = self.payload.clone();
        let cipher = UnboundKey::new(self.content_algorithm, &self.content_key).expect("the key fits the algorithm");
        let tag = LessSafeKey::new(cipher)
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(&protected), &mut ciphertext)
            .expect("short texts encrypt");
        let encoded = self.oaep.encode(&self.wrapped_key, self.key.bytes(), &mut stream);
        let rsa = self.key.encrypt(&encoded);
        Parts { protected, rsa, iv: iv.to_vec(), ciphertext, tag: tag.as_ref().to_vec() }
    }

    pub(crate) fn text(&self) -> String {
        self.parts().text()
    }
}

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) protected: String,
    pub(crate) rsa: Vec<u8>,
    pub(crate) iv: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

impl Parts {
    pub(crate) fn text(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let Self { protected, rsa, iv, ciphertext, tag } = self;
        format!("{protected}.{}.{}.{}.{}", encode(rsa), encode(iv), encode(ciphertext), encode(tag))
    }

    /// Takes a change of one part.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> String {
        change(&mut self);
        self.text()
    }
}

pub(crate) fn header(key: &Key) -> String {
    format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{}"}}"#, key.kid)
}

pub(crate) fn payload(password: &str, purpose: &str, email: &str, nonce: &str) -> String {
    let text = |value: &str| json!(value).to_string();
    format!(
        r#"{{"password":{},"purpose":{},"email":{},"nonce":{}}}"#,
        text(password),
        text(purpose),
        text(email),
        text(nonce)
    )
}

pub(crate) fn fresh_nonce() -> String {
    nonce_at(NOW - 1_000)
}

pub(crate) fn nonce_at(time: i64) -> String {
    NonceKey::new(NONCE_KEY).issue(time)
}
