//! A password in the form in which it is hashed, and the rules for choosing one.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

use super::common_passwords::is_common;
use super::{Email, Name};

/// A password in NFC (NIST SP 800-63B-4 §3.1.1.2: normalized before it is hashed, so that every keyboard's `é` is one).
/// Wiped when dropped; never printed.
pub struct Password {
    normalized: Zeroizing<String>,
    /// Where that is another text.
    typed: Option<Zeroizing<String>>,
}

/// Length of a password that could still be chosen, in bytes of UTF-8; a longer one is refused, never truncated.
const LONGEST_BYTES: usize = 1024;

impl Password {
    pub fn new(text: Zeroizing<String>) -> Self {
        if is_nfc(&text) {
            return Self { normalized: text, typed: None };
        }
        // Room for the longest text that NFC can make of it (UAX #15: factor 3 in UTF-8), so that no half-filled
        // buffer with a part of the password is left behind by growing.
        let mut normalized = Zeroizing::new(String::with_capacity(text.len() * 3));
        normalized.extend(text.nfc());
        Self { normalized, typed: Some(text) }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.normalized.as_bytes()
    }

    /// The text before it was normalized, if it was another one. Only hashes that other systems made are of this.
    pub fn as_typed(&self) -> Option<&[u8]> {
        self.typed.as_ref().map(|typed| typed.as_bytes())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// What a new password must be. There are no composition rules, on purpose (NIST SP 800-63B-4 §3.1.1.2).
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    /// Least length in code points.
    pub min_length: usize,
}

/// The message completes the sentence "the password …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("must have at least {0} characters; a few unrelated words make a good one")]
    TooShort(usize),
    #[error("must not be longer than 1,024 bytes")]
    TooLong,
    #[error("is among the first that an attacker tries; choose another one")]
    Common,
    #[error("must not be built from the name or the email address")]
    BuiltFromIdentity,
}

impl WeakPassword {
    /// For programs; never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort(_) => "too_short",
            Self::TooLong => "too_long",
            Self::Common => "common",
            Self::BuiltFromIdentity => "built_from_identity",
        }
    }
}

impl PasswordPolicy {
    pub fn check(&self, password: &Password, name: &Name, email: &Email) -> Result<(), WeakPassword> {
        let text = password.normalized.as_str();
        if text.len() > LONGEST_BYTES {
            return Err(WeakPassword::TooLong);
        }
        if text.chars().count() < self.min_length {
            return Err(WeakPassword::TooShort(self.min_length));
        }
        if is_common(text) {
            return Err(WeakPassword::Common);
        }
        if is_built_from(text, name, email) {
            return Err(WeakPassword::BuiltFromIdentity);
        }
        Ok(())
    }
}

/// Fewer letters than these are left of a password once the person's own words are taken out of it: it is made of them.
const LEAST_OWN_LETTERS: usize = 5;
/// A word shorter than this occurs by chance.
const SHORTEST_IDENTITY_WORD: usize = 3;

fn is_built_from(password: &str, name: &Name, email: &Email) -> bool {
    let password = Zeroizing::new(password.to_lowercase());
    let name = name.as_str().to_lowercase();
    let is_separator = |character: char| !character.is_alphanumeric();
    let mut words: Vec<&str> = name
        .split(is_separator)
        .chain(email.local_part().split(is_separator))
        .chain(email.domain().split('.'))
        .chain([email.as_str(), email.local_part()])
        .filter(|word| word.chars().count() >= SHORTEST_IDENTITY_WORD)
        .collect();
    // The longest first: "ada@example.com" goes as a whole before its parts are looked for.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = password.clone();
    for word in words {
        rest = with_gaps(&rest, word);
    }
    *rest != *password && rest.chars().filter(|character| character.is_alphabetic()).count() < LEAST_OWN_LETTERS
}

/// As `text.replace(word, " ")`, whose result would grow, and leave a part of the password behind at every step.
fn with_gaps(text: &str, word: &str) -> Zeroizing<String> {
    let mut rest = Zeroizing::new(String::with_capacity(text.len()));
    let mut parts = text.split(word);
    rest.extend(parts.next());
    for part in parts {
        rest.push(' ');
        rest.push_str(part);
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(password: &str) -> Result<(), WeakPassword> {
        let policy = PasswordPolicy { min_length: 15 };
        let password = Password::new(Zeroizing::new(password.to_owned()));
        policy.check(&password, &Name::parse("Ada Lovelace").unwrap(), &Email::parse("countess@example.com").unwrap())
    }

    #[test]
    fn length_is_counted_in_code_points_after_normalization() {
        assert_eq!(check("fourteen chars"), Err(WeakPassword::TooShort(15)));
        assert_eq!(check("fifteen chars !"), Ok(()));
        assert_eq!(check("🦉🦀🐢🦊🐙🦜🐝🦔🐳🦚🐞🦩🐌🦇🐡"), Ok(()));
        // Fifteen code points as typed, fourteen in NFC.
        assert_eq!(check("e\u{301}xyzwvutsrqpon"), Err(WeakPassword::TooShort(15)));
    }

    #[test]
    fn a_password_of_1024_bytes_is_accepted_and_a_longer_one_refused() {
        let longest: String = "correct horse battery staple ".repeat(40)[..1024].to_owned();
        let unrepeated = longest.replacen("staple", "stable", 3);
        assert_eq!(check(&unrepeated), Ok(()));
        assert_eq!(check(&format!("{unrepeated}x")), Err(WeakPassword::TooLong));
    }

    #[test]
    fn the_same_password_from_two_keyboards_is_the_same_bytes() {
        let composed = Password::new(Zeroizing::new("caf\u{e9}".to_owned()));
        let decomposed = Password::new(Zeroizing::new("cafe\u{301}".to_owned()));
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        assert_eq!(composed.as_typed(), None);
        assert_eq!(decomposed.as_typed(), Some("cafe\u{301}".as_bytes()));
    }

    #[test]
    fn a_password_made_of_the_own_name_or_email_is_refused() {
        for password in [
            "Ada Lovelace 1815",
            "lovelace-lovelace",
            "countess@example.com",
            "AdaCountess123456789",
            "example.com2026!",
        ] {
            assert_eq!(check(password), Err(WeakPassword::BuiltFromIdentity), "{password}");
        }
        assert_eq!(check("Ada's engine weaves algebra"), Ok(()));
    }

    #[test]
    fn a_password_does_not_print() {
        assert_eq!(format!("{:?}", Password::new(Zeroizing::new("open sesame".to_owned()))), "Password(…)");
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[eéÅ한한\u{301}\u{323}\u{1d160}\u{fb2c} ]{0,40}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn what_is_hashed_is_in_nfc_and_nothing_is_lost(text in texts()) {
            let password = Password::new(Zeroizing::new(text.clone()));
            let normalized: String = text.nfc().collect();
            prop_assert_eq!(password.as_bytes(), normalized.as_bytes());
            let again = Password::new(Zeroizing::new(password.normalized.to_string()));
            prop_assert_eq!((again.as_bytes(), again.as_typed()), (password.as_bytes(), None));
        }

        #[test]
        fn what_was_typed_is_kept_only_where_it_differs(text in texts()) {
            let password = Password::new(Zeroizing::new(text.clone()));
            let typed = (password.as_bytes() != text.as_bytes()).then_some(text.as_bytes());
            prop_assert_eq!(password.as_typed(), typed);
        }

        #[test]
        fn two_passwords_in_nfc_stay_two(one in texts(), other in texts()) {
            let (one, other): (String, String) = (one.nfc().collect(), other.nfc().collect());
            let bytes = |text: &str| Password::new(Zeroizing::new(text.to_owned())).as_bytes().to_vec();
            prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
        }

        #[test]
        fn normalizing_never_outgrows_its_buffer(text in texts()) {
            let password = Password::new(Zeroizing::new(text.clone()));
            // A buffer that grew has another capacity, and left a part of the password behind.
            prop_assert!(password.typed.is_none() || password.normalized.capacity() == text.len() * 3);
        }
    }
}
