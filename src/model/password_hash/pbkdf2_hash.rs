//! PBKDF2 (RFC 8018) in the PHC form `$pbkdf2-sha256$i=600000,l=32$salt$hash`, or passlib's, whose iterations stand bare.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

use super::UnusableHash;
use super::fields;

pub(super) struct Pbkdf2Hash {
    algorithm: pbkdf2::Algorithm,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

/// More than three times what OWASP asks for.
const MOST_ITERATIONS: u32 = 2_000_000;
const DAMAGED: UnusableHash = UnusableHash::Damaged("PBKDF2");

impl Pbkdf2Hash {
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        let mut fields = text.split('$').skip(1);
        let mut next = || fields.next().ok_or(DAMAGED);
        let (name, parameters, salt, hash) = (next()?, next()?, next()?, next()?);
        let algorithm = match name {
            "pbkdf2" | "pbkdf2-sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
            "pbkdf2-sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
            "pbkdf2-sha512" => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return Err(UnusableHash::Unknown),
        };
        let iterations = fields::digits(parameters).or_else(|| fields::number(parameters, "i"));
        let iterations = iterations.and_then(NonZeroU32::new).ok_or(DAMAGED)?;
        let (salt, expected) = (fields::salt(salt).ok_or(DAMAGED)?, fields::hash(hash).ok_or(DAMAGED)?);
        let says_another_length = parameters.contains("l=")
            && fields::number(parameters, "l").and_then(|length| usize::try_from(length).ok()) != Some(expected.len());
        if fields.next().is_some() || says_another_length {
            return Err(DAMAGED);
        }
        if iterations.get() > MOST_ITERATIONS {
            return Err(UnusableHash::TooCostly("for PBKDF2, at most 2,000,000 iterations"));
        }
        Ok(Self { algorithm, iterations, salt, expected })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        // Compares in constant time.
        pbkdf2::verify(self.algorithm, self.iterations, &self.salt, password, &self.expected).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, password: &str) -> Result<bool, UnusableHash> {
        Ok(Pbkdf2Hash::parse(text)?.matches(password.as_bytes()))
    }

    #[test]
    fn the_vectors_of_the_rfcs_match() {
        for (password, text) in [
            // RFC 6070 §2.
            ("password", "$pbkdf2-sha1$i=1,l=20$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y"),
            ("password", "$pbkdf2$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE="),
            (
                "passwordPASSWORDpassword",
                "$pbkdf2$4096$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0$PS7sT.QchJuAyNg2YsDkSospGpZM8vBwOA",
            ),
            // RFC 7914 §11.
            (
                "passwd",
                "$pbkdf2-sha256$i=1,l=64$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw",
            ),
            (
                "Password",
                "$pbkdf2-sha256$l=64,i=80000$TmFDbA$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ",
            ),
            // Made by Python's hashlib.
            (
                "password",
                "$pbkdf2-sha512$i=4096$c2FsdA$0Zexsz2wFD4BixLz0dFHnmzevcyXxcD4f2kC4HL0V7UUPzBgJkGz1VzTNZiMs2uEN2Bg7NUy4Dm3QqI5Q0ry1Q",
            ),
        ] {
            assert_eq!(matches(text, password), Ok(true), "{text}");
            assert_eq!(matches(text, "passwore"), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_hostile_number_of_iterations_is_refused_before_it_is_paid() {
        for iterations in ["i=2000001", "i=4294967295", "2000001"] {
            let verdict = matches(&format!("$pbkdf2-sha1${iterations}$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y"), "x");
            assert!(matches!(verdict, Err(UnusableHash::TooCostly(_))), "{iterations}: {verdict:?}");
        }
        assert!(Pbkdf2Hash::parse("$pbkdf2-sha1$i=2000000$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y").is_ok());
    }

    #[test]
    fn a_damaged_hash_is_refused() {
        for text in [
            "$pbkdf2-sha256",
            "$pbkdf2-sha256$i=1$c2FsdA",
            "$pbkdf2-sha256$i=0$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
            "$pbkdf2-sha256$i=$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
            "$pbkdf2-sha256$i=-1$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
            "$pbkdf2-sha256$i=4294967297$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
            "$pbkdf2-sha256$i=1,l=21$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
            "$pbkdf2-sha256$i=1$$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
            "$pbkdf2-sha256$i=1$c2FsdA$",
            "$pbkdf2-sha256$i=1$c2FsdA$DGDID5YfDnHzqbUk",
            "$pbkdf2-sha256$i=1$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y$",
            "$pbkdf2-sha256$i=1$c2F!dA$DGDID5YfDnHzqbUkr2ASBi/gN6Y",
        ] {
            assert_eq!(matches(text, "x"), Err(DAMAGED), "{text}");
        }
        assert_eq!(matches("$pbkdf2-md5$i=1$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y", "x"), Err(UnusableHash::Unknown));
    }
}
