//! Private keys that other programs wrote.
#![no_main]

use bulla_seal::{PublicKey, SealingKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pem: &str| {
    // A public key is read by the same reader of PEM, and one text is never both.
    let public = PublicKey::from_pem(pem);
    let Ok(key) = SealingKey::from_pem(pem) else { return };
    assert!(public.is_err(), "a private key is a public one too");
    let again = SealingKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()).unwrap();
    assert_eq!(again.kid(), key.kid());
    assert_eq!(PublicKey::from_pem(&key.public().to_pem()).unwrap().kid(), key.kid());
    // What was taken in must be fit for use.
    assert!(bulla_seal::seal_raw(key.public(), "a password").is_ok());
});
