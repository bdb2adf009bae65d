//! Just enough DER (X.690) to find the numbers inside an RSA key.
//!
//! It decides nothing about security: every key is parsed and checked by the cryptographic
//! library too. It exists because the library neither tells why it refused a key nor hands out a
//! modulus, and operators deserve a reason.

use crate::import::ImportError;

/// An RSA key's public numbers, big-endian without leading zeros.
pub(crate) struct RsaNumbers<'a> {
    pub(crate) modulus: &'a [u8],
    pub(crate) exponent: &'a [u8],
}

impl RsaNumbers<'_> {
    pub(crate) fn modulus_bits(&self) -> usize {
        let leading = self.modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        self.modulus.len() * 8 - leading
    }
}

/// The numbers of an `RSAPrivateKey` (RFC 8017 §A.1.2).
pub(crate) fn rsa_numbers_of_private_key(der: &[u8]) -> Option<RsaNumbers<'_>> {
    let mut key = Reader(Reader(der).element(SEQUENCE)?);
    let _version = key.element(INTEGER)?;
    Some(RsaNumbers { modulus: key.positive_integer()?, exponent: key.positive_integer()? })
}

/// The `RSAPrivateKey` inside a `PrivateKeyInfo` (RFC 5958 §2); the inner error says that the key
/// is of another kind.
pub(crate) fn pkcs8_private_key(der: &[u8]) -> Option<Result<&[u8], ImportError>> {
    let mut info = Reader(Reader(der).element(SEQUENCE)?);
    let _version = info.element(INTEGER)?;
    let algorithm = Reader(info.element(SEQUENCE)?).element(OBJECT_IDENTIFIER)?;
    let key = info.element(OCTET_STRING)?;
    Some(if algorithm == RSA_ENCRYPTION { Ok(key) } else { Err(ImportError::NotRsa) })
}

/// The numbers inside a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7, RFC 8017 §A.1.1); the inner
/// error says that the key is of another kind.
pub(crate) fn spki_numbers(der: &[u8]) -> Option<Result<RsaNumbers<'_>, ImportError>> {
    let mut info = Reader(Reader(der).element(SEQUENCE)?);
    let algorithm = Reader(info.element(SEQUENCE)?).element(OBJECT_IDENTIFIER)?;
    if algorithm != RSA_ENCRYPTION {
        return Some(Err(ImportError::NotRsa));
    }
    let key = info.element(BIT_STRING)?.strip_prefix(&[0])?;
    let mut key = Reader(Reader(key).element(SEQUENCE)?);
    Some(Ok(RsaNumbers { modulus: key.positive_integer()?, exponent: key.positive_integer()? }))
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// 1.2.840.113549.1.1.1, `rsaEncryption` (RFC 8017 §A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of the next element, which must have this tag.
    fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(contents)
    }

    fn positive_integer(&mut self) -> Option<&'a [u8]> {
        let integer = self.element(INTEGER)?;
        let digits = integer.strip_prefix(&[0]).unwrap_or(integer);
        (!digits.is_empty()).then_some(digits)
    }
}
