//! The public half of a sealing key, as PEM and as JWK.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::import::{self, ImportError};
use crate::{der, oaep};

/// The key that a client seals to: 2048 to 4096 bits. A clone costs a reference count.
#[derive(Clone)]
pub struct PublicKey {
    inner: Arc<Inner>,
}

struct Inner {
    sealing: OaepPublicEncryptingKey,
    modulus: Vec<u8>,
    modulus_bits: usize,
    pem: String,
    jwk: Jwk,
}

/// A public sealing key as a JSON Web Key (RFC 7517; RFC 7518 §6.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Always `RSA`.
    pub kty: String,
    /// Always `enc` (RFC 7517 §4.2). In JSON the member is called `use`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Always `RSA-OAEP-256` (RFC 7518 §4.3).
    pub alg: String,
    /// The RFC 7638 SHA-256 thumbprint, base64url, 43 characters.
    pub kid: String,
    /// The modulus, big-endian without leading zeros, base64url.
    pub n: String,
    /// The public exponent, big-endian without leading zeros, base64url; mostly `AQAB`.
    pub e: String,
}

impl PublicKey {
    /// Reads one `PUBLIC KEY` block (SubjectPublicKeyInfo, RFC 7468 §13).
    ///
    /// # Errors
    /// [`ImportError`] says what the text holds instead.
    pub fn from_pem(pem: &str) -> Result<Self, ImportError> {
        Self::from_spki_der(&import::public_key(pem)?)
    }

    /// Reads a JWK. Every member is checked, and `kid` must be the key's own thumbprint, so that
    /// a mixed-up document fails here and not as an unknown key at the server.
    ///
    /// # Errors
    /// [`ImportError::Jwk`] names the wrong member; the other kinds refuse the key itself.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, ImportError> {
        let expected = [("kty", &jwk.kty, KTY), ("use", &jwk.usage, USE), ("alg", &jwk.alg, ALG)];
        for (member, value, wanted) in expected {
            if value != wanted {
                return Err(ImportError::Jwk(member));
            }
        }
        let n = URL_SAFE_NO_PAD.decode(&jwk.n).map_err(|_| ImportError::Jwk("n"))?;
        let e = URL_SAFE_NO_PAD.decode(&jwk.e).map_err(|_| ImportError::Jwk("e"))?;
        // A key must have one encoding, or it has two thumbprints (RFC 7518 §2, Base64urlUInt).
        if n.first().is_none_or(|byte| *byte == 0) {
            return Err(ImportError::Jwk("n"));
        }
        if e.first().is_none_or(|byte| *byte == 0) {
            return Err(ImportError::Jwk("e"));
        }
        import::check_numbers(&der::RsaNumbers { modulus: &n, exponent: &e })?;
        let spki = PublicKeyComponents { n, e }.as_der().map_err(|_| ImportError::Inconsistent)?;
        let key = Self::from_spki_der(spki.as_ref())?;
        if key.kid() == jwk.kid { Ok(key) } else { Err(ImportError::Jwk("kid")) }
    }

    pub(crate) fn from_spki_der(spki: &[u8]) -> Result<Self, ImportError> {
        let numbers = der::spki_numbers(spki).ok_or(ImportError::Malformed)??;
        import::check_numbers(&numbers)?;
        let key = PublicEncryptingKey::from_der(spki).map_err(|_| ImportError::Inconsistent)?;
        let spki = key.as_der().map_err(|_| ImportError::Inconsistent)?;
        let line_feeds = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let inner = Inner {
            modulus: numbers.modulus.to_vec(),
            modulus_bits: numbers.modulus_bits(),
            pem: pem::encode_config(&pem::Pem::new("PUBLIC KEY", spki.as_ref()), line_feeds),
            jwk: Jwk::new(&numbers),
            sealing: OaepPublicEncryptingKey::new(key).map_err(|_| ImportError::Inconsistent)?,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The key as a `PUBLIC KEY` block (SubjectPublicKeyInfo, RFC 7468 §13) with line feeds.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.inner.pem.clone()
    }

    /// The key as a JWK.
    #[must_use]
    pub fn jwk(&self) -> &Jwk {
        &self.inner.jwk
    }

    /// The key id: the RFC 7638 SHA-256 thumbprint in base64url, 43 characters.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.inner.jwk.kid
    }

    /// The length of the modulus in bits, 2048 to 4096.
    #[must_use]
    pub fn modulus_bits(&self) -> usize {
        self.inner.modulus_bits
    }

    /// The length of the modulus, and so of every ciphertext, in bytes.
    pub(crate) fn modulus_bytes(&self) -> usize {
        self.inner.modulus.len()
    }

    /// Whether a ciphertext of the modulus's length is also below it (RFC 8017 §5.1.2, step 1).
    /// Both numbers are public, so the comparison may take what time it likes.
    pub(crate) fn is_in_range(&self, ciphertext: &[u8]) -> bool {
        ciphertext < self.inner.modulus.as_slice()
    }

    pub(crate) fn seal_oaep(&self, message: &[u8]) -> Option<Vec<u8>> {
        oaep::seal(&self.inner.sealing, message)
    }

    pub(crate) fn maximum_message_bytes(&self) -> usize {
        oaep::maximum_message_bytes(&self.inner.sealing)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PublicKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

const KTY: &str = "RSA";
const USE: &str = "enc";
pub(crate) const ALG: &str = "RSA-OAEP-256";

impl Jwk {
    fn new(numbers: &der::RsaNumbers<'_>) -> Self {
        let n = URL_SAFE_NO_PAD.encode(numbers.modulus);
        let e = URL_SAFE_NO_PAD.encode(numbers.exponent);
        // RFC 7638 §3: the required members only, in lexicographic order, without whitespace.
        let canonical = format!(r#"{{"e":"{e}","kty":"{KTY}","n":"{n}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Self { kty: KTY.into(), usage: USE.into(), alg: ALG.into(), kid, n, e }
    }
}
