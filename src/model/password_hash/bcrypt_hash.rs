//! bcrypt as most web frameworks make it: `$2b$10$` and 53 characters of salt and hash.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::UnusableHash;
use super::fields::digits;

pub(super) struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    expected: [u8; 23],
}

/// About two seconds.
const COSTLIEST: u32 = 15;
const CHEAPEST: u32 = 4;
const TEXT_BYTES: usize = 60;
/// bcrypt sees no more of a password, and its terminating zero only where there is room for it.
const PASSWORD_BYTES: usize = 72;
const DAMAGED: UnusableHash = UnusableHash::Damaged("bcrypt");

/// The last characters of salt and hash have bits to spare, which some systems fill with chance.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

impl BcryptHash {
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        if text.len() != TEXT_BYTES || !text.is_ascii() || !text[6..].starts_with('$') {
            return Err(DAMAGED);
        }
        let cost = digits(&text[4..6]).filter(|cost| *cost >= CHEAPEST).ok_or(DAMAGED)?;
        if cost > COSTLIEST {
            return Err(UnusableHash::TooCostly("for bcrypt, at most cost 15"));
        }
        let bytes = |text| ENGINE.decode(text).map_err(|_| DAMAGED);
        let salt = bytes(&text[7..29])?.try_into().map_err(|_| DAMAGED)?;
        let expected = bytes(&text[29..])?.try_into().map_err(|_| DAMAGED)?;
        Ok(Self { cost, salt, expected })
    }

    /// bcrypt sees the first 72 bytes only; that is how these hashes were made, and why they are replaced.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut seen = Zeroizing::new([0; PASSWORD_BYTES]);
        let length = password.len().min(PASSWORD_BYTES);
        seen[..length].copy_from_slice(&password[..length]);
        let with_zero = (length + 1).min(PASSWORD_BYTES);
        let output = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &seen[..with_zero]));
        verify_slices_are_equal(&output[..self.expected.len()], &self.expected).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, password: &str) -> Result<bool, UnusableHash> {
        Ok(BcryptHash::parse(text)?.matches(password.as_bytes()))
    }

    #[test]
    fn a_hash_of_each_prefix_matches_its_own_password() {
        let hash = bcrypt::hash("open sesame", 4).unwrap();
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let hash = hash.replacen("$2b$", prefix, 1);
            assert_eq!(matches(&hash, "open sesame"), Ok(true));
            assert_eq!(matches(&hash, "open sesame!"), Ok(false));
        }
        // From the test vectors of OpenBSD and jBCrypt.
        let known = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
        assert_eq!(matches(known, "abcdefghijklmnopqrstuvwxyz"), Ok(false));
        assert_eq!(matches(known, "abc"), Ok(true));
    }

    #[test]
    fn what_comes_after_72_bytes_does_not_count() {
        let long = "x".repeat(72);
        let hash = bcrypt::hash(&long, 4).unwrap();
        assert_eq!(matches(&hash, &format!("{long}y")), Ok(true));
        assert_eq!(matches(&hash, &long[1..]), Ok(false));
        let shorter = bcrypt::hash(&long[1..], 4).unwrap();
        assert_eq!(matches(&shorter, &long[1..]), Ok(true));
        assert_eq!(matches(&shorter, &long), Ok(false));
    }

    #[test]
    fn bits_to_spare_may_be_anything() {
        let hash = bcrypt::hash("open sesame", 4).unwrap();
        let last_of_salt = hash.as_bytes()[28] as char;
        // The alphabet goes on: the next character differs in the lowest bit, which belongs to no byte.
        let next = if last_of_salt == '.' { '/' } else { (last_of_salt as u8 + 1) as char };
        let spare = format!("{}{next}{}", &hash[..28], &hash[29..]);
        assert_eq!(matches(&spare, "open sesame"), Ok(true));
    }

    #[test]
    fn a_hostile_cost_is_refused_before_it_is_paid() {
        let rest = "abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde";
        for cost in ["16", "31", "99"] {
            let verdict = matches(&format!("$2b${cost}${rest}"), "x");
            assert!(matches!(verdict, Err(UnusableHash::TooCostly(_))), "{cost}: {verdict:?}");
        }
        assert!(BcryptHash::parse(&format!("$2b$15${rest}")).is_ok());
    }

    #[test]
    fn a_damaged_hash_is_refused() {
        let sound = bcrypt::hash("open sesame", 4).unwrap();
        let damaged = [
            "$2b$".to_owned(),
            sound[..59].to_owned(),
            format!("{sound}x"),
            sound.replacen("$04$", "$03$", 1),
            sound.replacen("$04$", "$+4$", 1),
            sound.replacen("$04$", "$04.", 1),
            format!("{}!{}", &sound[..20], &sound[21..]),
            format!("{}!", &sound[..59]),
            format!("{}é", &sound[..58]),
        ];
        for text in damaged {
            assert_eq!(matches(&text, "x"), Err(DAMAGED), "{text}");
        }
    }
}
