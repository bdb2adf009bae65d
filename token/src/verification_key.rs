//! One key that checks signatures, bound to one algorithm for life (RFC 8725 §3.1).

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::error::{InvalidToken, KeyError};
use crate::jwk::Jwk;

/// A parsed key and its algorithm. The pair is made here only, so no caller can mix them.
#[derive(Clone)]
pub(crate) struct VerificationKey {
    algorithm: Algorithm,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Public(ParsedPublicKey),
    Shared(Box<hmac::Key>),
}

impl VerificationKey {
    /// `None` for a key of another use or of a kind that no Bulla token is signed with:
    /// "implementations SHOULD ignore" those (RFC 7517 §5).
    pub(crate) fn from_jwk(jwk: &Jwk) -> Result<Option<Self>, KeyError> {
        let Some(algorithm) = algorithm_of(jwk)? else {
            return Ok(None);
        };
        let key = match algorithm {
            Algorithm::Es256 => p256(jwk),
            Algorithm::EdDsa => ed25519(jwk),
            Algorithm::Rs256 => return rsa(jwk).map(|key| Some(Self::public(algorithm, key))),
            Algorithm::Hs256 => return Err(KeyError::SymmetricKey),
        };
        let key = key.ok_or_else(|| damaged(jwk))?;
        Ok(Some(Self::public(algorithm, key)))
    }

    pub(crate) fn from_shared_secret(key: hmac::Key) -> Self {
        Self { algorithm: Algorithm::Hs256, material: Material::Shared(Box::new(key)) }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), InvalidToken> {
        match &self.material {
            // Refused inside, and each held by a vector: any length but the algorithm's own, DER
            // (RFC 7518 §3.4), ECDSA with r or s of zero (FIPS 186-5 §6.4.2; CVE-2022-21449) and
            // Ed25519 with s not below the group order (RFC 8032 §5.1.7).
            Material::Public(key) => key.verify_sig(signed, signature),
            // Constant time: an early exit would tell the right tag byte by byte.
            Material::Shared(key) => hmac::verify(key, signed, signature),
        }
        .map_err(|_| InvalidToken::Signature)
    }

    fn public(algorithm: Algorithm, key: ParsedPublicKey) -> Self {
        Self { algorithm, material: Material::Public(key) }
    }
}

/// The RSA sizes that are safe to trust and cheap to check, and the one exponent that everyone
/// uses. A huge modulus or exponent would make each verification a burden.
pub(crate) fn are_rsa_parameters_accepted(modulus: &[u8], exponent: &[u8]) -> bool {
    let leading_zero_bits = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading_zero_bits;
    // A leading zero byte is refused as well: not canonical (RFC 7518 §6.3.1.1).
    leading_zero_bits < 8 && (2048..=4096).contains(&bits) && exponent == [1, 0, 1]
}

/// The algorithm follows from the kind of key; `alg` may be absent (RFC 7517 §4.4) but not
/// contradict.
fn algorithm_of(jwk: &Jwk) -> Result<Option<Algorithm>, KeyError> {
    let algorithm = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        // Even one beside good keys: whoever publishes a secret has lost it.
        ("oct", _) => return Err(KeyError::SymmetricKey),
        ("EC", Some("P-256")) => Algorithm::Es256,
        ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
        ("RSA", _) => Algorithm::Rs256,
        _ => return Ok(None),
    };
    if jwk.public_key_use.as_deref().is_some_and(|key_use| key_use != "sig") {
        return Ok(None);
    }
    match jwk.alg.as_deref().map(str::parse::<Algorithm>) {
        None => Ok(Some(algorithm)),
        Some(Ok(stated)) if stated == algorithm => Ok(Some(algorithm)),
        Some(Ok(_)) => Err(KeyError::AlgorithmMismatch(label(jwk))),
        // PS256, RSA-OAEP and their like: a good key, but not for us.
        Some(Err(_)) => Ok(None),
    }
}

/// Parsing puts the point on the curve or fails; a point off the curve leaks or forges elsewhere.
fn p256(jwk: &Jwk) -> Option<ParsedPublicKey> {
    let mut point = [0x04; 65];
    point[1..33].copy_from_slice(&coordinate(jwk.x.as_deref())?);
    point[33..].copy_from_slice(&coordinate(jwk.y.as_deref())?);
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()
}

fn ed25519(jwk: &Jwk) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(&ED25519, coordinate(jwk.x.as_deref())?).ok()
}

fn rsa(jwk: &Jwk) -> Result<ParsedPublicKey, KeyError> {
    let number = |member: &Option<String>| member.as_deref().and_then(base64url::decode);
    let n = number(&jwk.n).ok_or_else(|| damaged(jwk))?;
    let e = number(&jwk.e).ok_or_else(|| damaged(jwk))?;
    if !are_rsa_parameters_accepted(&n, &e) {
        return Err(KeyError::RsaParameters);
    }
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).map_err(|_| damaged(jwk))
}

/// Always 32 bytes, leading zeros included (RFC 7518 §6.2.1.2).
fn coordinate(text: Option<&str>) -> Option<[u8; 32]> {
    base64url::decode(text?)?.try_into().ok()
}

fn damaged(jwk: &Jwk) -> KeyError {
    KeyError::Jwk(label(jwk))
}

fn label(jwk: &Jwk) -> String {
    jwk.kid.clone().unwrap_or_default()
}
