//! Public keys as they are published: JWK and JWK Set (RFC 7517).

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::algorithm::Algorithm;
use crate::base64url;

/// A public key for signatures in JSON (RFC 7517 §4).
///
/// Has no place for private members (`d`, `p`, `k`, …), so none is ever kept or published; they and
/// all unknown members are ignored on input. Numbers are canonical base64url, big-endian.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Jwk {
    /// Key type: `EC` (RFC 7518 §6.2), `RSA` (§6.3) or `OKP` (RFC 8037 §2).
    pub kty: String,
    /// `sig`, in the keys that Bulla publishes.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub public_key_use: Option<String>,
    /// The one algorithm that the key is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The name that tokens call the key by: in Bulla's keys its [thumbprint](Self::thumbprint).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Curve: `P-256` (EC) or `Ed25519` (OKP).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The point's x coordinate (EC, 32 bytes) or the whole public key (OKP, 32 bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The point's y coordinate (EC, 32 bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus (RSA, 256 to 512 bytes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Public exponent (RSA), always `AQAB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

/// The document at `/.well-known/jwks.json` (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys in no particular order: the active one, the next, and those still retiring.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// The SHA-256 thumbprint in base64url, 43 characters (RFC 7638 §3, RFC 8037 §2). `None` if
    /// `kty` is not one of ours or a member that it needs is missing.
    pub fn thumbprint(&self) -> Option<String> {
        // The members in this order, without white space, are the definition (RFC 7638 §3.3).
        let json = match self.kty.as_str() {
            "EC" => serde_json::to_string(&EllipticCurveMembers {
                crv: self.crv.as_deref()?,
                kty: "EC",
                x: self.x.as_deref()?,
                y: self.y.as_deref()?,
            }),
            "OKP" => serde_json::to_string(&OctetKeyPairMembers {
                crv: self.crv.as_deref()?,
                kty: "OKP",
                x: self.x.as_deref()?,
            }),
            "RSA" => serde_json::to_string(&RsaMembers { e: self.e.as_deref()?, kty: "RSA", n: self.n.as_deref()? }),
            _ => return None,
        };
        let json = json.expect("a struct of texts is always JSON");
        Some(base64url::encode(digest::digest(&digest::SHA256, json.as_bytes())))
    }

    /// From an uncompressed point, 0x04 ‖ x ‖ y (SEC 1 §2.3.3).
    pub(crate) fn p256(point: &[u8]) -> Self {
        let (x, y) = point[1..].split_at(32);
        Self {
            crv: Some("P-256".into()),
            x: Some(base64url::encode(x)),
            y: Some(base64url::encode(y)),
            ..Self::for_signatures("EC", Algorithm::Es256)
        }
        .named()
    }

    pub(crate) fn ed25519(public_key: &[u8]) -> Self {
        Self {
            crv: Some("Ed25519".into()),
            x: Some(base64url::encode(public_key)),
            ..Self::for_signatures("OKP", Algorithm::EdDsa)
        }
        .named()
    }

    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        Self {
            n: Some(base64url::encode(modulus)),
            e: Some(base64url::encode(exponent)),
            ..Self::for_signatures("RSA", Algorithm::Rs256)
        }
        .named()
    }

    fn for_signatures(kty: &str, algorithm: Algorithm) -> Self {
        Self {
            kty: kty.into(),
            public_key_use: Some("sig".into()),
            alg: Some(algorithm.as_str().into()),
            ..Self::default()
        }
    }

    fn named(mut self) -> Self {
        self.kid = self.thumbprint();
        self
    }
}

#[derive(Serialize)]
struct EllipticCurveMembers<'a> {
    crv: &'a str,
    kty: &'a str,
    x: &'a str,
    y: &'a str,
}

#[derive(Serialize)]
struct OctetKeyPairMembers<'a> {
    crv: &'a str,
    kty: &'a str,
    x: &'a str,
}

#[derive(Serialize)]
struct RsaMembers<'a> {
    e: &'a str,
    kty: &'a str,
    n: &'a str,
}
