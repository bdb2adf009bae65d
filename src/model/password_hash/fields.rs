//! What PBKDF2 and scrypt hashes have in common: fields between dollar signs, and bytes in base64.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Less could be found by trying passwords until one fits by chance.
pub(super) const SHORTEST_HASH_BYTES: usize = 16;
/// In base64, less what may be padding.
pub(super) const SHORTEST_HASH_CHARACTERS: usize = 20;
/// SHA-512's; a longer one would multiply the cost.
const LONGEST_HASH_BYTES: usize = 64;

const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A salt: any bytes, but some.
pub(super) fn salt(text: &str) -> Option<Vec<u8>> {
    bytes(text).filter(|salt| !salt.is_empty())
}

/// A hash: neither so short that it proves nothing nor so long that it costs too much.
pub(super) fn hash(text: &str) -> Option<Vec<u8>> {
    bytes(text).filter(|hash| (SHORTEST_HASH_BYTES..=LONGEST_HASH_BYTES).contains(&hash.len()))
}

/// The value of `name=` in a list such as `i=4096,l=32`. Only plain digits, so that each number has one spelling.
pub(super) fn number(list: &str, name: &str) -> Option<u32> {
    let value = list.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
    digits(value)
}

pub(super) fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// passlib writes a `.` for base64's `+`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    FORGIVING.decode(text.replace('.', "+")).ok()
}
