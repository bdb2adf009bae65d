//! Envelopes by hand, so that each part of one can be made wrong.

use std::process::Command;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulla_seal::{Jwk, PublicKey};
use serde_json::{Value, json};

use super::TestServer;

/// What a server hands out for sealing.
pub struct Offer {
    pub key: PublicKey,
    pub nonce: String,
}

/// A JWE taken apart.
#[derive(Clone)]
pub struct Parts {
    pub protected: String,
    pub rsa: Vec<u8>,
    pub iv: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag: Vec<u8>,
}

/// As text, because the raw form seals texts.
const CONTENT_KEY: &str = "0123456789abcdef0123456789abcdef";

impl Offer {
    pub async fn of(server: &TestServer) -> Self {
        Self::read(&server.get("sealing-key").await.ok(200))
    }

    /// From a sealing-key document.
    pub fn read(document: &Value) -> Self {
        let jwk: Jwk = serde_json::from_value(document["jwk"].clone()).unwrap();
        Self { key: PublicKey::from_jwk(&jwk).unwrap(), nonce: document["nonce"].as_str().unwrap().to_owned() }
    }

    /// The only header that is accepted.
    pub fn header(&self) -> Value {
        json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": self.key.kid() })
    }

    /// A right payload for a login.
    pub fn payload(&self, email: &str, password: &str) -> Value {
        json!({ "password": password, "purpose": "login", "email": email, "nonce": self.nonce })
    }

    /// Any payload under any header.
    pub fn seal(&self, header: &Value, payload: impl AsRef<[u8]>) -> Parts {
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let mut ciphertext = payload.as_ref().to_vec();
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, CONTENT_KEY.as_bytes()).unwrap());
        let iv = [7; 12];
        let aad = Aad::from(protected.as_bytes());
        let tag = cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), aad, &mut ciphertext).unwrap();
        Parts { rsa: self.wrap(CONTENT_KEY), iv: iv.to_vec(), tag: tag.as_ref().to_vec(), ciphertext, protected }
    }

    /// RSA-OAEP-256 over any text.
    pub fn wrap(&self, text: &str) -> Vec<u8> {
        STANDARD.decode(bulla_seal::seal_raw(&self.key, text).unwrap()).unwrap()
    }

    /// A right envelope for a login, taken apart.
    pub fn login(&self, email: &str, password: &str) -> Parts {
        self.seal(&self.header(), self.payload(email, password).to_string())
    }

    /// RSA encryption by OpenSSL, with the padding that `options` name.
    pub fn openssl(&self, message: &[u8], options: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (key, text) = (folder.path().join("public.pem"), folder.path().join("message"));
        std::fs::write(&key, self.key.to_pem()).unwrap();
        std::fs::write(&text, message).unwrap();
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", "-encrypt", "-pubin", "-inkey"]).arg(&key).arg("-in").arg(&text);
        for option in options {
            command.args(["-pkeyopt", option]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }
}

impl Parts {
    /// Of a compact JWE.
    pub fn of(text: &str) -> Self {
        let [protected, parts @ ..] = &text.split('.').collect::<Vec<_>>()[..] else { panic!("no JWE: {text}") };
        let [rsa, iv, ciphertext, tag] =
            parts.iter().map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect::<Vec<_>>().try_into().unwrap();
        Self { protected: (*protected).to_owned(), rsa, iv, ciphertext, tag }
    }

    pub fn text(&self) -> String {
        let parts = [&self.rsa, &self.iv, &self.ciphertext, &self.tag].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{}.{}", self.protected, parts.join("."))
    }

    /// The text with one part changed.
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut changed = self.clone();
        change(&mut changed);
        changed.text()
    }
}
