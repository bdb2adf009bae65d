//! The stored form of a password: a PHC string (ours, Argon2id) or a foreign hash that was brought along.

mod argon2_hash;
mod bcrypt_hash;
mod fields;
mod memory;
mod pbkdf2_hash;
mod scrypt_hash;

use std::fmt;

use argon2_hash::Argon2Hash;
use bcrypt_hash::BcryptHash;
use pbkdf2_hash::Pbkdf2Hash;
use scrypt_hash::ScryptHash;

use super::{Argon2Cost, Password};

pub use memory::HashMemory;

#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct PasswordHash(String);

/// A hash that cannot be checked. The message completes the sentence "the password hash …", and never repeats the
/// hash: what stands in its place may be somebody's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableHash {
    #[error("is of no kind that can be checked here; bcrypt, Argon2, PBKDF2 and scrypt can")]
    Unknown,
    #[error("begins like {0} but is damaged")]
    Damaged(&'static str),
    #[error("costs more to check than is allowed; {0}")]
    TooCostly(&'static str),
    #[error("is longer than 512 bytes")]
    TooLong,
}

/// Of the column.
const LONGEST_BYTES: usize = 512;

impl PasswordHash {
    /// Hashes a password; takes milliseconds, so it runs on a hashing thread only.
    pub fn make(password: &Password, salt: [u8; 16], cost: Argon2Cost, memory: &mut HashMemory) -> Self {
        Self(memory.time(|memory| argon2_hash::make(password.as_bytes(), salt, cost, memory)))
    }

    /// A hash of today's kind that nobody made: no password is known for it, and to look for one is as hard as for any.
    pub fn of_nobody(salt: [u8; 16], hash: [u8; 32], cost: Argon2Cost) -> Self {
        Self(argon2_hash::of_nobody(salt, hash, cost))
    }

    /// A hash that someone else made, if it is one that can be checked later.
    pub fn parse(text: &str) -> Result<Self, UnusableHash> {
        Kind::parse(text).map(|_| Self(text.to_owned()))
    }

    /// A hash that is judged when it is used.
    pub fn from_existing(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a password is the one that was hashed; takes milliseconds, so it runs on a hashing thread only.
    pub fn matches(&self, password: &Password, memory: &mut HashMemory) -> Result<bool, UnusableHash> {
        Ok(Kind::parse(&self.0)?.matches(password.as_bytes(), memory))
    }

    /// As `matches`, for a hash that may have been made of the password as it was typed. Other systems do not normalize,
    /// and some keyboards type an `é` as two characters; ours are made of the normalized text and never match this way.
    pub fn matches_as_typed(&self, password: &Password, memory: &mut HashMemory) -> Result<bool, UnusableHash> {
        match password.as_typed() {
            Some(typed) => Ok(Kind::parse(&self.0)?.matches(typed, memory)),
            None => Ok(false),
        }
    }

    /// Whether it is what [`PasswordHash::make`] would make today; if not, the next good login replaces it.
    pub fn is_current(&self, cost: Argon2Cost) -> bool {
        self.0.starts_with(&format!("$argon2id$v=19${cost}$"))
    }

    /// A hash of the same kind and cost that is nobody's: what stands in for it.
    pub fn decoy(&self) -> Self {
        let kept = self.0.len().saturating_sub(fields::SHORTEST_HASH_CHARACTERS);
        let hide = |(place, character): (usize, char)| {
            if place >= kept && character.is_ascii_alphanumeric() { 'A' } else { character }
        };
        Self(self.0.char_indices().map(hide).collect())
    }

    /// Whether both are of one kind and cost.
    pub fn is_made_like(&self, other: &Self) -> bool {
        let made = |hash: &Self| hash.0.splitn(5, '$').take(4).map(str::to_owned).collect::<Vec<_>>();
        made(self) == made(other)
    }
}

/// A hash taken apart: whatever parses can be checked, at a cost that is no attack.
enum Kind {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Pbkdf2(Pbkdf2Hash),
    Scrypt(ScryptHash),
}

impl Kind {
    fn parse(text: &str) -> Result<Self, UnusableHash> {
        if text.len() > LONGEST_BYTES {
            return Err(UnusableHash::TooLong);
        }
        if text.starts_with("$argon2") {
            Argon2Hash::parse(text).map(Self::Argon2)
        } else if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            BcryptHash::parse(text).map(Self::Bcrypt)
        } else if text.starts_with("$pbkdf2") {
            Pbkdf2Hash::parse(text).map(Self::Pbkdf2)
        } else if text.starts_with("$scrypt$") {
            ScryptHash::parse(text).map(Self::Scrypt)
        } else {
            Err(UnusableHash::Unknown)
        }
    }

    fn matches(&self, password: &[u8], memory: &mut HashMemory) -> bool {
        match self {
            Self::Argon2(hash) => memory.time(|memory| hash.matches(password, memory)),
            Self::Bcrypt(hash) => memory.time_other(|| hash.matches(password)),
            Self::Pbkdf2(hash) => memory.time_other(|| hash.matches(password)),
            Self::Scrypt(hash) => memory.time_other(|| hash.matches(password)),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_hash_matches_its_own_password_and_no_other() {
        let mut memory = HashMemory::default();
        let hash = PasswordHash::make(&password("open sesame"), [7; 16], Argon2Cost::DEFAULT, &mut memory);
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hash.matches(&password("open sesame"), &mut memory), Ok(true));
        assert_eq!(hash.matches(&password("open sesamE"), &mut memory), Ok(false));
        assert!(hash.is_current(Argon2Cost::DEFAULT));
        assert!(!hash.is_current(Argon2Cost { passes: 3, ..Argon2Cost::DEFAULT }));
    }

    #[test]
    fn a_hash_of_nobody_is_checked_like_any_other_and_never_matches() {
        let mut memory = HashMemory::default();
        let cost: Argon2Cost = "m=12288,t=3,p=1".parse().unwrap();
        let (somebodys, nobodys) = (
            PasswordHash::make(&password("x"), [7; 16], cost, &mut memory),
            PasswordHash::of_nobody([7; 16], [9; 32], cost),
        );
        assert!(nobodys.is_current(cost) && nobodys.is_made_like(&somebodys));
        assert_eq!(nobodys.as_str().len(), somebodys.as_str().len());
        assert_eq!(nobodys.matches(&password("x"), &mut memory), Ok(false));
    }

    #[test]
    fn hashes_of_one_kind_and_cost_are_made_alike() {
        let mut memory = HashMemory::default();
        let mut make = |salt, cost: Argon2Cost| PasswordHash::make(&password("x"), [salt; 16], cost, &mut memory);
        let (one, other) = (make(1, Argon2Cost::DEFAULT), make(2, Argon2Cost::DEFAULT));
        assert!(one.is_made_like(&other));
        assert!(!one.is_made_like(&make(1, "m=12288,t=3,p=1".parse().unwrap())));
        assert!(!one.is_made_like(&PasswordHash(bcrypt::hash("x", 4).unwrap())));
    }

    #[test]
    fn a_foreign_hash_of_decomposed_text_matches_as_typed() {
        let mut memory = HashMemory::default();
        let hash = PasswordHash::parse(&bcrypt::hash("cafe\u{301} au lait", 4).unwrap()).unwrap();
        let (decomposed, composed) = (password("cafe\u{301} au lait"), password("caf\u{e9} au lait"));
        assert_eq!(hash.matches(&decomposed, &mut memory), Ok(false));
        assert_eq!(hash.matches_as_typed(&decomposed, &mut memory), Ok(true));
        assert_eq!(hash.matches_as_typed(&composed, &mut memory), Ok(false));
    }

    #[test]
    fn a_check_is_counted_whatever_the_kind() {
        let mut memory = HashMemory::default();
        for text in [
            PasswordHash::make(&password("x"), [7; 16], Argon2Cost::DEFAULT, &mut memory).0,
            bcrypt::hash("x", 4).unwrap(),
            "$pbkdf2-sha256$i=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg".to_owned(),
            "$scrypt$ln=4,r=1,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg".to_owned(),
        ] {
            memory.take_durations();
            PasswordHash::parse(&text).unwrap().matches(&password("y"), &mut memory).unwrap();
            assert_eq!(memory.take_durations().len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_no_hash_at_all_is_said_to_be_so() {
        for text in ["", "hunter2", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$salt$hash", "$2x$10$", "$scrypt", "{SSHA}x"]
        {
            assert_eq!(PasswordHash::parse(text), Err(UnusableHash::Unknown), "{text}");
        }
        assert_eq!(PasswordHash::parse(&format!("$2b${}", "x".repeat(510))), Err(UnusableHash::TooLong));
    }

    /// Texts that begin as hashes do, and go on in their letters.
    fn hashes() -> impl Strategy<Value = String> {
        let kind =
            prop_oneof!["\\$argon2(id|i|d)?", "\\$2[abxy]", "\\$pbkdf2(-sha256|-sha512|-sha1)?", "\\$scrypt", ""];
        let field = "(v=(19|16)?|[mtpirl]n?=[0-9]{0,12},?|[a-zA-Z0-9./+=-]{0,60}|\\PC{0,5})";
        let fields = proptest::collection::vec(field, 0..7);
        (kind, fields).prop_map(|(kind, fields)| format!("{kind}${}", fields.join("$")))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

        #[test]
        fn any_text_is_judged_without_a_panic_and_never_repeated(text in prop_oneof![hashes(), any::<String>()]) {
            match PasswordHash::parse(&text) {
                Ok(hash) => prop_assert_eq!(hash.as_str(), text),
                Err(why) => prop_assert!(text.len() < 8 || !why.to_string().contains(&text), "{why}"),
            }
        }
    }
}
