//! The four signature algorithms, and no fifth: what is not listed cannot be asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A JWS signature algorithm. There is deliberately no `none` (RFC 8725 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; signatures of 64 bytes, r‖s (RFC 7518 §3.4). Bulla's default.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2048 to 4096 bits (RFC 7518 §3.3).
    #[serde(rename = "RS256")]
    Rs256,
    /// EdDSA with Ed25519, never Ed448; signatures of 64 bytes (RFC 8037 §3.1).
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// HMAC with SHA-256 and a shared secret of at least 32 bytes (RFC 7518 §3.2). Whoever can
    /// verify such a token can also make one.
    #[serde(rename = "HS256")]
    Hs256,
}

impl Algorithm {
    /// The name in the `alg` header of a token and in the `alg` member of a JWK (RFC 7518 §3.1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

/// The text does not name one of the four algorithms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature algorithm; use ES256, RS256, EdDSA or HS256")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Names are case-sensitive (RFC 7515 §4.1.1): a lenient reading of `alg` is how `nOnE`
    /// slipped past libraries that refused `none`.
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        match text {
            "ES256" => Ok(Self::Es256),
            "RS256" => Ok(Self::Rs256),
            "EdDSA" => Ok(Self::EdDsa),
            "HS256" => Ok(Self::Hs256),
            _ => Err(UnknownAlgorithm),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
