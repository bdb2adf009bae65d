//! The keys of RFC 7515 A.1 (HMAC), A.2 (RSA), A.3 (P-256) and RFC 8037 A.1 (Ed25519): printed for
//! examples, secret to nobody.

use std::cell::RefCell;
use std::collections::HashMap;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulla_token::{Jwk, JwkSet};
use serde_json::{Value, json};

pub(crate) const SHARED_SECRET: &str =
    "AyM1SysPpbyfDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAw";

const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RSA_D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
const RSA_P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const RSA_Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
const RSA_DP: &str = "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0";
const RSA_DQ: &str = "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU";
const RSA_QI: &str = "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U";

const P256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const P256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const P256_D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

const ED25519_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

#[derive(Clone, Copy)]
pub(crate) enum Key {
    Es256,
    Rs256,
    EdDsa,
    Hs256,
}

pub(crate) struct RfcKeys {
    pub(crate) es256: Jwk,
    pub(crate) rs256: Jwk,
    pub(crate) eddsa: Jwk,
    p256: EcdsaKeyPair,
    pub(crate) rsa: RsaKeyPair,
    ed25519: Ed25519KeyPair,
    known_signatures: RefCell<HashMap<String, Vec<u8>>>,
}

impl RfcKeys {
    /// `existing` is the vector file of the last run: its ES256 signatures are used again.
    pub(crate) fn new(existing: Option<&str>) -> Self {
        let point = [vec![4], bytes(P256_X), bytes(P256_Y)].concat();
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: bytes(RSA_N), e: vec![1, 0, 1] },
            d: bytes(RSA_D),
            p: bytes(RSA_P),
            q: bytes(RSA_Q),
            dP: bytes(RSA_DP),
            dQ: bytes(RSA_DQ),
            qInv: bytes(RSA_QI),
        };
        Self {
            es256: jwk(json!({ "kty": "EC", "alg": "ES256", "crv": "P-256", "x": P256_X, "y": P256_Y })),
            rs256: jwk(json!({ "kty": "RSA", "alg": "RS256", "n": RSA_N, "e": "AQAB" })),
            eddsa: jwk(json!({ "kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "x": ED25519_X })),
            p256: EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &bytes(P256_D),
                &point,
            )
            .expect("RFC 7515 A.3"),
            rsa: RsaKeyPair::from_components(&components).expect("RFC 7515 A.2"),
            ed25519: Ed25519KeyPair::from_seed_and_public_key(&bytes(ED25519_D), &bytes(ED25519_X))
                .expect("RFC 8037 A.1"),
            known_signatures: existing.map(|text| known_signatures(text, &point)).unwrap_or_default().into(),
        }
    }

    pub(crate) fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.es256.clone(), self.rs256.clone(), self.eddsa.clone()] }
    }

    pub(crate) fn kid(&self, key: Key) -> &str {
        let jwk = match key {
            Key::Es256 => &self.es256,
            Key::Rs256 => &self.rs256,
            Key::EdDsa => &self.eddsa,
            Key::Hs256 => return "shared-secret",
        };
        jwk.kid.as_deref().expect("each has one")
    }

    /// A token around any header and payload.
    pub(crate) fn token(&self, key: Key, header: &[u8], payload: &[u8]) -> String {
        let signed = [base64url(header), base64url(payload)].join(".");
        let signature = base64url(&self.sign(key, &signed));
        [signed, signature].join(".")
    }

    pub(crate) fn sign(&self, key: Key, signed: &str) -> Vec<u8> {
        match key {
            Key::Es256 => self.p256_sign(signed),
            Key::Rs256 => self.rsa_sign(&RSA_PKCS1_SHA256, signed),
            Key::EdDsa => self.ed25519.sign(signed.as_bytes()).as_ref().to_vec(),
            Key::Hs256 => hmac_sha256(&bytes(SHARED_SECRET), signed),
        }
    }

    /// One signature for one text, although each would be different.
    fn p256_sign(&self, signed: &str) -> Vec<u8> {
        let mut known = self.known_signatures.borrow_mut();
        let sign = || {
            let signature = self.p256.sign(&SystemRandom::new(), signed.as_bytes());
            signature.expect("P-256 signs").as_ref().to_vec()
        };
        known.entry(signed.to_owned()).or_insert_with(sign).clone()
    }

    pub(crate) fn sign_with_sha512(&self, signed: &str) -> Vec<u8> {
        self.rsa_sign(&RSA_PKCS1_SHA512, signed)
    }

    fn rsa_sign(&self, encoding: &'static dyn RsaEncoding, signed: &str) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("RSA signs");
        signature
    }

    pub(crate) fn rsa_public_key_pkcs1(&self) -> &[u8] {
        self.rsa.public_key().as_ref()
    }
}

pub(crate) fn hmac_sha256(secret: &[u8], signed: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn jwk(members: Value) -> Jwk {
    let mut jwk: Jwk = serde_json::from_value(members).expect("a JWK");
    jwk.public_key_use = Some("sig".into());
    jwk.kid = jwk.thumbprint();
    jwk
}

fn known_signatures(file: &str, point: &[u8]) -> HashMap<String, Vec<u8>> {
    let file: Value = serde_json::from_str(file).unwrap_or_default();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    let cases = file["cases"].as_array().cloned().unwrap_or_default();
    // From the end, so that of two valid signatures for one text the first of the file is kept.
    cases
        .iter()
        .rev()
        .filter_map(|case| case["token"].as_str()?.rsplit_once('.'))
        .filter_map(|(signed, signature)| Some((signed.to_owned(), URL_SAFE_NO_PAD.decode(signature).ok()?)))
        .filter(|(signed, signature)| key.verify(signed.as_bytes(), signature).is_ok())
        .collect()
}
