//! Randomness, from the one place that may draw it.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// Random bytes for a key or an initialization vector; wiped when dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule is the server's; if callers of this library chose the content keys, one could choose a known one"
)]
pub(crate) fn bytes<const LENGTH: usize>() -> Result<Zeroizing<[u8; LENGTH]>, Unspecified> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    rand::fill(bytes.as_mut_slice())?;
    Ok(bytes)
}
