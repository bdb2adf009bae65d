//! Taking in keys that other programs made, with a reason for each refusal.

use zeroize::Zeroizing;

use crate::der::RsaNumbers;

/// Why a key was not taken in. Each message says what the input holds and what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// There is no PEM block in the text.
    #[error("no PEM block found; make a key with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`")]
    NoPem,
    /// More than one PEM block.
    #[error("the file holds {0} PEM blocks; keep exactly the one RSA key")]
    SeveralBlocks(usize),
    /// The private key is encrypted with a passphrase (PKCS#8 or the older OpenSSL way).
    #[error("the private key is encrypted; decrypt it first with `openssl pkey -in key.pem -out decrypted.pem`")]
    Encrypted,
    /// A public key where the private one is needed.
    #[error("this is a public key; import the private key that belongs to it")]
    PublicKey,
    /// A private key where the public one is needed.
    #[error("this is a private key; take its public part with `openssl pkey -in key.pem -pubout`")]
    PrivateKey,
    /// An X.509 certificate or a certificate request.
    #[error("this is a certificate, not a key; import the private key that it was made for")]
    Certificate,
    /// A public key in the PKCS#1 form.
    #[error("this is a PKCS#1 public key; convert it with `openssl rsa -RSAPublicKey_in -in key.pem -pubout`")]
    Pkcs1PublicKey,
    /// OpenSSH's own format.
    #[error("this is an OpenSSH key; convert a copy of it with `ssh-keygen -p -m PEM -f key`")]
    OpenSsh,
    /// An elliptic-curve, Edwards-curve, DSA or RSA-PSS key.
    #[error(
        "this is not an RSA encryption key; make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`"
    )]
    NotRsa,
    /// A PEM block of another kind.
    #[error("the PEM block is not a key; give one that begins with `-----BEGIN PRIVATE KEY-----`")]
    UnknownBlock,
    /// Shorter than 2048 bits.
    #[error("the RSA key has only {0} bits; use 3072, at least 2048")]
    TooSmall(usize),
    /// Longer than 4096 bits.
    #[error("the RSA key has {0} bits; use 3072, at most 4096, because each login pays for it")]
    TooLarge(usize),
    /// An exponent that is even, below 65537 or above 32 bits (NIST SP 800-56B §6.2.1 sets the
    /// lower bound).
    #[error(
        "the RSA key's public exponent must be odd, at least 65537 and at most 32 bits; make a new key with 65537, the default"
    )]
    Exponent,
    /// The structure is damaged.
    #[error("the key is damaged: its structure cannot be read; export it again with `openssl pkey -in key.pem`")]
    Malformed,
    /// The numbers do not belong together.
    #[error("the key is damaged: its numbers do not belong together; check it with `openssl rsa -check -in key.pem`")]
    Inconsistent,
    /// A member of the JWK is not what RFC 7517, RFC 7518 §6.3 and this crate ask for.
    #[error("the JWK's member `{0}` is wrong; fetch the sealing-key document again")]
    Jwk(&'static str),
}

pub(crate) enum PrivateKeyDer {
    Pkcs1(Zeroizing<Vec<u8>>),
    Pkcs8(Zeroizing<Vec<u8>>),
}

/// The one private key in a PEM text.
pub(crate) fn private_key(text: &str) -> Result<PrivateKeyDer, ImportError> {
    let block = only_block(text)?;
    // OpenSSL's older encryption leaves the label alone and adds headers (RFC 1421 §4.6.1.1).
    let is_encrypted = block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
    match block.tag() {
        _ if is_encrypted => Err(ImportError::Encrypted),
        "RSA PRIVATE KEY" => Ok(PrivateKeyDer::Pkcs1(Zeroizing::new(block.into_contents()))),
        "PRIVATE KEY" => Ok(PrivateKeyDer::Pkcs8(Zeroizing::new(block.into_contents()))),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(ImportError::PublicKey),
        tag => Err(refusal(tag)),
    }
}

/// The one `SubjectPublicKeyInfo` in a PEM text.
pub(crate) fn public_key(text: &str) -> Result<Vec<u8>, ImportError> {
    let block = only_block(text)?;
    match block.tag() {
        "PUBLIC KEY" => Ok(block.into_contents()),
        "RSA PUBLIC KEY" => Err(ImportError::Pkcs1PublicKey),
        "RSA PRIVATE KEY" | "PRIVATE KEY" => Err(ImportError::PrivateKey),
        tag => Err(refusal(tag)),
    }
}

/// Sizes that we accept. The library checks the rest.
pub(crate) fn check_numbers(numbers: &RsaNumbers<'_>) -> Result<(), ImportError> {
    match numbers.modulus_bits() {
        bits @ 0..2048 => return Err(ImportError::TooSmall(bits)),
        2048..=4096 => {}
        bits => return Err(ImportError::TooLarge(bits)),
    }
    if numbers.exponent.len() > 4 {
        return Err(ImportError::Exponent);
    }
    let exponent = numbers.exponent.iter().fold(0, |value: u32, byte| value << 8 | u32::from(*byte));
    if exponent < 65_537 || exponent.is_multiple_of(2) {
        return Err(ImportError::Exponent);
    }
    Ok(())
}

fn only_block(text: &str) -> Result<pem::Pem, ImportError> {
    if !text.contains("-----BEGIN ") {
        return Err(ImportError::NoPem);
    }
    let mut blocks = pem::parse_many(text).map_err(|_| ImportError::Malformed)?;
    // `openssl ecparam -genkey` writes two blocks; its reader is better told about the curve.
    if blocks.iter().any(|block| block.tag() == "EC PRIVATE KEY") {
        return Err(ImportError::NotRsa);
    }
    match (blocks.pop(), blocks.len()) {
        (Some(block), 0) => Ok(block),
        (Some(_), others) => Err(ImportError::SeveralBlocks(others + 1)),
        (None, _) => Err(ImportError::Malformed),
    }
}

fn refusal(tag: &str) -> ImportError {
    match tag {
        "ENCRYPTED PRIVATE KEY" => ImportError::Encrypted,
        "OPENSSH PRIVATE KEY" => ImportError::OpenSsh,
        "EC PARAMETERS" | "DSA PRIVATE KEY" | "DSA PARAMETERS" => ImportError::NotRsa,
        _ if tag.contains("CERTIFICATE") => ImportError::Certificate,
        _ => ImportError::UnknownBlock,
    }
}
