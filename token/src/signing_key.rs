//! Keys that sign tokens.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::MAXIMUM_TOKEN_BYTES;
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::Claims;
use crate::error::KeyError;
use crate::header;
use crate::jwk::Jwk;
use crate::shared_secret::{self, SHARED_SECRET_KEY_ID, WeakSecret};
use crate::verification_key::{VerificationKey, are_rsa_parameters_accepted};

/// A private key, or a shared secret, that signs access tokens with one algorithm.
///
/// A clone shares the key. The key material is wiped when the last clone is dropped; `Debug` shows
/// `kid` and algorithm only.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    kid: String,
    jwk: Option<Jwk>,
    /// The first part of every token, encoded once.
    header: String,
    private: Private,
    verification_key: VerificationKey,
}

enum Private {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    Shared(Box<hmac::Key>),
}

impl SigningKey {
    /// A new key: P-256 for ES256, RSA-2048 for RS256, Ed25519 for EdDSA.
    ///
    /// # Errors
    /// [`KeyError::SharedSecret`] for HS256; [`KeyError::Generation`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let private = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Private::Ecdsa),
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Private::Ed25519),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Private::Rsa),
            Algorithm::Hs256 => return Err(KeyError::SharedSecret),
        };
        Self::from_private(algorithm, private.map_err(|_| KeyError::Generation)?)
    }

    /// Imports an unencrypted PKCS#8 private key in DER (RFC 5208), as OpenSSL writes it. RSA: 2048
    /// to 4096 bits, exponent 65537.
    ///
    /// # Errors
    /// [`KeyError::SharedSecret`] for HS256; [`KeyError::PrivateKey`]; [`KeyError::RsaParameters`].
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let private = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Private::Ecdsa),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Private::Ed25519),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(der).map(Private::Rsa),
            Algorithm::Hs256 => return Err(KeyError::SharedSecret),
        };
        Self::from_private(algorithm, private.map_err(|_| KeyError::PrivateKey(algorithm))?)
    }

    /// A key for HS256 tokens, from a secret shared with every service that verifies them.
    ///
    /// Its `kid` is [`SHARED_SECRET_KEY_ID`], not a thumbprint, which would be a hash of the secret
    /// for everyone to guess against (RFC 7638 §7).
    ///
    /// # Errors
    /// [`WeakSecret`] if the secret is shorter than 32 bytes (RFC 7518 §3.2) or one that is known
    /// from tutorials or is easily guessed (RFC 8725 §3.5).
    pub fn from_shared_secret(secret: &[u8]) -> Result<Self, WeakSecret> {
        shared_secret::judge(secret)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let kid = SHARED_SECRET_KEY_ID;
        Ok(Self(Arc::new(Inner {
            algorithm: Algorithm::Hs256,
            kid: kid.to_owned(),
            jwk: None,
            header: header::encode(Algorithm::Hs256, kid),
            verification_key: VerificationKey::from_shared_secret(key.clone()),
            private: Private::Shared(Box::new(key)),
        })))
    }

    /// Signs claims: a token in compact serialization (RFC 7515 §7.1), with the header members
    /// `alg`, `kid` and `typ` that this key always writes.
    ///
    /// # Errors
    /// [`KeyError::TokenTooLong`] over [`MAXIMUM_TOKEN_BYTES`]; [`KeyError::Operation`].
    pub fn issue(&self, claims: &Claims) -> Result<String, KeyError> {
        let payload = serde_json::to_vec(claims).map_err(|_| KeyError::Operation)?;
        // One allocation: the longest signature, of RSA-4096, has 683 characters.
        let mut token = String::with_capacity(self.0.header.len() + payload.len() * 4 / 3 + 700);
        token.push_str(&self.0.header);
        token.push('.');
        base64url::append(payload, &mut token);
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        base64url::append(signature, &mut token);
        if token.len() > MAXIMUM_TOKEN_BYTES {
            return Err(KeyError::TokenTooLong);
        }
        Ok(token)
    }

    /// The RFC 7638 thumbprint of the public key, 43 characters; for HS256
    /// [`SHARED_SECRET_KEY_ID`].
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The one algorithm that this key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The public half, for the key set. `None` for HS256, which has no public half.
    pub fn jwk(&self) -> Option<&Jwk> {
        self.0.jwk.as_ref()
    }

    /// The private key as PKCS#8 in DER, unencrypted (RFC 5208): wiped when dropped, encrypt it
    /// before it is stored.
    ///
    /// # Errors
    /// [`KeyError::SharedSecret`] for HS256; [`KeyError::Operation`].
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = match &self.0.private {
            Private::Ecdsa(pair) => pair.to_pkcs8v1().map(|der| wiped(der.as_ref())),
            Private::Ed25519(pair) => pair.to_pkcs8v1().map(|der| wiped(der.as_ref())),
            Private::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| wiped(der.as_ref())),
            Private::Shared(_) => return Err(KeyError::SharedSecret),
        };
        der.map_err(|_| KeyError::Operation)
    }

    pub(crate) fn verification_key(&self) -> &VerificationKey {
        &self.0.verification_key
    }

    fn from_private(algorithm: Algorithm, private: Private) -> Result<Self, KeyError> {
        let jwk = match &private {
            Private::Ecdsa(pair) => Jwk::p256(pair.public_key().as_ref()),
            Private::Ed25519(pair) => Jwk::ed25519(pair.public_key().as_ref()),
            Private::Rsa(pair) => rsa_jwk(pair)?,
            Private::Shared(_) => return Err(KeyError::SharedSecret),
        };
        let kid = jwk.kid.clone().ok_or(KeyError::Operation)?;
        let verification_key = VerificationKey::from_jwk(&jwk)?.ok_or(KeyError::Operation)?;
        Ok(Self(Arc::new(Inner {
            algorithm,
            header: header::encode(algorithm, &kid),
            kid,
            jwk: Some(jwk),
            private,
            verification_key,
        })))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let signature = match &self.0.private {
            Private::Ecdsa(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Private::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
            Private::Shared(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        };
        signature.map_err(|_| KeyError::Operation)
    }
}

/// The public half, if verifiers would accept it: better to learn that at import than from the
/// first token.
fn rsa_jwk(pair: &RsaKeyPair) -> Result<Jwk, KeyError> {
    let public_key = pair.public_key();
    let modulus = public_key.modulus();
    let exponent = public_key.exponent();
    let modulus = modulus.big_endian_without_leading_zero();
    let exponent = exponent.big_endian_without_leading_zero();
    if !are_rsa_parameters_accepted(modulus, exponent) {
        return Err(KeyError::RsaParameters);
    }
    Ok(Jwk::rsa(modulus, exponent))
}

fn wiped(der: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(der.to_vec())
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("kid", &self.0.kid)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}
