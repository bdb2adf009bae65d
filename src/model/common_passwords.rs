//! The passwords that everybody tries first.
//!
//! The list is the one that Django ships (BSD-3-Clause), lower-cased, six characters and longer, sorted by byte.

use std::cmp::Ordering;

use zeroize::Zeroizing;

const LIST: &str = include_str!("common-passwords.txt");

/// Runs along the keyboard and the alphabet that a long password is easily "chosen" from.
const SEQUENCES: [&str; 4] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
];

/// Whether a password is on the list, or one of the few ways in which people stretch one that is:
/// repeating it, wrapping it in digits and punctuation, or running a finger along the keyboard.
pub(super) fn is_common(password: &str) -> bool {
    let password = Zeroizing::new(password.to_lowercase());
    is_listed(&password) || is_listed(without_decoration(&password)) || is_repetition(&password) || is_run(&password)
}

fn is_listed(password: &str) -> bool {
    // A binary search over the text itself: the list costs no memory and no time at the start.
    let mut rest = LIST;
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let start = rest[..middle].rfind('\n').map_or(0, |newline| newline + 1);
        let end = rest[start..].find('\n').map_or(rest.len(), |newline| start + newline);
        match password.cmp(&rest[start..end]) {
            Ordering::Equal => return true,
            Ordering::Less => rest = &rest[..start],
            Ordering::Greater => rest = rest.get(end + 1..).unwrap_or_default(),
        }
    }
    false
}

fn without_decoration(password: &str) -> &str {
    password.trim_matches(|character: char| !character.is_alphabetic())
}

/// `aaaaaaaaaaaaaaa`, `abcabcabcabcabc`, `passwordpassword`, `hunter2hunter2hun`: a short unit over and over.
fn is_repetition(password: &str) -> bool {
    // Reserved first, here and below: a buffer that grows leaves its beginning behind, unwiped.
    let mut characters = Zeroizing::new(Vec::with_capacity(password.len()));
    characters.extend(password.chars());
    let repeats_every = |unit: usize| characters.iter().skip(unit).eq(characters.iter().take(characters.len() - unit));
    let Some(unit) = (1..=characters.len() / 2).find(|&unit| repeats_every(unit)) else {
        return false;
    };
    let mut repeated = Zeroizing::new(String::with_capacity(password.len()));
    repeated.extend(&characters[..unit]);
    unit <= 5 || is_listed(&repeated)
}

fn is_run(password: &str) -> bool {
    let mut backwards = Zeroizing::new(String::with_capacity(password.len()));
    backwards.extend(password.chars().rev());
    SEQUENCES.iter().any(|sequence| {
        let twice = sequence.repeat(2);
        twice.contains(password) || twice.contains(backwards.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_found() {
        assert!(LIST.lines().count() > 15_000);
        assert!(LIST.lines().is_sorted());
        assert!(LIST.lines().all(is_listed));
    }

    #[test]
    fn stretched_common_passwords_are_recognized() {
        for password in [
            "Password1234567",
            "!!!password2024!!!",
            "passwordpassword",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcab",
            "123456789012345",
            "987654321098765",
            "abcdefghijklmnop",
            "qwertyuiopasdfgh",
            "1qaz2wsx3edc4rfv",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn a_passphrase_is_not_common() {
        for password in
            ["correct horse battery staple", "Zwölf Boxkämpfer jagen", "x7#kQ2!vLm9@pRt4", "tr0ub4dor&3 in the morning"]
        {
            assert!(!is_common(password), "{password}");
        }
    }
}
