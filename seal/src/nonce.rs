//! Nonces: what proves that an envelope is fresh, by the server's clock and without a memory.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// How long after its issue a nonce is fresh, in seconds. It serves any number of envelopes.
pub const NONCE_LIFETIME_SECONDS: i64 = 300;

/// How far in the future a nonce's time may lie, in milliseconds: another node's clock issued it.
const CLOCK_SKEW_MILLISECONDS: i64 = 10_000;

/// How long to remember the digest of a JWE, in seconds from when it was judged. It is more than a
/// nonce's lifetime: the nonce may come from a clock that is 10 s ahead of the judging node's, and
/// the replay may go to a node whose clock is 10 s behind it.
pub const DIGEST_LIFETIME_SECONDS: i64 = NONCE_LIFETIME_SECONDS + 2 * CLOCK_SKEW_MILLISECONDS / 1000;

/// Keeps these tags apart from whatever else is ever computed with the same key.
const LABEL: &[u8] = b"bulla-seal nonce v1\0";

const TIME_BYTES: usize = 8;
/// HMAC-SHA-256 cut to 128 bits (RFC 2104 §5).
const TAG_BYTES: usize = 16;

/// The secret that issues nonces and recognizes them; the same on every node. Wiped when dropped.
///
/// A nonce is an authenticated timestamp, as RFC 9449 §8 suggests: base64url of 24 bytes, eight
/// of big-endian Unix milliseconds and sixteen of HMAC-SHA-256 over a label and those eight.
/// 24 bytes are 32 characters with no spare bits and no padding. Clients treat it as opaque.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct NonceKey {
    key: [u8; 32],
}

impl NonceKey {
    /// Takes 32 random bytes.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A nonce of this moment, 32 characters. Times are Unix milliseconds.
    ///
    /// ```
    /// # use bulla_seal::NonceKey;
    /// let nonces = NonceKey::new([7; 32]);
    /// let nonce = nonces.issue(1_700_000_000_000);
    /// assert_eq!(nonce.len(), 32);
    /// assert!(nonces.is_fresh(&nonce, 1_700_000_299_999));
    /// assert!(!nonces.is_fresh(&nonce, 1_700_000_300_000));
    /// ```
    #[must_use]
    pub fn issue(&self, now_milliseconds: i64) -> String {
        let time = now_milliseconds.to_be_bytes();
        let mut nonce = [0; TIME_BYTES + TAG_BYTES];
        nonce[..TIME_BYTES].copy_from_slice(&time);
        nonce[TIME_BYTES..].copy_from_slice(&self.tag(time));
        URL_SAFE_NO_PAD.encode(nonce)
    }

    /// Whether this key issued the nonce less than [`NONCE_LIFETIME_SECONDS`] ago, or seemingly up
    /// to 10 s ahead, because the clocks of two nodes differ.
    #[must_use]
    pub fn is_fresh(&self, nonce: &str, now_milliseconds: i64) -> bool {
        let Ok(nonce) = URL_SAFE_NO_PAD.decode(nonce) else {
            return false;
        };
        let Some((time, tag)) = nonce.split_first_chunk::<TIME_BYTES>() else {
            return false;
        };
        // In constant time, or a tag could be guessed byte by byte.
        if verify_slices_are_equal(&self.tag(*time), tag).is_err() {
            return false;
        }
        let age = now_milliseconds.saturating_sub(i64::from_be_bytes(*time));
        (-CLOCK_SKEW_MILLISECONDS..NONCE_LIFETIME_SECONDS * 1000).contains(&age)
    }

    fn tag(&self, time: [u8; TIME_BYTES]) -> [u8; TAG_BYTES] {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.key));
        context.update(LABEL);
        context.update(&time);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&context.sign().as_ref()[..TAG_BYTES]);
        tag
    }
}

impl fmt::Debug for NonceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NonceKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const NONCES: NonceKey = NonceKey::new([7; 32]);

    #[test]
    fn a_nonce_is_fresh_for_300_seconds_and_not_a_millisecond_more() {
        let nonce = NONCES.issue(NOW);
        assert!(NONCES.is_fresh(&nonce, NOW));
        assert!(NONCES.is_fresh(&nonce, NOW + 299_999));
        assert!(!NONCES.is_fresh(&nonce, NOW + 300_000));
    }

    #[test]
    fn another_nodes_clock_may_be_10_seconds_ahead_and_not_a_millisecond_more() {
        let nonce = NONCES.issue(NOW);
        assert!(NONCES.is_fresh(&nonce, NOW - 10_000));
        assert!(!NONCES.is_fresh(&nonce, NOW - 10_001));
    }

    #[test]
    fn a_digest_outlives_every_nonce_that_was_fresh() {
        // The judging node reads NOW; a node whose clock is 10 s behind judges the replay.
        let nonce = NONCES.issue(NOW + CLOCK_SKEW_MILLISECONDS);
        assert!(NONCES.is_fresh(&nonce, NOW));
        let forgotten = NOW + DIGEST_LIFETIME_SECONDS * 1000;
        assert!(!NONCES.is_fresh(&nonce, forgotten - CLOCK_SKEW_MILLISECONDS));
    }

    #[test]
    fn another_keys_nonce_is_not_fresh() {
        assert!(!NonceKey::new([8; 32]).is_fresh(&NONCES.issue(NOW), NOW));
    }

    #[test]
    fn no_flipped_bit_of_a_nonce_is_fresh() {
        let nonce = URL_SAFE_NO_PAD.decode(NONCES.issue(NOW)).unwrap();
        for bit in 0..nonce.len() * 8 {
            let mut flipped = nonce.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!NONCES.is_fresh(&URL_SAFE_NO_PAD.encode(flipped), NOW), "bit {bit}");
        }
    }

    #[test]
    fn other_lengths_and_encodings_are_not_fresh() {
        let nonce = NONCES.issue(NOW);
        for wrong in ["", "AAAA", &nonce[..28], &format!("{nonce}AAAA"), &format!("{nonce}\n"), &format!("{nonce}=")] {
            assert!(!NONCES.is_fresh(wrong, NOW), "{wrong:?}");
        }
    }

    #[test]
    fn times_at_the_ends_of_the_range_do_not_overflow() {
        assert!(!NONCES.is_fresh(&NONCES.issue(i64::MIN), i64::MAX));
        assert!(!NONCES.is_fresh(&NONCES.issue(i64::MAX), i64::MIN));
    }

    #[test]
    fn a_nonce_key_does_not_print() {
        assert_eq!(format!("{NONCES:?}"), "NonceKey { .. }");
    }
}
