//! The private half of a sealing key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{self, KeyPair, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use crate::import::{self, ImportError, PrivateKeyDer};
use crate::public_key::PublicKey;
use crate::{der, oaep};

/// A private RSA key that opens what was sealed to its [public](Self::public) part.
///
/// It is parsed once and shared: a clone costs a reference count. Nothing prints it; `Debug`
/// shows the key id.
#[derive(Clone)]
pub struct SealingKey {
    inner: Arc<Inner>,
}

struct Inner {
    opening: OaepPrivateDecryptingKey,
    private: PrivateDecryptingKey,
    public: PublicKey,
}

/// The length of a new key's modulus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySize {
    /// 2048 bits: about 112 bits of strength (NIST SP 800-57 part 1, table 2).
    Rsa2048,
    /// 3072 bits: about 128 bits of strength; the default.
    #[default]
    Rsa3072,
    /// 4096 bits.
    Rsa4096,
}

impl KeySize {
    /// The length in bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }
}

/// A key could not be made or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library made no key.
    #[error("no RSA key could be generated; try again, and look at the system's random source if it repeats")]
    Generation,
    /// The cryptographic library did not write the key.
    #[error("the RSA key could not be encoded")]
    Encoding,
}

impl SealingKey {
    /// Makes a new key with the public exponent 65537. Takes from 50 ms to some seconds.
    ///
    /// # Errors
    /// [`KeyError`] if the cryptographic library fails, which it should not.
    pub fn generate(size: KeySize) -> Result<Self, KeyError> {
        let size = match size {
            KeySize::Rsa2048 => rsa::KeySize::Rsa2048,
            KeySize::Rsa3072 => rsa::KeySize::Rsa3072,
            KeySize::Rsa4096 => rsa::KeySize::Rsa4096,
        };
        let private = PrivateDecryptingKey::generate(size).map_err(|_| KeyError::Generation)?;
        Self::from_parsed(private).map_err(|_| KeyError::Generation)
    }

    /// Reads one unencrypted private key from PEM text: PKCS#1 (`RSA PRIVATE KEY`, RFC 8017
    /// §A.1.2) or PKCS#8 (`PRIVATE KEY`, RFC 5958), 2048 to 4096 bits.
    ///
    /// # Errors
    /// [`ImportError`] says what the text holds instead, and how to make a key that fits.
    pub fn from_pem(pem: &str) -> Result<Self, ImportError> {
        match import::private_key(pem)? {
            PrivateKeyDer::Pkcs1(der) => Self::from_pkcs1_der(&der),
            PrivateKeyDer::Pkcs8(der) => Self::from_pkcs8_der(&der),
        }
    }

    /// Reads an unencrypted PKCS#8 structure (RFC 5958), 2048 to 4096 bits.
    ///
    /// # Errors
    /// [`ImportError`], as for [`Self::from_pem`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, ImportError> {
        let private_key = der::pkcs8_private_key(der).ok_or(ImportError::Malformed)?;
        let numbers = der::rsa_numbers_of_private_key(private_key?).ok_or(ImportError::Malformed)?;
        import::check_numbers(&numbers)?;
        let private = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| ImportError::Inconsistent)?;
        Self::from_parsed(private)
    }

    fn from_pkcs1_der(der: &[u8]) -> Result<Self, ImportError> {
        let numbers = der::rsa_numbers_of_private_key(der).ok_or(ImportError::Malformed)?;
        import::check_numbers(&numbers)?;
        let pair = KeyPair::from_der(der).map_err(|_| ImportError::Inconsistent)?;
        let pkcs8 = pair.as_der().map_err(|_| ImportError::Inconsistent)?;
        Self::from_pkcs8_der(pkcs8.as_ref())
    }

    fn from_parsed(private: PrivateDecryptingKey) -> Result<Self, ImportError> {
        let spki = private.public_key().as_der().map_err(|_| ImportError::Inconsistent)?;
        let public = PublicKey::from_spki_der(spki.as_ref())?;
        let opening = OaepPrivateDecryptingKey::new(private.clone()).map_err(|_| ImportError::Inconsistent)?;
        Ok(Self { inner: Arc::new(Inner { opening, private, public }) })
    }

    /// Writes the private key as an unencrypted PKCS#8 structure (RFC 5958). The caller encrypts
    /// it before it rests anywhere.
    ///
    /// # Errors
    /// [`KeyError`] if the cryptographic library fails, which it should not.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = self.inner.private.as_der().map_err(|_| KeyError::Encoding)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The part that clients seal to.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.inner.public
    }

    /// The key id: the RFC 7638 SHA-256 thumbprint in base64url, 43 characters.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.inner.public.kid()
    }

    /// RSA-OAEP decryption, the operation that costs milliseconds. `None` for every failure.
    pub(crate) fn open_oaep(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        oaep::open(&self.inner.opening, ciphertext)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SealingKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}
