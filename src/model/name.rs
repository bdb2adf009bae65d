//! The name that a person goes by: any script, any length up to 200 characters, on one line.

use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

#[derive(Clone, PartialEq, Eq, Serialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct Name(String);

/// The message completes the sentence "name …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("must not be empty")]
    Empty,
    #[error("must not be longer than 200 characters")]
    TooLong,
    #[error("must not contain control characters")]
    Characters,
}

const LONGEST_CHARACTERS: usize = 200;

impl Name {
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name: String = text.trim().nfc().collect();
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.chars().count() > LONGEST_CHARACTERS {
            return Err(InvalidName::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(InvalidName::Characters);
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name is personal data: it stays out of logs, and `{:?}` is how values get there.
impl fmt::Debug for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Name(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_trimmed_and_normalized() {
        assert_eq!(Name::parse("  Jose\u{301} ").map(|name| name.0), Ok("Jos\u{e9}".to_owned()));
    }

    #[test]
    fn an_unusable_name_is_refused_with_the_reason() {
        assert_eq!(Name::parse(" \t"), Err(InvalidName::Empty));
        assert_eq!(Name::parse("Ada\u{0}"), Err(InvalidName::Characters));
        assert_eq!(Name::parse(&"a".repeat(201)), Err(InvalidName::TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn a_name_is_its_own_canonical_form(text in prop_oneof![any::<String>(), "[ \u{2000}\u{301}éÅa한]{0,220}"]) {
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(Name::parse(name.as_str()).map(|name| name.0), Ok(name.0.clone()));
                prop_assert_eq!(name.as_str(), name.as_str().trim());
                prop_assert!((1..=LONGEST_CHARACTERS).contains(&name.as_str().chars().count()));
                prop_assert!(!name.as_str().chars().any(char::is_control));
                let spelling: String = format!("\t{} ", text.nfd().collect::<String>());
                prop_assert_eq!(Name::parse(&spelling).map(|name| name.0), Ok(name.0));
            }
        }
    }
}
