//! Which secrets are good enough to share.

use zeroize::Zeroizing;

/// The `kid` of every HS256 token: a constant, since a thumbprint of a secret would leak it
/// (RFC 7638 §7).
pub const SHARED_SECRET_KEY_ID: &str = "shared-secret";

/// Why a shared secret is refused. One captured token is enough to guess such a secret at home, and
/// whoever has it can be anyone (RFC 8725 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakSecret {
    /// Fewer than 32 bytes (RFC 7518 §3.2).
    #[error("the shared secret has {bytes} bytes but needs at least 32; make one with: openssl rand -base64 48")]
    TooShort {
        /// Its length.
        bytes: usize,
    },
    /// A secret printed in a tutorial, padded or repeated or not.
    #[error("the shared secret is the well-known {known:?} of tutorials; make one with: openssl rand -base64 48")]
    WellKnown {
        /// The part that attackers' lists contain.
        known: &'static str,
    },
    /// Too few different characters, or a few of them over and over.
    #[error("the shared secret is too regular to be random; make one with: openssl rand -base64 48")]
    Predictable,
}

/// The size of the SHA-256 output, the least that RFC 7518 §3.2 allows.
const MINIMUM_BYTES: usize = 32;

/// A random secret of 32 hexadecimal digits has fewer different ones in one of 27 million cases.
const MINIMUM_DISTINCT_BYTES: usize = 8;

/// Beginnings of keys that widely copied documentation prints in full (FastAPI, Spring Boot).
const KNOWN_BEGINNINGS: [&str; 2] = ["09d25e094faa", "404e63526655"];

/// What must be left beside a known phrase, and the shortest unit that may repeat.
const MINIMUM_UNKNOWN_BYTES: usize = 16;

/// In lower case without separators; a phrase comes before the phrases that it contains.
const KNOWN_PHRASES: [&str; 26] = [
    "astringsecretatleast256bitslong",
    "supersecretkey",
    "supersecretjwt",
    "supersecret",
    "yoursecretkeyhere",
    "yoursecretkey",
    "your256bitsecret",
    "yourjwtsecret",
    "mysecretkey",
    "jwtsecretkey",
    "jwtsecret",
    "secretkey",
    "accesstoken",
    "changeme",
    "changethis",
    "replaceme",
    "keyboardcat",
    "password",
    "secret",
    "shhhh",
    "development",
    "production",
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "0123456789",
    "qwertyuiop",
];

/// Takes every known phrase out and looks at the rest, so that no padding and no repetition helps.
pub(crate) fn judge(secret: &[u8]) -> Result<(), WeakSecret> {
    let mut rest = plain(secret);
    let is_repetition = (1..MINIMUM_UNKNOWN_BYTES).any(|period| is_repeated(&rest, period));
    let known = remove_known(&mut rest);
    let is_regular = is_repetition || distinct_bytes(&rest) < MINIMUM_DISTINCT_BYTES;
    match known {
        // Said before the length is, or the owner would only pad it.
        Some(known) if is_regular || rest.len() < MINIMUM_UNKNOWN_BYTES => Err(WeakSecret::WellKnown { known }),
        _ if secret.len() < MINIMUM_BYTES => Err(WeakSecret::TooShort { bytes: secret.len() }),
        _ if is_regular => Err(WeakSecret::Predictable),
        _ => Ok(()),
    }
}

/// The first known part found; `rest` is what remains without any.
fn remove_known(rest: &mut Vec<u8>) -> Option<&'static str> {
    let beginning = KNOWN_BEGINNINGS.into_iter().find(|known| rest.starts_with(known.as_bytes()));
    if beginning.is_some() {
        // The rest of such a key is printed in the same place.
        rest.clear();
    }
    KNOWN_PHRASES.into_iter().fold(beginning, |found, known| {
        let is_in = remove(rest, known.as_bytes());
        found.or(is_in.then_some(known))
    })
}

fn is_repeated(text: &[u8], period: usize) -> bool {
    text.len() > period && text[period..] == text[..text.len() - period]
}

fn plain(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(secret.len()));
    plain.extend(secret.iter().filter(|byte| !b"_-. ".contains(byte)).map(u8::to_ascii_lowercase));
    plain
}

/// Removes in place: what shrinking leaves behind is wiped with the whole capacity.
fn remove(text: &mut Vec<u8>, phrase: &[u8]) -> bool {
    let before = text.len();
    while let Some(start) = text.windows(phrase.len()).position(|window| window == phrase) {
        text.drain(start..start + phrase.len());
    }
    text.len() < before
}

fn distinct_bytes(text: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in text {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}
