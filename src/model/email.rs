//! An email address in its one canonical form, so that every database compares it alike: by its bytes.

use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// Trimmed, NFC, lower-cased, with the domain in ASCII (punycode): `" Ada@Exämple.COM "` is `ada@xn--exmple-cua.com`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is not an email address. The message completes the sentence "email …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    #[error("must contain exactly one @, as in ada@example.com")]
    AtSigns,
    #[error("must have something before the @")]
    NoLocalPart,
    #[error("must have a valid domain after the @, as in ada@example.com")]
    Domain,
    #[error("must not contain spaces, control characters or invisible characters")]
    Characters,
    #[error("must not be longer than 254 bytes")]
    TooLong,
}

/// RFC 5321 §4.5.3.1.3, less the angle brackets of a path.
const LONGEST_BYTES: usize = 254;

impl Email {
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        // A text much longer than the limit is refused before any work is spent on normalizing it.
        if text.len() > 4 * LONGEST_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail::AtSigns)?;
        let local = canonical_local_part(local);
        let domain = canonical_domain(domain)?;
        if local.contains('@') {
            return Err(InvalidEmail::AtSigns);
        }
        if local.is_empty() {
            return Err(InvalidEmail::NoLocalPart);
        }
        if local.chars().any(is_unwelcome) {
            return Err(InvalidEmail::Characters);
        }
        let canonical = format!("{local}@{domain}");
        if canonical.len() > LONGEST_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        Ok(Self(canonical))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit('@').next().unwrap_or_default()
    }
}

/// Lower-casing can undo NFC (`İ` becomes `i` and a combining dot), so normalization comes last as well as first.
fn canonical_local_part(local: &str) -> String {
    local.nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn canonical_domain(domain: &str) -> Result<String, InvalidEmail> {
    if domain.contains('@') {
        return Err(InvalidEmail::AtSigns);
    }
    if domain.chars().any(is_unwelcome) {
        return Err(InvalidEmail::Characters);
    }
    // UTS 46 with the STD3 and length rules: labels of letters, digits and hyphens that DNS can carry. It maps letters
    // before it normalizes, which tells the two spellings of `ᾀ` apart where another mark follows, so NFC comes first.
    let domain: String = domain.nfc().collect();
    let domain = idna::domain_to_ascii_strict(&domain).map_err(|_| InvalidEmail::Domain)?;
    if domain.is_empty() || domain.ends_with('.') {
        return Err(InvalidEmail::Domain);
    }
    Ok(domain)
}

/// White space, control characters, and format characters that a reader cannot see (bidi overrides, joiners, tags).
fn is_unwelcome(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An address is personal data: it stays out of logs, and `{:?}` is how values get there.
impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> Result<String, InvalidEmail> {
        Email::parse(text).map(|email| email.to_string())
    }

    #[test]
    fn every_spelling_has_one_canonical_form() {
        for (text, expected) in [
            ("ada@example.com", "ada@example.com"),
            ("  Ada@Example.COM \n", "ada@example.com"),
            ("ada+news@exämple.com", "ada+news@xn--exmple-cua.com"),
            ("ada@XN--EXMPLE-CUA.com", "ada@xn--exmple-cua.com"),
            ("jose\u{301}@example.com", "jos\u{e9}@example.com"),
            ("\u{212a}ate@example.com", "kate@example.com"),
            ("\u{130}@example.com", "i\u{307}@example.com"),
            ("ada@ᾀ\u{eb8}.gr", "ada@xn--uxa447ch7m.gr"),
            ("ada@α\u{eb8}\u{313}\u{345}.gr", "ada@xn--uxa447ch7m.gr"),
            ("ada@localhost", "ada@localhost"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text:?}");
            assert_eq!(canonical(expected).as_deref(), Ok(expected), "canonical form of {text:?} is not stable");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", InvalidEmail::AtSigns),
            ("ada", InvalidEmail::AtSigns),
            ("a@b@example.com", InvalidEmail::AtSigns),
            ("@example.com", InvalidEmail::NoLocalPart),
            ("ada@", InvalidEmail::Domain),
            ("ada@example..com", InvalidEmail::Domain),
            ("ada@-example.com", InvalidEmail::Domain),
            ("ada@exa_mple.com", InvalidEmail::Domain),
            ("a da@example.com", InvalidEmail::Characters),
            ("ada\u{0}@example.com", InvalidEmail::Characters),
            ("ada\r\nBcc: x@example.com", InvalidEmail::Characters),
            ("ada\u{202e}@example.com", InvalidEmail::Characters),
            ("ada@exam\u{200b}ple.com", InvalidEmail::Characters),
        ] {
            assert_eq!(canonical(text), Err(reason), "{text:?}");
        }
        assert_eq!(canonical(&format!("{}@example.com", "a".repeat(250))), Err(InvalidEmail::TooLong));
    }

    /// Texts that often are addresses, of letters that have several spellings.
    fn addresses() -> impl Strategy<Value = String> {
        let local =
            prop_oneof!["[a-zA-Z0-9.+_-]{1,12}", "[éÉßſKİıΣσςǰﬁ\u{301}\u{307}\u{323}a-dA-D]{1,8}", "\\PC{1,12}"];
        let domain = prop_oneof![
            "[a-zA-Z0-9-]{1,8}(\\.[a-zA-Z]{2,4}){0,2}",
            "[äÄßςﬀᾀ\u{313}\u{345}\u{eb8}a-dA-D。.]{1,8}",
            "\\PC{1,12}"
        ];
        prop_oneof![4 => (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}")), 1 => any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn a_canonical_form_is_its_own(text in addresses()) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()), "{}", email.as_str());
            }
        }

        #[test]
        fn a_canonical_form_fits_into_a_header_and_a_column(text in addresses()) {
            if let Ok(email) = Email::parse(&text) {
                let canonical = email.as_str();
                prop_assert!(canonical.len() <= LONGEST_BYTES && canonical.matches('@').count() == 1, "{canonical}");
                prop_assert!(!canonical.chars().any(is_unwelcome) && email.domain().is_ascii(), "{canonical}");
                prop_assert!(!email.local_part().is_empty() && !email.domain().is_empty(), "{canonical}");
            }
        }

        #[test]
        fn another_spelling_is_the_same_address(text in addresses()) {
            if let Ok(email) = Email::parse(&text) {
                let (local, _) = text.split_once('@').unwrap();
                for spelling in [
                    text.nfd().collect(),
                    text.nfc().collect(),
                    text.to_ascii_uppercase(),
                    text.to_ascii_lowercase(),
                    format!("\u{a0} {text}\r\n"),
                    format!("{local}@{}", email.domain()),
                    format!("{local}@{}", idna::domain_to_unicode(email.domain()).0),
                ] {
                    prop_assert_eq!(Email::parse(&spelling), Ok(email.clone()), "{:?}", spelling);
                }
            }
        }

        #[test]
        fn addresses_that_differ_in_more_than_case_stay_apart(
            one in "[aAbB.+]{1,3}@[aAbB]{1,2}",
            other in "[aAbB.+]{1,3}@[aAbB]{1,2}",
        ) {
            let are_one = Email::parse(&one).unwrap() == Email::parse(&other).unwrap();
            prop_assert_eq!(are_one, one.eq_ignore_ascii_case(&other));
        }

        #[test]
        fn a_local_part_that_only_looks_alike_stays_apart(local in "[a-z]{0,3}[ﬁａ①Ⅳªа][a-z]{0,3}") {
            let folded: String = local.nfkc().collect::<String>().replace('а', "a");
            let parse = |local: &str| Email::parse(&format!("{local}@example.com")).unwrap();
            prop_assert_ne!(parse(&local), parse(&folded));
        }
    }
}
