//! PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::scheme::{SHORTEST_OUTPUT_BYTES, SHORTEST_SALT_BYTES};
use crate::{Cost, Error, Scheme, Variant, Version};

/// A hash with all that it takes to verify it. Base64 is the standard alphabet without padding (RFC 4648 §4).
///
/// What the reference implementation writes is read: the parameters m, t, p in this order, `v=` left out for 0x10. What is
/// written can be read if salt and hash are as long as it says there. `==` takes no constant time: [`Phc::matches`] is for
/// passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct Phc {
    /// `argon2id` and `v=19`.
    pub scheme: Scheme,
    /// `m=19456,t=2,p=1`.
    pub cost: Cost,
    /// 8 bytes or more.
    pub salt: Vec<u8>,
    /// 4 bytes or more.
    pub hash: Vec<u8>,
}

impl FromStr for Phc {
    type Err = Error;

    /// # Errors
    /// [`Error::Phc`] with what is wrong with the string, or [`Error::Cost`] where m, t and p do not go together.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut fields = text.strip_prefix('$').ok_or(Error::Phc("it must begin with $"))?.split('$');
        let mut field = |what| fields.next().ok_or(Error::Phc(what));
        let variant = field("the variant is missing")?;
        let variant = Variant::ALL.into_iter().find(|known| known.name() == variant);
        let variant = variant.ok_or(Error::Phc("the variant must be argon2id, argon2i or argon2d"))?;
        let mut parameters = field("the cost is missing")?;
        let mut version = Version::V0x10;
        if let Some(number) = parameters.strip_prefix("v=") {
            version = match number {
                "16" => Version::V0x10,
                "19" => Version::V0x13,
                _ => return Err(Error::Phc("the version must be 16 or 19")),
            };
            parameters = field("the cost is missing")?;
        }
        let cost = cost(parameters)?;
        let salt = bytes(field("the salt is missing")?)?;
        let hash = bytes(field("the hash is missing")?)?;
        if fields.next().is_some() {
            return Err(Error::Phc("something follows the hash"));
        }
        if salt.len() < SHORTEST_SALT_BYTES || hash.len() < SHORTEST_OUTPUT_BYTES {
            return Err(Error::Phc("the salt must have at least 8 bytes, the hash at least 4"));
        }
        Ok(Self { scheme: Scheme { variant, version }, cost, salt, hash })
    }
}

fn cost(text: &str) -> Result<Cost, Error> {
    let problem = Error::Phc("the cost must be of the form m=19456,t=2,p=1");
    let mut parameters = text.split(',');
    let mut number = |name: &str| {
        let digits = parameters.next()?.strip_prefix(name)?;
        // As the reference implementation: no sign, no leading zero.
        let is_plain =
            digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
        digits.parse::<u32>().ok().filter(|_| is_plain)
    };
    let (Some(m), Some(t), Some(p)) = (number("m="), number("t="), number("p=")) else { return Err(problem) };
    if parameters.next().is_some() {
        return Err(problem);
    }
    Cost::new(m, t, p)
}

fn bytes(text: &str) -> Result<Vec<u8>, Error> {
    STANDARD_NO_PAD.decode(text).map_err(|_| Error::Phc("salt and hash must be base64 without padding"))
}

impl fmt::Display for Phc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, cost, salt, hash } = self;
        write!(formatter, "${}", scheme.variant.name())?;
        write!(formatter, "$v={}", scheme.version.number())?;
        write!(formatter, "${cost}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash))
    }
}

/// Without the hash.
impl fmt::Debug for Phc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Phc({} v={} {})", self.scheme.variant.name(), self.scheme.version.number(), self.cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";

    #[test]
    fn what_is_written_is_read() {
        let phc: Phc = OURS.parse().unwrap();
        assert_eq!(phc.to_string(), OURS);
        assert_eq!((phc.cost.memory_kib(), phc.salt.as_slice(), phc.hash.len()), (19_456, b"somesalt".as_slice(), 24));
        assert_eq!(format!("{phc:?}"), "Phc(argon2id v=19 m=19456,t=2,p=1)", "and no hash");
    }

    #[test]
    fn the_shortest_salt_and_hash_are_read() {
        let shortest = OURS.replace("RdescudvJCsgt3ub+b+dWRWJTmaaJObG", "RdescQ");
        let phc: Phc = shortest.parse().unwrap();
        assert_eq!((phc.salt.len(), phc.hash.len(), phc.to_string()), (8, 4, shortest));
    }

    #[test]
    fn the_oldest_form_names_no_version() {
        let old: Phc = OURS.replace("$v=19", "").parse().unwrap();
        assert_eq!(old.scheme.version, Version::V0x10);
        assert_eq!(OURS.replace("v=19", "v=16").parse::<Phc>().unwrap(), old);
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for (from, to, reason) in [
            ("$argon2id", "argon2id", "must begin with $"),
            ("argon2id", "argon2", "the variant must"),
            ("v=19", "v=20", "the version must"),
            ("m=19456,t=2,p=1", "t=2,m=19456,p=1", "must be of the form"),
            ("m=19456", "m=+19456", "must be of the form"),
            ("m=19456", "m=019456", "must be of the form"),
            ("p=1", "p=1,x=1", "must be of the form"),
            ("m=19456", "m=4294967296", "must be of the form"),
            ("p=1", "p=2433", "at least 8 times p"),
            ("t=2", "t=0", "t at least 1"),
            ("c29tZXNhbHQ", "c29tZXNhbHQ=", "without padding"),
            ("c29tZXNhbHQ", "c29tZXNhbHR", "without padding"),
            ("c29tZXNhbHQ", "c29tZXNhbA", "at least 8 bytes"),
            ("RdescudvJCsgt3ub+b+dWRWJTmaaJObG", "Rdes", "at least 4"),
            ("ObG", "ObG$", "something follows"),
            ("$RdescudvJCsgt3ub+b+dWRWJTmaaJObG", "", "the hash is missing"),
        ] {
            let problem = OURS.replacen(from, to, 1).parse::<Phc>().unwrap_err().to_string();
            assert!(problem.contains(reason), "{from} → {to}: {problem}");
        }
    }
}
