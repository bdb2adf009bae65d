//! RSA-OAEP (RFC 8017 §7.1) with SHA-256, MGF1-SHA-256 and an empty label: `RSA-OAEP-256` of
//! RFC 7518 §4.3.

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey};
use zeroize::Zeroizing;

/// The message, or `None` for whatever went wrong: which check failed must stay unknown, or the
/// key becomes an oracle (Manger 2001; RFC 8017 §7.1.2, the note after step 3).
pub(crate) fn open(key: &OaepPrivateDecryptingKey, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut message = Zeroizing::new(vec![0; key.min_output_size()]);
    let length = key.decrypt(&OAEP_SHA256_MGF1SHA256, ciphertext, &mut message, None).ok()?.len();
    message.truncate(length);
    Some(message)
}

/// The ciphertext, as long as the modulus; `None` if the message exceeds [`maximum_message_bytes`].
pub(crate) fn seal(key: &OaepPublicEncryptingKey, message: &[u8]) -> Option<Vec<u8>> {
    let mut ciphertext = vec![0; key.ciphertext_size()];
    let length = key.encrypt(&OAEP_SHA256_MGF1SHA256, message, &mut ciphertext, None).ok()?.len();
    ciphertext.truncate(length);
    Some(ciphertext)
}

/// The modulus's bytes less 66: two digests and two bytes (RFC 8017 §7.1.1, step 1b).
pub(crate) fn maximum_message_bytes(key: &OaepPublicEncryptingKey) -> usize {
    key.max_plaintext_size(&OAEP_SHA256_MGF1SHA256)
}

#[cfg(test)]
mod tests;
